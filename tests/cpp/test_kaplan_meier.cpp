#include "cryonodes/kaplan_meier.hpp"

#include "catch.h"

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

RiskTable one_group(const Doubles& time, const Codes& event, const Doubles& weight = {}) {
  return make_risk_table(make_timeline(time, Ties::exact), event, Codes(time.size(), 0), 1, weight);
}

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

// Freireich et al. (1963), the 6-MP arm.
RiskTable six_mp() {
  return one_group({6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35},
                   {1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0});
}

} // namespace

TEST_CASE("Kaplan-Meier of tied, lone and censored deaths, by hand") {
  const auto table = one_group({2, 2, 3, 3, 5, 7, 8}, {1, 1, 1, 0, 0, 1, 0});
  const auto fit = kaplan_meier(table);
  const double s[] = {5.0 / 7,  // 1 - 2/7
                      4.0 / 7,  // 5/7 * (1 - 1/5): the censored row of time 3 is at risk at 3
                      4.0 / 7,  // nobody dies at 5
                      2.0 / 7,  // 4/7 * (1 - 1/2)
                      2.0 / 7};
  const double greenwood[] = {2.0 / 35,            // 2 / (7 * 5)
                              3.0 / 28,            // 2/35 + 1 / (5 * 4) = 8/140 + 7/140
                              3.0 / 28, 17.0 / 28, // 3/28 + 1 / (2 * 1)
                              17.0 / 28};
  const double cumhaz[] = {2.0 / 7, 17.0 / 35, 17.0 / 35, 69.0 / 70, 69.0 / 70}; // + 1/5, + 0, + 1/2
  const double chaz_var[] = {2.0 / 49, 99.0 / 1225, 99.0 / 1225, 1621.0 / 4900, 1621.0 / 4900};
  REQUIRE(fit.estimate.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    INFO("row " << i);
    CHECK(near(fit.estimate[i], s[i]));
    CHECK(near(fit.std_error_log[i], std::sqrt(greenwood[i])));
    CHECK(near(fit.std_error[i], s[i] * std::sqrt(greenwood[i])));
    CHECK(near(fit.cumhaz[i], cumhaz[i]));
    CHECK(near(fit.std_chaz[i], std::sqrt(chaz_var[i])));
  }
}

TEST_CASE("the three intervals of S = 1/2 by hand") {
  // Two rows, one dies: S = 1/2, SE(log S) = sqrt(1 / (2 * 1)), SE(S) = sqrt(1/8).
  const auto table = one_group({1, 2}, {1, 0});
  const double z = 1.9599639845400538556; // the 97.5% point, 50-digit arithmetic
  KaplanMeierOptions options;
  options.conf_type = ConfType::plain;
  CHECK(near(kaplan_meier(table, options).conf_low[0], 0.0)); // 1/2 - z sqrt(1/8) < 0: held at 0
  CHECK(near(kaplan_meier(table, options).conf_high[0], 1.0));
  options.conf_type = ConfType::log;
  CHECK(near(kaplan_meier(table, options).conf_low[0], 0.5 * std::exp(-z * std::sqrt(0.5))));
  CHECK(near(kaplan_meier(table, options).conf_high[0], 1.0));
  options.conf_type = ConfType::log_log;
  // log(-log S) = log log 2, its standard error SE(log S) / log 2; S ^ exp(+-z se)
  const double se = std::sqrt(0.5) / std::log(2.0);
  CHECK(near(kaplan_meier(table, options).conf_low[0], std::pow(0.5, std::exp(z * se))));
  CHECK(near(kaplan_meier(table, options).conf_high[0], std::pow(0.5, std::exp(-z * se))));
  options.conf_type = ConfType::plain;
  options.conf_level = 0.5; // 75% point 0.67448975019608174: inside [0, 1]
  CHECK(near(kaplan_meier(table, options).conf_low[0], 0.5 - 0.67448975019608174320 * std::sqrt(0.125)));
}

TEST_CASE("no point for an interval before the first event nor after the last survivor") {
  const auto fit = kaplan_meier(one_group({1, 2, 3}, {0, 1, 1}));
  CHECK(fit.conf_low[0] < 1.0); // no event: the beta product's
  CHECK(fit.conf_high[0] == 1.0);
  CHECK(fit.conf_low[1] > 0.0);
  CHECK(fit.estimate[2] == 0.0);
  CHECK(fit.conf_low[2] == 0.0);
  CHECK(fit.conf_high[2] > 0.0);
  CHECK(std::isnan(fit.std_error[2]));
  CHECK(std::isinf(fit.std_error_log[2]));
}

TEST_CASE("published rates of the 6-MP arm") {
  std::ifstream file("../golden/kaplan_meier.csv");
  REQUIRE(file.good());
  const auto table = six_mp();
  const auto fit = kaplan_meier(table);
  std::string line;
  int compared = 0;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cell;
    std::istringstream cells(line);
    for (std::string one; std::getline(cells, one, ',');)
      cell.push_back(one);
    if (cell.at(0) != "\"six_mp\"")
      continue;
    const double time = std::stod(cell.at(2)), value = std::stod(cell.at(4)), tolerance = std::stod(cell.at(5));
    for (std::size_t i = 0; i < table.time.size(); ++i) {
      if (table.time[i] != time)
        continue;
      const double ours = cell[3] == "\"estimate\""    ? fit.estimate[i]
                          : cell[3] == "\"std.error\"" ? fit.std_error[i]
                          : cell[3] == "\"n.risk\""    ? table.n_risk[i]
                          : cell[3] == "\"conf.low\""  ? fit.conf_low[i]
                                                       : fit.conf_high[i];
      INFO(line);
      CHECK(std::fabs(ours - value) <= tolerance);
      ++compared;
    }
  }
  CHECK(compared == 6 + 15);
}

TEST_CASE("without censoring S is the share still alive, and Greenwood the binomial variance") {
  const std::size_t n = 50;
  Doubles time(n);
  for (std::size_t i = 0; i < n; ++i)
    time[i] = static_cast<double>((i * 17) % 23);
  const auto table = one_group(time, Codes(n, 1));
  const auto fit = kaplan_meier(table);
  for (std::size_t i = 0; i < table.time.size(); ++i) {
    double alive = 0;
    for (double t : time)
      alive += t > table.time[i] ? 1.0 : 0.0;
    const double share = alive / static_cast<double>(n);
    CHECK(near(fit.estimate[i], share));
    if (alive > 0.0)
      CHECK(near(fit.std_error[i], std::sqrt(share * (1.0 - share) / static_cast<double>(n))));
  }
}

TEST_CASE("half a million events leave no drift") {
  const std::size_t n = 1000000;
  Doubles time(n);
  for (std::size_t i = 0; i < n; ++i)
    time[i] = static_cast<double>(i);
  const auto table = one_group(time, Codes(n, 1));
  const auto fit = kaplan_meier(table);
  // With every row dying, sum d / (n (n - d)) telescopes to 1/k - 1/n when k are left; sum d/n to H_n - H_k.
  const std::size_t half = n / 2 - 1; // half of them left
  CHECK(near(fit.std_error_log[half], std::sqrt(1.0 / 500000 - 1.0 / 1000000), 1e-15));
  // H_n - H_{n/2} = log 2 - 1/(2n) + 1/(4 n^2) - ... (Euler-Maclaurin)
  CHECK(near(fit.cumhaz[half], std::log(2.0) - 0.5e-6 + 0.25e-12, 1e-15));
  CHECK(fit.estimate[half] == 0.5); // a plain product is off by 3.6e-12
}

TEST_CASE("no rows, no answer; a coverage outside (0, 1) is refused") {
  CHECK(kaplan_meier(one_group({}, {})).estimate.empty());
  for (double level : {0.0, 1.0, 1.2, -0.5, std::nan("")}) {
    KaplanMeierOptions options;
    options.conf_level = level;
    CHECK_THROWS_AS(kaplan_meier(one_group({1}, {1}), options), input_error);
  }
}
