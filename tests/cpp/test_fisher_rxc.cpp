#include "cryonodes/fisher_rxc.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "plain_rxc.hpp"

using namespace cryonodes;
using Counts = std::vector<std::int64_t>;

namespace {

// Random counts without an empty row or column.
Counts random_table(std::mt19937& random, std::size_t rows, std::size_t columns, int n) {
  for (;;) {
    Counts out(rows * columns, 0);
    for (int i = 0; i < n; ++i)
      ++out[std::min(random() % out.size(), random() % out.size())];
    bool filled = true;
    for (std::size_t i = 0; i < rows; ++i)
      filled = filled && std::any_of(out.begin() + static_cast<std::ptrdiff_t>(i * columns),
                                     out.begin() + static_cast<std::ptrdiff_t>((i + 1) * columns),
                                     [](std::int64_t x) { return x > 0; });
    for (std::size_t j = 0; j < columns; ++j) {
      bool any = false;
      for (std::size_t i = 0; i < rows; ++i)
        any = any || out[i * columns + j] > 0;
      filled = filled && any;
    }
    if (filled)
      return out;
  }
}

detail::RxcProblem problem(const Counts& table, std::size_t rows, std::size_t columns) {
  detail::RxcProblem p;
  p.rows.assign(rows, 0);
  p.columns.assign(columns, 0);
  for (std::size_t k = 0; k < table.size(); ++k) {
    p.rows[k / columns] += table[k];
    p.columns[k % columns] += table[k];
  }
  std::sort(p.rows.rbegin(), p.rows.rend());
  std::sort(p.columns.rbegin(), p.columns.rend());
  for (const detail::Cost cost : detail::log_factorials(100))
    p.lf.push_back(static_cast<detail::SignedCost>(cost));
  detail::set_prices(p);
  return p;
}

// Calls each(cost) for every table with these totals, cell by cell from row `i`, column `j`.
template <class Each>
void each_cost(const detail::RxcProblem& p, Counts rows, Counts columns, std::size_t i, std::size_t j,
               detail::SignedCost cost, const Each& each) {
  if (i == rows.size()) {
    if (std::all_of(columns.begin(), columns.end(), [](std::int64_t c) { return c == 0; }))
      each(cost);
    return;
  }
  if (j == columns.size()) {
    if (rows[i] == 0)
      each_cost(p, rows, columns, i + 1, 0, cost, each);
    return;
  }
  const std::int64_t most = std::min(rows[i], columns[j]);
  for (std::int64_t a = 0; a <= most; ++a) {
    Counts r = rows, c = columns;
    r[i] -= a;
    c[j] -= a;
    each_cost(p, r, c, i, j + 1, cost + p.cost(a), each);
  }
}

} // namespace

TEST_CASE("equal products of factorials have equal costs, and costs are log n!") {
  const auto lf = detail::log_factorials(2000);
  // 6! = 3! 5!, 10! = 6! 7!, 16! = 14! 5! 2!, 24! = 23! 4!
  CHECK((lf[6] == lf[3] + lf[5]));
  CHECK((lf[10] == lf[6] + lf[7]));
  CHECK((lf[16] == lf[14] + lf[5] + lf[2]));
  CHECK((lf[24] == lf[23] + lf[4]));
  CHECK_FALSE((lf[8] == lf[4] + lf[7]));
  CHECK((lf[0] == 0));
  CHECK((lf[1] == 0));
  for (const std::size_t n : {2U, 3U, 10U, 100U, 1000U, 2000U}) {
    const double exact = std::lgamma(static_cast<double>(n) + 1.0);
    CHECK(std::fabs(detail::cost_number(static_cast<detail::SignedCost>(lf[n])) - exact) < 1e-14 * (1.0 + exact));
  }
  // log 2 to 30 digits is 0.693147180559945309417232121458: twelve digits at a time.
  const auto log_two = static_cast<long double>(lf[2]) * 0x1p-100L;
  CHECK(std::fabs(static_cast<double>(log_two - 0.693147180559945309417232121458L)) < 1e-18);
}

TEST_CASE("a flat map keeps what it is given") {
  struct Hash {
    std::uint64_t operator()(std::uint64_t x) const { return mix_bits(x) & 3U; } // many meet in one place
  };
  FlatMap<std::uint64_t, int, Hash> map;
  CHECK(map.empty());
  for (std::uint64_t k = 0; k < 500; ++k)
    map[k * 7] = static_cast<int>(k) + 1;
  for (std::uint64_t k = 0; k < 500; ++k)
    map[k * 7] += 1;
  int used = 0;
  for (const auto& slot : map.slots())
    if (slot.used()) {
      ++used;
      CHECK(slot.value == static_cast<int>(slot.key / 7) + 2);
    }
  CHECK(used == 500);
}

TEST_CASE("p of small r x c tables is that of every table with the margins") {
  std::mt19937 random(20);
  for (int round = 0; round < 400; ++round) {
    const std::size_t rows = 2 + random() % 3, columns = 2 + random() % 3;
    const int n = static_cast<int>(std::max(rows, columns) + 2 + random() % (rows * columns > 9 ? 7 : 16));
    const Counts table = random_table(random, rows, columns, n);
    const PlainRxc plain(table, rows, columns);
    const RxcResult fit = fisher_rxc_exact(table, rows, columns);
    REQUIRE(fit.feasible);
    CHECK(std::fabs(fit.p_value - plain.p_value()) <= 1e-13 * plain.p_value());
    CHECK(std::fabs(fit.log_p_value - std::log(plain.p_value())) < 1e-13);
  }
}

TEST_CASE("p of an r x c table is the same bits for every order of rows and columns and for the transposed table") {
  std::mt19937 random(21);
  for (int round = 0; round < 30; ++round) {
    const std::size_t rows = 3 + random() % 3, columns = 3 + random() % 3;
    const Counts table = random_table(random, rows, columns, 30);
    const double p = fisher_rxc_exact(table, rows, columns).p_value;
    std::vector<std::size_t> r(rows), c(columns);
    std::iota(r.begin(), r.end(), 0U);
    std::iota(c.begin(), c.end(), 0U);
    std::shuffle(r.begin(), r.end(), random);
    std::shuffle(c.begin(), c.end(), random);
    Counts moved(table.size()), turned(table.size());
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        moved[i * columns + j] = table[r[i] * columns + c[j]];
        turned[j * rows + i] = table[r[i] * columns + c[j]];
      }
    CHECK(fisher_rxc_exact(moved, rows, columns).p_value == p);
    CHECK(fisher_rxc_exact(turned, columns, rows).p_value == p);
  }
}

TEST_CASE("no table costs less than the bound from below, nor more than that from above") {
  std::mt19937 random(23);
  for (int round = 0; round < 60; ++round) {
    const std::size_t rows = 2 + random() % 3, columns = 1 + random() % 3;
    const Counts table = random_table(random, rows, columns + 1, 14);
    detail::RxcProblem p = problem(table, rows, columns + 1);
    // All columns but the first, and what of the rows is in them.
    Counts left(rows, 0);
    for (std::size_t k = 0; k < table.size(); ++k)
      if (k % (columns + 1) > 0)
        left[k / (columns + 1)] += table[k];
    Counts in_table(columns, 0);
    for (std::size_t k = 0; k < table.size(); ++k)
      if (k % (columns + 1) > 0)
        in_table[k % (columns + 1) - 1] += table[k];
    std::sort(in_table.rbegin(), in_table.rend());
    for (const std::int64_t c : in_table)
      p.price[static_cast<std::size_t>(c)] += (detail::SignedCost{1} << 98U) * (random() % 3); // whatever the prices
    const detail::RxcBound bound(p, in_table);
    detail::SignedCost low = bound.prices, top = 0;
    for (const std::int64_t s : left) {
      low += bound.of(s);
      top += bound.most(s);
    }
    detail::SignedCost least = detail::SignedCost{1} << 120U, most = 0;
    each_cost(p, left, in_table, 0, 0, 0, [&](detail::SignedCost cost) {
      least = std::min(least, cost);
      most = std::max(most, cost);
    });
    CHECK((low <= least));
    CHECK((top >= most));
    if (columns == 1)
      CHECK((low == least));
  }
}

TEST_CASE("shares that are followed and shares that are not have the mass of all tables, wherever the limit is") {
  std::mt19937 random(24);
  for (int round = 0; round < 40; ++round) {
    const std::size_t rows = 2 + random() % 4;
    const detail::RxcProblem p = problem(random_table(random, rows, 2, 25), rows, 2);
    const detail::RxcBound first(p, {p.columns[0]}), rest(p, {p.columns[1]}), both(p, p.columns);
    std::int64_t n = 0;
    detail::SignedCost low = both.prices, top = 0;
    for (const std::int64_t r : p.rows) {
      low += both.of(r);
      top += both.most(r);
      n += r;
    }
    // sum of exp(-cost) over all tables: n! / (prod r! prod c!)
    const double all = detail::cost_number(low + p.cost(n) - p.cost(p.rows) - p.cost(p.columns));
    RxcLimits limits;
    const Poll poll;
    detail::NetworkBudget budget(limits, poll);
    detail::RxcPlacing<double> placing(p, budget, p.columns[0], p.columns[1], first, rest, both,
                                       0); // the last column alone: 1
    double before = -1.0;
    for (int k = 0; k <= 8; ++k) {
      const detail::SignedCost limit = low + (top - low) * k / 8 + (k == 8 ? 1 : 0);
      double followed = 0.0;
      const double beyond =
          placing.run(p.rows.data(), low, 0, limit,
                      [&](detail::SignedCost bound, std::uint64_t, std::uint64_t, double ways, double factor) {
                        CHECK((bound < limit));
                        CHECK(std::fabs(std::log(factor) - detail::cost_number(low - bound)) < 1e-12);
                        followed += ways * factor;
                      });
      CHECK(followed >= before);
      before = followed;
      CHECK(std::fabs(std::log(followed + beyond) - all) < 1e-13);
    }
  }
}

TEST_CASE("the 8 x 6 table on which 32-bit counts of paths overflow") {
  // Column after column; exact p 0.10445065304420492 (tests/golden/fisher_rxc_exact.py, whole numbers).
  const Counts turned = {1, 0, 0, 3, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 2, 0, 0, 0, 3, 0, 0, 1, 0, 1,
                         0, 1, 1, 3, 2, 0, 0, 1, 1, 0, 0, 1, 0, 3, 1, 1, 0, 1, 0, 0, 1, 0, 2, 4};
  CHECK(std::fabs(fisher_rxc_exact(turned, 6, 8).p_value / 0.10445065304420492 - 1.0) < 1e-14);
}

TEST_CASE("tables whose other half is all beyond the limit, whose margins are far apart, or that are nearly empty") {
  // tests/golden/fisher_rxc_exact.csv and fisher_failures.csv, in whole numbers or fractions.
  const Counts wide = {1088, 126, 342, 516, 594, 578, 528, 378, 272, 160, 68, 40, 22, 4, 2,
                       12,   1,   5,   4,   5,   1,   2,   1,   0,   0,   0,  0,  0,  0, 0};
  CHECK(std::fabs(fisher_rxc_exact(wide, 2, 15).p_value / 0.363338143177347783 - 1.0) < 1e-13);
  CHECK(std::fabs(fisher_rxc_exact({100000, 6, 7, 100000, 7, 9}, 2, 3).p_value / 0.917721503193896178 - 1.0) < 1e-13);
  const Counts sparse = {0, 1, 2, 0, 2, 0, 1, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 1,
                         1, 2, 2, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
  CHECK(std::fabs(fisher_rxc_exact(sparse, 6, 6).p_value / 0.935688150858429496 - 1.0) < 1e-14);
}

TEST_CASE("the most probable r x c table has p = 1, one far out a finite logarithm") {
  CHECK(fisher_rxc_exact({2, 2, 2, 2, 2, 2, 2, 2, 2}, 3, 3).p_value == 1.0);
  // Three groups of 200 that share nothing: p = 3! 200!^3 / 600!.
  const RxcResult fit = fisher_rxc_exact({200, 0, 0, 0, 200, 0, 0, 0, 200}, 3, 3);
  REQUIRE(fit.feasible);
  const double exact = std::log(6.0) + 3.0 * std::lgamma(201.0) - std::lgamma(601.0);
  CHECK(std::fabs(fit.log_p_value / exact - 1.0) < 1e-13);
}

TEST_CASE("an r x c table beyond the limits is given up, and the caller can stop") {
  std::mt19937 random(22);
  const Counts table = random_table(random, 6, 6, 90);
  RxcLimits limits;
  limits.work = 1e6;
  const RxcResult fit = fisher_rxc_exact(table, 6, 6, limits);
  CHECK_FALSE(fit.feasible);
  CHECK(std::isnan(fit.p_value));
  CHECK(fit.work < 2e6);
  limits.work = 1e12;
  limits.memory = 1e5;
  CHECK_FALSE(fisher_rxc_exact(table, 6, 6, limits).feasible);
  struct Stop {};
  limits.memory = 1e9;
  CHECK_THROWS_AS(fisher_rxc_exact(table, 6, 6, limits, [](double) { throw Stop(); }), Stop);
  limits.work = 1e5;
  CHECK_FALSE(fisher_rxc_exact(Counts(70 * 70, 1), 70, 70, limits).feasible);
}

TEST_CASE("an r x c table that cannot end within its limits is given up early, one that can is not") {
  std::mt19937 random(23);
  int foreseen = 0;
  for (int k = 0; k < 2; ++k) {
    const Counts table = random_table(random, 4, 4, 200);
    RxcLimits limits;
    limits.work = 1e9;
    const RxcResult whole = fisher_rxc_exact(table, 4, 4, limits);
    CHECK(whole.feasible);
    limits.work = 1.01 * whole.work;
    CHECK(fisher_rxc_exact(table, 4, 4, limits).p_value == whole.p_value);
    limits.work = whole.work / 10.0;
    const RxcResult part = fisher_rxc_exact(table, 4, 4, limits);
    CHECK_FALSE(part.feasible);
    foreseen += part.work > 0.0 && part.work < limits.work; // else the limit itself was met
  }
  CHECK(foreseen >= 1);
  // Many ways to share few, large totals: they take memory and time before any cost is kept.
  const RxcResult large = fisher_rxc_exact({8472, 9541, 4581, 7998, 2755, 19031, 20811, 12565, 17134, 5302}, 2, 5);
  CHECK_FALSE(large.feasible);
  CHECK(large.work < 2e7);
}

TEST_CASE("r x c counts that are no table are refused") {
  CHECK_THROWS_AS(fisher_rxc_exact({1, 2, 3}, 1, 3), input_error);
  CHECK_THROWS_AS(fisher_rxc_exact({1, 2, 3}, 2, 2), input_error);
  CHECK_THROWS_AS(fisher_rxc_exact({1, -2, 3, 4}, 2, 2), input_error);
  CHECK_THROWS_AS(fisher_rxc_exact({0, 0, 3, 4}, 2, 2), input_error);
  CHECK_THROWS_AS(fisher_rxc_exact({0, 3, 0, 4}, 2, 2), input_error);
}
