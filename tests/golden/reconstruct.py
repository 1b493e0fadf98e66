"""Writes reconstruct.csv: numbers of structures that print as given, by brute force in exact arithmetic.

Every sequence of events is made, without any pruning by the printed cells, and its rates and squared standard errors
are compared as fractions with the limits of the printed cells. Run in this directory: python3 reconstruct.py
"""

import csv
import math
import random
from fractions import Fraction as F

LANDMARKS = 2


def limits(printed, decimals, model):
    unit = F(1, 10**decimals)
    below, above = {"half-up": (F(1, 2), F(1, 2)), "half-up or truncated": (F(1, 2), 1), "one unit": (1, 1)}[model]
    return (F(printed) - below * unit) / 100, (F(printed) + above * unit) / 100


def fits(cells, s, g, decimals, model):
    estimate, std_error = cells
    if estimate != "":
        low, high = limits(estimate, decimals, model)
        if not low <= s <= high:
            return False
    if std_error != "":
        low, high = limits(std_error, decimals, model)
        if s == 0:
            return low <= 0
        variance = s * s * g
        if variance > high * high or (low > 0 and variance < low * low):
            return False
    return True


def after(s, g, r):
    return (F(0), g) if r == 1 else (s * F(r - 1, r), g + F(1, r * (r - 1)))


def count(n_a, n_b, cells, decimals, model):
    """cells: curve ("A", "B", "P") -> list of (estimate, std.error) by landmark; curves without cells are free."""
    total = 0
    events = [set() for _ in range(LANDMARKS)]

    def ok(j, state):
        return all(fits(cells[c][j], *state[c], decimals, model) for c in cells)

    def go(j, a, b, state, done, history):
        nonlocal total
        if ok(j, state):
            if j + 1 == LANDMARKS:
                total += 1
                for k, h in enumerate(history + [done]):
                    events[k].add(h)
            else:
                go(j + 1, a, b, state, done, history + [done])
        for x in range(a, -1, -1):
            for y in range(b, -1, -1):
                if x > 0:
                    go(j, x - 1, y, {**state, "A": after(*state["A"], x), "P": after(*state["P"], x + y)}, (done[0] + 1, done[1]), history)
                if y > 0:
                    go(j, x, y - 1, {**state, "B": after(*state["B"], y), "P": after(*state["P"], x + y)}, (done[0], done[1] + 1), history)

    start = (F(1), F(0))
    go(0, n_a, n_b, {"A": start, "B": start, "P": start}, (0, 0), [])
    return total, events


def round_half_up(x, decimals):
    scaled = x * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return f"{whole // 10**decimals}.{whole % 10**decimals:0{decimals}d}" if decimals else str(whole)


def random_truth(rng, n_a, n_b):
    """Walks to a random end and returns the curves at the landmarks."""
    a, b = n_a, n_b
    state = {"A": (F(1), F(0)), "B": (F(1), F(0)), "P": (F(1), F(0))}
    out = {c: [] for c in state}
    for _ in range(LANDMARKS):
        for _ in range(rng.randint(0, 2)):
            a, b = a - (rng.random() < 0.3 and a > 0), b - (rng.random() < 0.3 and b > 0)
            if a + b == 0:
                break
            if rng.random() * (a + b) < a:
                state["A"], state["P"], a = after(*state["A"], a), after(*state["P"], a + b), a - 1
            else:
                state["B"], state["P"], b = after(*state["B"], b), after(*state["P"], a + b), b - 1
        for c in state:
            out[c].append(state[c])
    return out


def main():
    rng = random.Random(20211001)
    rows = []
    case = 0
    while case < 90:
        joint = case % 3 != 0
        n_a, n_b = (rng.randint(2, 4), rng.randint(1, 3)) if joint else (rng.randint(3, 9), 0)
        decimals = rng.choice([0, 1, 1])
        model = rng.choice(["half-up", "half-up or truncated", "one unit"])
        truth = random_truth(rng, n_a, n_b)
        cells = {}
        for c in ["A", "B", "P"] if joint else ["A"]:
            cells[c] = []
            for s, g in truth[c]:
                estimate = round_half_up(100 * s, decimals)
                if s == 0:
                    std_error = ""
                else:
                    # Rounded from 30 exact digits of the square root.
                    root = F(isqrt(s * s * g), 10**30)
                    std_error = round_half_up(100 * root, decimals)
                if rng.random() < 0.1:
                    estimate = ""
                if rng.random() < 0.2:
                    std_error = ""
                elif case % 4 == 1 and std_error != "" and rng.random() < 0.3:
                    std_error = f"{float(std_error) + rng.choice([-2, -1, 1, 2]) * 10**-decimals:.{decimals}f}"
                    if float(std_error) < 0:
                        std_error = ""
                cells[c].append((estimate, std_error))
        total, events = count(n_a, n_b, cells, decimals, model)
        case += 1
        for c in cells:
            for j in range(LANDMARKS):
                of = {"A": lambda e: e[0], "B": lambda e: e[1], "P": lambda e: e[0] + e[1]}[c]
                seen = [of(e) for e in events[j]]
                rows.append([
                    case, c, {"A": n_a, "B": n_b, "P": n_a + n_b}[c], 12 * (j + 1), *cells[c][j], decimals, model, total,
                    min(seen) if seen else "", max(seen) if seen else "",
                ])
    with open("reconstruct.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["case", "group", "n", "time", "estimate", "std.error", "decimals", "rounding", "n_solutions", "cum.event.low", "cum.event.high"])
        out.writerows(rows)


def isqrt(x):
    """floor(sqrt(x) * 10^30) for a fraction x."""
    return math.isqrt(x.numerator * 10**60 // x.denominator)


if __name__ == "__main__":
    main()
