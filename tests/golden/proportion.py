"""Limits of binomial proportions from their definitions, in 40-digit arithmetic: writes proportion.csv.

python3 proportion.py, with mpmath 1.2. Tails are sums of binomial terms, limits are found by bisection. Blaker's
acceptability (2000) is evaluated as it is defined, with its jumps: between them on a grid of 20 points, then bisected.
"""

import csv
import random
from mpmath import mp

mp.dps = 40


class Binomial:
    def __init__(self, n):
        self.n = n
        self.choose = [mp.binomial(n, k) for k in range(n + 1)]

    def pmf(self, k, p):
        return self.choose[k] * mp.power(p, k) * mp.power(1 - p, self.n - k)

    def at_least(self, k, p):
        return sum((self.pmf(i, p) for i in range(max(0, k), self.n + 1)), mp.mpf(0))

    def at_most(self, k, p):
        return sum((self.pmf(i, p) for i in range(0, k + 1)), mp.mpf(0))


def first_true(f, low, high):
    """The point where f turns from false to true, by bisection on the logarithm of the odds."""
    to_p = lambda v: 1 / (1 + mp.exp(-v))
    for _ in range(120):
        middle = (low + high) / 2
        if f(to_p(middle)):
            high = middle
        else:
            low = middle
    return to_p(high)


def low_limit(x, n, kind, alpha):
    b = Binomial(n)
    if kind == "wilson":
        z = -mp.sqrt(2) * mp.erfinv(2 * alpha - 1)
        q = [p for p in mp.polyroots([n * n + n * z * z, -(2 * n * x + n * z * z), mp.mpf(x) * x], maxsteps=500, extraprec=200)]
        return min(mp.re(p) for p in q) if z >= 0 else max(mp.re(p) for p in q)
    if kind == "clopper-pearson":
        return mp.mpf(0) if x == 0 else first_true(lambda p: b.at_least(x, p) > alpha, mp.mpf(-80), mp.mpf(80))
    if kind == "mid-p":
        f = lambda p: b.at_least(x + 1, p) + b.pmf(x, p) / 2 > alpha
        if f(mp.mpf(10) ** -45):
            return mp.mpf(0)
        return first_true(f, mp.mpf(-80), mp.mpf(80)) if f(1 - mp.mpf(10) ** -45) else mp.mpf(1)
    if x == 0:
        return mp.mpf(0)

    def acceptability(p):
        # Sums to or from the mean of terms no larger than the observed tail: straight from the definition.
        upper, lower = b.at_least(x, p), b.at_most(x, p)
        if upper <= lower:
            total, tail = upper, mp.mpf(0)
            for c in range(n + 1):
                tail += b.pmf(c, p)
                if tail > upper:
                    break
                total += b.pmf(c, p)
            return min(mp.mpf(1), total)
        return mp.mpf(1)  # beyond the median of x: not a place of the lower limit

    jumps = [first_true(lambda p, c=c: b.at_most(c, p) <= b.at_least(x, p), mp.mpf(-80), mp.mpf(80)) for c in range(x)]
    if x < n:
        jumps.append(first_true(lambda p: b.at_most(x, p) <= b.at_least(x, p), mp.mpf(-80), mp.mpf(80)))
    ends = [mp.mpf(10) ** -30] + sorted(jumps) + [1 - mp.mpf(10) ** -40]
    for s, e in zip(ends, ends[1:]):
        if acceptability(s) > alpha:
            return s
        before = s
        for i in range(1, 21):
            p = s + (e - s) * i / 21 if i < 20 else e - (e - s) * mp.mpf(10) ** -35
            if acceptability(p) > alpha:
                lo, hi = before, p
                for _ in range(110):
                    middle = (lo + hi) / 2
                    if acceptability(middle) > alpha:
                        hi = middle
                    else:
                        lo = middle
                return hi
            before = p
    raise ValueError


def limits(x, n, kind, level, side):
    alpha = 1 - mp.mpf(level)
    if side == "two.sided" and kind != "blaker":
        alpha /= 2
    low = low_limit(x, n, kind, alpha) if side != "less" else mp.mpf(0)
    high = 1 - low_limit(n - x, n, kind, alpha) if side != "greater" else mp.mpf(1)
    return low, high


if __name__ == "__main__":
    rng = random.Random(1934)
    cases = [(0, 10), (10, 10), (1, 1), (0, 1), (3, 10), (5, 18), (1, 29), (15, 148), (81, 263), (0, 20), (10, 20)]
    cases += [(rng.randint(0, n), n) for n in (2, 3, 5, 8, 13, 21, 34, 55, 89, 150) for _ in range(2)]
    with open("proportion.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["x", "n", "conf.type", "conf.level", "alternative", "conf.low", "conf.high"])
        for i, (x, n) in enumerate(cases):
            for kind in ("clopper-pearson", "blaker", "mid-p", "wilson"):
                for side in ("two.sided", "less", "greater"):
                    if kind == "blaker" and (side != "two.sided" or n > 30):
                        continue
                    for level in (0.95, (0.99, 0.9, 0.5, 0.3)[i % 4]):
                        low, high = limits(x, n, kind, level, side)
                        out.writerow([x, n, kind, level, side, mp.nstr(low, 17), mp.nstr(high, 17)])
            f.flush()
