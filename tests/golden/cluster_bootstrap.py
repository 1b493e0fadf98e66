"""Writes cluster_bootstrap.csv: replicates of a bootstrap in exact arithmetic, from a second writing of everything.

Run in this directory: python3 cluster_bootstrap.py
Philox4x32-10 after Salmon et al. (2011), checked against a vector of Random123 below; bounded integers after Lemire
(2019); Kaplan-Meier curves as fractions of whole counts. `all` are all n^n resamples, equally likely.
"""
import csv
import itertools
from fractions import Fraction as F

MASK = 2**32 - 1


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        hi0, lo0 = divmod(0xD2511F53 * c[0], 2**32)
        hi1, lo1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [hi1 ^ c[1] ^ k[0], lo1, hi0 ^ c[3] ^ k[1], lo0]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) == [
    0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def stream(seed, number):
    block = 0
    while True:
        yield from philox([block & MASK, block >> 32, number & MASK, number >> 32], [seed & MASK, seed >> 32])
        block += 1


def below(random, n):
    while True:
        high, low = divmod(next(random) * n, 2**32)
        if low >= 2**32 % n:
            return high


def curve(rows):
    """(time, S) at each event time, and the last time."""
    s, out = F(1), []
    for t in sorted({t for t, _, _ in rows}):
        n = sum(u >= t for u, _, _ in rows)
        d = sum(u == t and e for u, e, _ in rows)
        if d:
            s *= 1 - F(d, n)
            out.append((t, s))
    return out, max(t for t, _, _ in rows)


def survival(rows, t):
    if not rows:
        return None
    steps, last = curve(rows)
    s = ([F(1)] + [v for u, v in steps if u <= t])[-1]
    return s if t <= last or s == 0 else None


def median(rows):
    if not rows:
        return None
    steps, last = curve(rows)
    for i, (t, s) in enumerate(steps):
        if s < F(1, 2):
            return F(t)
        if s == F(1, 2):
            return F(t + (steps[i + 1][0] if i + 1 < len(steps) else last), 2)
    return None


def restricted_mean(rows, tau):
    if not rows:
        return None
    steps, last = curve(rows)
    area, start, height = F(0), 0, F(1)
    for t, s in steps:
        if t >= tau:
            break
        area, start, height = area + height * (t - start), t, s
    return area + height * (tau - start) if tau <= last or height == 0 else None


def values(rows):
    return {"survival 4": survival(rows, 4), "median": median(rows), "restricted_mean 6": restricted_mean(rows, 6)}


# time, event, cluster
COHORT = [(1, 1, 0), (2, 1, 0), (2, 0, 1), (3, 1, 1), (4, 1, 2), (5, 0, 2), (6, 1, 3), (7, 0, 4), (8, 1, 5), (9, 0, 6)]
TINY = [(1, 1, 0), (2, 1, 1), (3, 0, 2), (6, 1, 3)]


def copies(cohort, drawn):
    return [row for row in cohort for _ in range(drawn.count(row[2]))]


with open("cluster_bootstrap.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["cohort", "seed", "replicate", "statistic", "value"])
    for seed in (1, 20210702, 2**40 + 5):
        for replicate in range(40):
            random = stream(seed, replicate)
            drawn = [below(random, 7) for _ in range(7)]
            for name, value in values(copies(COHORT, drawn)).items():
                out.writerow(["cohort", seed, replicate, name, "NA" if value is None else repr(float(value))])
    # Mean and standard deviation over the 256 resamples of four rows, of those that have a value; and how many have none.
    every = [values(copies(TINY, list(drawn))) for drawn in itertools.product(range(4), repeat=4)]
    for name in every[0]:
        there = [v[name] for v in every if v[name] is not None]
        mean = sum(there) / len(there)
        variance = sum((v - mean) ** 2 for v in there) / len(there)
        for what, value in (("mean", float(mean)), ("sd", float(variance) ** 0.5), ("missing", 256 - len(there))):
            out.writerow(["tiny", "all", what, name, repr(value)])
