#include "cryonodes/compare_proportions.hpp"

#include <cmath>
#include <vector>

#include "catch.h"

using namespace cryonodes;

namespace {

CompareProportionsResult run(const TwoCounts& t, Measure measure, Sides sides = Sides::two, bool correct = true) {
  CompareProportionsOptions options;
  options.measure = measure;
  options.sides = sides;
  options.correct = correct;
  return compare_proportions(t, options);
}

} // namespace

TEST_CASE("at score limits the statistic is the normal quantile") {
  const double z = 1.959963984540054;
  for (const TwoCounts& t :
       std::vector<TwoCounts>{{56, 70, 48, 80}, {3, 9, 1, 12}, {5, 6, 2, 40}, {1, 1000000, 7, 900000}})
    for (const Measure m : {Measure::difference, Measure::ratio, Measure::odds_ratio})
      for (const bool correct : {true, false}) {
        const auto test = run(t, m, Sides::two, correct);
        const double n = t.n1 + t.n2, factor = correct ? std::sqrt((n - 1) / n) : 1.0;
        CHECK(factor * score_statistic(t, m, test.conf_low) == Approx(z).epsilon(1e-9)); // slope of z times 1e-12
        CHECK(factor * score_statistic(t, m, test.conf_high) == Approx(-z).epsilon(1e-9));
        CHECK(test.conf_low < test.estimate);
        CHECK(test.estimate < test.conf_high);
      }
}

TEST_CASE("Miettinen and Nurminen's limits of 56 / 70 against 48 / 80, as Newcombe prints them") {
  const auto test = run({56, 70, 48, 80}, Measure::difference);
  CHECK(std::round(test.conf_low * 1e4) == 528);
  CHECK(std::round(test.conf_high * 1e4) == 3382);
}

TEST_CASE("score limits at the bounds, and counts refused") {
  CHECK(run({0, 5, 7, 7}, Measure::difference).conf_low == -1.0);
  CHECK(run({5, 5, 0, 7}, Measure::difference).conf_high == 1.0);
  const auto nothing = run({0, 5, 0, 7}, Measure::ratio);
  CHECK(std::isnan(nothing.estimate));
  CHECK(nothing.conf_low == 0.0);
  CHECK(std::isinf(nothing.conf_high));
  CHECK(nothing.p_value == 1.0);
  CHECK(std::isinf(run({3, 5, 0, 7}, Measure::odds_ratio).conf_high));
  CHECK_THROWS_AS(run({4, 3, 1, 3}, Measure::ratio), input_error);
  CHECK_THROWS_AS(run({0, 0, 1, 3}, Measure::ratio), input_error);
}
