"""Adds `exact` to exact2x2.csv (of exact2x2.R). Run here: python3 exact2x2.py

Python 3.11, mpmath 1.3.0; nothing here is shared with the package. p: sums of fractions.Fraction, ties equalities of
fractions. Limits: ends of the smallest interval that holds all odds ratios with p > 0.05, in 40-digit arithmetic: the p of
minlike and of Blaker's test jumps where another table becomes no likelier (its tail no larger); between two jumps it falls
and then rises, so its crossings of 0.05 are found on both sides of its least value. `pieces` is the number of intervals
that those odds ratios form: where it is above 1 the smallest interval also holds odds ratios with p <= 0.05.
mid-p (central): twice the smaller of the tails with half the probability of the observed table, at most 1.
"""
import csv
import math
from fractions import Fraction
from math import comb

import mpmath as mp

mp.mp.dps = 40
ALPHA = mp.mpf(5) / 100


class Table:
    def __init__(self, a, b, c, d):
        m, n, k = a + b, c + d, a + c
        self.x = a
        self.support = range(max(0, k - n), min(m, k) + 1)
        self.w = {x: comb(m, x) * comb(n, k - x) for x in self.support}
        self.log_w = {x: mp.log(v) for x, v in self.w.items()}

    def p(self, method, odds):
        odds = Fraction(odds)
        first, last = self.support[0], self.support[-1]
        t = {x: v * odds.numerator ** (x - first) * odds.denominator ** (last - x) for x, v in self.w.items()}
        total = sum(t.values())
        low, high, so_far = {}, {}, 0
        for x, v in t.items():
            high[x] = total - so_far
            so_far += v
            low[x] = so_far
        less, greater, f = low[self.x], high[self.x], t[self.x]
        if method == "minlike":
            s = sum(v for v in t.values() if v <= f)
        elif method == "central":
            s = 2 * min(less, greater)
        elif method == "midp central":
            s = min(2 * less - f, 2 * greater - f)
        elif less <= greater:
            s = less + max([v for v in high.values() if v <= less], default=0)
        else:
            s = greater + max([v for v in low.values() if v <= greater], default=0)
        return min(Fraction(1), Fraction(s, total))

    def share(self, inside, theta):
        odds, power, part, total = mp.exp(theta), mp.mpf(1), mp.mpf(0), mp.mpf(0)
        for x, w in self.w.items():
            t = w * power
            total += t
            if inside(x):
                part += t
            power *= odds
        return part / total

    def quick(self, counts, theta):
        f = [log_w + theta * x for x, log_w in self.float_w]
        top = max(f)
        f = [math.exp(v - top) for v in f]
        return sum(v for (x, _), v in zip(self.float_w, f) if x in counts) / sum(f)

    def limits(self, method):
        x0 = self.x
        self.float_w = [(x, float(v)) for x, v in self.log_w.items()]
        if method in ("central", "midp central"):
            half = mp.mpf(1) / 2 if method == "midp central" else mp.mpf(0)
            point = lambda theta: half * self.share(lambda x: x == x0, theta)
            less = lambda theta: self.share(lambda x: x <= x0, theta) - point(theta) - ALPHA / 2
            greater = lambda theta: self.share(lambda x: x >= x0, theta) - point(theta) - ALPHA / 2
            low = None if x0 == self.support[0] else root(greater, -60, 60)
            high = None if x0 == self.support[-1] else root(less, -60, 60)
            return low, high, 1
        # Where the set of tables that count changes.
        jumps = []
        for x in self.support:
            if x == x0:
                continue
            if method == "minlike":
                jumps.append((self.log_w[x0] - self.log_w[x]) / (x - x0))
            else:  # where the tail at x equals the observed tail on the other side
                below, above = (x0, x) if x > x0 else (x, x0)
                quick = lambda s: (self.quick({y for y in self.support if y <= below}, s)
                                   - self.quick({y for y in self.support if y >= above}, s))
                sharp = lambda s: self.share(lambda y: y <= below, s) - self.share(lambda y: y >= above, s)
                lo, hi = -60.0, 60.0
                for _ in range(60):
                    lo, hi = ((lo + hi) / 2, hi) if quick((lo + hi) / 2) > 0 else (lo, (lo + hi) / 2)
                jumps.append(secant(sharp, lo, lo + 1e-7))
        jumps = sorted(jumps)
        ends = [mp.mpf(-80), *jumps, mp.mpf(80)]
        accepted = []
        for left, right in zip(ends, ends[1:]):
            if left == right:
                continue
            middle = (left + right) / 2
            if method == "minlike":
                f = {x: v + middle * x for x, v in self.log_w.items()}
                counts = {x for x in self.support if f[x] <= f[x0]}
            else:
                odds, power, t = mp.exp(middle), mp.mpf(1), {}
                for x, w in self.w.items():
                    t[x] = w * power
                    power *= odds
                low, high, so_far, total = {}, {}, mp.mpf(0), sum(t.values())
                for x, v in t.items():
                    high[x] = total - so_far
                    so_far += v
                    low[x] = so_far
                if low[x0] <= high[x0]:
                    counts = {x for x in self.support if x <= x0 or high[x] <= low[x0]}
                else:
                    counts = {x for x in self.support if x >= x0 or low[x] <= high[x0]}
            p = lambda theta: self.share(lambda x: x in counts, theta) - ALPHA
            # In double precision first: most pieces lie far above or below 0.05 as a whole.
            lo, hi = float(left), float(right)
            if max(self.quick(counts, lo), self.quick(counts, hi)) < 0.0499:
                continue
            for _ in range(80):
                a, b = lo + (hi - lo) * 0.4, lo + (hi - lo) * 0.6
                if self.quick(counts, a) < self.quick(counts, b):
                    hi = b
                else:
                    lo = a
            least = min(max(mp.mpf((lo + hi) / 2), left), right)
            if p(least) > 0:
                accepted.append((left, right))
                continue
            if p(left) > 0:
                accepted.append((left, root(p, left, least)))
            if p(right) > 0:
                accepted.append((root(p, least, right), right))
        merged = []
        for a, b in accepted:
            if merged and a - merged[-1][1] < mp.mpf("1e-25"):
                merged[-1][1] = b
            else:
                merged.append([a, b])
        low = None if merged[0][0] <= -79 else merged[0][0]
        high = None if merged[-1][1] >= 79 else merged[-1][1]
        return low, high, len(merged)


def secant(f, a, b):
    a, b = mp.mpf(a), mp.mpf(b)
    fa, fb = f(a), f(b)
    for _ in range(30):
        if fb == fa or abs(b - a) < mp.mpf("1e-35"):
            break
        a, b, fa = b, b - fb * (b - a) / (fb - fa), fb
        fb = f(b)
    return b


def root(f, a, b):
    a, b = mp.mpf(a), mp.mpf(b)
    up = f(b) > 0
    for _ in range(110):
        c = (a + b) / 2
        if (f(c) > 0) == up:
            b = c
        else:
            a = c
    return (a + b) / 2


def main():
    with open("exact2x2.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    limits = {}
    for r in rows:
        key = tuple(int(r[k]) for k in "abcd")
        t = Table(*key)
        if r["quantity"] == "p":
            p = t.p(r["method"], float(r["or"]))
            r["exact"], r["pieces"] = mp.nstr(mp.mpf(p.numerator) / p.denominator, 20), "NA"
            continue
        if (key, r["method"]) not in limits:
            limits[key, r["method"]] = t.limits(r["method"])
        low, high, pieces = limits[key, r["method"]]
        end = low if r["quantity"] == "conf_low" else high
        r["exact"] = ("0" if r["quantity"] == "conf_low" else "Inf") if end is None else mp.nstr(mp.exp(end), 20)
        r["pieces"] = pieces
    with open("exact2x2.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


if __name__ == "__main__":
    main()
