"""Exact two-sided permutation p-values for sums of whole-number scores, in whole-number arithmetic.

ranks: scores 1..n. Their sums over m of n are counted by the coefficients of the Gaussian binomial coefficient,
  prod_{i=1..m} (1 - q^(n-m+i)) / (1 - q^i).
cycle: scores (i * i) mod 101 for i = 1..n, ties and all, by a table over the number taken and their sum: one long
  integer for each number taken, with a field of bits for each sum.
`sum` is the sum found in the second group, of m units. p is the share of all ways whose sum is as far from m * mean or
farther. Written by: python3 permutation_tail.py > permutation_tail.csv
"""

from fractions import Fraction
from math import comb


def ranks(n, m):
    top = m * (n - m)
    count = [1] + [0] * top
    for i in range(1, m + 1):
        up = n - m + i
        for s in range(top, up - 1, -1):
            count[s] -= count[s - up]
        for s in range(i, top + 1):
            count[s] += count[s - i]
    return {s + m * (m + 1) // 2: c for s, c in enumerate(count)}


def cycle(n, m):
    scores = [(i * i) % 101 for i in range(1, n + 1)]
    bits = comb(n, m).bit_length() + 1
    table = [1] + [0] * m
    for a in scores:
        for taken in range(m, 0, -1):
            table[taken] += table[taken - 1] << (a * bits)
    field = (1 << bits) - 1
    out, rest, s = {}, table[m], 0
    data = rest.to_bytes((rest.bit_length() + 7) // 8, "little")
    while s * bits < 8 * len(data):
        low = s * bits // 8
        part = int.from_bytes(data[low:low + bits // 8 + 2], "little") >> (s * bits % 8)
        if part & field:
            out[s] = part & field
        s += 1
    return out


def main():
    print("scores,n,m,sum,value")
    for name, table, n, m in [("ranks", ranks, 60, 25), ("ranks", ranks, 300, 100), ("ranks", ranks, 1000, 60),
                              ("cycle", cycle, 60, 30), ("cycle", cycle, 200, 80), ("cycle", cycle, 400, 60)]:
        count = table(n, m)
        ways = comb(n, m)
        assert sum(count.values()) == ways
        mean = Fraction(sum(s * c for s, c in count.items()), ways)
        variance = Fraction(sum(s * s * c for s, c in count.items()), ways) - mean * mean
        for z in (0.4, 1.96, 3.5):
            observed = round(float(mean) + z * float(variance) ** 0.5)
            far = abs(observed - mean)
            p = Fraction(sum(c for s, c in count.items() if abs(s - mean) >= far), ways)
            print(f"{name},{n},{m},{observed},{float(p)!r}")


main()
