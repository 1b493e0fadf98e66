#include "cryonodes/permutation_bounds.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "permutation_cohorts.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;

TEST_CASE("few units: the characteristic function is below its bounds of either order") {
  std::mt19937 random(83);
  for (int round = 0; round < 12; ++round) {
    const std::size_t n = 6 + random() % 8, m = 1 + random() % (n / 2);
    Doubles score = random_cohort(random, n, 0).score;
    centre_and_scale(score, m);
    const detail::DealtSum sum(score, m);
    detail::DealtBounds<1> one(sum);
    detail::DealtBounds<8> eight(sum);
    for (double theta : {0.0, 0.3, 2.0, 17.0, 400.0}) {
      const auto at = sum.characteristic(theta);
      one.start(theta);
      one.next();
      eight.start(theta);
      eight.next();
      REQUIRE(std::hypot(at.re, at.im) <= std::exp(one.log_bound(0)) + at.error);
      REQUIRE(std::hypot(at.re, at.im) <= std::exp(eight.log_bound(0)) + at.error);
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

TEST_CASE("fine bounds hold as far as they say, after many turns, with ties and without") {
  std::mt19937 random(41);
  for (const std::size_t times : std::vector<std::size_t>{0, 60}) {
    Doubles score = random_cohort(random, 150, times).score;
    centre_and_scale(score, 60);
    const detail::DealtSum sum(score, 60);
    // Sharp bounds of few frequencies: those of many are so small that any would do.
    for (const detail::FineBounds::Plan& plan :
         std::vector<detail::FineBounds::Plan>{{2, 3, 0.5}, {3, 2, 0.4}, {6, 4, 0.3}, {24, 1, 0.1}, {2, 1000, 1.0}}) {
      detail::FineBounds bounds(sum, plan);
      const double turn = 0.07;
      bounds.turn_by(turn);
      bounds.start(0.2);
      for (std::size_t t = 0; t < bounds.turns; ++t) {
        const double bound = std::exp(bounds.next());
        for (double aside : {-1.0, 0.0, 1.0})
          if (t < 40 || t + 40 > bounds.turns) {
            const auto at = sum.characteristic(0.2 + turn * static_cast<double>(t) + aside * plan.half);
            REQUIRE(std::hypot(at.re, at.im) <= bound + at.error);
          }
      }
    }
  }
}

TEST_CASE("one block of two scores, by hand: at most exp(-pq (31 - |30 + exp(i theta gap)|)) / P(m)") {
  // Scores -1, 1 and thirty of 0: one block holds two of the three values. Half of them are dealt.
  Doubles score(32, 0.0);
  score[0] = -1.0;
  score[31] = 1.0;
  centre_and_scale(score, 16);
  const detail::DealtSum sum(score, 16);
  const double gap = score[31], half = 0.2 / gap;
  detail::FineBounds bounds(sum, {2, 1, half});
  // The block of 31 units, 30 of them together: |S|^2 = 901 + 60 cos(theta gap), and t^2 = 1 + 900. With theta |S|
  // moves by one unit's worth at most; at a quarter of a turn by nearly as much.
  const double t = std::sqrt(901.0), quarter = std::acos(0.0) / gap;
  const auto square = [&](double theta) { return 901.0 + 60.0 * std::cos(theta * gap); };
  for (double theta : {0.0, quarter, 2.0, 3.0, 2.0 * quarter}) {
    bounds.start(theta);
    const double most = std::min(31.0, square(theta) / (2.0 * t) + 0.5 * t + half * gap);
    const double bound = bounds.next();
    REQUIRE(bound == Approx(sum.log_front() - 0.25 * (31.0 - most)).margin(0.01));
    for (double aside : {-half, half})
      REQUIRE(bound >= sum.log_front() - 0.25 * (31.0 - std::sqrt(square(theta + aside))));
  }
}

TEST_CASE("a plan keeps what it promises where scores have nothing to do with each other") {
  std::mt19937 random(3);
  Doubles score = random_cohort(random, 600, 0).score;
  centre_and_scale(score, 300);
  const detail::DealtSum sum(score, 300);
  const auto plan = detail::FineBounds::plan(sum, -25.0);
  REQUIRE(plan.blocks > 0);
  REQUIRE(plan.half > 100.0);
  detail::FineBounds bounds(sum, plan);
  double mean = 0.0;
  for (int t = 0; t < 200; ++t) {
    bounds.start(1e6 + 5e3 * t);
    mean += bounds.next() / 200.0;
  }
  CHECK(mean < -23.0);
  CHECK(mean > -27.0);
  CHECK(detail::FineBounds::plan(sum, -500.0).blocks == 0); // more than all units can do
}
