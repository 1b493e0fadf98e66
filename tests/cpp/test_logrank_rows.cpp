#include "cryonodes/logrank_rows.hpp"

#include "catch.h"

#include <cmath>
#include <random>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

bool near(double value, double truth, double tolerance = 1e-12) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

struct Cohort {
  Doubles time, entry;
  Codes event, cell, cluster;
  std::size_t k, n_stratum, n_cluster;

  Cohort(std::mt19937& random, bool late)
      : k(1 + random() % 4), n_stratum(1 + random() % 3), n_cluster(1 + random() % 9) {
    const std::size_t n = 2 + random() % 40;
    for (std::size_t i = 0; i < n; ++i) {
      time.push_back(1.0 + static_cast<double>(random() % 15));
      if (late)
        entry.push_back(time.back() - 1.0 - static_cast<double>(random() % 6));
      event.push_back(static_cast<int>(random() % 2));
      cell.push_back(static_cast<int>(random() % (k * n_stratum)));
      cluster.push_back(static_cast<int>(random() % n_cluster));
    }
  }
};

LogrankOptions any_weight(std::mt19937& random) {
  LogrankOptions options;
  options.weight = static_cast<TestWeight>(random() % 6);
  options.rho = 0.5;
  options.gamma = 1.0;
  return options;
}

} // namespace

TEST_CASE("the parts of four rows, by hand") {
  // Deaths at 1, 2, 4 and a censoring at 3: H = 1/4, 1/4 + 1/3 = 7/12, 7/12, 7/12 + 1.
  const Doubles time{1, 2, 3, 4};
  const Codes event{1, 1, 0, 1}, cell{0, 1, 0, 1};
  const auto timeline = make_timeline(time, Ties::exact);
  const TestRows rows{timeline, event, cell, 2, 1};
  const auto score = logrank_scores(rows, {});
  const double truth[] = {3.0 / 4, 5.0 / 12, -7.0 / 12, -7.0 / 12};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(near(score[i], truth[i], 1e-15));
  // Shares of group 0 at the deaths: 1/2, 1/3, 0. Each row a cluster; e of group 0:
  // 1 - 1/2 - 1/4 (1 - 1/2) = 3/8;  -1/3 + 1/4 / 2 + 1/3 / 3 = -7/72;
  // -(1/4)(1/2) - (1/3)(2/3) = -25/72;  0 + 1/8 + 1/9 = 17/72
  const auto v = clustered_covariance(rows, Codes{0, 1, 2, 3}, 4, {}).covariance;
  const double truth_v = (27.0 * 27 + 7 * 7 + 25 * 25 + 17 * 17) / (72.0 * 72);
  CHECK(near(v[0], truth_v, 1e-14));
  CHECK(near(v[3], truth_v, 1e-14));
  CHECK(near(v[1], -truth_v, 1e-14));
  // Of one cluster, e is the whole score: 3/8 - 7/72 - 25/72 + 17/72 = 1/6.
  CHECK(near(clustered_covariance(rows, Codes(4, 0), 1, {}).covariance[0], 1.0 / 36, 1e-14));
}

TEST_CASE("the rows' parts add up to the scores of the groups, for every weight, with strata and delayed entry") {
  std::mt19937 random(1978);
  for (int round = 0; round < 400; ++round) {
    const Cohort c(random, round % 2 == 1);
    const auto options = any_weight(random);
    const auto timeline = make_timeline(c.time, Ties::exact, c.entry);
    const auto table = make_risk_table(timeline, c.event, c.cell, c.k * c.n_stratum, {}, 1, {}, EntryRows::kept);
    const auto fit = logrank(table, c.k, options);
    const auto score = logrank_scores({timeline, c.event, c.cell, c.k, c.n_stratum}, options);
    Doubles sums(c.k);
    for (std::size_t i = 0; i < score.size(); ++i)
      sums[static_cast<std::size_t>(c.cell[i]) % c.k] += score[i];
    for (std::size_t g = 0; g < c.k; ++g)
      REQUIRE(near(sums[g], fit.score[g]));
  }
}

TEST_CASE("all rows of one cluster: the covariance is the square of the scores") {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const Cohort c(random, round % 2 == 1);
    const auto options = any_weight(random);
    const auto timeline = make_timeline(c.time, Ties::exact, c.entry);
    const auto table = make_risk_table(timeline, c.event, c.cell, c.k * c.n_stratum, {}, 1, {}, EntryRows::kept);
    const auto fit = logrank(table, c.k, options);
    const TestRows rows{timeline, c.event, c.cell, c.k, c.n_stratum};
    const auto v = clustered_covariance(rows, Codes(c.time.size(), 0), 1, options).covariance;
    const auto some = clustered_covariance(rows, c.cluster, c.n_cluster, options).covariance;
    for (std::size_t i = 0; i < c.k; ++i) {
      double row = 0.0;
      for (std::size_t j = 0; j < c.k; ++j) {
        REQUIRE(near(v[i * c.k + j], fit.score[i] * fit.score[j], 1e-10)); // sums of other terms
        REQUIRE(some[i * c.k + j] == some[j * c.k + i]);
        row += some[i * c.k + j];
      }
      REQUIRE(std::fabs(row) <= 1e-10 * (1.0 + some[i * c.k + i]));
    }
  }
}

TEST_CASE("clusters that are gone before the first event have no part") {
  const Doubles time{5, 6, 7, 1, 2};
  const Codes event{1, 1, 0, 0, 0}, cell{0, 1, 0, 1, 0};
  const auto timeline = make_timeline(time, Ties::exact);
  CHECK(clustered_covariance({timeline, event, cell, 2, 1}, Codes{0, 0, 1, 2, 3}, 4, {}).n_part == 2);
  CHECK(clustered_covariance({timeline, event, cell, 2, 1}, Codes{0, 1, 2, 3, 4}, 5, {}).n_part == 3);
}

TEST_CASE("a cluster code that is none is refused") {
  const Doubles time{1, 2};
  const Codes event{1, 1}, cell{0, 1};
  const auto timeline = make_timeline(time, Ties::exact);
  const TestRows rows{timeline, event, cell, 2, 1};
  CHECK_THROWS_AS(clustered_covariance(rows, Codes{0, 2}, 2, {}), input_error);
  CHECK_THROWS_AS(clustered_covariance(rows, Codes{0}, 2, {}), input_error);
}
