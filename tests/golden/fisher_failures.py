"""Adds `p` and `way` to fisher_failures.csv (of fisher_failures.R). Run here: python3 fisher_failures.py

Python 3.11, mpmath 1.3.0, g++ 12; nothing here is shared with the package. way:
  rational  r x c: exact() of fisher_rxc_exact.py; 2 x 2: Rational of fisher.py. A fraction of integers, here 20 digits.
  window    2 x 2 with large margins: Window of fisher.py, 60-digit arithmetic.
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


def main():
    program = os.path.join(tempfile.mkdtemp(), "fisher_failures")
    subprocess.run(["g++", "-O2", "-std=c++17", "-o", program, "fisher_failures.cpp"], check=True)
    check = [[1, 3, 1, 4, 2], [3, 5, 1, 3, 1]]
    assert abs(float(halves(program, check)) - float(exact(check))) < 1e-15
    with open("fisher_failures.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    for r in rows:
        nrow, ncol = int(r["nrow"]), int(r["ncol"])
        x = [int(v) for v in r["counts"].split()]
        t = [x[i::nrow] for i in range(nrow)]
        r["p"], r["way"] = "NA", "NA"
        if nrow == ncol == 2:
            (a, b), (c, d) = t
            way = fisher.Rational if max(a + b, c + d) < 2000 or min(a + b, c + d, a + c, b + d) < 200 else fisher.Window
            r["p"], r["way"] = mp.nstr(way(a, b, c, d, 1.0).two, 20), way.name
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
