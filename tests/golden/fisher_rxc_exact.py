"""Writes fisher_rxc_exact.csv: exact Freeman-Halton p of r x c tables. Run here: python3 fisher_rxc_exact.py

Python 3.11, g++ 12. Nothing here is shared with the package.
p is the probability, both margins given, of all tables no likelier than the observed one. `p` has 25 significant digits of
a fraction of integers. Two writings of it: exact() below, integers and a dictionary, one column after the other; and
fisher_rxc_exact.cpp, which meets in the middle and is fast. `way` says "both" where both were run and agreed as fractions
(every table that exact() does in about a fifth of a second), else "cpp". The first rows are also checked by listing all tables.

Tables: named ones, then drawn ones: n balls thrown into nrow x ncol cells, all cells equally likely; thrown again if a row
or a column stays empty. Seed 20261125. Counts are written column by column.
`p_stats`, `seconds_stats` come from fisher_rxc_errs.R: stats::fisher.test(workspace = 2e8) of the R version in the file.
"""
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from math import factorial, prod

NAMED = {
    # ?fisher.test: Agresti (2002, p. 57); Mehta and Patel (1986), example 6.
    "job": [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]],
    "mp6": [[1, 2, 2, 1, 1, 0, 1], [2, 0, 0, 2, 3, 0, 0], [0, 1, 1, 1, 2, 7, 3], [1, 1, 2, 0, 0, 0, 1],
            [0, 1, 1, 1, 1, 0, 0]],
    "tea": [[3, 1], [1, 3]],
    "convictions": [[2, 15], [10, 3]],
    # 8 x 6, n = 42: stats::fisher.test (R 4.2.2) says 0.0393.
    "wrong86": [list(row) for row in zip(*[iter(
        [1, 0, 0, 3, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 2, 0, 0, 0, 3, 0, 0, 1, 0, 1, 0, 1, 1, 3, 2, 0, 0, 1, 1, 0, 0, 1, 0, 3,
         1, 1, 0, 1, 0, 0, 1, 0, 2, 4])] * 8)],
}
NAMED["wrong86"] = [list(row) for row in zip(*NAMED["wrong86"])]
SHAPES = [(3, 3), (4, 3), (4, 4), (5, 4), (5, 5), (6, 5), (6, 6), (7, 6), (8, 6), (7, 7), (8, 7)]
SIZES = (20, 30, 45)
EACH = 25


def margins(t):
    return [sum(row) for row in t], [sum(col) for col in zip(*t)]


def compositions(total, bounds):
    if len(bounds) == 1:
        if total <= bounds[0]:
            yield (total,)
        return
    room = sum(bounds[1:])
    for x in range(max(0, total - room), min(total, bounds[0]) + 1):
        for rest in compositions(total - x, bounds[1:]):
            yield (x,) + rest


def exact(t, seconds=None):
    """p as a Fraction, or None when `seconds` are over. Weight of a table: prod of its columns' multinomial numbers."""
    start = time.process_time()
    rows, cols = margins(t)
    if len(rows) > len(cols):
        t = list(zip(*t))
        rows, cols = cols, rows
    multinomial = lambda col: factorial(sum(col)) // prod(factorial(x) for x in col)
    observed = prod(multinomial(col) for col in zip(*t))
    layer = {tuple(sorted(rows)): {1: 1}}
    for c in sorted(cols, reverse=True):
        following = {}
        for state, weights in layer.items():
            moves = {}
            for col in compositions(c, state):
                key = tuple(sorted(r - x for r, x in zip(state, col))), multinomial(col)
                moves[key] = moves.get(key, 0) + 1
            for (target, w), times in moves.items():
                to = following.setdefault(target, {})
                for v, number in weights.items():
                    to[v * w] = to.get(v * w, 0) + times * number
            if seconds is not None and time.process_time() - start > seconds:
                return None
        layer = following
    weights, = layer.values()
    total = sum(w * number for w, number in weights.items())
    assert total == factorial(sum(rows)) // prod(factorial(r) for r in rows)
    return Fraction(sum(w * number for w, number in weights.items() if w <= observed), total)


def listed(t):
    """p from a list of all tables, columns in turn."""
    rows, cols = margins(t)

    def tables(left, cols):
        if not cols:
            yield 1
            return
        for col in compositions(cols[0], left):
            for rest in tables([a - b for a, b in zip(left, col)], cols[1:]):
                yield prod(factorial(x) for x in col) * rest

    d = prod(factorial(x) for row in t for x in row)
    every = [Fraction(1, e) for e in tables(rows, cols)]
    return sum(e for e in every if e <= Fraction(1, d)) / sum(every)


def digits(f, n=25):
    if f == 1:
        return "1"
    shift = 0
    while f < Fraction(1, 10):
        f *= 10
        shift += 1
    s = str((f.numerator * 10**n * 2 + f.denominator) // (2 * f.denominator)).rstrip("0")
    return "0." + s + (f"e-{shift}" if shift else "")


def by_column(t):
    return [x for col in zip(*t) for x in col]


class Cpp:
    def __init__(self):
        here = os.path.dirname(os.path.abspath(__file__))
        self.program = os.path.join(tempfile.mkdtemp(), "fisher_rxc_exact")
        subprocess.run(["g++", "-O2", "-std=c++17", "-o", self.program, os.path.join(here, "fisher_rxc_exact.cpp")],
                       check=True)

    def __call__(self, t, seconds=600):
        line = " ".join(map(str, [len(t), len(t[0]), *by_column(t)])) + "\n"
        out = subprocess.run([self.program], input=line, capture_output=True, text=True, timeout=seconds, check=True)
        a, b = out.stdout.split()
        return Fraction(int(a, 16), int(b, 16))


def drawn():
    rng = random.Random(20261125)
    for nrow, ncol in SHAPES:
        for n in SIZES:
            for i in range(EACH):
                while True:
                    t = [[0] * ncol for _ in range(nrow)]
                    for _ in range(n):
                        t[rng.randrange(nrow)][rng.randrange(ncol)] += 1
                    if all(map(sum, t)) and all(map(sum, zip(*t))):
                        break
                yield f"{nrow}x{ncol}-{n}-{i + 1}", t


def main():
    fast = Cpp()
    for t in ([[1, 2, 0], [0, 3, 1]], [[1, 0, 2], [2, 1, 0], [0, 2, 1]], [[2, 1, 1, 0], [0, 2, 0, 3], [1, 0, 2, 1]]):
        assert listed(t) == exact(t) == fast(t)
    with open("fisher_rxc_exact.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow("id nrow ncol n counts p way".split())
        for name, t in [*NAMED.items(), *drawn()]:
            p = fast(t)
            again = exact(t, 0.2)
            assert again is None or again == p, name
            out.writerow([name, len(t), len(t[0]), sum(map(sum, t)), " ".join(map(str, by_column(t))), digits(p),
                          "cpp" if again is None else "both"])
            f.flush()


if __name__ == "__main__":
    main()
