"""Adds `exact` to proportion_difference.csv (of proportion_difference.R). Run here: python3 proportion_difference.py

Python 3.11, mpmath 1.3.0; nothing here is shared with the package. 70-digit arithmetic.
Score intervals: all values at which the score statistic, variance at the proportions that maximise the likelihood under
that value (roots of its cubic or quadratic), is below the normal quantile. mn multiplies the variance by N / (N - 1).
  difference  (p1 - p2 - delta)^2 / (v1 + v2)
  ratio       (p1 - rho p2)^2 / (v1 + rho^2 v2)
  odds ratio  the difference of p1 and its restricted estimate, over the conditional (binomial) variance:
              (n1 (p1 - p1~))^2 (1 / (n1 p1~ q1~) + 1 / (n2 p2~ q2~)), for mn over N / (N - 1)
newcombe: square and add, of Wilson intervals. mover: the limits of p1 / p2 of Donner and Zou (2012) from Wilson intervals.
`exact` is NA where the statistic has no value (both groups empty of successes, or of failures, for a ratio).
"""
import csv

import mpmath as mp

mp.mp.dps = 70
Z = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
TINY = mp.mpf("1e-28")


def bisect(f, lo, hi, steps=110):
    up = f(hi) > 0
    for _ in range(steps):
        mid = (lo + hi) / 2
        if (f(mid) > 0) == up:
            hi = mid
        else:
            lo = mid
    return (lo + hi) / 2


def difference(x1, n1, x2, n2, factor):
    def z(delta):
        # The likelihood's cubic (Miettinen and Nurminen 1985), by the cosine.
        n, x = n1 + n2, x1 + x2
        c2 = ((n1 + 2 * n2) * delta - n - x) / (3 * mp.mpf(n))
        c1 = ((n2 * delta - n - 2 * x2) * delta + x) / n
        c0 = x2 * delta * (1 - delta) / n
        q = c2**3 - c1 * c2 / 2 + c0 / 2
        p = mp.sqrt(max(mp.mpf(0), c2 * c2 - c1 / 3)) * (1 if q >= 0 else -1)
        cosine = max(mp.mpf(-1), min(mp.mpf(1), q / p**3)) if p else mp.mpf(0)
        p2 = 2 * p * mp.cos((mp.pi + mp.acos(cosine)) / 3) - c2
        p2 = max(mp.mpf(0), -delta, min(mp.mpf(1), 1 - delta, p2))
        p1 = p2 + delta
        v = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * factor
        top = mp.mpf(x1) / n1 - mp.mpf(x2) / n2 - delta
        if v <= TINY:
            return mp.mpf(0) if abs(top) < TINY else mp.sign(top) * mp.inf
        return top / mp.sqrt(v)
    at = mp.mpf(x1) / n1 - mp.mpf(x2) / n2
    edge = 1 - mp.mpf("1e-25")
    low = -mp.mpf(1) if at == -1 or z(-edge) < Z else bisect(lambda d: Z - z(d), -edge, at)
    high = mp.mpf(1) if at == 1 or z(edge) > -Z else bisect(lambda d: -Z - z(d), at, edge)
    return low, high


def ratio(x1, n1, x2, n2, factor):
    if x1 == x2 == 0:
        return None
    def z(log_rho):
        rho = mp.exp(log_rho)
        a, b = (n1 + n2) * rho, n1 * rho + x1 + n2 + x2 * rho
        p2 = 2 * (x1 + x2) / (b + mp.sqrt(b * b - 4 * a * (x1 + x2)))
        p1 = min(mp.mpf(1), rho * p2)
        v = (p1 * (1 - p1) / n1 + rho * rho * p2 * (1 - p2) / n2) * factor
        top = mp.mpf(x1) / n1 - rho * mp.mpf(x2) / n2
        if v <= TINY * TINY:
            return mp.mpf(0) if abs(top) < TINY else mp.sign(top) * mp.inf
        return top / mp.sqrt(v)
    far = mp.mpf(60)
    low = mp.mpf(0) if x1 == 0 else mp.exp(bisect(lambda d: Z - z(d), -far, far))
    high = mp.inf if x2 == 0 else mp.exp(bisect(lambda d: -Z - z(d), -far, far))
    return low, high


def odds_ratio(x1, n1, x2, n2, factor):
    if x1 + x2 in (0, n1 + n2):
        return None
    total = x1 + x2
    def z(log_odds):
        odds = mp.exp(log_odds)
        a, b = n2 * (odds - 1), n1 * odds + n2 - total * (odds - 1)
        p2 = 2 * total / (b + mp.sqrt(b * b + 4 * a * total))
        p1 = odds * p2 / (1 - p2 + odds * p2)
        v = (1 / (n1 * p1 * (1 - p1)) + 1 / (n2 * p2 * (1 - p2))) / factor
        return (x1 - n1 * p1) * mp.sqrt(v)
    far = mp.mpf(40)
    low = mp.mpf(0) if x1 == 0 or x2 == n2 else mp.exp(bisect(lambda d: Z - z(d), -far, far))
    high = mp.inf if x1 == n1 or x2 == 0 else mp.exp(bisect(lambda d: -Z - z(d), -far, far))
    return low, high


def wilson(x, n):
    p, zz = mp.mpf(x) / n, Z * Z
    middle = (p + zz / (2 * n)) / (1 + zz / n)
    half = Z * mp.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
    return p, (mp.mpf(0) if x == 0 else middle - half), (mp.mpf(1) if x == n else middle + half)


def newcombe(x1, n1, x2, n2):
    p1, l1, u1 = wilson(x1, n1)
    p2, l2, u2 = wilson(x2, n2)
    d = p1 - p2
    return d - mp.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), d + mp.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def mover(x1, n1, x2, n2):
    if x1 == x2 == 0:
        return None
    p1, l1, u1 = wilson(x1, n1)
    p2, l2, u2 = wilson(x2, n2)
    low = (p1 * p2 - mp.sqrt((p1 * p2) ** 2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2))) / (u2 * (2 * p2 - u2)) \
        if u2 != 2 * p2 else None
    high = (p1 * p2 + mp.sqrt((p1 * p2) ** 2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2))) / (l2 * (2 * p2 - l2)) \
        if x2 else mp.inf
    return low, high


def limits(method, x1, n1, x2, n2):
    wide = mp.mpf(n1 + n2) / (n1 + n2 - 1)
    return {
        "difference mn": lambda: difference(x1, n1, x2, n2, wide),
        "difference mee": lambda: difference(x1, n1, x2, n2, mp.mpf(1)),
        "difference newcombe": lambda: newcombe(x1, n1, x2, n2),
        "ratio mn": lambda: ratio(x1, n1, x2, n2, wide),
        "ratio koopman": lambda: ratio(x1, n1, x2, n2, mp.mpf(1)),
        "ratio mover": lambda: mover(x1, n1, x2, n2),
        "odds ratio mn": lambda: odds_ratio(x1, n1, x2, n2, wide),
        "odds ratio score": lambda: odds_ratio(x1, n1, x2, n2, mp.mpf(1)),
    }[method]()


def main():
    with open("proportion_difference.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    known = {}
    for r in rows:
        a, b, c, d = (int(r[k]) for k in "abcd")
        key = r["method"], a, a + b, c, c + d
        if key not in known:
            known[key] = limits(*key)
        value = known[key] and known[key][r["quantity"] == "conf_high"]
        r["exact"] = "NA" if value is None else "Inf" if value == mp.inf else mp.nstr(value, 17)
    with open("proportion_difference.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


if __name__ == "__main__":
    main()
