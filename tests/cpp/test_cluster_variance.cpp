#include "cryonodes/cluster_variance.hpp"

#include "catch.h"

#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

struct Cohort {
  Doubles time, entry, weight;
  Codes event, group, cluster;
  std::size_t n_group, n_cluster;
};

Cohort random_cohort(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  Cohort c;
  c.n_group = 1 + below(3);
  const unsigned n = 1 + below(60);
  c.n_cluster = 1 + below(n);
  for (unsigned i = 0; i < n; ++i) {
    c.time.push_back(seed % 2 ? 1.0 + below(12) : 1.0 + 1e-6 * below(20000000));
    if (seed % 3 == 0)
      c.entry.push_back(c.time.back() * (0.9 * below(100) / 100.0));
    if (seed % 4 == 0)
      c.weight.push_back(seed % 8 ? below(4) : std::pow(10.0, static_cast<double>(below(6)) - 3.0));
    c.event.push_back(below(3) > 0);
    c.group.push_back(static_cast<int>(below(static_cast<unsigned>(c.n_group))));
    c.cluster.push_back(static_cast<int>(below(static_cast<unsigned>(c.n_cluster))));
  }
  return c;
}

// The definition, term by term: every row at risk at every time, no running sums.
void naive(const Cohort& c, const Timeline& timeline, const RiskTable& table, std::size_t g, std::size_t row,
           double& log_survival, double& cumhaz) {
  std::map<int, double> survival, hazard;
  for (std::size_t i = 0; i < c.time.size(); ++i) {
    if (c.group[i] != static_cast<int>(g))
      continue;
    double s = 0.0, h = 0.0;
    for (std::size_t j = table.first[g]; j <= row; ++j) {
      const bool entered = timeline.entry_id.empty() || timeline.entry_id[i] < table.time_id[j];
      if (!entered || timeline.exit_id[i] < table.time_id[j])
        continue;
      const double d = table.n_event[j], n = table.n_risk[j];
      if (d > 0.0) {
        s -= d / (n * (n - d));
        h -= d / (n * n);
      }
      if (timeline.exit_id[i] == table.time_id[j] && c.event[i]) {
        s += 1.0 / (n - d);
        h += 1.0 / n;
      }
    }
    const double w = c.weight.empty() ? 1.0 : c.weight[i];
    survival[c.cluster[i]] += w * s;
    hazard[c.cluster[i]] += w * h;
  }
  log_survival = cumhaz = 0.0;
  for (const auto& x : survival)
    log_survival += x.second * x.second;
  for (const auto& x : hazard)
    cumhaz += x.second * x.second;
}

} // namespace

TEST_CASE("clustered variance of two pairs, by hand") {
  // Patient A has the deaths at 1 and 3, B the death at 2 and a censoring at 4.
  const Doubles time = {1, 3, 2, 4};
  const Codes event = {1, 1, 1, 0}, group = {0, 0, 0, 0}, cluster = {0, 0, 1, 1};
  const auto timeline = make_timeline(time, Ties::exact);
  const auto table = make_risk_table(timeline, event, group, 1);
  const auto v = cluster_variance(timeline, table, event, group, cluster, 2);
  // n = 4, 3, 2, 1. Terms of log S: e = 1/3, 1/2, 1; g = 1/12, 1/6, 1/2.
  // A at 1: 1/3 - 2/12 = 1/6; B: -2/12. At 2: A 1/6 - 1/6 = 0; B -1/6 + 1/2 - 2/6 = 0: they cancel.
  // At 3: A 0 + 1 - 1/2 = 1/2, B -1/2; at 4 as at 3.
  const double log_survival[] = {2.0 / 36, 0.0, 0.5, 0.5};
  // Nelson-Aalen: e = 1/4, 1/3, 1/2; g = 1/16, 1/9, 1/4. A at 1: 1/4 - 1/8 = 1/8, B -1/8; at 2: A 1/8 - 1/9 = 1/72,
  // B -1/8 + 1/3 - 2/9 = -1/72; at 3: A 1/72 + 1/2 - 1/4 = 19/72, B -19/72.
  const double cumhaz[] = {2.0 / 64, 2.0 / 5184, 2.0 * 361 / 5184, 2.0 * 361 / 5184};
  const double at_risk[] = {2, 2, 2, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    INFO("row " << i);
    CHECK(near(v.log_survival[i], log_survival[i]));
    CHECK(near(v.cumhaz[i], cumhaz[i]));
    CHECK(v.n_cluster[i] == at_risk[i]);
  }
  CHECK(v.log_survival[1] == 0.0); // no rounding error is left for a standard error
  CHECK(v.clusters == Doubles{2.0});
}

TEST_CASE("without censoring and ties, rows of their own have variance S (1 - S) / n") {
  const Doubles time = {1, 2, 3, 4, 5};
  const Codes event(5, 1), group(5, 0), cluster = {0, 1, 2, 3, 4};
  const auto timeline = make_timeline(time, Ties::exact);
  const auto table = make_risk_table(timeline, event, group, 1);
  const auto v = cluster_variance(timeline, table, event, group, cluster, 5);
  for (std::size_t i = 0; i < 4; ++i) {
    const double s = 1.0 - 0.2 * static_cast<double>(i + 1);
    CHECK(near(v.log_survival[i] * s * s, s * (1 - s) / 5));
  }
  CHECK(std::isnan(v.log_survival[4])); // S = 0
}

TEST_CASE("running sums agree with the definition, whatever ties, entries, weights and groups") {
  std::size_t compared = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const Cohort c = random_cohort(seed);
    const auto timeline = make_timeline(c.time, Ties::near, c.entry);
    const auto table = make_risk_table(timeline, c.event, c.group, c.n_group, c.weight);
    const auto v = cluster_variance(timeline, table, c.event, c.group, c.cluster, c.n_cluster, c.weight);
    const auto fit = kaplan_meier(table);
    for (std::size_t g = 0; g < c.n_group; ++g)
      for (std::size_t row = table.first[g]; row < table.first[g + 1]; ++row) {
        INFO("seed " << seed << ", row " << row);
        double s = 0.0, h = 0.0;
        naive(c, timeline, table, g, row, s, h);
        if (v.clusters[g] < 2.0) {
          CHECK(std::isnan(v.cumhaz[row]));
          continue;
        }
        // A light row before late heavy ones costs as many digits as the weights are apart.
        const double tolerance = seed % 8 ? 1e-12 : 1e-9;
        CHECK(std::fabs(v.cumhaz[row] - h) <= tolerance * h + 1e-14 * fit.std_chaz[row] * fit.std_chaz[row]);
        CHECK(std::isnan(v.log_survival[row]) == (fit.estimate[row] == 0.0));
        if (fit.estimate[row] > 0.0)
          CHECK(std::fabs(v.log_survival[row] - s) <=
                tolerance * s + 1e-14 * fit.std_error_log[row] * fit.std_error_log[row]);
        ++compared;
      }
  }
  CHECK(compared > 5000);
}

TEST_CASE("a late entry into a long curve loses no digits") {
  // 2000 rows leave one by one and 40 enter near the end: their settled and common parts nearly cancel.
  Cohort c;
  for (int i = 0; i < 2040; ++i) {
    const bool late = i >= 2000;
    c.time.push_back(late ? 2000.0 + 3.0 * (i - 2000) : i + 1.0);
    c.entry.push_back(late ? 1990.0 : 0.0);
    c.event.push_back(i % 5 > 0);
    c.group.push_back(0);
    c.cluster.push_back(i % 700);
  }
  c.n_group = 1;
  const auto timeline = make_timeline(c.time, Ties::near, c.entry);
  const auto table = make_risk_table(timeline, c.event, c.group, 1);
  const auto v = cluster_variance(timeline, table, c.event, c.group, c.cluster, 700);
  for (std::size_t row : {std::size_t{100}, std::size_t{1000}, table.rows() - 30, table.rows() - 5}) {
    double s = 0.0, h = 0.0;
    naive(c, timeline, table, 0, row, s, h);
    CHECK(near(v.log_survival[row] / s, 1.0, 1e-12));
    CHECK(near(v.cumhaz[row] / h, 1.0, 1e-12));
  }
}

TEST_CASE("codes that do not fit are refused") {
  const Doubles time = {1, 2};
  const Codes event = {1, 0}, group = {0, 0};
  const auto timeline = make_timeline(time, Ties::exact);
  const auto table = make_risk_table(timeline, event, group, 1);
  CHECK_THROWS_AS(cluster_variance(timeline, table, event, group, Codes{0, 2}, 2), input_error);
  CHECK_THROWS_AS(cluster_variance(timeline, table, event, group, Codes{0, -1}, 2), input_error);
  CHECK_THROWS_AS(cluster_variance(timeline, table, event, group, Codes{0}, 2), input_error);
  CHECK_THROWS_AS(cluster_variance(timeline, table, event, Codes{0, 1}, Codes{0, 1}, 2), input_error);
}

TEST_CASE("beta and Student quantiles where they are known") {
  // Beta(a, 1): x^a; Beta(1, b): 1 - (1 - x)^b; Beta(1/2, 1/2): sin^2(pi p / 2).
  const double half_pi = std::acos(0.0);
  for (double p : {1e-10, 0.025, 0.3, 0.5, 0.975})
    for (double a : {0.01, 0.5, 1.0, 7.5, 300.0}) {
      INFO(p << " " << a);
      CHECK(near(beta_quantile(p, Tail::lower, {a, 1.0}), std::pow(p, 1.0 / a), 1e-12));
      CHECK(near(beta_quantile(p, Tail::lower, {1.0, a}), -std::expm1(std::log1p(-p) / a), 1e-12));
      CHECK(near(beta_quantile(p, Tail::upper, {a, 1.0}), std::exp(std::log1p(-p) / a), 1e-12));
      CHECK(near(beta_quantile(p, Tail::lower, {0.5, 0.5}), std::pow(std::sin(half_pi * p), 2), 1e-12));
    }
  CHECK(near(detail::student_square(0.05, 1.0), 1.0 / std::pow(std::tan(half_pi * 0.05), 2), 1e-10));
  // df = 2: t^2 = 2 (1 - alpha)^2 / (1 - (1 - alpha)^2)
  CHECK(near(detail::student_square(0.05, 2.0), 2 * 0.9025 / 0.0975, 1e-10));
  CHECK(std::isinf(detail::student_square(0.05, 0.0)));
}

TEST_CASE("limits of a share: Clopper & Pearson, and an effective sample of nothing") {
  CHECK(near(clopper_pearson(1.0, 10.0, 0.95).low, std::pow(0.025, 0.1), 1e-12));
  CHECK(clopper_pearson(1.0, 10.0, 0.95).high == 1.0);
  CHECK(near(clopper_pearson(0.0, 10.0, 0.95).high, 1.0 - std::pow(0.025, 0.1), 1e-12));
  // 5 of 10, as in the tables: 0.1871 to 0.8129
  CHECK(std::fabs(clopper_pearson(0.5, 10.0, 0.95).low - 0.1871) < 5e-5);  // four printed decimals
  CHECK(std::fabs(clopper_pearson(0.5, 10.0, 0.95).high - 0.8129) < 5e-5); // four printed decimals
  CHECK(clopper_pearson(0.5, 0.0, 0.95).low == 0.0);
  CHECK(clopper_pearson(0.5, 0.0, 0.95).high == 1.0);
}

TEST_CASE("limits of clustered rows by hand: four rows in three clusters") {
  // Times 1 (censored), 2 (censored), 3 (event of 2), 4: S = 1, 1, 1/2. Student's t of 3 degrees of freedom for the
  // rows, and of 2 for the clusters: t^2 = 2 (1 - alpha)^2 / (1 - (1 - alpha)^2).
  const std::vector<double> time{1, 2, 3, 4};
  const Codes event{0, 0, 1, 0}, group(4, 0), cluster{0, 1, 2, 2};
  const auto timeline = make_timeline(time, Ties::exact);
  const auto table = make_risk_table(timeline, event, group, 1);
  const auto clusters = cluster_variance(timeline, table, event, group, cluster, 3);
  const double t2 = 2 * 0.9025 / 0.0975, t3 = std::pow(3.182446305283708, 2);
  const std::vector<double> s{1.0, 1.0, 0.5, 0.5}, greenwood{0.0, 0.0, std::sqrt(0.5), std::sqrt(0.5)};
  std::vector<double> low, high;
  for (double robust : {0.1, 0.5, 2.0}) {
    cluster_limits(table, clusters, s, greenwood, std::vector<double>{0.0, 0.0, robust, robust}, 0.95, low, high);
    // Three clusters are at risk at time 1, two at time 2: no event among so many.
    CHECK(near(low[0], std::cbrt(0.025), 1e-12));
    CHECK(near(low[1], std::sqrt(0.025), 1e-12));
    CHECK(high[0] == 1.0);
    // A robust variance below Greenwood's is not believed.
    const auto limits = clopper_pearson(0.5, t3 / t2 / std::max(0.5, robust), 0.95);
    CHECK(near(low[2], limits.low, 1e-10));   // t(3) as R prints it
    CHECK(near(high[2], limits.high, 1e-10)); // t(3) as R prints it
    // Where only S = 1 and S = 0 are asked for, the other rows keep what they have.
    std::vector<double> kept(4, -7.0), kept_high(4, -7.0);
    cluster_limits(table, clusters, s, greenwood, std::vector<double>{0.0, 0.0, robust, robust}, 0.95, kept, kept_high,
                   true);
    CHECK(kept == (std::vector<double>{low[0], low[1], -7.0, -7.0}));
    CHECK(kept_high == (std::vector<double>{high[0], high[1], -7.0, -7.0}));
  }
  // 1 of an effective 2 is Beta(1, 2): 1 - (1 - x)^2 = 0.025 below, and its mirror above.
  CHECK(near(clopper_pearson(0.5, 2.0, 0.95).low, 1.0 - std::sqrt(0.975), 1e-12));
  CHECK(near(clopper_pearson(0.5, 2.0, 0.95).high, std::sqrt(0.975), 1e-12));
}
