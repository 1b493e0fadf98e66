#include "cryonodes/cumulative_incidence.hpp"

#include "catch.h"

#include <cmath>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

struct Cohort {
  Doubles time;
  Codes event;
  std::size_t n_cause = 2;
  Codes cluster = {};
  Doubles weight = {};
  Doubles entry = {};

  RiskTable table() const {
    return make_risk_table(timeline(), event, Codes(time.size(), 0), 1, weight, n_cause);
  }
  Timeline timeline() const { return make_timeline(time, Ties::exact, entry); }
  IncidenceResult clustered(IncidenceOptions options = {}) const {
    const Timeline line = timeline();
    const Codes group(time.size(), 0);
    int most = 0;
    for (int c : cluster)
      most = c > most ? c : most;
    const ClusteredRows rows{line, event, group, weight, cluster, static_cast<std::size_t>(most) + 1};
    return cumulative_incidence(make_risk_table(line, event, group, 1, weight, n_cause), options, &rows);
  }
};

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

// Two causes tied with each other, one tied with a censoring, lone ones of each kind.
const Cohort seven{{2, 2, 3, 3, 5, 7, 8}, {1, 2, 1, 0, 0, 2, 0}};

} // namespace

TEST_CASE("incidences of two causes by hand") {
  const auto fit = cumulative_incidence(seven.table());
  const double s[] = {5.0 / 7, 4.0 / 7, 4.0 / 7, 2.0 / 7, 2.0 / 7};
  const double f1[] = {1.0 / 7, 2.0 / 7, 2.0 / 7, 2.0 / 7, 2.0 / 7}; // + 5/7 * 1/5
  const double f2[] = {1.0 / 7, 1.0 / 7, 1.0 / 7, 3.0 / 7, 3.0 / 7}; // + 4/7 * 1/2
  for (std::size_t i = 0; i < 5; ++i) {
    INFO("row " << i);
    CHECK(fit.estimate[i] == s[i]);
    CHECK(fit.estimate[5 + i] == f1[i]);
    CHECK(fit.estimate[10 + i] == f2[i]);
  }
  CHECK(near(fit.cumhaz[1], 12.0 / 35));       // 1/7 + 1/5
  CHECK(near(fit.cumhaz[5 + 3], 9.0 / 14));    // 1/7 + 1/2
  CHECK(near(fit.one_minus_km[4], 11.0 / 35)); // 1 - 6/7 * 4/5
  CHECK(near(fit.one_minus_km[5 + 4], 4.0 / 7)); // 1 - 6/7 * 1/2
}

TEST_CASE("the two variances by hand") {
  IncidenceOptions options;
  const auto delta = cumulative_incidence(seven.table(), options);
  // Nobody censored before 3: binomial, 2/7 * 5/7 / 7.
  CHECK(near(delta.std_error[5 + 1], std::sqrt(10.0 / 343)));
  // Sum over times of [F - F_j]^2 d/(n (n - d)) + S^2 d_2 (n - d_2)/n^3 - 2 [F - F_j] S d_2/n^2:
  // (8 + 30 - 20)/1715 at 2, 7/1715 at 3, 70/1715 at 7.
  CHECK(near(delta.std_error[10 + 3], std::sqrt(19.0 / 343)));
  // Greenwood: S^2 (2/35 + 1/20)
  CHECK(near(delta.std_error[1], 4.0 / 7 * std::sqrt(3.0 / 28)));

  options.variance = IncidenceVariance::aalen;
  const auto aalen = cumulative_incidence(seven.table(), options);
  CHECK(near(aalen.std_error[5], 1.0 / 7)); // v(1) = 1/49
  // dF at 3 is dh_1 - 1/5 dh of time 2, and 5/7 dh_1 of time 3: 1/49 (1 - 2/5 + 2/25) + 25/49 * 1/25
  CHECK(near(aalen.std_error[5 + 1], std::sqrt(6.0 / 175)));
}

TEST_CASE("one cause alone: Kaplan-Meier and Greenwood") {
  const Cohort cohort{{1, 2, 2, 3, 4, 5, 5, 6, 8, 9}, {1, 0, 1, 1, 0, 1, 1, 0, 1, 0}, 1};
  const auto fit = cumulative_incidence(cohort.table());
  const auto km = kaplan_meier(cohort.table());
  const std::size_t rows = km.estimate.size();
  for (std::size_t i = 0; i < rows; ++i) {
    CHECK(near(fit.estimate[i], km.estimate[i]));
    CHECK(near(fit.estimate[rows + i], 1.0 - km.estimate[i]));
    CHECK(near(fit.one_minus_km[i], 1.0 - km.estimate[i]));
    CHECK(near(fit.std_error[i], km.std_error[i]));
    CHECK(near(fit.std_error[rows + i], km.std_error[i]));
  }
}

TEST_CASE("the five intervals of F = 1/2 by hand") {
  // Four rows, two have cause 1: F = 1/2, variance 1/16; the others are under observation until 9.
  const Cohort cohort{{1, 2, 9, 9}, {1, 1, 0, 0}};
  const double z = 1.9599639845400538556, half = z / 4.0; // the 97.5% point, 50-digit arithmetic
  const auto limits = [&](IncidenceScale scale) {
    IncidenceOptions options;
    options.conf_type = scale;
    const auto fit = cumulative_incidence(cohort.table(), options);
    CHECK(near(fit.estimate[3 + 1], 0.5));
    return std::pair<double, double>(fit.conf_low[3 + 1], fit.conf_high[3 + 1]);
  };
  CHECK(near(limits(IncidenceScale::plain).first, 0.5 - half));
  CHECK(near(limits(IncidenceScale::plain).second, 0.5 + half));
  CHECK(near(limits(IncidenceScale::log).first, 0.5 * std::exp(-2.0 * half)));
  CHECK(limits(IncidenceScale::log).second == 1.0); // 0.5 exp(2 half) > 1
  // F ^ exp(-+ z se / (F log F))
  const double width = half / (0.5 * std::log(2.0));
  CHECK(near(limits(IncidenceScale::log_log).first, std::pow(0.5, std::exp(width))));
  CHECK(near(limits(IncidenceScale::log_log).second, std::pow(0.5, std::exp(-width))));
  CHECK(near(limits(IncidenceScale::logit).first, 1.0 / (1.0 + std::exp(4.0 * half)))); // logit 0 -+ z se / (1/4)
  CHECK(near(limits(IncidenceScale::logit).second, 1.0 / (1.0 + std::exp(-4.0 * half))));
  // sin(pi/4 -+ z se)^2 = (1 -+ sin(2 z se)) / 2
  CHECK(near(limits(IncidenceScale::arcsin).first, 0.5 * (1.0 - std::sin(2.0 * half))));
  CHECK(near(limits(IncidenceScale::arcsin).second, 0.5 * (1.0 + std::sin(2.0 * half))));
}

TEST_CASE("a cause without events has Clopper and Pearson's limit while nobody is censored") {
  // Ten die of cause 1, none of cause 2: 0 of 10 at each time, 1 - 0.025 ^ (1/10).
  const Cohort cohort{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Codes(10, 1)};
  const auto fit = cumulative_incidence(cohort.table());
  const double limit = 1.0 - std::pow(0.025, 0.1);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(fit.estimate[20 + i] == 0.0);
    CHECK(fit.conf_low[20 + i] == 0.0);
    CHECK(near(fit.conf_high[20 + i], limit));
  }
  // All had cause 1: 10 of 10, and S = 0.
  CHECK(fit.estimate[10 + 9] == 1.0);
  CHECK(near(fit.conf_low[10 + 9], std::pow(0.025, 0.1)));
  CHECK(fit.conf_high[10 + 9] == 1.0);
  CHECK(near(fit.conf_high[9], limit));
}

TEST_CASE("limits without events use those still observed, up to the next row") {
  // 100 leave at 1, one is seen until 60: in between that one alone counts.
  Cohort cohort{Doubles(100, 1.0), Codes(100, 0)};
  cohort.time.push_back(60);
  cohort.event.push_back(0);
  const auto fit = cumulative_incidence(cohort.table());
  CHECK(near(fit.conf_high[2], 0.975));
  CHECK(near(fit.conf_high[3], 0.975));
  CHECK(near(fit.conf_low[0], 0.025)); // of S = 1
  CHECK(fit.conf_high[0] == 1.0);
}

TEST_CASE("limits without events count no more than all subjects, none after S = 0, and clusters for rows") {
  const auto of = [](double m) { return 1.0 - std::pow(0.025, 1.0 / m); };
  // S = 1/2 at 1, then eight enter: at 2 eight stay, which 8 / S makes 16, more than the ten there are.
  Cohort late{{1, 3, 2}, {1, 0, 0}, 2, {}, {}, {0, 0, 1.5}};
  for (int i = 0; i < 7; ++i) {
    late.time.push_back(3);
    late.event.push_back(0);
    late.entry.push_back(1.5);
  }
  auto fit = cumulative_incidence(late.table());
  CHECK(near(fit.conf_high[6 + 0], of(2)));
  CHECK(near(fit.conf_high[6 + 1], of(10)));
  // S = 0 at 1 with one subject; who enters later adds nothing to it.
  fit = cumulative_incidence(Cohort{{1, 3}, {1, 0}, 2, {}, {}, {0, 2}}.table());
  CHECK(near(fit.conf_high[4 + 0], of(1)));
  CHECK(near(fit.conf_high[4 + 1], of(1)));
  // One of four has cause 1, 3 / (3/4) = 4 without cause 2; in two clusters they are two.
  fit = Cohort{{1, 2, 3, 4}, {1, 0, 0, 0}, 2, {0, 0, 1, 1}}.clustered();
  CHECK(near(fit.conf_high[8 + 0], of(2)));
}

TEST_CASE("the variance between clusters by hand") {
  // No censoring: the influence of a cluster on F is the sum over its rows of (had the event - F) / n.
  const Cohort cohort{{1, 2, 3, 4, 5, 6}, {1, 1, 1, 2, 2, 2}, 2, {0, 0, 1, 1, 2, 2}};
  const auto fit = cohort.clustered();
  CHECK(fit.estimate[6 + 5] == 0.5);
  CHECK(near(fit.std_error[6 + 5], std::sqrt(2.0) / 6)); // 1/6, 0, -1/6
  CHECK(near(fit.std_error[12 + 5], std::sqrt(2.0) / 6));
  CHECK(near(fit.std_error[6], std::sqrt(4.0 * 4 + 2 * 2 + 2 * 2) / 36)); // F = 1/6: 4/36, -2/36, -2/36
  CHECK(fit.std_error[5] == 0.0);                                         // S = 0
  // Each row for itself: the multinomial variance.
  Cohort alone = seven;
  alone.cluster = {0, 1, 2, 3, 4, 5, 6};
  const auto robust = alone.clustered(), delta = cumulative_incidence(seven.table());
  for (std::size_t i = 0; i < delta.std_error.size(); ++i)
    CHECK(near(robust.std_error[i], delta.std_error[i]));
}

TEST_CASE("sums of squares over clusters are those of their influences, recomputed one by one") {
  // Delayed entries, weights, ties, clusters of several sizes. The influence of each row follows the recursion
  // U_S <- U_S (1 - h) - S (dN - Y h)/n, U_k <- U_k + U_S h_k + S (dN_k - Y h_k)/n.
  const Cohort cohort{{3, 5, 5, 6, 7, 7, 8, 9, 9, 11, 12, 12}, {1, 2, 1, 0, 2, 0, 1, 1, 2, 0, 2, 0},
                      2,
                      {0, 0, 1, 2, 2, 2, 1, 3, 0, 3, 1, 4},
                      {1, 2, 0.5, 1, 1, 3, 1, 0.25, 1, 1, 2, 1},
                      {0, 0, 1, 0, 3, 0, 5, 2, 0, 6, 7, 0}};
  const auto table = cohort.table();
  const auto fit = cohort.clustered();
  const std::size_t rows = table.rows(), n = cohort.time.size();
  std::vector<Doubles> u(n, Doubles(3, 0.0)); // of S, F1, F2
  double s = 1.0;
  for (std::size_t i = 0; i < rows; ++i) {
    const double at_risk = table.n_risk[i], h = table.n_event[i] / at_risk;
    for (std::size_t r = 0; r < n; ++r) {
      const bool there = cohort.entry[r] < table.time[i] && table.time[i] <= cohort.time[r];
      const int event = cohort.time[r] == table.time[i] ? cohort.event[r] : 0;
      const double before = u[r][0];
      u[r][0] = before * (1.0 - h) - s * ((event > 0) - (there ? h : 0.0)) / at_risk;
      for (std::size_t k = 1; k <= 2; ++k) {
        const double h_k = table.events_of(k)[i] / at_risk;
        u[r][k] += before * h_k + s * ((event == static_cast<int>(k)) - (there ? h_k : 0.0)) / at_risk;
      }
    }
    s *= 1.0 - h;
    for (std::size_t state = 0; state <= 2; ++state) {
      double sum = 0.0;
      for (int c = 0; c < 5; ++c) {
        double own = 0.0;
        for (std::size_t r = 0; r < n; ++r)
          own += cohort.cluster[r] == c ? cohort.weight[r] * u[r][state] : 0.0;
        sum += own * own;
      }
      INFO("row " << i << ", state " << state);
      CHECK(near(fit.std_error[state * rows + i], std::sqrt(sum)));
    }
  }
}

TEST_CASE("one cluster alone has no standard error") {
  Cohort cohort = seven;
  cohort.cluster = Codes(7, 0);
  const auto fit = cohort.clustered();
  CHECK(std::isnan(fit.std_error[5]));
  CHECK(std::isnan(fit.conf_low[5]));
  CHECK(std::isnan(fit.conf_high[5]));
}

TEST_CASE("a hundred thousand times leave no drift") {
  const std::size_t n = 100000;
  Cohort cohort{Doubles(n), Codes(n), 3};
  for (std::size_t i = 0; i < n; ++i) {
    cohort.time[i] = static_cast<double>(i);
    cohort.event[i] = static_cast<int>((i * 7919) % 4);
  }
  cohort.event[n - 1] = 0;
  const auto table = cohort.table();
  const auto fit = cumulative_incidence(table);
  double worst = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t state = 0; state <= 3; ++state)
      sum += fit.estimate[state * n + i];
    worst = std::fmax(worst, std::fabs(sum - 1.0));
  }
  CHECK(worst <= 4.5e-16); // the rounding of four numbers
  // Each row for itself: the infinitesimal jackknife is the multinomial variance, to the last digits after 1e5 steps.
  cohort.cluster.resize(n);
  for (std::size_t i = 0; i < n; ++i)
    cohort.cluster[i] = static_cast<int>(i);
  const auto robust = cohort.clustered();
  double apart = 0.0;
  for (std::size_t i = 0; i < 4 * n; ++i)
    if (fit.std_error[i] > 0.0)
      apart = std::fmax(apart, std::fabs(robust.std_error[i] / fit.std_error[i] - 1.0));
  CHECK(apart < 1e-12);
}

TEST_CASE("a poll is asked once in a stretch of rows, and may end the work") {
  const std::size_t n = 4 * PollRows::stretch;
  Cohort cohort{Doubles(n), Codes(n), 2};
  for (std::size_t i = 0; i < n; ++i) {
    cohort.time[i] = static_cast<double>((i * 7919) % n);
    cohort.event[i] = static_cast<int>(i % 3);
  }
  const Timeline line = cohort.timeline();
  const Codes group(n, 0);
  Codes cluster(n);
  for (std::size_t i = 0; i < n; ++i)
    cluster[i] = static_cast<int>(i / 2);
  const ClusteredRows rows{line, cohort.event, group, {}, cluster, n / 2};
  const auto table = cohort.table();
  const auto asked_by = [](auto work) {
    std::size_t asked = 0;
    work(Poll([&](double) { ++asked; }));
    CHECK_THROWS_AS(work(Poll([](double) { throw input_error("stop"); })), input_error);
    return asked;
  };
  // Each row is met at least once on the way to the estimates and once for each of the three states.
  CHECK(asked_by([&](const Poll& poll) { cumulative_incidence(table, {}, nullptr, poll); }) >= 4 * 4);
  CHECK(asked_by([&](const Poll& poll) { incidence_between_clusters(table, rows, poll); }) >= 5 * 4);
  CHECK(asked_by([&](const Poll& poll) { make_timeline(cohort.time, Ties::near, {}, poll); }) >= 2 * 4);
  CHECK(asked_by([&](const Poll& poll) { make_risk_table(line, cohort.event, group, 1, {}, 2, poll); }) >= 3 * 4);
}

TEST_CASE("what does not fit is refused") {
  CHECK(cumulative_incidence(make_risk_table(make_timeline({}, Ties::exact), {}, {}, 1, {}, 2)).estimate.empty());
  for (double level : {0.0, 1.0, std::nan("")}) {
    IncidenceOptions options;
    options.conf_level = level;
    CHECK_THROWS_AS(cumulative_incidence(seven.table(), options), input_error);
  }
  Cohort cohort = seven;
  cohort.cluster = {0, 1, 2};
  CHECK_THROWS_AS(cohort.clustered(), input_error);
  cohort.cluster = {0, 1, 2, 3, 4, 5, -1};
  CHECK_THROWS_AS(cohort.clustered(), input_error);
}
