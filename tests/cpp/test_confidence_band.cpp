#include "cryonodes/confidence_band.hpp"

#include <cmath>
#include <vector>

#include "catch.h"

using namespace cryonodes;

TEST_CASE("Kolmogorov's distribution is the Hall-Wellner case of the whole interval") {
  for (double level : {0.1, 0.5, 0.9, 0.95, 0.999}) {
    const double k = hall_wellner_critical(0.0, 1.0, level);
    double tail = 0.0;
    for (int j = 1; j <= 60; ++j)
      tail += (j % 2 ? 2.0 : -2.0) * std::exp(-2.0 * j * j * k * k);
    CHECK(std::fabs(1.0 - tail - level) < 1e-12);
  }
}

TEST_CASE("critical values grow with the stretch, and shrink to the pointwise ones") {
  double before = hall_wellner_critical(0.5, 0.5, 0.95);
  CHECK(std::fabs(before - 0.5 * normal_quantile(0.975)) < 1e-15);
  for (double width : {1e-3, 0.01, 0.1, 0.3, 0.5}) {
    const double k = hall_wellner_critical(0.5, 0.5 + width, 0.95);
    CHECK(k > before);
    // 0 to 1/2 is 1/2 to 1 backwards.
    CHECK(std::fabs(hall_wellner_critical(0.5 - width, 0.5, 0.95) - k) < 1e-9);
    before = k;
  }
  before = equal_precision_critical(0.0, 0.95);
  for (double length : {1e-4, 0.01, 0.5, 3.0, 20.0, 700.0}) {
    const double c = equal_precision_critical(length, 0.95);
    CHECK(c > before);
    before = c;
  }
}

TEST_CASE("a known Laplace inversion: at c = 1 the slowest decay of the Ornstein-Uhlenbeck process is exp(-2 t)") {
  const double ratio = detail::ornstein_uhlenbeck_within(1.0, 2.0) / detail::ornstein_uhlenbeck_within(1.0, 3.0);
  CHECK(std::fabs(std::log(ratio) - 2.0) < 1e-9); // the inversion is good to 1e-13 of 1, the smaller value is 1e-3
}

TEST_CASE("bands by hand from their critical values") {
  // n = 10: n v = 1/10 and 4/10, so a = 1/11 and 2/7; log(se) doubles.
  const std::vector<double> s{0.9, 0.8}, se{0.1, 0.2};
  ConfidenceBandOptions options;
  options.conf_type = ConfType::log;
  const auto hall = confidence_band(s, se, 10, options);
  const double k = hall_wellner_critical(1.0 / 11.0, 2.0 / 7.0, 0.95);
  CHECK(std::fabs(hall.a_low - 1.0 / 11.0) < 1e-15);
  CHECK(std::fabs(hall.a_high - 2.0 / 7.0) < 1e-15);
  CHECK(std::fabs(hall.critical - k) < 1e-12);
  CHECK(std::fabs(hall.conf_low[0] - 0.9 * std::exp(-k * 1.1 / std::sqrt(10.0))) < 1e-12);
  CHECK(std::fabs(hall.conf_low[1] - 0.8 * std::exp(-k * 1.4 / std::sqrt(10.0))) < 1e-12);
  options.type = BandType::equal_precision;
  const auto equal = confidence_band(s, se, 10, options);
  const double c = equal_precision_critical(std::log(2.0), 0.95);
  CHECK(std::fabs(equal.conf_low[0] - 0.9 * std::exp(-c * 0.1)) < 1e-12);
  CHECK(std::fabs(equal.conf_low[1] - 0.8 * std::exp(-c * 0.2)) < 1e-12);
}

TEST_CASE("while S = 1 the Hall-Wellner band exists on the plain scale only") {
  const std::vector<double> s{1.0, 0.8}, se{0.0, 0.2};
  ConfidenceBandOptions options;
  CHECK(std::isnan(confidence_band(s, se, 10, options).conf_low[0]));
  options.conf_type = ConfType::plain;
  const double k = hall_wellner_critical(0.0, 2.0 / 7.0, 0.95);
  CHECK(std::fabs(confidence_band(s, se, 10, options).conf_low[0] - (1.0 - k / std::sqrt(10.0))) < 1e-12);
}

TEST_CASE("preconditions of a band are checked") {
  const std::vector<double> s{0.9, 0.8}, se{0.1, 0.2}, falling{0.2, 0.1}, none{0.0, 0.1}, zero{0.9, 0.0};
  ConfidenceBandOptions options;
  CHECK(confidence_band(s, se, 10, options).conf_low.size() == 2);
  CHECK_THROWS_AS(confidence_band(s, falling, 10, options), input_error);
  CHECK_THROWS_AS(confidence_band(zero, se, 10, options), input_error);
  CHECK_THROWS_AS(confidence_band({}, {}, 10, options), input_error);
  options.type = BandType::equal_precision;
  CHECK_THROWS_AS(confidence_band(s, none, 10, options), input_error);
  options.conf_type = ConfType::logit;
  CHECK_THROWS_AS(confidence_band(s, se, 10, options), input_error);
}
