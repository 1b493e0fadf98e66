"""Adds `exact` to exact_uncond.csv (of exact_uncond.R) for its p-values. Run here: python3 exact_uncond.py

Python 3.11, mpmath 1.3.0; nothing here is shared with the package. p is the greatest probability, over the common
proportion in [0, 1], of the tables at least as extreme as the observed one. Those tables are found with integers and
fractions, ties being equalities. Their probability is a polynomial in the proportion with integer coefficients by total of
successes: its greatest value is searched on 4000 points, then by golden section to 30 digits about every local one.
  z-pooled, z-unpooled  two-sided: square of the statistic; a table without variance has the statistic 0 if the proportions
                        agree, else the greatest one (only z-unpooled: 0 of n against m of m and the reverse)
  boschloo              two-sided: Fisher's two-sided p (minlike) as statistic
  boschloo central      twice the smaller one-sided p, at most 1
The csm rows, exact2x2's minlike and the score intervals and their p are recorded only (`exact` NA).
"""
import csv
from fractions import Fraction
from math import comb

import mpmath as mp

mp.mp.dps = 30


def fisher(x1, n1, x2, n2, alternative):
    s = x1 + x2
    w = {x: comb(n1, x) * comb(n2, s - x) for x in range(max(0, s - n2), min(n1, s) + 1)}
    total = sum(w.values())
    if alternative == "greater":  # p2 above p1: fewer successes in the first group
        return Fraction(sum(v for x, v in w.items() if x <= x1), total)
    if alternative == "less":
        return Fraction(sum(v for x, v in w.items() if x >= x1), total)
    return Fraction(sum(v for v in w.values() if v <= w[x1]), total)


def signed_square(x1, n1, x2, n2, pooled):
    """Sign times square of (p2 - p1) / se, a Fraction; infinite as 10**9."""
    d = Fraction(x2, n2) - Fraction(x1, n1)
    if d == 0:
        return Fraction(0)
    if pooled:
        p = Fraction(x1 + x2, n1 + n2)
        v = p * (1 - p) * (Fraction(1, n1) + Fraction(1, n2))
    else:
        p1, p2 = Fraction(x1, n1), Fraction(x2, n2)
        v = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    square = d * d / v if v else Fraction(10**9)
    return square if d > 0 else -square


def greatest(coefficients):
    n = len(coefficients) - 1
    if all(c == comb(n, s) for s, c in enumerate(coefficients)):
        return mp.mpf(1)
    coefficients = [mp.mpf(c) for c in coefficients]
    f = lambda p: mp.fsum(c * p**s * (1 - p) ** (n - s) for s, c in enumerate(coefficients))
    quick = [float(c) for c in coefficients]
    g = lambda p: sum(c * p**s * (1 - p) ** (n - s) for s, c in enumerate(quick))
    grid = [i / 4000 for i in range(4001)]
    values = [g(p) for p in grid]
    best = max(f(mp.mpf(0)), f(mp.mpf(1)))
    top = max(values)
    ratio = (mp.sqrt(5) - 1) / 2
    # Where the polynomial is 1 but for 1e-9, it is so on a plateau: its highest point on the grid does.
    peaks = range(1, 4000) if top < 1 - 1e-9 else [min(max(values.index(top), 1), 3999)]
    for i in peaks:
        if values[i] < values[i - 1] or values[i] < values[i + 1] or values[i] < top * (1 - 1e-5):
            continue
        lo, hi = mp.mpf(grid[i - 1]), mp.mpf(grid[i + 1])
        a, b = hi - ratio * (hi - lo), lo + ratio * (hi - lo)
        fa, fb = f(a), f(b)
        for _ in range(80):
            if fa > fb:
                hi, b, fb = b, a, fa
                a = hi - ratio * (hi - lo)
                fa = f(a)
            else:
                lo, a, fa = a, b, fb
                b = lo + ratio * (hi - lo)
                fb = f(b)
        best = max(best, fa, fb)
    return best


def p_value(a, b, c, d, method, alternative):
    n1, n2 = a + b, c + d
    if method == "boschloo central":
        if alternative == "two.sided":
            return min(mp.mpf(1), 2 * min(p_value(a, b, c, d, "boschloo", s) for s in ("less", "greater")))
        method = "boschloo"
    if method == "boschloo":
        extreme = lambda x, y: -fisher(x, n1, y, n2, alternative)
    else:
        sign = {"two.sided": abs, "greater": lambda z: z, "less": lambda z: -z}[alternative]
        extreme = lambda x, y: sign(signed_square(x, n1, y, n2, method == "z-pooled"))
    observed = extreme(a, c)
    coefficients = [0] * (n1 + n2 + 1)
    for x in range(n1 + 1):
        for y in range(n2 + 1):
            if extreme(x, y) >= observed:
                coefficients[x + y] += comb(n1, x) * comb(n2, y)
    return greatest(coefficients)


def main():
    with open("exact_uncond.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    known = {}
    for r in rows:
        r["exact"] = "NA"
        if r["method"] in ("csm", "boschloo exact2x2 minlike") or r["method"].startswith("score"):
            continue
        key = *(int(r[k]) for k in "abcd"), r["method"], r["alternative"]
        if key not in known:
            known[key] = mp.nstr(p_value(*key), 20)
        r["exact"] = known[key]
    with open("exact_uncond.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


if __name__ == "__main__":
    main()
