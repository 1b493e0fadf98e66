"""Unconditional exact p-values by brute force, in rational numbers as far as they go: writes unconditional.csv.

python3 unconditional.py, with mpmath 1.2. Orders are compared as fractions: z^2, Fisher's p. The probability of the
extreme tables is a polynomial in the common proportion, with whole coefficients; its largest value is looked for on 3000
points, equally spaced in arcsin(sqrt(p)), some hundred to the width of a term, and then closer around the three best in
30 digits. Barnard's order is built from its definition with such maxima; those that agree to 1e-12 count as equal.
"""

import csv
import math
import random
from fractions import Fraction
from math import comb
from mpmath import mp

mp.dps = 30
ANGLES = [math.pi / 2 * g / 3000 for g in range(3001)]


def largest(coefficient, n):
    """Largest value of sum_s c_s p^s (1-p)^(n-s), c whole numbers."""
    terms = [(s, c) for s, c in enumerate(coefficient) if c]
    grid = []
    for a in ANGLES:
        p, q = math.sin(a) ** 2, math.cos(a) ** 2
        grid.append(sum(c * p**s * q ** (n - s) for s, c in terms))

    def exact(a):
        p, q = mp.sin(a) ** 2, mp.cos(a) ** 2
        return sum(c * p**s * q ** (n - s) for s, c in terms)

    best = mp.mpf(0)
    for g in sorted(range(3001), key=lambda g: -grid[g])[:3]:
        low, high = mp.mpf(ANGLES[max(0, g - 1)]), mp.mpf(ANGLES[min(3000, g + 1)])
        if g == 3000:
            high = mp.pi / 2
        for _ in range(60):
            a, b = low + (high - low) * mp.mpf("0.382"), low + (high - low) * mp.mpf("0.618")
            if exact(a) < exact(b):
                low = a
            else:
                high = b
        best = max(best, exact(low), exact(high))
    return min(best, mp.mpf(1))


def fisher_greater(i, j, n1, n2):
    s = i + j
    return Fraction(sum(comb(n1, k) * comb(n2, s - k) for k in range(i, min(n1, s) + 1)), comb(n1 + n2, s))


def fisher_two(i, j, n1, n2):
    s = i + j
    w = {k: comb(n1, k) * comb(n2, s - k) for k in range(max(0, s - n2), min(n1, s) + 1)}
    return Fraction(sum(v for v in w.values() if v <= w[i]), comb(n1 + n2, s))


def z(i, j, n1, n2):
    """z |z| up to a factor."""
    s, n = i + j, n1 + n2
    if s in (0, n):
        return Fraction(0)
    d = Fraction(i, n1) - Fraction(j, n2)
    return d * abs(d) / (Fraction(s, n) * Fraction(n - s, n))


def p_of(tables, n1, n2):
    c = [0] * (n1 + n2 + 1)
    for i, j in tables:
        c[i + j] += comb(n1, i) * comb(n2, j)
    return largest(c, n1 + n2)


def csm(x1, x2, n1, n2, both):
    region, p = set(), mp.mpf(0)
    everything = [(i, j) for i in range(n1 + 1) for j in range(n2 + 1)]
    upper = lambda i, j: Fraction(i, n1) >= Fraction(j, n2)
    while (x1, x2) not in region:
        trial = {}
        for i, j in everything:
            if (i, j) in region or (both and not upper(i, j)):
                continue
            if (i == n1 or (i + 1, j) in region) and (j == 0 or (i, j - 1) in region):
                add = {(i, j)} | ({(n1 - i, n2 - j)} if both else set())
                trial[frozenset(add)] = p_of(region | add, n1, n2)
        least = min(trial.values())
        for add, value in trial.items():
            if value <= least * (1 + mp.mpf("1e-12")):
                region |= add
        p = p_of(region, n1, n2)
    return p


def rows():
    rng = random.Random(1947)
    cases = [(7, 15, 12, 15), (12, 15, 7, 15), (2, 10, 8, 12), (0, 10, 0, 10), (0, 9, 4, 7), (7, 7, 1, 6), (3, 5, 9, 20),
             (14, 35, 3, 35), (3, 30, 20, 50), (1, 1, 0, 1), (2, 4, 3, 6), (5, 10, 5, 10)]
    cases += [(rng.randint(0, a), a, rng.randint(0, b), b) for a, b in [(3, 4), (6, 6), (8, 11), (13, 9), (20, 25)] * 3]
    for x1, n1, x2, n2 in cases:
        every = [(i, j) for i in range(n1 + 1) for j in range(n2 + 1)]
        flip = lambda t: [(n1 - i, n2 - j) for i, j in t]
        own = z(x1, x2, n1, n2)
        up = [t for t in every if z(*t, n1, n2) >= own]
        down = [t for t in every if z(*t, n1, n2) <= own]
        yield x1, n1, x2, n2, "score", "greater", p_of(up, n1, n2)
        yield x1, n1, x2, n2, "score", "less", p_of(down, n1, n2)
        yield x1, n1, x2, n2, "score", "square", p_of([t for t in every if abs(z(*t, n1, n2)) >= abs(own)], n1, n2)
        f = {t: fisher_greater(*t, n1, n2) for t in every}
        yield x1, n1, x2, n2, "boschloo", "greater", p_of([t for t in every if f[t] <= f[x1, x2]], n1, n2)
        g = {t: fisher_greater(n1 - t[0], n2 - t[1], n1, n2) for t in every}
        yield x1, n1, x2, n2, "boschloo", "less", p_of([t for t in every if g[t] <= g[x1, x2]], n1, n2)
        h = {t: fisher_two(*t, n1, n2) for t in every}
        yield x1, n1, x2, n2, "boschloo", "minlike", p_of([t for t in every if h[t] <= h[x1, x2]], n1, n2)
        if n1 * n2 <= 42:
            yield x1, n1, x2, n2, "csm", "greater", csm(x1, x2, n1, n2, False)
            yield x1, n1, x2, n2, "csm", "less", csm(n1 - x1, n2 - x2, n1, n2, False)
            i, j = (x1, x2) if Fraction(x1, n1) >= Fraction(x2, n2) else (n1 - x1, n2 - x2)
            yield x1, n1, x2, n2, "csm", "square", csm(i, j, n1, n2, True)


if __name__ == "__main__":
    with open("unconditional.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["x1", "n1", "x2", "n2", "order", "side", "p"])
        for row in rows():
            out.writerow([*row[:-1], mp.nstr(row[-1], 17)])
            f.flush()
