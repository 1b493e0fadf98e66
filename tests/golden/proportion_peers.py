"""Adds `exact` to proportion_peers.csv (of proportion_peers.R). Run here: python3 proportion_peers.py

Python 3.11, mpmath 1.3.0; nothing here is shared with the package. Limits as in exact2x2.py, with the binomial in place of
the hypergeometric weights (odds p / (1 - p)): the smallest interval that holds all p with a p-value above 0.05. minlike and
Blaker's limits up to n = 60, else NA. clusters: variance of the proportion sum over patients of (events - n p)^2, over
(lesions)^2, times m / (m - 1) for m patients. survey beta (Korn and Graubard 1998): effective n = p (1 - p) / variance,
times (t(0.975, lesions - 1) / t(0.975, m - 1))^2, in the beta quantiles of Clopper and Pearson (NA without variance). survey mean: p -+
t(0.975, m - 1) standard errors.
"""
import csv
from fractions import Fraction
from math import comb

import mpmath as mp

from exact2x2 import Table, root


class Binomial(Table):
    def __init__(self, x, n):
        self.x = x
        self.support = range(n + 1)
        self.w = {k: comb(n, k) for k in self.support}
        self.log_w = {k: mp.log(v) for k, v in self.w.items()}


def wilson(x, n):
    z = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
    p = mp.mpf(x) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * mp.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (mp.mpf(0) if x == 0 else middle - half), (mp.mpf(1) if x == n else middle + half)


def t_quantile(df):
    tail = lambda t: mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return root(lambda t: mp.mpf("0.025") - tail(t), mp.mpf(0), mp.mpf(100))


def clusters(patients):
    m, total, events = len(patients), sum(n for _, n in patients), sum(e for e, _ in patients)
    p = Fraction(events, total)
    v = sum((e - n * p) ** 2 for e, n in patients) / Fraction(total**2) * Fraction(m, m - 1)
    if v == 0:
        return {}
    number = lambda f: mp.mpf(f.numerator) / f.denominator
    se, mean = mp.sqrt(number(v)), number(p)
    t = t_quantile(m - 1)
    n = number(p * (1 - p) / v) * (t_quantile(total - 1) / t) ** 2
    quantile = lambda level, a, b: root(
        lambda q: mp.betainc(a, b, 0, q, regularized=True) - level, mp.mpf(0), mp.mpf(1))
    beta = quantile(mp.mpf("0.025"), n * mean, n * (1 - mean) + 1), quantile(mp.mpf("0.975"), n * mean + 1, n * (1 - mean))
    return {"survey": (mean, se), "survey beta": beta, "survey mean": (mean - t * se, mean + t * se)}


def main():
    with open("proportion_peers.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    patients = {}
    with open("proportion_clusters.csv", newline="") as f:
        for r in csv.DictReader(f):
            patients.setdefault(r["id"], []).append((int(r["events"]), int(r["n"])))
    known = {}
    for r in rows:
        x, n, method = int(r["x"]), int(r["n"]), r["method"]
        second = r["quantity"] in ("conf_high", "std.error")
        r["exact"] = "NA"
        if r["id"] in patients:
            if r["id"] not in known:
                known[r["id"]] = clusters(patients[r["id"]])
            if method in known[r["id"]]:
                r["exact"] = mp.nstr(known[r["id"]][method][second], 17)
        elif r["quantity"].startswith("p_"):
            null = Fraction(r["quantity"][2:])
            p = Binomial(x, n).p(method, null / (1 - null))
            r["exact"] = mp.nstr(mp.mpf(p.numerator) / p.denominator, 17)
        elif method == "wilson":
            r["exact"] = mp.nstr(wilson(x, n)[second], 17)
        elif n <= 60 or method in ("central", "midp central"):
            if (x, n, method) not in known:
                known[x, n, method] = Binomial(x, n).limits(method)[:2]
            end = known[x, n, method][second]
            r["exact"] = ("1" if second else "0") if end is None else mp.nstr(1 / (1 + mp.exp(-end)), 17)
    with open("proportion_peers.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


if __name__ == "__main__":
    main()
