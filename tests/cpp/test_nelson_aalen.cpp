#include "cryonodes/nelson_aalen.hpp"

#include "catch.h"

#include <cmath>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

RiskTable one_group(const Doubles& time, const Codes& event, const Doubles& entry = {}) {
  return make_risk_table(make_timeline(time, Ties::exact, entry), event, Codes(time.size(), 0), 1);
}

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

const double z = 1.9599639845400538556; // the 97.5% point, 50-digit arithmetic

} // namespace

TEST_CASE("cumulative hazard of tied, lone and censored deaths, by hand") {
  const auto table = one_group({2, 2, 3, 3, 5, 7, 8}, {1, 1, 1, 0, 0, 1, 0});
  const double hazard[] = {2.0 / 7, 17.0 / 35, 17.0 / 35, 69.0 / 70, 69.0 / 70};
  const double aalen[] = {2.0 / 49, 99.0 / 1225, 99.0 / 1225, 1621.0 / 4900, 1621.0 / 4900};
  // 2 * 5/343; + 4/125; + 1/8
  const double greenwood[] = {10.0 / 343, 10.0 / 343 + 4.0 / 125, 10.0 / 343 + 4.0 / 125,
                              10.0 / 343 + 4.0 / 125 + 1.0 / 8, 10.0 / 343 + 4.0 / 125 + 1.0 / 8};
  NelsonAalenOptions options;
  const auto first = nelson_aalen(table, options);
  options.variance = HazardVariance::greenwood;
  const auto second = nelson_aalen(table, options);
  for (std::size_t i = 0; i < 5; ++i) {
    INFO("row " << i);
    CHECK(near(first.estimate[i], hazard[i]));
    CHECK(near(first.std_error[i], std::sqrt(aalen[i])));
    CHECK(near(second.std_error[i], std::sqrt(greenwood[i])));
  }
}

TEST_CASE("the three intervals of H = 1/2 by hand") {
  // Two rows, one dies: H = 1/2, variance 1/4.
  const auto table = one_group({1, 2}, {1, 0});
  NelsonAalenOptions options;
  options.conf_type = HazardScale::plain;
  CHECK(nelson_aalen(table, options).conf_low[0] == 0.0); // 1/2 - z/2 < 0
  CHECK(near(nelson_aalen(table, options).conf_high[0], 0.5 + 0.5 * z));
  options.conf_type = HazardScale::log;
  CHECK(near(nelson_aalen(table, options).conf_low[0], 0.5 * std::exp(-z)));
  CHECK(near(nelson_aalen(table, options).conf_high[0], 0.5 * std::exp(z)));
  options.conf_type = HazardScale::arcsin;
  const double angle = std::asin(std::exp(-0.25)), width = 0.5 * z * 0.5 / std::sqrt(std::exp(0.5) - 1.0);
  CHECK(near(nelson_aalen(table, options).conf_low[0], -2.0 * std::log(std::sin(angle + width))));
  CHECK(near(nelson_aalen(table, options).conf_high[0], -2.0 * std::log(std::sin(angle - width))));
  // The angles are held within 0 and 90 degrees: beyond them the limits are 0 and infinity.
  options.conf_level = 0.99;
  CHECK(nelson_aalen(table, options).conf_low[0] == 0.0);
  CHECK(std::isfinite(nelson_aalen(table, options).conf_high[0]));
  options.conf_level = 0.9999;
  CHECK(std::isinf(nelson_aalen(table, options).conf_high[0]));
}

TEST_CASE("before the first event the upper limit is that of no event among those still observed") {
  const auto fit = nelson_aalen(one_group({1, 2, 3}, {0, 0, 0}));
  CHECK(fit.conf_low[0] == 0.0);
  CHECK(near(fit.conf_high[0], -std::log(0.025) / 2)); // two stay after time 1
  CHECK(near(fit.conf_high[1], -std::log(0.025)));
  CHECK(near(fit.conf_high[2], -std::log(0.025)));     // at the last time, the one who is there
}

TEST_CASE("everybody at risk dies at once: Greenwood's variance has no interval, Aalen's has") {
  NelsonAalenOptions options;
  options.variance = HazardVariance::greenwood;
  const auto fit = nelson_aalen(one_group({1, 1}, {1, 1}), options);
  CHECK(fit.estimate[0] == 1.0);
  CHECK(fit.std_error[0] == 0.0);
  CHECK(std::isnan(fit.conf_low[0]));
  options.variance = HazardVariance::aalen;
  CHECK(near(nelson_aalen(one_group({1, 1}, {1, 1}), options).std_error[0], std::sqrt(0.5)));
}

TEST_CASE("hazard and variance are those beside the Kaplan-Meier curve, with delayed entry as well") {
  const auto table = one_group({3, 5, 4, 6, 8}, {1, 1, 0, 1, 0}, {0, 2, 3, 3, 1});
  const auto fit = nelson_aalen(table);
  const auto km = kaplan_meier(table);
  CHECK(near(fit.estimate[0], 1.0 / 3)); // at 3: the entries of 0, 1 and 2
  for (std::size_t i = 0; i < table.rows(); ++i) {
    CHECK(fit.estimate[i] == km.cumhaz[i]);
    CHECK(near(fit.std_error[i], km.std_chaz[i]));
  }
  CHECK_THROWS_AS(nelson_aalen(table, {HazardScale::log, HazardVariance::aalen, 1.0}), input_error);
}
