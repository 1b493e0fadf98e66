#!/usr/bin/env python3
# Writes fisher_rxc.csv: p-values of r x c tables by enumerating every table with the same margins, in whole numbers.
# Python 3, standard library only; seed below. Counts stand by columns, separated by spaces.
#
# probability: the tables not more probable than the observed one (1 / prod n_ij! compared as whole numbers).
# chisq: those with a Pearson statistic at least as large (compared as fractions).
# kruskal: rows are groups, columns scored by midranks; sum S_i^2 / r_i at least as large.
# linear: |sum u_i v_j n_ij - its mean| at least as large, for u = 1..R, v = 1..C.
# p is numerator / denominator, both in full, and as a double.
import random
from fractions import Fraction
from math import factorial


def compositions(total, caps):
    if len(caps) == 1:
        if total <= caps[0]:
            yield (total,)
        return
    for x in range(min(total, caps[0]) + 1):
        for rest in compositions(total - x, caps[1:]):
            yield (x,) + rest


def tables(rows, columns):
    """Columns one after the other."""
    if len(columns) == 1:
        yield (tuple(rows),)
        return
    for first in compositions(columns[0], rows):
        left = tuple(r - x for r, x in zip(rows, first))
        for rest in tables(left, columns[1:]):
            yield (first,) + rest


def truth(table):  # a tuple of columns
    R, C = len(table[0]), len(table)
    rows = tuple(sum(c[i] for c in table) for i in range(R))
    columns = tuple(sum(c) for c in table)
    n = sum(rows)
    common = 1
    for x in rows + columns:
        common *= factorial(x)
    f = [factorial(k) for k in range(n + 1)]
    below, midrank = 0, []
    for c in columns:
        midrank.append(2 * below + c + 1)  # twice the midrank
        below += c

    def product(t):
        out = 1
        for c in t:
            for x in c:
                out *= f[x]
        return out

    def chisq(t):
        return sum(Fraction(x * x, rows[i] * columns[j]) for j, c in enumerate(t) for i, x in enumerate(c))

    def kruskal(t):
        return sum(Fraction(sum(midrank[j] * t[j][i] for j in range(C)) ** 2, rows[i]) for i in range(R))

    mean = Fraction(sum((i + 1) * r for i, r in enumerate(rows)) * sum((j + 1) * c for j, c in enumerate(columns)), n)

    def linear(t):
        return abs(sum((i + 1) * (j + 1) * x for j, c in enumerate(t) for i, x in enumerate(c)) - mean)

    kinds = {"probability": product, "chisq": chisq, "kruskal": kruskal, "linear": linear}
    observed = {k: v(table) for k, v in kinds.items()}
    hits = dict.fromkeys(kinds, Fraction(0))
    every, count = Fraction(0), 0
    for t in tables(rows, columns):
        count += 1
        weight = Fraction(common, product(t))
        every += weight
        for k, v in kinds.items():
            if v(t) >= observed[k]:
                hits[k] += weight
    assert every == f[n]
    return count, {k: h / every for k, h in hits.items()}


def main():
    random.seed(20260101)
    out = ["rows,counts,tables,statistic,p,numerator,denominator"]
    shapes = [(2, 3, 20), (2, 3, 30), (2, 4, 20), (2, 6, 14), (3, 3, 12), (3, 3, 18), (3, 4, 12), (3, 5, 10), (4, 4, 9),
              (4, 4, 11), (5, 5, 7), (3, 6, 9), (6, 4, 8), (7, 2, 14), (5, 3, 11)]
    done = set()
    for R, C, n in shapes:
        tried = 0
        while tried < 8:
            # Half of them with an association, so that small p come too.
            strong = tried % 2
            cells = [(i, j) for i in range(R) for j in range(C)]
            weight = [(1 + random.random()) * (6 if strong and i * C // R == j else 1) for i, j in cells]
            table = [[0] * R for _ in range(C)]
            for i, j in random.choices(cells, weight, k=n - random.randrange(3)):
                table[j][i] += 1
            table = tuple(tuple(c) for c in table)
            if table in done or min(map(sum, table)) == 0 or min(map(sum, zip(*table))) == 0:
                continue
            done.add(table)
            tried += 1
            count, p = truth(table)
            for k, value in p.items():
                out.append(",".join([str(R), " ".join(str(x) for c in table for x in c), str(count), k,
                                     repr(float(value)), str(value.numerator), str(value.denominator)]))
    with open("fisher_rxc.csv", "w") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
