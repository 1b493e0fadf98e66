#!/usr/bin/env python3
# Writes table_network.csv: exact p-values of larger tables than fisher_rxc.py can list one by one, in whole numbers.
# Python 3, standard library only. Counts stand by rows, "/" between rows.
#
# The law of the statistic is built line by line: for each vector of what the lines placed so far have taken from the
# other margin and each value so far, the number of ways, a whole number. Nothing is pruned or rounded.
# chisq: lines are columns, sum x^2 / (r_i c_j), as fractions over one denominator.
# kruskal: lines are rows (groups), sum S_i^2 / r_i with S_i = sum of doubled midranks.
# linear: lines are columns, |n sum u_i v_j x_ij - (sum u_i r_i) (sum v_j c_j)|; scores are decimals, made whole.
# p is numerator / denominator as a double.
from collections import defaultdict
from fractions import Fraction
from math import factorial, lcm

FACTORIAL = [factorial(k) for k in range(200)]


def compositions(total, caps):
    if len(caps) == 1:
        if total <= caps[0]:
            yield (total,)
        return
    for x in range(max(0, total - sum(caps[1:])), min(total, caps[0]) + 1):
        for rest in compositions(total - x, caps[1:]):
            yield (x,) + rest


def law(lines, crossed, cost):
    """Value of the statistic: number of ways to deal n units, out of n! / prod(crossed!)."""
    states = {tuple(crossed): {0: 1}}
    for k, total in enumerate(lines):
        following = defaultdict(lambda: defaultdict(int))
        for left, values in states.items():
            for x in compositions(total, left):
                ways = FACTORIAL[total]
                for count in x:
                    ways //= FACTORIAL[count]
                added = cost(k, x)
                target = following[tuple(a - b for a, b in zip(left, x))]
                for value, number in values.items():
                    target[value + added] += number * ways
        states = following
    (values,) = states.values()
    return values


def p_value(table, statistic, row_scores=None, column_scores=None):
    rows = [sum(r) for r in table]
    columns = [sum(c) for c in zip(*table)]
    n = sum(rows)
    by_columns = list(zip(*table))
    if statistic == "chisq":
        over = lcm(*rows) * lcm(*columns)
        lines, crossed, vectors = columns, rows, by_columns

        def cost(k, x):
            return sum(v * v * (over // (rows[i] * columns[k])) for i, v in enumerate(x))
    elif statistic == "kruskal":
        over = lcm(*rows)
        midrank, before = [], 0
        for c in columns:
            midrank.append(2 * before + c + 1)
            before += c
        lines, crossed, vectors = rows, columns, table

        def cost(k, x):
            return sum(a * b for a, b in zip(midrank, x)) ** 2 * (over // rows[k])
    else:
        u, v = whole(row_scores), whole(column_scores)
        lines, crossed, vectors = columns, rows, by_columns

        def cost(k, x):
            return v[k] * sum(a * b for a, b in zip(u, x))
    found = sum(cost(k, x) for k, x in enumerate(vectors))
    values = law(lines, crossed, cost)
    every = sum(values.values())
    assert every == FACTORIAL[n] // product(FACTORIAL[c] for c in crossed)
    if statistic == "linear":
        mean = sum(a * b for a, b in zip(u, rows)) * sum(a * b for a, b in zip(v, columns))
        away = abs(n * found - mean)
        return Fraction(sum(w for x, w in values.items() if abs(n * x - mean) >= away), every)
    return Fraction(sum(w for x, w in values.items() if x >= found), every)


def whole(scores):
    scores = [Fraction(s) for s in scores]
    over = lcm(*(s.denominator for s in scores))
    return [int(s * over) for s in scores]


def product(numbers):
    out = 1
    for x in numbers:
        out *= x
    return out


JOBS = [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]]  # ?fisher.test, Agresti (2002, p. 57)
CASES = [
    ("linear", JOBS, "1 2 3 4", "1 2 3 4"),
    ("linear", [[1, 3, 6], [2, 3, 7], [1, 6, 4], [0, 1, 9]], "3 10 20 35", "1 3 5"),
    ("linear", [[5, 8, 12, 6, 9, 11], [9, 6, 10, 8, 12, 20]], "0 1", "1 2 3 4 5 6"),
    ("linear", [[5, 8, 2, 6], [9, 6, 10, 1], [2, 2, 7, 8]], "0.1 0.2 0.3", "0.5 1.25 -2 7"),
    ("linear", [[5, 8, 2, 6], [9, 6, 10, 1], [2, 2, 7, 8]], "1 1 2", "1 4 4 4"),
    ("linear", [[12, 0, 0], [0, 12, 0], [0, 0, 12]], "1 2 3", "1 2 3"),
    ("linear", [[4, 3], [3, 4], [4, 3], [3, 4]], "0 1 1 0", "0 1"),  # at its mean: p = 1
    ("kruskal", [[5, 8, 12, 6, 9], [9, 6, 10, 8, 2]], "", ""),
    ("kruskal", [[5, 8, 2], [9, 6, 1], [2, 2, 7], [3, 1, 4]], "", ""),
    ("kruskal", [[8, 1, 0, 0], [2, 5, 2, 1], [0, 0, 2, 9]], "", ""),
    ("kruskal", [[7, 3, 2], [7, 3, 2], [2, 3, 7]], "", ""),
    ("chisq", [[5, 8, 12, 6, 9], [9, 6, 10, 8, 20]], "", ""),
    ("chisq", [[5, 8, 2], [9, 6, 1], [2, 2, 7]], "", ""),
    ("chisq", [[5, 8, 2], [9, 6, 1], [2, 2, 7], [3, 1, 4]], "", ""),
    ("chisq", [[7, 3, 2], [7, 3, 2], [2, 3, 7]], "", ""),
    ("chisq", [[15, 0, 0], [0, 15, 1], [0, 0, 15]], "", ""),
]


def main():
    with open("table_network.csv", "w") as file:
        file.write("statistic,counts,row.scores,column.scores,p\n")
        for statistic, table, u, v in CASES:
            p = p_value(table, statistic, u.split(), v.split())
            counts = "/".join(" ".join(map(str, row)) for row in table)
            file.write(",".join([statistic, counts, u, v, repr(float(p))]) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
