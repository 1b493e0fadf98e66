#include "cryonodes/compare_at.hpp"

#include "catch.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

bool near(double value, double truth, double tolerance = 1e-12) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

struct Cohort {
  Doubles time;
  Codes event, group, cluster;
  std::size_t n_group = 2;

  CompareAtResult at(double when, CompareMethod method, bool pooled = false, FixedTime* known = nullptr) const {
    const Timeline timeline = make_timeline(time, Ties::exact);
    const RiskTable table = make_risk_table(timeline, event, group, n_group);
    const ClusteredRows rows{timeline, event, group, {}, cluster, cluster.size()};
    FixedTime at = method == CompareMethod::fisher_crude ? crude_share_at(table, when) : survival_at(table, when);
    if (!cluster.empty())
      cluster_fixed_time(at, table, rows, when, 0.95);
    if (pooled)
      add_null_variance(at, table, when);
    if (method == CompareMethod::pseudo_values)
      at = pseudo_values_at(table, when, cluster.empty() ? nullptr : &rows);
    if (known != nullptr)
      *known = at;
    CompareAtOptions options;
    options.method = method;
    options.pooled = pooled;
    return compare_at(at, options);
  }
};

// Group 0: S = 3/4 from 2, 3/8 from 5. Group 1: S = 4/5 from 3.
const Cohort nine{{2, 4, 5, 6, 1, 3, 6, 7, 8, 9}, {1, 0, 1, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {}};

ConfidenceLaws of(double x, double n) { return {{x, n - x + 1.0}, {x + 1.0, n - x}}; }

} // namespace

TEST_CASE("two groups at a time on each scale, by hand") {
  // At 5.5: p1 = 3/8 with Greenwood 9/64 (1/12 + 1/2) = 21/256, p2 = 4/5 with 16/25 / 20 = 4/125.
  const double v1 = 21.0 / 256, v2 = 4.0 / 125, p1 = 3.0 / 8, p2 = 4.0 / 5;
  const auto check = [&](CompareMethod method, double difference, double variance) {
    const auto test = nine.at(5.5, method);
    CHECK(near(test.statistic[0], difference / std::sqrt(variance)));
    CHECK(near(test.chi_square, difference * difference / variance));
    CHECK(near(test.log_p_value[0], std::log(std::erfc(std::fabs(difference) / std::sqrt(2 * variance)))));
    CHECK(test.log_p_all == test.log_p_value[0]);
    CHECK(near(test.measures[0].estimate[0], 17.0 / 40));
    CHECK(near(test.measures[1].estimate[0], 32.0 / 15));
    CHECK(near(test.measures[2].estimate[0], 20.0 / 3));
    CHECK(!test.melded[0]);
  };
  check(CompareMethod::identity, p2 - p1, v1 + v2);
  check(CompareMethod::log, std::log(p2 / p1), v1 / (p1 * p1) + v2 / (p2 * p2));
  check(CompareMethod::cloglog, std::log(-std::log(p1)) - std::log(-std::log(p2)),
        v1 / std::pow(p1 * std::log(p1), 2) + v2 / std::pow(p2 * std::log(p2), 2));
  check(CompareMethod::arcsine, std::asin(std::sqrt(p2)) - std::asin(std::sqrt(p1)),
        v1 / (4 * p1 * (1 - p1)) + v2 / (4 * p2 * (1 - p2)));
  check(CompareMethod::logit, std::log(20.0 / 3),
        v1 / std::pow(p1 * (1 - p1), 2) + v2 / std::pow(p2 * (1 - p2), 2));
}

TEST_CASE("intervals on a method's own scale are the normal ones") {
  const double z = 1.9599639845400538556, v1 = 21.0 / 256, v2 = 4.0 / 125, p1 = 3.0 / 8, p2 = 4.0 / 5;
  const auto identity = nine.at(5.5, CompareMethod::identity).measures[0];
  CHECK(near(identity.conf_low[0], 17.0 / 40 - z * std::sqrt(v1 + v2)));
  CHECK(identity.conf_high[0] == 1.0); // 17/40 + z sqrt(v1 + v2) is beyond
  const double se = std::sqrt(v1 / (p1 * p1) + v2 / (p2 * p2));
  const auto log = nine.at(5.5, CompareMethod::log).measures[1];
  CHECK(near(log.std_error[0], se));
  CHECK(near(log.conf_low[0], 32.0 / 15 * std::exp(-z * se)));
  CHECK(near(log.conf_high[0], 32.0 / 15 * std::exp(z * se)));
  const double se_odds = std::sqrt(v1 / std::pow(p1 * (1 - p1), 2) + v2 / std::pow(p2 * (1 - p2), 2));
  const auto logit = nine.at(5.5, CompareMethod::logit).measures[2];
  CHECK(near(logit.conf_low[0], 20.0 / 3 * std::exp(-z * se_odds)));
  CHECK(near(logit.conf_high[0], 20.0 / 3 * std::exp(z * se_odds)));
}

TEST_CASE("the pooled variance, by hand") {
  // Together 10, 9 at risk at 2, 8 at 3, 6 at 5: h = 1/9, 1/8, 1/6 and S = 8/9 7/8 5/6 = 35/54. Group 0 has 4, 3, 2 at
  // risk at these, group 1 has 5, 5, 4.
  FixedTime known;
  const auto test = nine.at(5.5, CompareMethod::identity, true, &known);
  const double s = 35.0 / 54;
  CHECK(near(known.null_estimate, s));
  CHECK(near(known.null_variance[0], s * s * (1.0 / 8 / 4 + 1.0 / 7 / 3 + 1.0 / 5 / 2)));
  CHECK(near(known.null_variance[1], s * s * (1.0 / 8 / 5 + 1.0 / 7 / 5 + 1.0 / 5 / 4)));
  CHECK(near(test.statistic[0], 17.0 / 40 / std::sqrt(known.null_variance[0] + known.null_variance[1])));
  // A rate of 1 has no variance of its own, but one under the hypothesis.
  const auto early = nine.at(2.5, CompareMethod::arcsine, true, &known);
  CHECK(near(known.null_variance[1], 64.0 / 81 / 8 / 5));
  CHECK(early.statistic[0] > 0.0);
  CHECK(early.melded[0]); // the interval
  CHECK(std::isnan(nine.at(2.5, CompareMethod::logit, true).statistic[0]));
}

TEST_CASE("melded p of binomial shares is the central Fisher test's") {
  for (double n1 : {1.0, 3.0, 9.0, 20.0, 400.0})
    for (double n2 : {2.0, 9.0, 29.0})
      for (double x1 = 0.0; x1 <= n1; x1 += std::fmax(1.0, std::floor(n1 / 5)))
        for (double x2 = 0.0; x2 <= n2; x2 += 2.0) {
          const auto melded = melded_test(of(x1, n1), of(x2, n2));
          FisherOptions options;
          options.conf_int = false;
          options.sides = Sides::greater;
          CHECK(near(melded.log_greater, fisher({x2, n2 - x2, x1, n1 - x1}, options).log_p_value, 1e-11));
          options.sides = Sides::less;
          CHECK(near(melded.log_less, fisher({x2, n2 - x2, x1, n1 - x1}, options).log_p_value, 1e-11));
        }
}

TEST_CASE("melded limits are where the probability is half of alpha") {
  // Midpoint sums over quantile-spaced points of one law, the other's tail by its own function: another route.
  std::mt19937 random(3);
  for (int i = 0; i < 12; ++i) {
    const double n1 = 3.0 + static_cast<double>(random() % 30), n2 = 3.0 + static_cast<double>(random() % 30);
    const double x1 = 1.0 + static_cast<double>(random() % 97) / 97 * (n1 - 2), x2 = n2 * 0.4;
    for (const Measure measure : {Measure::difference, Measure::ratio, Measure::odds_ratio}) {
      const auto limits = melded_limits(measure, of(x1, n1), of(x2, n2), 0.9);
      const BetaLaw lower = of(x2, n2).lower, upper = of(x1, n1).upper;
      double below = 0.0;
      constexpr int m = 4000;
      for (int j = 0; j < m; ++j) {
        const double q = (j + 0.5) / m;
        const double x = q < 0.5 ? beta_quantile(q, Tail::lower, upper) : beta_quantile(1.0 - q, Tail::upper, upper);
        const double y = measure == Measure::difference ? x + limits.low
                         : measure == Measure::ratio    ? x * std::exp(limits.low)
                                                        : 1 / (1 + std::exp(-limits.low) * (1 - x) / x);
        if (y >= 1.0)
          below += 1.0 / m;
        else if (y > 0.0)
          below += std::exp(beta_tails(std::log(y / (1 - y)), lower.a, lower.b).log_lower) / m;
      }
      CHECK(near(below, 0.05, 1e-4)); // the sum has 4000 points
    }
  }
}

TEST_CASE("nothing and everything: limits at the ends") {
  const auto none = melded_limits(Measure::difference, of(9, 9), of(5, 5), 0.95);
  CHECK(near(none.low, -(1 - std::pow(0.025, 1.0 / 5))));
  CHECK(near(none.high, 1 - std::pow(0.025, 1.0 / 9)));
  CHECK(melded_test(of(9, 9), of(5, 5)).log_p_value == 0.0);
  const auto ratio = melded_limits(Measure::ratio, of(0, 9), of(0, 5), 0.95);
  CHECK(std::isinf(ratio.low));
  CHECK(std::isinf(ratio.high));
  const auto odds = melded_limits(Measure::odds_ratio, of(0, 9), of(5, 5), 0.95);
  CHECK((odds.low > 0.0 && std::isinf(odds.high)));
  // 9 of 9 lost, 5 of 5 kept: one table of choose(14, 5) = 2002, doubled.
  CHECK(near(melded_test(of(0, 9), of(5, 5)).log_p_value, std::log(2.0 / 2002)));
}

TEST_CASE("small tails of the melded test keep their digits") {
  // 500 of 500 against 0 of 500: 1 / choose(1000, 500), by the sum of logarithms.
  double log_choose = 0.0;
  for (int i = 1; i <= 500; ++i)
    log_choose += std::log((500.0 + i) / i);
  CHECK(near(melded_test(of(0, 500), of(500, 500)).log_greater, -log_choose, 1e-11));
}

TEST_CASE("without censoring the default test of survival is the central Fisher test") {
  const Cohort plain{{1, 2, 3, 4, 5, 2, 6, 7, 8, 9, 9}, Codes(11, 1), {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, {}};
  // At 4: 1 of 5 and 5 of 6 alive. P(at most 1 alive of the first 5, given 6 of 11 alive) =
  // (choose(6,0) choose(5,5) + choose(6,1) choose(5,4)) / choose(11,5) = 31/462.
  CHECK(near(plain.at(4, CompareMethod::melded).log_p_value[0], std::log(62.0 / 462)));
}

TEST_CASE("who is censored at the time asked for is known to be free of the event") {
  const Cohort closed{{12, 12, 12, 12, 12, 12}, Codes(6, 0), {0, 0, 0, 0, 1, 1}, {}};
  FixedTime known;
  const auto test = closed.at(12, CompareMethod::melded, false, &known);
  CHECK(near(test.conf_low[0], std::pow(0.025, 1.0 / 4)));
  CHECK(near(test.conf_low[1], std::pow(0.025, 1.0 / 2)));
  CHECK(known.n_risk == Doubles({4, 2}));
}

TEST_CASE("pseudo-values are n S - (n - 1) S without the row") {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    Cohort cohort;
    const std::size_t n = 4 + random() % 9;
    for (std::size_t i = 0; i < n; ++i) {
      cohort.time.push_back(1.0 + static_cast<double>(random() % 6));
      cohort.event.push_back(static_cast<int>(random() % 2));
      cohort.group.push_back(static_cast<int>(i % 2));
    }
    const auto survival = [](const Doubles& time, const Codes& event, double when) {
      double s = 1.0;
      for (double t = 1.0; t <= when; t += 1.0) {
        double at_risk = 0.0, events = 0.0;
        for (std::size_t i = 0; i < time.size(); ++i) {
          at_risk += time[i] >= t ? 1.0 : 0.0;
          events += time[i] == t && event[i] != 0 ? 1.0 : 0.0;
        }
        s *= at_risk > 0.0 ? (at_risk - events) / at_risk : 1.0;
      }
      return s;
    };
    double mean[2] = {0.0, 0.0}, square[2] = {0.0, 0.0}, size[2] = {0.0, 0.0};
    Doubles theta;
    for (std::size_t i = 0; i < n; ++i) {
      Doubles time(cohort.time);
      Codes event(cohort.event);
      time.erase(time.begin() + static_cast<std::ptrdiff_t>(i));
      event.erase(event.begin() + static_cast<std::ptrdiff_t>(i));
      const double m = static_cast<double>(n);
      theta.push_back(m * survival(cohort.time, cohort.event, 3) - (m - 1) * survival(time, event, 3));
      mean[i % 2] += theta.back();
      size[i % 2] += 1.0;
    }
    for (std::size_t i = 0; i < n; ++i)
      square[i % 2] += std::pow(theta[i] - mean[i % 2] / size[i % 2], 2);
    FixedTime known;
    cohort.at(3, CompareMethod::pseudo_values, false, &known);
    for (std::size_t g = 0; g < 2; ++g)
      if (known.variance[g] > 0.0) {
        CHECK(near(known.estimate[g], mean[g] / size[g]));
        CHECK(near(known.variance[g], square[g] / size[g] / size[g]));
      }
  }
}

TEST_CASE("clusters of one row are no clusters; copies of a row count once") {
  Cohort alone = nine;
  for (int i = 0; i < 10; ++i)
    alone.cluster.push_back(i);
  FixedTime greenwood, jackknife;
  nine.at(5.5, CompareMethod::identity, false, &greenwood);
  alone.at(5.5, CompareMethod::identity, false, &jackknife);
  for (std::size_t g = 0; g < 2; ++g)
    CHECK(near(jackknife.variance[g], greenwood.variance[g]));
  CHECK(near(jackknife.covariance[1], 0.0));

  Cohort twice = alone;
  for (int i = 0; i < 10; ++i) {
    const auto row = static_cast<std::size_t>(i);
    twice.time.push_back(nine.time[row]);
    twice.event.push_back(nine.event[row]);
    twice.group.push_back(nine.group[row]);
    twice.cluster.push_back(i);
  }
  FixedTime copied;
  twice.at(5.5, CompareMethod::identity, false, &copied);
  for (std::size_t g = 0; g < 2; ++g)
    CHECK(near(copied.variance[g], greenwood.variance[g]));
  CHECK(copied.n_cluster == Doubles({4, 6}));
}

TEST_CASE("patients with a lesion in each group are their own controls") {
  // The same times in both groups, each patient in both: the difference is 0 without spread.
  Cohort pairs;
  for (int copy = 0; copy < 2; ++copy)
    for (int i = 0; i < 6; ++i) {
      pairs.time.push_back(1.0 + i);
      pairs.event.push_back(i % 2);
      pairs.group.push_back(copy);
      pairs.cluster.push_back(i);
    }
  FixedTime known;
  const auto test = pairs.at(4, CompareMethod::cloglog, false, &known);
  CHECK(near(known.covariance[1], known.variance[0]));
  CHECK(std::isnan(test.statistic[0]));
  CHECK(test.measures[0].estimate[0] == 0.0);
}

TEST_CASE("k groups: the quadratic form is that of weighted means") {
  Cohort three{{2, 4, 5, 6, 1, 3, 6, 7, 8, 9, 2, 2, 4, 5, 7}, {1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0},
               {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2}, {}, 3};
  FixedTime known;
  const auto test = three.at(5.5, CompareMethod::identity, false, &known);
  double weight = 0.0, mean = 0.0, chi_square = 0.0;
  for (std::size_t g = 0; g < 3; ++g) {
    weight += 1 / known.variance[g];
    mean += known.estimate[g] / known.variance[g];
  }
  mean /= weight;
  for (std::size_t g = 0; g < 3; ++g)
    chi_square += std::pow(known.estimate[g] - mean, 2) / known.variance[g];
  CHECK(near(test.chi_square, chi_square));
  CHECK(near(test.log_p_all, -0.5 * chi_square)); // two degrees of freedom
}

TEST_CASE("beyond the follow-up of a group there is no answer, once S = 0 there is") {
  CHECK(std::isnan(nine.at(6.5, CompareMethod::melded).log_p_value[0]));
  CHECK(!std::isnan(nine.at(6.0, CompareMethod::melded).log_p_value[0]));
  const Cohort dead{{1, 2, 3, 4, 9}, {1, 1, 1, 0, 0}, {0, 0, 0, 1, 1}, {}};
  const auto test = dead.at(5, CompareMethod::cloglog);
  CHECK(test.melded[0]);
  CHECK(test.measures[0].estimate[0] == 1.0);
  // No event in group 1: its lower law is that of those at risk at 5, one.
  CHECK(near(test.log_p_value[0], melded_test({{0, 1}, {1, 3}}, {{1, 1}, {1, 0}}).log_p_value));
}

TEST_CASE("recorded melded p-values and statistics of other packages") {
  const auto open = [](const std::string& name) {
    std::ifstream file("../golden/" + name);
    if (!file)
      file.open("tests/golden/" + name);
    REQUIRE(file.good());
    std::string line;
    std::getline(file, line);
    return file;
  };
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');)
      out.push_back(cell);
    return out;
  };
  int met = 0;
  auto file = open("compare_at.csv");
  for (std::string line; std::getline(file, line);) {
    const auto row = cells(line);
    const std::string method = row[2], quantity = row[3];
    const bool wanted = quantity == "p.value" || quantity == "chi-square";
    if (!wanted || row[0] == "mgus2" || method == "median" || method == "clustered")
      continue;
    Cohort cohort;
    auto data = open("compare_at_data.csv");
    for (std::string patient; std::getline(data, patient);) {
      const auto cell = cells(patient);
      if (cell[0] != row[0])
        continue;
      cohort.time.push_back(std::stod(cell[1]));
      cohort.event.push_back(std::stoi(cell[2]));
      cohort.group.push_back(std::stoi(cell[3]) - 1);
    }
    const CompareMethod how = method == "melded"         ? CompareMethod::melded
                              : method == "melded mid-p" ? CompareMethod::melded_mid_p
                              : method == "identity"     ? CompareMethod::identity
                              : method == "log"          ? CompareMethod::log
                              : method == "cloglog"      ? CompareMethod::cloglog
                              : method == "arcsine"      ? CompareMethod::arcsine
                                                         : CompareMethod::logit;
    const auto test = cohort.at(std::stod(row[1]), how);
    const double value = quantity == "p.value" ? std::exp(test.log_p_value[0]) : test.chi_square;
    CHECK(near(value, std::stod(row[4]), std::stod(row[5])));
    ++met;
  }
  CHECK(met > 30);
}
