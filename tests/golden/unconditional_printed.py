"""Which is right where unconditional_printed.csv and cryonodes differ: prints the brackets that stand there in the
columns right_from and right_to. Run in any directory: python3 unconditional_printed.py

The values are those that StatXact 11 and SAS 9.4 printed, as the authors of exact2x2 1.7.0 wrote them down in
inst/slowTests/test_StatXact.R and test_SAS.R; x1 of n1 against x2 of n2, the difference being p2 - p1 and the ratio
p2 / p1. What they print with a confidence region for the nuisance parameter (gamma = 1e-6) is left out: their region
is another one.

SAS prints the lower limits of two ratios a unit of the last digit too low: the one-sided p, its maximum sought on a
grid of the nuisance parameter, reaches 0.025 between the two values printed here. StatXact's interval (0.6088, 0.6101)
for 13 of 13 against 0 of 7 leaves out a difference of 1, under which nothing else can be observed.
"""
from math import comb, sqrt


def p_upper(x1, n1, x2, n2, ratio):
    """max P(T >= t) over the nuisance parameter under p1 = ratio p2; T the score statistic, Miettinen & Nurminen 1985."""

    def statistic(a, b):
        square, linear, constant = (n1 + n2) * ratio, -(n1 * ratio + a + n2 + b * ratio), a + b
        q = (-linear - sqrt(max(linear * linear - 4 * square * constant, 0))) / (2 * square)
        p = ratio * q
        variance = p * (1 - p) / n1 + ratio * ratio * q * (1 - q) / n2
        difference = a / n1 - ratio * b / n2
        if variance <= 1e-15:
            return 0.0 if abs(difference) < 1e-12 else float("inf") * difference
        return difference / sqrt(variance)

    observed = statistic(x1, x2)
    region = [(a, b) for a in range(n1 + 1) for b in range(n2 + 1) if statistic(a, b) >= observed - 1e-9]

    def probability(q):
        p = min(ratio * q, 1.0)
        first = [comb(n1, a) * p**a * (1 - p) ** (n1 - a) for a in range(n1 + 1)]
        second = [comb(n2, b) * q**b * (1 - q) ** (n2 - b) for b in range(n2 + 1)]
        return sum(first[a] * second[b] for a, b in region)

    top = min(1.0, 1.0 / ratio)
    best, at = max((probability(top * i / 1000), i) for i in range(1001))
    near = [top * (at - 1 + 2 * j / 400) / 1000 for j in range(401)]
    return max([best] + [probability(q) for q in near if 0 <= q <= top])


for table, low, high in [((9, 11, 4, 12), 1.09645, 1.09646), ((24, 61, 10, 35), 0.76635, 0.76636)]:
    below, above = p_upper(*table, low), p_upper(*table, high)
    assert below < 0.025 < above
    print(table, low, "p = %.8f" % below, high, "p = %.8f" % above)
