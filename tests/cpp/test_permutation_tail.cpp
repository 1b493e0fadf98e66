#include "catch.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "cryonodes/permutation_tail.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

struct Cohort {
  Doubles score;
  Codes group;
  DealtScores dealt() const { return {score, group, 2, {}, 1}; }
};

// Log-rank scores of censored times, `times` of them apart (0: all), groups at random.
Cohort random_cohort(std::mt19937& random, std::size_t n, std::size_t times) {
  Cohort out;
  double hazard = 0.0;
  std::vector<int> event(n);
  for (int& e : event)
    e = random() % 10 < 7 ? 1 : 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t last = i, d = 0;
    while (last < n && (last == i || (times > 0 && last * times / n == i * times / n)))
      d += static_cast<std::size_t>(event[last++]);
    hazard += static_cast<double>(d) / static_cast<double>(n - i);
    for (; i < last; ++i)
      out.score.push_back(event[i] - hazard);
  }
  for (std::size_t i = 0; i < n; ++i)
    out.group.push_back(static_cast<int>(random() % 2));
  return out;
}

void centre_and_scale(Doubles& score, std::size_t m) {
  double mean = 0.0, squares = 0.0;
  const auto n = static_cast<double>(score.size());
  for (double a : score)
    mean += a / n;
  for (double& a : score) {
    a -= mean;
    squares += a * a;
  }
  const auto in = static_cast<double>(m);
  for (double& a : score)
    a /= std::sqrt(squares * in * (n - in) / n / (n - 1.0));
}

// E exp(i theta X) by the sums of all subsets of m.
std::complex<double> by_subsets(const Doubles& score, std::size_t m, double theta) {
  std::complex<double> sum = 0.0;
  double ways = 0.0;
  for (std::size_t set = 0; set < (std::size_t{1} << score.size()); ++set) {
    double x = 0.0;
    std::size_t in = 0;
    for (std::size_t i = 0; i < score.size(); ++i)
      if (set >> i & 1U) {
        x += score[i];
        ++in;
      }
    if (in != m)
      continue;
    sum += std::exp(std::complex<double>(0.0, theta * x));
    ways += 1.0;
  }
  return sum / ways;
}

} // namespace

TEST_CASE("the characteristic function is that of all subsets, within its error, and below its bounds") {
  std::mt19937 random(83);
  for (int round = 0; round < 12; ++round) {
    const std::size_t n = 6 + random() % 8, m = 1 + random() % (n / 2);
    Doubles score = random_cohort(random, n, 0).score;
    centre_and_scale(score, m);
    const detail::DealtSum sum(score, m);
    detail::DealtBounds<1> one(sum);
    detail::DealtBounds<8> eight(sum);
    for (double theta : {0.0, 0.3, 2.0, 17.0, 400.0}) {
      const auto found = sum.characteristic(theta);
      const auto truth = by_subsets(score, m, theta);
      REQUIRE(std::abs(truth - std::complex<double>(found.re, found.im)) <= found.error + 1e-14 * (1.0 + theta));
      REQUIRE(found.error < 1e-10);
      one.start(theta);
      one.next();
      eight.start(theta);
      eight.next();
      REQUIRE(std::log(std::abs(truth)) <= one.log_bound(0));
      REQUIRE(std::log(std::abs(truth)) <= eight.log_bound(0));
    }
  }
}

TEST_CASE("bounds of many units hold around the frequency too, in blocks of any size, after many turns") {
  std::mt19937 random(5);
  Doubles score = random_cohort(random, 400, 0).score;
  centre_and_scale(score, 150);
  const detail::DealtSum sum(score, 150);
  detail::DealtBounds<2> bounds(sum);
  REQUIRE(bounds.levels() == 5);
  const double turn = 0.11;
  bounds.turn_by(turn);
  bounds.start(0.5);
  for (std::size_t t = 0; t < bounds.turns; ++t) {
    bounds.next();
    for (std::size_t level = 0; level < bounds.levels(); ++level)
      for (double aside : {-0.04, 0.0, 0.05}) {
        const auto at = sum.characteristic(0.5 + turn * static_cast<double>(t) + aside);
        const double bound = std::exp(bounds.log_bound(level) + bounds.slope(level, 0.05));
        REQUIRE(std::hypot(at.re, at.im) <= bound + at.error);
      }
  }
}

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

TEST_CASE("Chernoff's bound is one") {
  std::mt19937 random(11);
  for (int round = 0; round < 10; ++round) {
    const std::size_t n = 12;
    Cohort cohort = random_cohort(random, n, 0);
    std::size_t m = 0;
    for (int g : cohort.group)
      m += g == 1 ? 1U : 0U;
    if (m == 0 || m == n)
      continue;
    centre_and_scale(cohort.score, m);
    double observed = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      observed += cohort.group[i] == 1 ? cohort.score[i] : 0.0;
    const double bound = detail::DealtSum(cohort.score, m).log_far(std::fabs(observed));
    REQUIRE(std::log(exact_tail(cohort.dealt()).p_value) <= bound + 1e-12);
  }
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
