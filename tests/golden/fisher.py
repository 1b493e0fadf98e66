"""Golden numbers for Fisher's exact test: fisher-n20.csv and fisher.csv beside this script.

Python 3.11 with mpmath 1.3.0; run as `python3 fisher.py`. Nothing here is shared with the package.

fisher-n20.csv  every table [a b; c d] with 1 <= a + b + c + d <= 20. Probabilities as integers over the common
                denominator `den` = C(N, a + b).
fisher.csv      single tables, with p-values (17 digits, and their natural logarithms), conditional odds ratio and
                limits. `way` says how:
  rational  sums of fractions.Fraction over the whole support; ties are equalities of fractions. A null odds ratio
            is the fraction that the double is. Odds ratio and limits: roots in 50-digit arithmetic of polynomials
            with these integer coefficients.
  window    60-digit arithmetic; weights by ratios from the mode until they fall below 1e-45 of it.
  integral  60-digit arithmetic; sums as integrals with one Euler-Maclaurin correction, log-gamma from mpmath.
            No estimate: the limits check the same sums.
"""
import csv
import random
from fractions import Fraction
from math import comb

import mpmath as mp

mp.mp.dps = 60


def n20():
    with open("fisher-n20.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["a", "b", "c", "d", "den", "two", "less", "greater"])
        for total in range(1, 21):
            for a in range(total + 1):
                for b in range(total - a + 1):
                    for c in range(total - a - b + 1):
                        d = total - a - b - c
                        m, n, k = a + c, b + d, a + b
                        w = {x: comb(m, x) * comb(n, k - x) for x in range(max(0, k - n), min(k, m) + 1)}
                        den = sum(w.values())
                        assert den == comb(total, k)
                        out.writerow([a, b, c, d, den, sum(v for v in w.values() if v <= w[a]),
                                      sum(v for x, v in w.items() if x <= a), sum(v for x, v in w.items() if x >= a)])


class Rational:
    name = "rational"

    def __init__(self, a, b, c, d, null):
        m, n, k = a + c, b + d, a + b
        self.x = a
        self.support = range(max(0, k - n), min(k, m) + 1)
        self.low, self.high = self.support[0], self.support[-1]
        self.w = {x: comb(m, x) * comb(n, k - x) for x in self.support}
        omega = Fraction(null)
        t = {x: v * omega ** (x - self.low) for x, v in self.w.items()}
        total = sum(t.values())
        ratio = lambda s: mp.mpf(s.numerator) / s.denominator
        self.two = ratio(Fraction(sum(v for v in t.values() if v <= t[a])) / total)
        self.less = ratio(Fraction(sum(v for x, v in t.items() if x <= a)) / total)
        self.greater = ratio(Fraction(sum(v for x, v in t.items() if x >= a)) / total)

    def sums(self, theta):
        """Tails P(X <= x), P(X >= x) and E(X) - x at the odds ratio exp(theta)."""
        omega = mp.exp(theta)
        power, less, greater, total, mean = mp.mpf(1), mp.mpf(0), mp.mpf(0), mp.mpf(0), mp.mpf(0)
        for x in self.support:
            t = self.w[x] * power
            total += t
            mean += (x - self.x) * t
            if x <= self.x:
                less += t
            if x >= self.x:
                greater += t
            power *= omega
        return less / total, greater / total, mean / total


def mirror_images(t):
    return {x for x, equal in ((t.m - t.x, 2 * t.k == t.m + t.n), (t.k - t.x, t.m == t.n)) if equal}


class Window:
    name = "window"

    def __init__(self, a, b, c, d, null):
        self.m, self.n, self.k, self.x = a + c, b + d, a + b, a
        self.low, self.high = max(0, self.k - self.n), min(self.k, self.m)
        w = self.weights(mp.mpf(null))
        own = w[a]
        total = sum(w.values())
        # Equal rows, or equal columns, make x and its mirror image tie; other near-ties are too near for 60 digits.
        mirror = mirror_images(self)
        assert null == 1 and all(abs(v / own - 1) > mp.mpf("1e-40") for x, v in w.items() if x != a and x not in mirror)
        self.two = sum(v for x, v in w.items() if x in mirror or v <= own) / total
        self.less = sum(v for x, v in w.items() if x <= a) / total
        self.greater = sum(v for x, v in w.items() if x >= a) / total

    def ratio(self, x, omega):
        return omega * (self.m - x) * (self.k - x) / (mp.mpf(x + 1) * (self.n - self.k + x + 1))

    def weights(self, omega):
        lo, hi = self.low, self.high
        while lo < hi:
            mid = (lo + hi) // 2
            if self.ratio(mid, omega) > 1:
                lo = mid + 1
            else:
                hi = mid
        w = {lo: mp.mpf(1)}
        for step in (1, -1):
            x, v = lo, mp.mpf(1)
            while v > mp.mpf("1e-45") and self.low <= x + step <= self.high:
                v = v * self.ratio(x, omega) if step > 0 else v / self.ratio(x - 1, omega)
                x += step
                w[x] = v
        return w

    def sums(self, theta):
        w = self.weights(mp.exp(theta))
        total = sum(w.values())
        return (sum(v for x, v in w.items() if x <= self.x) / total,
                sum(v for x, v in w.items() if x >= self.x) / total,
                sum((x - self.x) * v for x, v in w.items()) / total)


class Integral:
    name = "integral"

    def __init__(self, a, b, c, d, null):
        self.m, self.n, self.k, self.x = a + c, b + d, a + b, a
        self.low, self.high = max(0, self.k - self.n), min(self.k, self.m)
        theta = mp.log(mp.mpf(null))
        self.less, self.greater, _ = self.sums(theta)
        log_w = lambda x: self.log_w(x, theta)
        mode, own = self.mode(theta), log_w(self.x)
        mirror = mirror_images(self)
        upper = self.x > mode
        near, far = mode, (self.low if upper else self.high)
        while abs(near - far) > 1:
            mid = (near + far) // 2
            if mid in mirror or log_w(mid) <= own:
                far = mid
            else:
                near = mid
        assert far in mirror or abs(log_w(far) - own) > mp.mpf("1e-30")
        self.two = self.tail(self.x, 1 if upper else -1, theta) + self.tail(far, -1 if upper else 1, theta)

    def log_w(self, x, theta):
        lg = mp.loggamma
        return x * theta - (lg(x + 1) + lg(self.m - x + 1) + lg(self.k - x + 1) + lg(self.n - self.k + x + 1))

    def mode(self, theta):
        # Root of (m - x)(k - x) omega = (x + 1)(n - k + x + 1), by bisection in integers.
        omega, lo, hi = mp.exp(theta), self.low, self.high
        while lo < hi:
            mid = (lo + hi) // 2
            if omega * (self.m - mid) * (self.k - mid) > (mid + 1) * (self.n - self.k + mid + 1):
                lo = mid + 1
            else:
                hi = mid
        return lo

    def tail(self, x, side, theta):
        """P(X >= x) for side 1, P(X <= x) for side -1."""
        mode = self.mode(theta)
        ref = self.log_w(mode, theta)
        curve = -(self.log_w(mode + 1, theta) - 2 * ref + self.log_w(mode - 1, theta))
        sd = int(1 / mp.sqrt(curve))
        f = lambda t: mp.exp(self.log_w(t, theta) - ref)

        def half_sum(start, step):
            edge = start - mp.mpf(step) / 2
            far = mode + step * 20 * sd
            if (far - edge) * step <= 0:
                far = edge + step * 5 * sd
            parts = max(2, int(abs(far - edge) / sd) * 2)
            points = [edge + (far - edge) * i / parts for i in range(parts + 1)]
            area = sum(mp.quad(f, points[i:i + 2], method="gauss-legendre", maxdegree=4) for i in range(parts)) * step
            h = mp.mpf(sd) / 1000
            d1 = (f(edge - 2 * h) - 8 * f(edge - h) + 8 * f(edge + h) - f(edge + 2 * h)) / (12 * h)
            return area + step * d1 / 24

        total = half_sum(mode, 1) + half_sum(mode - 1, -1)
        if (x - mode) * side >= 0:
            return half_sum(x, side) / total
        return 1 - half_sum(x - side, -side) / total

    def sums(self, theta):
        return self.tail(self.x, -1, theta), self.tail(self.x, 1, theta), None


def root(f, guess, width):
    lo, hi = guess - width, guess + width
    while f(lo) * f(hi) > 0:
        width *= 2
        lo, hi = guess - width, guess + width
    return mp.findroot(f, (lo, hi), solver="anderson", tol=mp.mpf("1e-34"), maxsteps=300)


def row(way, table, null=1.0, level=0.95, limits=True):
    a, b, c, d = table
    t = way(a, b, c, d, null)
    half = lambda v: mp.mpf(v) + mp.mpf("0.5")
    guess = mp.log(half(a) * half(d) / half(b) / half(c))
    width = 2 * mp.sqrt(sum(1 / half(v) for v in table))
    text = lambda v: mp.nstr(v, 17) if v is not None else "NA"
    est = low = high = low_one = high_one = None
    if limits:
        # The level is the double: 1 - 0.95 differs from 0.05 in the sixteenth digit, which is below tolerance.
        alpha = 1 - mp.mpf(level)
        logs = lambda i, p: (lambda theta: mp.log(t.sums(theta)[i]) - mp.log(p))
        if a == t.low:
            est, low, low_one = mp.mpf(0), mp.mpf(0), mp.mpf(0)
        else:
            low, low_one = (mp.exp(root(logs(1, p), guess, width)) for p in (alpha / 2, alpha))
        if a == t.high:
            est, high, high_one = mp.inf, mp.inf, mp.inf
        else:
            high, high_one = (mp.exp(root(logs(0, p), guess, width)) for p in (alpha / 2, alpha))
        if est is None and way is not Integral:
            est = mp.exp(root(lambda theta: t.sums(theta)[2], guess, width / 4))
    num = lambda v: "Inf" if v == mp.inf else text(v)
    p = (t.two, t.less, t.greater)
    return [a, b, c, d, repr(null), repr(level), *map(text, p), *(text(mp.log(v)) for v in p),
            *map(num, (est, low, high, low_one, high_one)), way.name]


def rows():
    for table in [(3, 1, 1, 3), (20, 40, 38, 106), (18, 17, 233, 280), (466, 490, 85, 53), (100, 1, 2, 100),
                  (0, 8, 7, 5), (9, 0, 4, 6), (0, 12, 12, 0), (12, 0, 0, 12), (1, 1, 1, 1), (50, 2, 3, 0),
                  (1000, 10, 10, 1000), (600, 0, 1, 600)]:
        yield row(Rational, table)
    for level in (0.3, 0.5, 0.8, 0.99, 0.999999):
        yield row(Rational, (7, 12, 15, 5), level=level)
    rng = random.Random(20211)
    for i in range(60):
        top = (8, 30, 120, 400)[i % 4]
        table = tuple(rng.randint(1, top) for _ in range(4))
        yield row(Rational, table)
    # Ties under other null values: all decided as fractions.
    for null in (2.0, 0.5, 3.0, 1.5, 0.1, 1e-3, 12.0):
        for _ in range(30):
            yield row(Rational, tuple(rng.randint(0, 7) + 1 for _ in range(4)), null=null, limits=False)
    for null in (2.5, 0.2):
        for _ in range(5):
            yield row(Rational, tuple(rng.randint(20, 300) for _ in range(4)), null=null, limits=False)
    # 3 x 10^9 in one cell: three points of support.
    yield row(Window, (3000000000, 1, 1, 1))
    yield row(Window, (1, 2**53, 3, 2**53))
    yield row(Window, (30, 1000000000, 10, 1000000000))
    yield row(Window, (250300, 249700, 249800, 250200))
    yield row(Window, (251300, 248700, 249000, 251000), limits=False)
    yield row(Window, (15000, 985000, 14500, 985500))
    for table in [(1500000000, 1499950000, 1499980000, 1500030000), (700000000, 900000000, 800000000, 1028900000),
                  (2**50, 2**50 + 12345, 2**50 + 23456789, 2**50),
                  (10**14, 9 * 10**15, 10**13 + 4 * 10**6, 9 * 10**14)]:
        yield row(Integral, table)


if __name__ == "__main__":
    n20()
    with open("fisher.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow("a b c d or conf_level p_two p_less p_greater log_p_two log_p_less log_p_greater estimate "
                     "conf_low conf_high conf_low_one conf_high_one way".split())
        for r in rows():
            out.writerow(r)
            f.flush()
