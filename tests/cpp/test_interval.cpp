#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;

namespace {

bool near(double x, double y, double tolerance = 1e-13) {
  return std::fabs(x - y) <= tolerance * std::max(std::fabs(x), std::fabs(y));
}

KaplanMeierResult fit(const std::vector<double>& time, const std::vector<int>& event, ConfType type,
                      double level = 0.95) {
  KaplanMeierOptions options;
  options.conf_type = type;
  options.conf_level = level;
  return kaplan_meier(make_risk_table(make_timeline(time, Ties::near), event, std::vector<int>(time.size(), 0), 1),
                      options);
}

std::vector<std::vector<double>> golden(const std::string& name, std::size_t columns) {
  std::ifstream file("../golden/" + name);
  if (!file)
    file.open("tests/golden/" + name);
  std::vector<std::vector<double>> rows;
  std::string line, cell;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    rows.emplace_back();
    while (rows.back().size() < columns && std::getline(cells, cell, ','))
      rows.back().push_back(std::strtod(cell.c_str(), nullptr));
  }
  return rows;
}

} // namespace

TEST_CASE("beta quantiles recorded from R's qbeta are met on both sides") {
  const auto rows = golden("beta.csv", 5);
  REQUIRE(rows.size() > 500);
  for (const auto& r : rows) {
    INFO("p " << r[0] << " a " << r[1] << " b " << r[2]);
    // 1e-10 relative; below 1e-300 both are 0 for all purposes.
    CHECK(std::fabs(beta_quantile(r[0], Tail::lower, {r[1], r[2]}) - r[3]) <= 1e-10 * r[3] + 1e-300);
    CHECK(std::fabs(beta_quantile(r[0], Tail::upper, {r[1], r[2]}) - r[4]) <= 1e-10 * r[4] + 1e-300);
  }
}

TEST_CASE("beta tails in closed form: b = 1 is a power, and the arcsine law") {
  for (double a : {0.01, 1.0, 3.0, 250.0, 1e7}) {
    for (double x : {1e-200, 1e-5, 0.3, 0.5, 0.999}) {
      const double logit = std::log(x) - std::log1p(-x);
      // exact up to the rounding of x itself, a times over
      CHECK(std::fabs(beta_tails(logit, a, 1.0).log_lower - a * std::log(x)) <= 1e-14 * a * (1 - std::log(x)) + 1e-13);
      CHECK(near(beta_tails(-logit, 1.0, a).log_upper, beta_tails(logit, a, 1.0).log_lower, 1e-12));
    }
    CHECK(near(beta_quantile(0.025, Tail::lower, {a, 1.0}), std::pow(0.025, 1.0 / a)));
  }
  const double s = std::sin(0.025 * 1.5707963267948966);
  CHECK(near(beta_quantile(0.025, Tail::lower, {0.5, 0.5}), s * s));
}

TEST_CASE("quantiles of powers and of their neighbours: a parameter of 1 is no break") {
  for (double p : {1e-9, 0.025, 0.3, 0.5, 0.97})
    for (double a : {0.02, 1.0, 7.0, 1e4, 1e12}) {
      INFO("p " << p << " a " << a);
      const double x = std::pow(p, 1.0 / a), y = std::pow(1.0 - p, 1.0 / a);
      // Rounding in the exponent, and in 1 - p, comes out multiplied.
      CHECK(near(beta_quantile(p, Tail::lower, {a, 1.0}), x, 4e-16 * (1.0 - std::log(p) / a)));
      CHECK(near(beta_quantile(p, Tail::upper, {a, 1.0}), y, 4e-16 * (1.0 + 35.0 / a)));
      CHECK(beta_quantile(p, Tail::upper, {1.0, a}) == Approx(1.0 - x).epsilon(1e-13).margin(2e-16));
      CHECK(beta_quantile(p, Tail::lower, {1.0, a}) == Approx(1.0 - y).epsilon(1e-13).margin(2e-16));
      // The general search on either side; 1e-9 of a parameter moves x by as little, but for the logarithm of x.
      if (a <= 1e4)
        for (double b : {1.0 - 1e-9, 1.0 + 1e-9})
          CHECK(near(beta_quantile(p, Tail::lower, {a, b}), x, 1e-7));
    }
}

TEST_CASE("points among beta laws") {
  CHECK(beta_quantile(0.025, Tail::lower, {0.0, 1.0}) == 0.0);
  CHECK(beta_quantile(0.025, Tail::upper, {0.0, 1.0}) == 0.0);
  CHECK(beta_quantile(0.025, Tail::upper, {1.0, 0.0}) == 1.0);
  // Averaged with the point 1, all of the lower tail must come from the other law: twice p.
  CHECK(near(beta_quantile(0.025, Tail::lower, {5.0, 1.0}, {1.0, 0.0}), std::pow(0.05, 0.2)));
  CHECK(beta_quantile(0.025, Tail::upper, {5.0, 1.0}, {1.0, 0.0}) == 1.0);
  CHECK(beta_quantile(0.025, Tail::lower, {0.0, 1.0}, {2.0, 1.0}) == 0.0);
  CHECK(near(beta_quantile(0.025, Tail::upper, {0.0, 1.0}, {1.0, 2.0}), 1.0 - std::sqrt(0.05)));
  CHECK_THROWS_AS(beta_quantile(0.0, Tail::lower, BetaLaw{1.0, 1.0}), input_error);
  // x^2 and x averaged: x^2 + x = 2 p.
  CHECK(near(beta_quantile(0.025, Tail::lower, {2.0, 1.0}, {1.0, 1.0}), 0.5 * (std::sqrt(1.2) - 1.0)));
}

TEST_CASE("one event among four by hand on each scale: S = 3/4, Var log S = 1/12") {
  const double z = normal_quantile(0.975), se = 1.0 / std::sqrt(12.0), third_of_pi = std::acos(0.5);
  const auto limits = [](ConfType type) {
    const auto f = fit({1, 2, 3, 4}, {1, 0, 0, 0}, type);
    return Limits{f.conf_low[0], f.conf_high[0]};
  };
  const auto is = [&](ConfType type, double low, double high) {
    INFO(static_cast<int>(type));
    CHECK(near(limits(type).low, low));
    CHECK(near(limits(type).high, high));
  };
  is(ConfType::plain, 0.75 - z * 0.75 * se, 1.0);
  is(ConfType::log, 0.75 * std::exp(-z * se), 1.0);
  const double u = z * se / std::log(0.75);
  is(ConfType::log_log, std::pow(0.75, std::exp(-u)), std::pow(0.75, std::exp(u)));
  is(ConfType::logit, 3.0 / (3.0 + std::exp(4.0 * z * se)), 3.0 / (3.0 + std::exp(-4.0 * z * se)));
  is(ConfType::arcsin, std::pow(std::sin(third_of_pi - z / 4.0), 2), std::pow(std::sin(third_of_pi + z / 4.0), 2));
  // Wilson's for 3 of 4.
  const double half = z * std::sqrt(3.0 / 64.0 + z * z / 64.0), centre = 0.75 + z * z / 8.0;
  is(ConfType::rothman, (centre - half) / (1.0 + z * z / 4.0), (centre + half) / (1.0 + z * z / 4.0));
}

TEST_CASE("lower limits by Peto and by the loss since the last event, by hand") {
  // Events at 1 (of 5) and 3 (of 3): S = 8/15, Var log S = 1/20 + 1/6; at risk 3, then 2, then 1.
  const double z = normal_quantile(0.975), s = 8.0 / 15.0, se = std::sqrt(13.0 / 60.0);
  for (ConfLower kind : {ConfLower::peto, ConfLower::modified}) {
    KaplanMeierOptions options;
    options.conf_type = ConfType::log;
    options.conf_lower = kind;
    const auto f = kaplan_meier(
        make_risk_table(make_timeline(std::vector<double>{1, 2, 3, 4, 5}, Ties::near), std::vector<int>{1, 0, 1, 0, 0},
                        std::vector<int>(5, 0), 1),
        options);
    for (double n : {3.0, 2.0, 1.0}) {
      const double lower = kind == ConfLower::peto ? std::sqrt(7.0 / 15.0 / n) : se * std::sqrt(3.0 / n);
      const auto row = static_cast<std::size_t>(5.0 - n);
      CHECK(near(f.conf_low[row], s * std::exp(-z * lower)));
      CHECK(near(f.conf_high[row], std::min(1.0, s * std::exp(z * se))));
    }
  }
}

TEST_CASE("a standard error of 0 while 0 < S < 1 gives no interval") {
  const auto table = make_risk_table(make_timeline(std::vector<double>{1, 2}, Ties::near), std::vector<int>{1, 0},
                                     std::vector<int>(2, 0), 1);
  const std::vector<double> s{0.5, 0.5}, se{0.0, 0.0};
  for (ConfType type : {ConfType::plain, ConfType::log_log, ConfType::rothman}) {
    std::vector<double> low(2), high(2);
    IntervalOptions options;
    options.conf_type = type;
    conf_limits(table, 0, s, se, options, span<double>(low.data(), 2), span<double>(high.data(), 2));
    CHECK(std::isnan(low[0]));
    CHECK(std::isnan(high[1]));
  }
}

TEST_CASE("beta product limits never rise with time") {
  std::uint32_t state = 1;
  const auto draw = [&state](std::uint32_t k) {
    state = state * 1664525u + 1013904223u;
    return (state >> 16) % k;
  };
  for (int cohort = 0; cohort < 400; ++cohort) {
    std::vector<double> time;
    std::vector<int> event;
    for (std::uint32_t i = 0, n = 5 + draw(25); i < n; ++i) {
      time.push_back(1.0 + draw(40));
      event.push_back(draw(10) < 3);
    }
    for (ConfType type : {ConfType::bpcp, ConfType::bpcp_mid_p}) {
      const auto f = fit(time, event, type);
      for (std::size_t i = 1; i < f.conf_low.size(); ++i) {
        CHECK(f.conf_low[i] <= f.conf_low[i - 1]);
        CHECK(f.conf_high[i] <= f.conf_high[i - 1]);
      }
    }
  }
}

TEST_CASE("a product of one beta variable is that variable; of uniform fractions the last order statistic") {
  BetaProduct product;
  product.add(10, 3);
  CHECK(near(product.upper().a, 8.0));
  CHECK(near(product.upper().b, 3.0));
  // Beta(10, 1) Beta(9, 1) Beta(8, 1) is Beta(8, 3): the survivors of 10 after three lone events, exactly.
  BetaProduct chain;
  for (double n : {10.0, 9.0})
    chain.add(n, 1);
  CHECK(near(chain.lower(8).a, 8.0));
  CHECK(near(chain.lower(8).b, 3.0));
  CHECK(chain.lower(0).a == 0.0);
  // No digits lost in a large cohort.
  BetaProduct large;
  for (int i = 0; i < 1000; ++i)
    large.add(1e9 - i, 1);
  CHECK(near(large.upper().a, 1e9 - 999, 1e-10)); // a sum of 1000 terms of 1e-18 beside 1
  CHECK(near(large.upper().b, 1000, 1e-10));
}

TEST_CASE("no event and S = 0: the beta product's limits for each kind") {
  for (int k = 0; k < 9; ++k) {
    const auto type = static_cast<ConfType>(k);
    const auto f = fit({1, 2, 3}, {0, 1, 1}, type);
    const double alpha = type == ConfType::bpcp_mid_p ? 0.05 : 0.025;
    CHECK(near(f.conf_low[0], std::sqrt(alpha)));
    CHECK(f.conf_high[0] == 1.0);
    CHECK(f.conf_low[2] == 0.0);
    CHECK(near(f.conf_high[2], 1.0 - std::sqrt(alpha)));
  }
}

TEST_CASE("transformed limits are monotone in the half width and meet the estimate at 0") {
  for (int k = 0; k < 5; ++k)
    for (double s : {1e-12, 0.02, 0.5, 0.97, 1.0 - 1e-12}) {
      const auto type = static_cast<ConfType>(k);
      Limits before = transformed_limits(type, s, 0.0, 0.0);
      CHECK(near(before.low, s, 1e-9)); // 1 - S and logarithms near 1
      CHECK(near(before.high, s, 1e-9));
      for (double half : {0.01, 0.3, 2.0, 50.0, 1e200}) {
        const Limits here = transformed_limits(type, s, half, half);
        CHECK((0.0 <= here.low && here.low <= before.low && before.high <= here.high && here.high <= 1.0));
        before = here;
      }
    }
}

TEST_CASE("delayed entry: who enters after S = 1 or S = 0 lifts no limit") {
  // (0, 1] censored; five enter at 2 and leave at 3, 4.
  const std::vector<double> exit{1, 3, 3, 3, 4, 4}, entry{0, 2, 2, 2, 2, 2};
  const std::vector<int> group(6, 0);
  const auto alive =
      kaplan_meier(make_risk_table(make_timeline(exit, Ties::near, entry), std::vector<int>(6, 0), group, 1));
  CHECK(alive.conf_low[0] == 0.0);
  CHECK(alive.conf_low[1] == 0.0);
  const auto dead =
      kaplan_meier(make_risk_table(make_timeline(exit, Ties::near, entry), std::vector<int>{1, 0, 0, 0, 0, 0},
                                   group, 1));
  for (double low : dead.conf_low)
    CHECK(low == 0.0);
  CHECK(near(dead.conf_high[2], 0.975));
}

TEST_CASE("options that do not fit are refused") {
  KaplanMeierOptions options;
  options.conf_type = ConfType::rothman;
  options.conf_lower = ConfLower::peto;
  const auto table = make_risk_table(make_timeline(std::vector<double>{1, 2}, Ties::near), std::vector<int>{1, 0},
                                     std::vector<int>{0, 0}, 1);
  CHECK_THROWS_AS(kaplan_meier(table, options), input_error);
}

TEST_CASE("an event that weighs nothing beside the others leaves S = 1, and 1 within its limits") {
  KaplanMeierOptions options;
  options.conf_level = 0.55764705882352938;
  const auto fit = kaplan_meier(
      make_risk_table(make_timeline(std::vector<double>{1, 2}, Ties::near), std::vector<int>{1, 0},
                      std::vector<int>{0, 0}, 1, std::vector<double>{4.4183420896233393e100, 6.8940894343509302e116}),
      options);
  CHECK(fit.estimate[0] == 1.0);
  CHECK(fit.conf_low[0] <= 1.0);
  CHECK(fit.conf_high[0] == 1.0);
}
