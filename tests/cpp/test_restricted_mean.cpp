#include "cryonodes/restricted_mean.hpp"

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

constexpr double z = 1.9599639845400538556; // the 97.5% point, 50-digit arithmetic

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

struct Cohort {
  Doubles time;
  Codes event, group, cluster;
  Doubles weight, entry;

  RestrictedMeanResult fit(double tau) const {
    const Timeline timeline = make_timeline(time, Ties::exact, entry);
    const Codes code = group.empty() ? Codes(time.size(), 0) : group;
    const std::size_t n_group = group.empty() ? 1 : 2;
    const RiskTable table = make_risk_table(timeline, event, code, n_group, weight);
    RestrictedMeanOptions options;
    const Falls falls = falls_of(table);
    options.tau = choose_tau(falls, tau, largest_tau(falls));
    if (cluster.empty())
      return restricted_mean(falls_of(table), options);
    const ClusteredRows rows{timeline, event, code, weight, cluster, 10};
    return restricted_mean(falls_of(table), options, &table, &rows);
  }
};

const Cohort seven{{2, 2, 3, 3, 5, 7, 8}, {1, 1, 1, 0, 0, 1, 0}, {}, {}, {}, {}};

} // namespace

TEST_CASE("the area under a curve and its variance, by hand") {
  // S = 1, 5/7 from 2, 4/7 from 3, 2/7 from 7 to 8. Area 2 + 5/7 + 4 * 4/7 + 2/7 = 37/7.
  // After 2: 23/7; after 3: 18/7; after 7: 2/7.
  // Variance ((23/7)^2 2/(7 5) + (18/7)^2 /(5 4) + (2/7)^2 /(2 1)) = 339/343.
  const auto whole = seven.fit(std::nan(""));
  CHECK(near(whole.group[0].estimate, 37.0 / 7));
  CHECK(near(whole.group[0].std_error, std::sqrt(339.0 / 343)));
  CHECK(near(whole.group[0].lost, 19.0 / 7));
  CHECK(near(whole.group[0].conf_low, 37.0 / 7 - z * std::sqrt(339.0 / 343)));
  CHECK(near(whole.group[0].conf_high, 37.0 / 7 + z * std::sqrt(339.0 / 343)));
  CHECK(near(whole.group[0].lost_conf_high, 19.0 / 7 + z * std::sqrt(339.0 / 343)));
  CHECK(whole.group[0].n_event == 4);
  // To 4: 2 + 5/7 + 4/7 = 23/7; after 2: 9/7; after 3: 4/7; ((9/7)^2 2/35 + (4/7)^2 / 20) = 38/343.
  const auto to_four = seven.fit(4);
  CHECK(near(to_four.group[0].estimate, 23.0 / 7));
  CHECK(near(to_four.group[0].std_error, std::sqrt(38.0 / 343)));
  CHECK(near(to_four.group[0].conf_high, 23.0 / 7 + z * std::sqrt(38.0 / 343)));
  CHECK(to_four.group[0].n_event == 3);
  // An event at tau counts as an event and moves nothing.
  CHECK(seven.fit(7).group[0].n_event == 4);
  CHECK(near(seven.fit(7).group[0].estimate, 5.0));
}

TEST_CASE("difference and ratios of two groups, by hand") {
  // The other group: S = 1/2 from 1; to 4 the area is 5/2, after 1 it is 3/2, variance 9/4 / (2 1) = 9/8.
  Cohort two = seven;
  two.time.insert(two.time.end(), {1, 4});
  two.event.insert(two.event.end(), {1, 0});
  two.group = {0, 0, 0, 0, 0, 0, 0, 1, 1};
  const auto fit = two.fit(4);
  CHECK(near(fit.difference[0].estimate, -11.0 / 14)); // 5/2 - 23/7
  const double se = std::sqrt(9.0 / 8 + 38.0 / 343);
  CHECK(near(fit.difference[0].std_error, se));
  CHECK(near(fit.difference[0].conf_low, -11.0 / 14 - z * se));
  CHECK(near(fit.difference[0].statistic, -11.0 / 14 / se));
  CHECK(near(std::exp(fit.difference[0].log_p_value), std::erfc(11.0 / 14 / se / std::sqrt(2.0))));
  CHECK(near(fit.ratio[0].estimate, 35.0 / 46)); // 5/2 * 7/23
  const double se_log = std::sqrt(9.0 / 50 + 38.0 / 3703); // 9/8 / (25/4); 38/343 / (529/49)
  CHECK(near(fit.ratio[0].std_error, se_log));
  CHECK(near(fit.ratio[0].conf_high, 35.0 / 46 * std::exp(z * se_log)));
  // Lost 3/2 and 5/7.
  CHECK(near(fit.lost_ratio[0].estimate, 21.0 / 10));
  CHECK(near(fit.lost_ratio[0].std_error, std::sqrt(9.0 / 8 * 4 / 9 + 38.0 / 343 * 49 / 25)));
  // No difference is larger than tau: 3.95 - 2.05 with the standard error of 1.95^2 / 2 + 0.05^2 / 2 goes beyond 4.
  const Cohort far{{0.1, 4, 3.9, 4}, {1, 0, 1, 0}, {0, 0, 1, 1}, {}, {}, {}};
  CHECK(near(far.fit(4).difference[0].estimate, 1.9));
  CHECK(far.fit(4).difference[0].conf_high == 4.0);
  // The default ends where the shorter follow-up does.
  CHECK(two.fit(std::nan("")).group[1].estimate == fit.group[1].estimate);
}

TEST_CASE("rows of one patient count together, by hand") {
  // Times 1, 2 with events, 3 without: S = 2/3, 1/3, area 2. Influences (t - 2) / 3 = -1/3, 0, 1/3.
  Cohort three{{1, 2, 3}, {1, 1, 0}, {}, {0, 1, 2}, {}, {}};
  CHECK(near(three.fit(3).group[0].std_error, std::sqrt(2.0 / 9)));
  three.cluster = {0, 0, 1};
  CHECK(near(three.fit(3).group[0].std_error, std::sqrt(2.0 / 9))); // (-1/3)^2 + (1/3)^2
  three.cluster = {0, 1, 1};
  CHECK(near(three.fit(3).group[0].std_error, std::sqrt(2.0 / 9)));
  CHECK(three.fit(3).group[0].n_cluster == 2);
  // Two rows of one patient cancel and nothing is left: no interval.
  three.cluster = {0, 1, 0};
  CHECK(three.fit(3).group[0].std_error == 0.0);
  CHECK(std::isnan(three.fit(3).group[0].conf_low));
  three.cluster = {4, 4, 4};
  CHECK(three.fit(3).group[0].std_error == 0.0);
  CHECK(three.fit(3).group[0].n_cluster == 1);
  // Weight 2 is two rows of the patient: times 1, 1, 2, 3, influences (t - 7/4) / 4 = -3/16, -3/16, 1/16, 5/16.
  three.cluster = {0, 1, 2};
  three.weight = {2, 1, 1};
  CHECK(near(three.fit(3).group[0].std_error, std::sqrt(36.0 + 1.0 + 25.0) / 16));
}

TEST_CASE("delayed entry: influence counts from the entry, by hand") {
  // (0, 3] event, (2, 5] event, (3, 4] and (3, 6] censored: S = 1/2 from 3, 1/4 from 5; area to 6: 3 + 1 + 1/4.
  Cohort late{{3, 5, 4, 6}, {1, 1, 0, 0}, {}, {}, {}, {0, 2, 3, 3}};
  CHECK(near(late.fit(6).group[0].estimate, 17.0 / 4));
  // After 3: 5/4, after 5: 1/4; 25/16 / (2 1) + 1/16 / (2 1) = 13/16.
  CHECK(near(late.fit(6).group[0].std_error, std::sqrt(13.0 / 16)));
  // Running sums 5/8 at 3, 6/8 at 5. Influences 5/8 - 5/4, 6/8 - 1/4, 0, 6/8 - 5/8.
  late.cluster = {0, 1, 2, 3};
  CHECK(near(late.fit(6).group[0].std_error, std::sqrt(42.0) / 8));
  late.cluster = {0, 1, 2, 0};
  CHECK(near(late.fit(6).group[0].std_error, std::sqrt(16.0 + 16.0) / 8));
}

TEST_CASE("groups that share patients are compared by their joint influence, by hand") {
  Cohort shared{{1, 2, 3, 3, 2, 1}, {1, 1, 0, 0, 1, 1}, {0, 0, 0, 1, 1, 1}, {0, 1, 2, 0, 1, 2}, {}, {}};
  // Per patient -1/3, 0, 1/3 against 1/3, 0, -1/3: 2 (2/3)^2, twice what independent groups have.
  CHECK(near(shared.fit(3).difference[0].std_error, std::sqrt(8.0 / 9)));
  CHECK(shared.fit(3).difference[0].estimate == 0.0);
  CHECK(shared.fit(3).difference[0].log_p_value == 0.0);
  shared.cluster = {0, 1, 2, 3, 4, 5};
  CHECK(near(shared.fit(3).difference[0].std_error, std::sqrt(4.0 / 9)));
  // The same rows twice: the groups cannot differ.
  shared.cluster = {0, 1, 2, 2, 1, 0};
  CHECK(std::isnan(shared.fit(3).difference[0].std_error));
  CHECK(std::isnan(shared.fit(3).difference[0].log_p_value));
  CHECK(near(shared.fit(3).group[1].std_error, std::sqrt(2.0 / 9)));
}

TEST_CASE("without an event there is no interval, and no inference with that group") {
  Cohort none{{1, 2, 3, 4}, {0, 0, 1, 0}, {0, 0, 1, 1}, {}, {}, {}};
  const auto fit = none.fit(std::nan(""));
  CHECK(fit.group[0].estimate == 2.0);
  CHECK(fit.group[0].std_error == 0.0);
  CHECK(std::isnan(fit.group[0].conf_low));
  CHECK(std::isnan(fit.difference[0].log_p_value));
  CHECK(std::isnan(fit.lost_ratio[0].estimate));
  CHECK(near(fit.ratio[0].estimate, 1.0));
}

TEST_CASE("how far an area is known") {
  const auto limit = [](const Doubles& time, const Codes& event) {
    return largest_tau(falls_of(make_risk_table(make_timeline(time, Ties::exact), event, Codes(time.size(), 0), 1)))[0];
  };
  CHECK(limit({1, 2, 3}, {1, 1, 0}) == 3.0);
  CHECK(limit({1, 3, 3}, {1, 1, 0}) == 3.0);
  CHECK(std::isinf(limit({1, 2, 3}, {0, 0, 1})));
  CHECK(limit({}, {}) == 0.0);
  // The one there is dies at 2; who comes in at 3 has S = 0 from the start.
  const Timeline late = make_timeline(Doubles{2, 5}, Ties::exact, Doubles{0, 3});
  CHECK(std::isinf(largest_tau(falls_of(make_risk_table(late, Codes{1, 0}, Codes{0, 0}, 1)))[0]));
  // Beyond the last death the mean stays what it is.
  const Cohort dead{{1, 2, 6}, {1, 1, 1}, {}, {}, {}, {}};
  CHECK(near(dead.fit(std::nan("")).group[0].estimate, 3.0));
  CHECK(near(dead.fit(60).group[0].estimate, 3.0));
  CHECK(near(dead.fit(60).group[0].lost, 57.0));
  CHECK_THROWS_AS(seven.fit(8.1), input_error);
  CHECK_NOTHROW(seven.fit(8 * (1 + 1e-9)));
  for (double tau : {0.0, -1.0, std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(seven.fit(tau), input_error);
}

TEST_CASE("falls of rows in their order are those of the risk table") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const std::size_t n = seed % 41, n_group = 1 + seed % 4;
    Doubles time;
    Codes event, group;
    for (std::size_t i = 0; i < n; ++i) {
      // Fractions, near-ties, exact ties and 0; a group may be empty, its last row censored or not.
      const auto below = [&](unsigned m) { return static_cast<double>(random() % m); };
      const double t = below(8) / (seed % 2 == 0 ? 8.0 : 1.0) + (seed % 5 == 0 ? below(1000) / 7.0 : 0.0);
      time.push_back(t + (random() % 4U == 0 ? 1e-12 : 0.0));
      event.push_back(static_cast<int>(random() % 3U == 0));
      group.push_back(static_cast<int>(random() % (n_group + seed % 2) % n_group));
    }
    for (const Ties ties : {Ties::exact, Ties::near}) {
      const Timeline timeline = make_timeline(time, ties);
      const auto plain = falls_of(make_risk_table(timeline, event, group, n_group));
      OrderedRows rows(time, event, group, n_group, 1);
      REQUIRE(rows.fit());
      rows.order(time, event, group, ties, {}, 1);
      const auto falls = falls_of(std::move(rows));
      REQUIRE(falls.first == plain.first);
      REQUIRE(falls.time == plain.time);
      REQUIRE(falls.n_risk == plain.n_risk);
      REQUIRE(falls.n_event == plain.n_event);
      REQUIRE(falls.reaches_0 == plain.reaches_0);
      REQUIRE(rows.n_time_merged() == timeline.n_time_merged);
      OrderedRows again(time, event, group, n_group, 1);
      again.order(time, event, group, ties, {}, 1);
      const auto counted = falls_of(std::move(again).counted({}));
      REQUIRE(counted.first == plain.first);
      REQUIRE(counted.time == plain.time);
      REQUIRE(counted.n_risk == plain.n_risk);
      REQUIRE(counted.n_event == plain.n_event);
      REQUIRE(counted.reaches_0 == plain.reaches_0);
    }
  }
}

TEST_CASE("times near the ends of double precision neither overflow nor vanish") {
  // S = 2/3 from 1 to 10^308.
  const Cohort huge{{1e308, 1e308, 1}, {1, 1, 1}, {}, {0, 1, 2}, {}, {}};
  const auto fit = huge.fit(1e308);
  CHECK(near(fit.group[0].estimate / 1e308, 2.0 / 3));
  CHECK(near(fit.group[0].std_error / 1e308, std::sqrt(2.0 / 27))); // (2/3)^2 / (3 2)
  CHECK(std::isfinite(fit.group[0].conf_high));
  const Cohort tiny{{1e-300, 2e-300, 3e-300}, {1, 1, 0}, {}, {}, {}, {}};
  CHECK(near(tiny.fit(3e-300).group[0].estimate / 1e-300, 2.0));
  CHECK(near(tiny.fit(3e-300).group[0].std_error / 1e-300, std::sqrt(2.0 / 9)));
}

TEST_CASE("far apart groups have a finite log p-value") {
  Cohort apart;
  for (int i = 0; i < 4000; ++i) {
    apart.time.push_back((i % 2 == 0 ? 1.0 : 1000.0) + i * 1e-3);
    apart.event.push_back(1);
    apart.group.push_back(i % 2);
  }
  const auto fit = apart.fit(1004);
  CHECK(std::exp(fit.difference[0].log_p_value) == 0.0);
  CHECK(std::isfinite(fit.difference[0].log_p_value));
}

TEST_CASE("clusters that do not fit the rows are refused") {
  const Timeline timeline = make_timeline(Doubles{1, 2}, Ties::exact);
  const Codes event{1, 0}, group{0, 0}, short_cluster{0}, bad_cluster{0, 7};
  const RiskTable table = make_risk_table(timeline, event, group, 1);
  RestrictedMeanOptions options;
  options.tau = 2;
  for (const Codes& cluster : {short_cluster, bad_cluster}) {
    const ClusteredRows rows{timeline, event, group, {}, cluster, 2};
    CHECK_THROWS_AS(restricted_mean(falls_of(table), options, &table, &rows), input_error);
  }
  options.conf_level = 1.0;
  CHECK_THROWS_AS(restricted_mean(falls_of(table), options), input_error);
}

TEST_CASE("an area is asked for as far as largest_tau() says, whatever S has come to by rounding") {
  Falls falls; // S sinks below the smallest double, but somebody is left each time
  for (int k = 0; k < 41; ++k) {
    falls.time.push_back(k + 1.0);
    falls.n_risk.push_back(1e10);
    falls.n_event.push_back(k < 40 ? 1e10 - 1.0 : 0.0);
  }
  falls.first = {0, falls.time.size()};
  falls.reaches_0 = {0};
  RestrictedMeanOptions options;
  CHECK(largest_tau(falls)[0] == 41.0);
  options.tau = 41.0;
  CHECK(near(restricted_mean(falls, options).group[0].estimate, 1.0 + 1.0 / (1e10 - 1.0), 1e-15));
  options.tau = 50.0;
  CHECK_THROWS_AS(restricted_mean(falls, options), input_error);
}
