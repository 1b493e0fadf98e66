"""Golden numbers for the two-sided methods of Fisher's exact test: fisher_methods.csv beside this script.

Python 3.11 with mpmath 1.3.0; run as `python3 fisher_methods.py`. Nothing here is shared with the package, neither code
nor method: p-values are sums of fractions by the definition, and limits come from a look at every stretch of odds ratios
between two at which the set of tables counted changes.

p          the sum of P(x) over T(x) < T(a), and over T(x) = T(a) (half of it for mid-p); T(x) is P(x) for minlike, the
           smaller of P(X <= x) and P(X >= x) for blaker. central: twice the smaller tail. Fractions; the null odds ratio
           is the fraction that the double is.
limits     the ends of {omega: p(omega) >= 1 - conf_level}, conf_level being the double. 40-digit arithmetic. Within a
           stretch p is looked at in 9 places beside its ends; crossings by bisection.
gap_low, gap_high  the first stretch between the limits where p is below 1 - conf_level; NA: none.
"""
import csv
import random
from fractions import Fraction
from math import comb

import mpmath as mp

mp.mp.dps = 40


def weights(a, b, c, d):
    m, n, k = a + c, b + d, a + b
    return {x: comb(m, x) * comb(n, k - x) for x in range(max(0, k - n), min(k, m) + 1)}


def p_value(table, method, mid, null):
    a = table[0]
    omega = Fraction(null)
    w = weights(*table)
    low = min(w)
    t = {x: v * omega ** (x - low) for x, v in w.items()}
    total = sum(t.values())
    below = {x: sum(v for y, v in t.items() if y <= x) for x in t}
    above = {x: sum(v for y, v in t.items() if y >= x) for x in t}
    half = Fraction(1, 2) if mid else 0
    if method in ("central", "less", "greater"):
        tails = [below[a] - half * t[a], above[a] - half * t[a]]
        part = {"central": 2 * min(tails), "less": tails[0], "greater": tails[1]}[method]
        return min(Fraction(1), part / total)
    T = t if method == "minlike" else {x: min(below[x], above[x]) for x in t}
    return (sum(v for x, v in t.items() if T[x] < T[a]) + (1 - half) * sum(v for x, v in t.items() if T[x] == T[a])) / total


class Curve:
    """p of one table as a function of theta, the logarithm of the odds ratio, away from its jumps."""

    def __init__(self, table, method, mid):
        self.a, self.method, self.half = table[0], method, mp.mpf("0.5") if mid else mp.mpf(0)
        self.w = {x: mp.mpf(v) for x, v in weights(*table).items()}

    def probabilities(self, theta):
        t = {x: v * mp.exp(theta * (x - self.a)) for x, v in self.w.items()}
        total = sum(t.values())
        return {x: v / total for x, v in t.items()}

    def p(self, theta):
        P, a = self.probabilities(theta), self.a
        own = P[a]
        below = above = mp.mpf(0)
        T = dict(P)
        if self.method != "minlike":
            run, L = mp.mpf(0), {}
            for x in sorted(P):
                run += P[x]
                L[x] = run
            run, U = mp.mpf(0), {}
            for x in sorted(P, reverse=True):
                run += P[x]
                U[x] = run
            if self.method == "central":
                return min(mp.mpf(1), 2 * (min(L[a], U[a]) - self.half * own))
            T = {x: min(L[x], U[x]) for x in P}
        return sum(v for x, v in P.items() if x != a and T[x] < T[a]) + (1 - self.half) * own

    def jumps(self):
        if self.method == "central":
            return []
        out = []
        for y in self.w:
            if y == self.a:
                continue
            if self.method == "minlike":
                out.append((mp.log(self.w[y]) - mp.log(self.w[self.a])) / (self.a - y))
                continue
            lo, hi = sorted((y, self.a))

            def excess(theta):
                P = self.probabilities(theta)
                return sum(v for x, v in P.items() if x <= lo) - sum(v for x, v in P.items() if x >= hi)
            out.append(bisect(excess, mp.mpf(-200), mp.mpf(200)))
        return sorted(out)

    def accepted(self, alpha):
        """Stretches of {p >= alpha}, joined."""
        ends = [mp.mpf(-200)] + self.jumps() + [mp.mpf(200)]
        if self.method == "central":  # its curve has one top
            top = max((mp.mpf(i) / 8 for i in range(-400, 401)), key=self.p)
            ends = [ends[0], top, ends[-1]]
        found = []
        for left, right in zip(ends, ends[1:]):
            shy = mp.mpf("1e-25") * (1 + abs(left) + abs(right))
            if right - left < 4 * shy:
                continue
            at = [left + shy] + [left + (right - left) * i / 10 for i in range(1, 10)] + [right - shy]
            if abs(left) == 200 or abs(right) == 200:  # a long stretch needs closer looks near its inner end
                inner = right if abs(left) == 200 else left
                at += [inner + (-1 if inner == right else 1) * mp.mpf(2) ** j / 64 for j in range(0, 13)]
                at = sorted(x for x in at if left < x < right)
            inside = [self.p(x) >= alpha for x in at]
            border = [left]
            state = [inside[0]]
            for i in range(len(at) - 1):
                if inside[i] != inside[i + 1]:
                    border.append(bisect(lambda x: self.p(x) - alpha, at[i], at[i + 1]))
                    state.append(inside[i + 1])
            border.append(right)
            found += [(border[i], border[i + 1]) for i in range(len(state)) if state[i]]
        joined = []
        for left, right in found:
            if joined and left - joined[-1][1] < mp.mpf("1e-22"):
                joined[-1] = (joined[-1][0], right)
            else:
                joined.append((left, right))
        return joined


def bisect(f, lo, hi):
    sign = f(lo) > 0
    for _ in range(150):
        mid = (lo + hi) / 2
        if (f(mid) > 0) == sign:
            lo = mid
        else:
            hi = mid
    return (lo + hi) / 2


def text(v):
    return mp.nstr(v, 17)


def odds(theta):
    return "0" if theta == -200 else "Inf" if theta == 200 else text(mp.exp(theta))


def row(table, method, mid, null=1.0, level=0.95, limits=True):
    p = p_value(table, method, mid, null)
    out = [*table, method, int(mid), repr(null), repr(level), text(mp.mpf(p.numerator) / p.denominator)]
    if not limits:
        return out + ["NA"] * 4
    stretches = Curve(table, method, mid).accepted(1 - mp.mpf(level))
    gap = ["NA", "NA"]
    if len(stretches) > 1:
        gap = [odds(stretches[0][1]), odds(stretches[1][0])]
    return out + [odds(stretches[0][0]), odds(stretches[-1][1])] + gap


def rows():
    two = ("minlike", "central", "blaker")
    tables = [(3, 1, 1, 3), (7, 12, 15, 5), (0, 8, 7, 5), (9, 0, 4, 6), (12, 0, 0, 12), (1, 1, 1, 1), (20, 40, 38, 106),
              (50, 2, 3, 0), (5, 15, 15, 5), (6, 14, 14, 6), (2, 10, 12, 12), (100, 1, 2, 100)]
    for table in tables:
        for method in two:
            for mid in (False, True):
                yield row(table, method, mid)
    rng = random.Random(5150)
    for i in range(110):
        top = (4, 9, 25, 40)[i % 4]
        table = tuple(rng.randint(0, top) + (1 if j in (0, 3) else 0) for j in range(4))
        level = (0.95, 0.9, 0.5, 0.99)[i // 4 % 4]
        yield row(table, two[i % 3 if i % 2 else 0], bool(i // 3 % 2), level=level)
    # Ties under other null values, as fractions.
    for null in (2.0, 0.5, 3.0, 1.5, 0.1):
        for _ in range(30):
            table = tuple(rng.randint(0, 6) + 1 for _ in range(4))
            for method in ("minlike", "blaker", "central", "less"):
                yield row(table, method, rng.random() < 0.5, null=null, limits=False)
    # Wider tables: p only.
    for _ in range(20):
        table = tuple(rng.randint(20, 500) for _ in range(4))
        for method in two:
            for mid in (False, True):
                yield row(table, method, mid, limits=False)


if __name__ == "__main__":
    with open("fisher_methods.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow("a b c d method mid_p or conf_level p_value conf_low conf_high gap_low gap_high".split())
        for r in rows():
            out.writerow(r)
            f.flush()
