#include "cryonodes/permutation_tail.hpp"

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "permutation_cohorts.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

TEST_CASE("one polynomial lies above the indicator of the arc, one below, and they meet but for the least there is") {
  detail::ArcSeries series{1.0, 40};
  series.above = 0.17;
  series.below = 0.18;
  double between = 0.0;
  const int points = 1000;
  for (int i = 0; i < points; ++i) {
    const double x = (i + 0.5) / points;
    auto sums = series.constant();
    for (std::size_t k = 1; k <= series.highest; ++k) {
      const double turn = detail::two_pi * static_cast<double>(k) * x;
      const auto term = series.term(k, {std::cos(turn), std::sin(turn), 0.0, 0.0});
      REQUIRE(std::fabs(term.first) <= series.size(k));
      REQUIRE(std::fabs(term.second) <= series.size(k));
      sums.first += term.first;
      sums.second += term.second;
    }
    REQUIRE(sums.first >= (x >= 0.17 && x <= 0.83 ? 1.0 : 0.0) - 1e-12);
    REQUIRE(sums.second <= (x >= 0.18 && x <= 0.82 ? 1.0 : 0.0) + 1e-12);
    between += (sums.first - sums.second) / points;
  }
  CHECK(between == Approx(0.02 + 2.0 / 41).margin(1e-10)); // 1 / (N + 1) on either side: Selberg's
}

TEST_CASE("the bracket holds what all ways give, ties and uneven groups included") {
  std::mt19937 random(1983);
  std::size_t narrow = 0;
  for (int round = 0; round < 12; ++round) {
    const Cohort cohort = random_cohort(random, 34 + random() % 5, round % 2 == 0 ? 0 : 6);
    const double p = exact_tail(cohort.dealt()).p_value;
    NumericTailOptions options;
    options.error = 1e-3;
    const auto found = numeric_tail(cohort.dealt(), options);
    REQUIRE(std::fabs(found.p_value - p) <= found.error + 1e-14);
    narrow += found.error <= 2e-3 ? 1U : 0U;
  }
  CHECK(narrow >= 6); // those without ties
}

TEST_CASE("ranks and other whole numbers: no bracket but that of rounding") {
  std::mt19937 random(4);
  for (std::size_t n : std::vector<std::size_t>{20, 35, 50, 120}) {
    Cohort ranks, squares;
    for (std::size_t i = 1; i <= n; ++i) {
      ranks.score.push_back(static_cast<double>(i));
      squares.score.push_back(static_cast<double>(3 + i * i % 14) / 8.0);
      ranks.group.push_back(static_cast<int>(random() % 2));
    }
    squares.group = ranks.group;
    for (const Cohort& cohort : {ranks, squares}) {
      const auto truth = exact_tail(cohort.dealt());
      const auto found = numeric_tail(cohort.dealt());
      REQUIRE(std::fabs(found.p_value - truth.p_value) <= found.error + truth.error);
      REQUIRE(found.error <= 1e-7);
      REQUIRE(found.log_ways == Approx(std::log(truth.ways)).epsilon(1e-12));
    }
  }
}

TEST_CASE("hundreds of units, any number of threads: the same bits, and an error as asked for") {
  std::mt19937 random(6);
  const Cohort cohort = random_cohort(random, 400, 0);
  NumericTailOptions options;
  options.error = 1e-5;
  const auto found = numeric_tail(cohort.dealt(), options);
  CHECK(found.error <= 1e-5);
  for (std::size_t threads : std::vector<std::size_t>{2, 5}) {
    options.threads = threads;
    const auto again = numeric_tail(cohort.dealt(), options);
    CHECK(again.p_value == found.p_value);
    CHECK(again.error == found.error);
  }
  // Neither the names of the groups nor the unit of the scores counts, but for rounding.
  Cohort other = cohort;
  for (std::size_t i = 0; i < other.group.size(); ++i) {
    other.group[i] = 1 - other.group[i];
    other.score[i] = 1e200 * other.score[i];
  }
  const auto turned = numeric_tail(other.dealt(), options);
  CHECK(std::fabs(turned.p_value - found.p_value) <= turned.error + found.error);
  CHECK(turned.error <= 1e-5);
  // Less is asked for: the wider bracket is around the narrow one.
  options.error = 1e-3;
  const auto wide = numeric_tail(cohort.dealt(), options);
  CHECK(std::fabs(wide.p_value - found.p_value) <= wide.error + found.error);
}

TEST_CASE("a thousand units take few terms: whole blocks of frequencies have one bound") {
  std::mt19937 random(8);
  const Cohort cohort = random_cohort(random, 1000, 0);
  NumericTailOptions options;
  options.work = 5e7;
  const auto found = numeric_tail(cohort.dealt(), options);
  CHECK(found.error <= 1e-7);
  // The same by drawing, within five standard deviations.
  DealOptions deal;
  deal.replicates = 100000;
  const double drawn = static_cast<double>(approximate_tail(cohort.dealt(), deal)) / 1e5;
  CHECK(std::fabs(drawn - found.p_value) < 5.0 * std::sqrt(found.p_value * (1.0 - found.p_value) / 1e5));
}

TEST_CASE("what cannot be narrowed is said to be wide, and what has no question is answered") {
  Cohort few; // two scores only, and not a lattice: each sum has some weight of its own
  for (int i = 0; i < 100; ++i) {
    few.score.push_back(i % 3 == 0 ? 1.0 / 3 : -1.0 / 7);
    few.group.push_back(i < 60 ? i % 2 : 1);
  }
  NumericTailOptions options;
  options.work = 1e7;
  const auto found = numeric_tail(few.dealt(), options);
  const auto truth = exact_tail(few.dealt());
  CHECK(found.error > 1e-3);
  CHECK(std::fabs(found.p_value - truth.p_value) <= found.error);

  CHECK(numeric_tail({Doubles(60, 2.5), Codes(60, 1), 2, {}, 1}).p_value == 1.0);
  Codes even;
  for (int i = 0; i < 60; ++i)
    even.push_back(i % 2);
  CHECK(numeric_tail({Doubles(60, 2.5), even, 2, {}, 1}).p_value == 1.0);
  CHECK(numeric_tail({Doubles(), Codes(), 2, {}, 1}).p_value == 1.0);
  CHECK_THROWS_AS(numeric_tail({Doubles{1, 2}, Codes{0, 2}, 2, {}, 1}), input_error);
  CHECK_THROWS_AS(numeric_tail({Doubles{1, 2}, Codes{0}, 2, {}, 1}), input_error);
  const Doubles endless{1, std::numeric_limits<double>::infinity()};
  CHECK_THROWS_AS(numeric_tail({endless, Codes{0, 1}, 2, {}, 1}), input_error);
  options.error = 0.0;
  CHECK_THROWS_AS(numeric_tail({Doubles{1, 2}, Codes{0, 1}, 2, {}, 1}, options), input_error);
  CHECK_THROWS_AS(numeric_tail(few.dealt(), {}, [](double) { throw std::runtime_error("stop"); }), std::runtime_error);
}
