"""Adds `p` and `way` to fisher_failures.csv (of fisher_failures.R). Run here: python3 fisher_failures.py

Python 3.11, mpmath 1.3.0, g++ 12; nothing here is shared with the package. way:
  rational  r x c: exact() of fisher_rxc_exact.py; 2 x 2: Rational of fisher.py. A fraction of integers, here 20 digits.
  tails     2 x 2 with large margins: 60-digit arithmetic. Both tails summed outwards by ratios, from the observed table and
            from the first one beyond the mode that is no likelier (found by halving), over C(N, k).
  halves    two rows: fisher_failures.cpp, long double; the digits hold to about 1e-13.
  NA        not done within a minute or two: sim_hits of sim_B tell what is known.
"""
import csv
import os
import subprocess
import tempfile

import mpmath as mp

import fisher
from fisher_rxc_exact import digits, exact

RATIONAL = {"PR644", "PR1662", "PR10558", "R2.11.0", "PR18336", "FisherExact5", "FisherExact11", "FisherExact12"}
HALVES = {"gtsummary190", "FisherExact8", "fexact501"}


def halves(program, t):
    if len(t) > 2:
        t = list(zip(*t))
    line = " ".join(map(str, [len(t[0]), *t[0], *t[1]]))
    p, doubt = subprocess.run([program], input=line, capture_output=True, text=True, check=True).stdout.split()
    assert float(doubt) == 0
    return p


def tails(a, b, c, d):
    m, n, k = a + c, b + d, a + b
    low, high = max(0, k - n), min(k, m)
    log_choose = lambda u, v: mp.loggamma(u + 1) - mp.loggamma(v + 1) - mp.loggamma(u - v + 1)
    log_w = lambda x: log_choose(m, x) + log_choose(n, k - x)
    mode = (k + 1) * (m + 1) // (m + n + 2)
    observed = log_w(a)
    bound = observed + mp.mpf("1e-40")  # a tie, not a difference: 60 digits leave 1e-50

    def outwards(x, step):
        term, total = mp.mpf(1), mp.mpf(0)
        while low <= x <= high:
            total += term
            if step > 0:
                term *= mp.mpf(m - x) * (k - x) / ((x + 1) * mp.mpf(n - k + x + 1))
            else:
                term *= mp.mpf(x) * (n - k + x) / ((m - x + 1) * mp.mpf(k - x + 1))
            if term < total * mp.mpf("1e-40"):
                break
            x += step
        return total

    step = 1 if a > mode else -1
    if log_w(mode) <= bound:
        return mp.mpf(1)
    p = mp.exp(observed - log_choose(m + n, k)) * outwards(a, step)
    near, far = mode, (low if step > 0 else high)
    if log_w(far) > bound:
        return p
    while abs(far - near) > 1:
        mid = (near + far) // 2
        near, far = (near, mid) if log_w(mid) <= bound else (mid, far)
    return p + mp.exp(log_w(far) - log_choose(m + n, k)) * outwards(far, -step)


def main():
    program = os.path.join(tempfile.mkdtemp(), "fisher_failures")
    subprocess.run(["g++", "-O2", "-std=c++17", "-o", program, "fisher_failures.cpp"], check=True)
    check = [[1, 3, 1, 4, 2], [3, 5, 1, 3, 1]]
    assert abs(float(halves(program, check)) - float(exact(check))) < 1e-15
    for two in ((7, 255, 30, 464), (50, 1, 257, 375), (3, 1, 1, 3), (20, 40, 38, 106)):
        assert abs(tails(*two) / fisher.Rational(*two, 1.0).two - 1) < mp.mpf("1e-35")
    with open("fisher_failures.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    for r in rows:
        nrow, ncol = int(r["nrow"]), int(r["ncol"])
        x = [int(v) for v in r["counts"].split()]
        t = [x[i::nrow] for i in range(nrow)]
        r["p"], r["way"] = "NA", "NA"
        if nrow == ncol == 2:
            (a, b), (c, d) = t
            if a + b + c + d < 3000:
                p, r["way"] = fisher.Rational(a, b, c, d, 1.0).two, "rational"
            else:
                p, r["way"] = tails(a, b, c, d), "tails"
            r["p"] = mp.nstr(p, 20)
        elif r["id"] in RATIONAL:
            r["p"], r["way"] = digits(exact(t), 20), "rational"
        elif r["id"] in HALVES:
            r["p"], r["way"] = halves(program, t), "halves"
    with open("fisher_failures.csv", "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


if __name__ == "__main__":
    main()
