#include "catch.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cryonodes/gray_permutation.hpp"
#include "cryonodes/logrank.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

struct Cohort {
  Doubles time;
  Codes event, group, stratum;
  std::size_t n_group = 0, n_stratum = 1, n_cause = 1;

  Codes cells() const {
    Codes out(group);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += static_cast<int>(n_group) * stratum[i];
    return out;
  }
};

GrayResult test(const Cohort& cohort, std::size_t cause, double rho = 0.0) {
  GrayOptions options;
  options.rho = rho;
  const Timeline timeline = make_timeline(cohort.time, Ties::exact);
  return gray(make_risk_table(timeline, cohort.event, cohort.cells(), cohort.n_group * cohort.n_stratum, {},
                              cohort.n_cause),
              cohort.n_group, {cause}, options)
      .front();
}

std::vector<std::vector<std::string>> golden(const std::string& name) {
  std::ifstream file("../golden/" + name);
  if (!file)
    file.open("tests/golden/" + name);
  REQUIRE(file);
  std::vector<std::vector<std::string>> out;
  std::string line, cell;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::stringstream cells(line);
    out.emplace_back();
    while (std::getline(cells, cell, ','))
      out.back().push_back(cell);
  }
  return out;
}

Cohort random_cohort(unsigned seed, std::size_t n, std::size_t k, std::size_t n_stratum) {
  std::mt19937 random(seed);
  Cohort out;
  out.n_group = k;
  out.n_stratum = n_stratum;
  out.n_cause = 2;
  for (std::size_t i = 0; i < n; ++i) {
    const auto drawn = static_cast<double>(random());
    out.time.push_back(seed % 2 ? 1.0 + std::fmod(drawn, 9.0) : drawn / 4294967296.0);
    out.event.push_back(static_cast<int>(random() % 3));
    out.group.push_back(static_cast<int>(random() % k));
    out.stratum.push_back(static_cast<int>(random() % n_stratum));
  }
  return out;
}

bool near(double x, double y, double tolerance = 1e-10) {
  return std::fabs(x - y) <= tolerance * std::fmax(1.0, std::fabs(y));
}

// Three of two groups each: an event of either cause before the last comparison, a censoring among them.
Cohort six() {
  return {{1, 3, 6, 2, 3, 5}, {1, 2, 0, 1, 0, 1}, {0, 0, 0, 1, 1, 1}, {0, 0, 0, 0, 0, 0}, 2, 1, 2};
}

} // namespace

TEST_CASE("six patients by hand") {
  // Time 1: r = 3, 3, S = 1, 1, F = 0, 0. 1/2 event expected in each group. a = 3/2 (+ and -), pooled F = 1/6.
  //   S of group 0 becomes 2/3: t4 = 1 - (5/6)/(2/3) = -1/4 in group 0, 1 - 5/6 = 1/6 in group 1; w = (1/6)/3 = 1/18.
  // Time 2: n = 2, 3, r = 3, 3, 1 - F = 2/3, 1: h = 2, 3, expected 2/5, 3/5. a = 3/2, pooled F = 1/3,
  //   dc = 3/2 (1/6)/(5/6) = 3/10. S = 2/3, 2/3: t4 = 0, 0; w = 1/18.
  // Time 3: the other cause in group 0: S = 1/3, t4 = (2/3)/(1/3) = 2, w = 1/3^2 = 1/9. A censoring in group 1.
  // Time 5: n = 1, 1, S = 1/3, 2/3, r = 3, 3/2, 1 - F = 2/3, 2/3: h = 2, 1, expected 2/3, 1/3. R = 9/2,
  //   a = 3 (1 - 2/3) = 1, dc = 1 (2/9)/(2/3) = 1/3; w = (2/9)/3 = 2/27 and (2/9)/(3/2) = 4/27.
  const auto fit = test(six(), 1);
  CHECK((fit.observed == Doubles{1, 2}));
  CHECK(near(fit.expected[0], 1.0 / 2 + 2.0 / 5 + 2.0 / 3, 1e-15));
  CHECK(near(fit.expected[1], 1.0 / 2 + 3.0 / 5 + 1.0 / 3, 1e-15));
  CHECK(near(fit.score[0], -17.0 / 30, 1e-15));
  CHECK(near(fit.greatest_pooled, 5.0 / 9, 1e-15));
  // Later growth of c seen from time 1: 3/10 + 1/3 = 19/30; from time 3: 1/3.
  const double first = 3.0 / 2 - 19.0 / 30 / 4, second = 3.0 / 2 + 19.0 / 30 / 6;
  const double v = (first * first + second * second) / 18 + 2 * (9.0 / 4) / 18 + 4.0 / 9 / 9 + 2.0 / 27 + 4.0 / 27;
  CHECK(near(fit.covariance[0], v, 1e-14));
  CHECK(near(fit.covariance[1], -v, 1e-14));
  CHECK(near(fit.covariance[3], v, 1e-14));
  CHECK(near(fit.statistic, 17.0 * 17 / 900 / v, 1e-14));
  CHECK(fit.df == 1.0);
  CHECK((fit.n == Doubles{3, 3}));
  CHECK(near(std::exp(fit.log_p_value), std::erfc(std::sqrt(fit.statistic / 2)), 1e-13));
  // rho = 1 weighs the times by 1, 5/6, 2/3.
  CHECK(near(test(six(), 1, 1.0).score[0], 1.0 / 2 - 5.0 / 6 * 2 / 5 - 2.0 / 3 * 2 / 3, 1e-15));
  // The other cause happens once, to group 0, when r = 3, 3 and its incidence is 0 in both: 1/2 is expected.
  CHECK(near(test(six(), 2).score[0], 1.0 / 2, 1e-15));
}

TEST_CASE("everybody at once has no variance; who is alone is compared with nobody") {
  Cohort once = six();
  once.time.assign(6, 4.0);
  once.event.assign(6, 1);
  const auto fit = test(once, 1);
  CHECK(std::isnan(fit.statistic));
  CHECK(std::isnan(fit.log_p_value));
  CHECK(fit.df == 0.0);
  CHECK((fit.covariance == Doubles(4, 0.0)));
  const auto none = test(six(), 2); // one event: there is a variance
  CHECK(none.df == 1.0);
  Cohort apart = six();
  apart.time = {1, 1, 1, 5, 6, 7};
  apart.event = {0, 0, 2, 1, 1, 1};
  const auto alone = test(apart, 1);
  CHECK(alone.n_component == 2);
  CHECK(alone.df == 0.0);
  CHECK(std::isnan(alone.statistic));
  CHECK((alone.score == Doubles{0, 0}));
  CHECK((alone.expected == Doubles{0, 3}));
}

TEST_CASE("recorded statistics of cmprsk are met") {
  std::map<std::string, Cohort> cohorts;
  for (const auto& cell : golden("gray_data.csv")) {
    Cohort& cohort = cohorts[cell[0]];
    cohort.time.push_back(std::stod(cell[1]));
    cohort.event.push_back(std::stoi(cell[2]));
    cohort.group.push_back(std::stoi(cell[3]) - 1);
    cohort.stratum.push_back(std::stoi(cell[4]) - 1);
  }
  std::size_t compared = 0;
  for (const auto& cell : golden("gray.csv")) {
    Cohort cohort = cohorts[cell[0]];
    const auto greatest = [](const Codes& x) {
      return static_cast<std::size_t>(*std::max_element(x.begin(), x.end()));
    };
    cohort.n_cause = greatest(cohort.event);
    cohort.n_group = greatest(cohort.group) + 1;
    if (cell[3] == "FALSE")
      cohort.stratum.assign(cohort.time.size(), 0);
    cohort.n_stratum = greatest(cohort.stratum) + 1;
    const auto fit = test(cohort, static_cast<std::size_t>(std::stoi(cell[1])), std::stod(cell[2]));
    INFO(cell[0] << ", cause " << cell[1] << ", rho " << cell[2] << ", stratified " << cell[3]);
    CHECK(near(fit.statistic, std::stod(cell[4]), std::stod(cell[7])));
    CHECK(fit.df == std::stod(cell[5]));
    // 1 - pchisq() loses what is below 1e-16.
    CHECK(std::fabs(std::exp(fit.log_p_value) - std::stod(cell[6])) <= 1e-10);
    ++compared;
  }
  CHECK(compared > 200);
}

TEST_CASE("without censoring the score is the log-rank score with other causes at risk for ever") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    Cohort cohort = random_cohort(seed, 5 + seed, 2 + seed % 3, 1 + seed % 2);
    for (int& code : cohort.event)
      code = std::max(code, 1);
    // One of each group sees the end without an event: else the group is not compared once all have had one.
    for (std::size_t cell = 0; cell < cohort.n_group * cohort.n_stratum; ++cell) {
      cohort.time.push_back(100.0);
      cohort.event.push_back(0);
      cohort.group.push_back(static_cast<int>(cell % cohort.n_group));
      cohort.stratum.push_back(static_cast<int>(cell / cohort.n_group));
    }
    Cohort ever = cohort;
    for (std::size_t i = 0; i < ever.time.size(); ++i)
      if (ever.event[i] == 2) {
        ever.event[i] = 0;
        ever.time[i] = 100.0;
      }
    const auto ours = test(cohort, 1);
    const auto theirs = logrank(make_risk_table(make_timeline(ever.time, Ties::exact), ever.event, ever.cells(),
                                                ever.n_group * ever.n_stratum),
                                ever.n_group);
    REQUIRE(ours.observed == theirs.observed);
    for (std::size_t g = 0; g < cohort.n_group; ++g) {
      REQUIRE(near(ours.score[g], theirs.score[g], 1e-12));
      REQUIRE(near(ours.expected[g], theirs.expected[g], 1e-12));
    }
  }
}

TEST_CASE("a group of nobody takes no part in a tied time, whatever its S") {
  // The first group has left with S = 1/2 and R = 2: m = R S = 1.
  Cohort cohort;
  cohort.time = {1, 2, 3, 3};
  cohort.event = {1, 0, 1, 1};
  cohort.group = {0, 0, 1, 2};
  cohort.stratum = Codes(4, 0);
  cohort.n_group = 3;
  cohort.n_cause = 1;
  const auto fit = test(cohort, 1);
  CHECK(near(fit.statistic, 1.0, 1e-14));
  CHECK(fit.df == 2.0);
  const Doubles by_hand{36, -18, -18, -18, 41, -23, -18, -23, 41}; // over 144: all is of the first event
  for (std::size_t i = 0; i < 9; ++i)
    CHECK(near(fit.covariance[i], by_hand[i] / 144.0, 1e-14));
}

TEST_CASE("a group that is left alone has no score, also where the pooled incidence is beyond 1") {
  // The second group is censored early, the first goes on: F comes to 2 / 7 + 4 / 5.
  Cohort cohort;
  cohort.time = {1, 1, 2, 3, 4, 5, 6};
  cohort.event = {1, 1, 0, 1, 1, 1, 1};
  cohort.group = {0, 1, 1, 0, 0, 0, 0};
  cohort.stratum = Codes(7, 0);
  cohort.n_group = 2;
  cohort.n_cause = 1;
  for (double rho : {0.0, 0.5, 1.0}) {
    const auto fit = test(cohort, 1, rho);
    CHECK(near(fit.score[0], 1.0 - 2.0 * 5.0 / 7.0, 1e-14)); // of the first time, which has weight 1
    CHECK(near(fit.score[1], 1.0 - 2.0 * 2.0 / 7.0, 1e-14));
    CHECK(std::isfinite(fit.statistic));
  }
}

TEST_CASE("of a group that is alone at all events exactly as many are expected, and nothing varies") {
  std::mt19937_64 random(3);
  Cohort cohort;
  cohort.n_group = 2;
  cohort.n_cause = 2;
  double events = 0.0;
  for (std::size_t i = 0; i < 300; ++i) {
    const bool second = i < 5; // censored before the first event
    cohort.time.push_back(second ? 0.5 : 1.0 + static_cast<double>(random() % 90));
    cohort.event.push_back(second ? 0 : static_cast<int>(random() % 3));
    cohort.group.push_back(second ? 1 : 0);
    cohort.stratum.push_back(0);
    events += cohort.event.back() == 1 ? 1.0 : 0.0;
  }
  for (double rho : {0.0, 1.0}) {
    const auto fit = test(cohort, 1, rho);
    CHECK((fit.expected == Doubles{events, 0.0}));
    CHECK((fit.score == Doubles{0.0, 0.0}));
    CHECK(fit.covariance == Doubles(4, 0.0));
    CHECK(fit.n_component == 2);
    CHECK(std::isnan(fit.statistic));
  }
}

TEST_CASE("sums that are cleared half way begin as new ones do") {
  const Doubles n_risk{4, 5};
  const CauseTime::Cell first[] = {{0, 1, 1.0}, {1, 2, 2.0}}, second[] = {{1, 1, 1.0}};
  detail::GraySums used(2, 2, {1, 2}, 0.5), fresh(2, 2, {1, 2}, 0.5);
  used.at({0, n_risk.data(), first, 2});
  used.clear();
  for (auto* sums : {&used, &fresh})
    sums->at({0, n_risk.data(), second, 1});
  for (std::size_t c : {0U, 1U}) {
    const auto a = used.result(c), b = fresh.result(c);
    CHECK(a.observed == b.observed);
    CHECK(a.expected == b.expected);
    CHECK(a.score == b.score);
    CHECK(a.covariance == b.covariance);
  }
}

TEST_CASE("without rho a covariance is a number of whatever tied cohort, while the pooled incidence is below 1") {
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937_64 random(seed);
    Cohort cohort;
    cohort.n_group = 3 + seed % 3;
    cohort.n_cause = 1 + seed % 2;
    for (std::size_t i = 0; i < 4 + seed % 20; ++i) {
      cohort.time.push_back(static_cast<double>(random() % 5));
      cohort.event.push_back(static_cast<int>(random() % (cohort.n_cause + 1)));
      cohort.group.push_back(static_cast<int>(random() % cohort.n_group));
      cohort.stratum.push_back(0);
    }
    const auto fit = test(cohort, 1);
    for (double v : fit.covariance)
      REQUIRE((std::isfinite(v) || fit.greatest_pooled > 1.0 - 1e-9));
  }
}

TEST_CASE("one walk for several causes gives what a walk for each does, with and without strata") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    const Cohort cohort = random_cohort(seed, 3 + 2 * seed, 1 + seed % 6, 1 + seed % 3);
    GrayOptions options;
    options.rho = seed % 3 / 2.0;
    const auto table = make_risk_table(make_timeline(cohort.time, Ties::exact), cohort.event, cohort.cells(),
                                       cohort.n_group * cohort.n_stratum, {}, cohort.n_cause);
    const auto both = gray(table, cohort.n_group, {2, 1}, options);
    REQUIRE(both.size() == 2);
    for (std::size_t c = 0; c < 2; ++c) {
      const auto alone = test(cohort, 2 - c, options.rho);
      REQUIRE(both[c].n == alone.n);
      REQUIRE(both[c].observed == alone.observed);
      REQUIRE(both[c].expected == alone.expected);
      REQUIRE(both[c].score == alone.score);
      REQUIRE(both[c].covariance == alone.covariance);
      REQUIRE(both[c].component == alone.component);
      REQUIRE(both[c].greatest_pooled == alone.greatest_pooled);
    }
  }
}

TEST_CASE("counted rows, ordered rows and a risk table give one answer; scores and covariances sum to 0") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    const Cohort cohort = random_cohort(seed, 3 + 2 * seed, 2 + seed % 4, 1);
    const auto fit = test(cohort, 1 + seed % 2, 0.5);
    GrayOptions options;
    options.rho = 0.5;
    auto rows = order_rows(cohort.time, cohort.event, cohort.group, cohort.n_group, Ties::exact, {}, 2);
    const GrayResult other = rows.ordered ? gray(*rows.ordered, cohort.n_group, {1 + seed % 2}, options)[0]
                                          : gray(*rows.counted, cohort.n_group, {1 + seed % 2}, options)[0];
    REQUIRE(rows.ordered.has_value() == (seed % 2 == 0));
    REQUIRE(other.score == fit.score);
    REQUIRE(other.covariance == fit.covariance);
    REQUIRE(other.n == fit.n);
    if (rows.ordered) { // and once they are counted
      const auto counted = std::move(rows).all_counted({});
      REQUIRE(gray(*counted, cohort.n_group, {1 + seed % 2}, options)[0].covariance == fit.covariance);
    }
    REQUIRE(std::fabs(std::accumulate(fit.score.begin(), fit.score.end(), 0.0)) <= 1e-12);
    for (std::size_t i = 0; i < cohort.n_group; ++i) {
      double row = 0.0;
      for (std::size_t j = 0; j < cohort.n_group; ++j)
        row += fit.covariance[i * cohort.n_group + j];
      REQUIRE(std::fabs(row) <= 1e-11 * std::fmax(1.0, fit.covariance[i * (cohort.n_group + 1)]));
    }
  }
}

TEST_CASE("all ways of dealing are every subset in turn, each tested by itself; drawn ones agree") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    Cohort cohort = random_cohort(seed + 100, 9 + seed % 4, 2, 1);
    const std::size_t n = cohort.time.size(), cause = 1 + seed % 2;
    const double found = test(cohort, cause, 1.0).statistic;
    if (std::isnan(found))
      continue;
    const auto in_second = std::count(cohort.group.begin(), cohort.group.end(), 1);
    double as_large = 0, ways = 0, undefined = 0;
    for (std::size_t set = 0; set < (std::size_t{1} << n); ++set) {
      Cohort dealt = cohort;
      for (std::size_t i = 0; i < n; ++i)
        dealt.group[i] = static_cast<int>(set >> i & 1U);
      if (std::count(dealt.group.begin(), dealt.group.end(), 1) != in_second)
        continue;
      const double x = test(dealt, cause, 1.0).statistic;
      ways += 1;
      undefined += std::isnan(x) ? 1 : 0;
      as_large += std::isnan(x) || x >= found * (1 - 1e-9) ? 1 : 0;
    }
    const Timeline timeline = make_timeline(cohort.time, Ties::exact);
    const GrayRows rows{timeline, cohort.event, cause, {}, cohort.group, 2, {}, 1};
    GrayOptions options;
    options.rho = 1.0;
    const auto tail = exact_gray_tail(rows, options, 1000000);
    REQUIRE(tail.ways == ways);
    REQUIRE(tail.as_large == as_large);
    REQUIRE(tail.undefined == undefined);
    REQUIRE(exact_gray_tail(rows, options, 1000000, 3).as_large == as_large);
    DealOptions deal;
    deal.replicates = 4000;
    deal.seed = seed;
    const auto drawn = approximate_gray_tail(rows, options, deal);
    const double p = as_large / ways;
    REQUIRE(std::fabs(drawn.as_large / 4000 - p) <= 4.5 * std::sqrt(p * (1 - p) / 4000) + 1e-12);
    double told = 0.0;
    bool forward = true; // what is told of the progress
    (void)approximate_gray_tail(rows, options, deal, [&](double share) {
      forward = forward && share >= told;
      told = share;
    });
    REQUIRE(forward);
    REQUIRE(told == 1.0);
    deal.threads = 3;
    const auto again = approximate_gray_tail(rows, options, deal);
    REQUIRE(again.as_large == drawn.as_large);
    REQUIRE(again.undefined == drawn.undefined);
  }
}

TEST_CASE("clusters are dealt out as a whole, strata by themselves") {
  Cohort cohort = random_cohort(8, 40, 3, 2);
  Codes cluster, group, stratum, of_row, in_stratum;
  for (int i = 0; i < 40; ++i)
    cluster.push_back(i / 2);
  for (int u = 0; u < 20; ++u) {
    group.push_back(u % 3);
    stratum.push_back(u % 2);
  }
  for (int i = 0; i < 40; ++i) {
    cohort.group[static_cast<std::size_t>(i)] = (i / 2) % 3;
    cohort.stratum[static_cast<std::size_t>(i)] = (i / 2) % 2;
  }
  const Timeline timeline = make_timeline(cohort.time, Ties::exact);
  const GrayRows rows{timeline, cohort.event, 1, cluster, group, 3, stratum, 2};
  const detail::GrayDealer dealer(rows, 0.0, {});
  auto room = dealer.room();
  // Twice: nothing of the way before is left in the room.
  const double once = dealer.statistic(group, room);
  Codes moved(group); // two patients of the first stratum change places
  std::swap(moved[0], moved[2]);
  const double other = dealer.statistic(moved, room);
  CHECK(near(once, test(cohort, 1).statistic, 1e-14));
  CHECK(dealer.statistic(group, room) == once);
  CHECK(other != once);
  DealOptions deal;
  deal.replicates = 99;
  const auto tail = approximate_gray_tail(rows, {}, deal);
  CHECK(tail.as_large <= 99.0);
  CHECK_THROWS_AS(exact_gray_tail(rows, {}, 1000), input_error);
}

TEST_CASE("rows that do not fit Gray's test are refused") {
  const Cohort cohort = six();
  const Timeline timeline = make_timeline(cohort.time, Ties::exact);
  const GrayRows rows{timeline, cohort.event, 1, {}, cohort.group, 2, {}, 1};
  CHECK_THROWS_AS(exact_gray_tail(rows, {}, 19), memory_error); // 20 ways
  CHECK(exact_gray_tail(rows, {}, 20).ways == 20.0);
  CHECK_THROWS_AS(test(cohort, 3), input_error);
  CHECK_THROWS_AS(test(cohort, 0), input_error);
  CHECK_THROWS_AS(test(cohort, 1, -1.0), input_error);
  CHECK_THROWS_AS(test(cohort, 1, std::nan("")), input_error);
  const Timeline late = make_timeline(cohort.time, Ties::exact, Doubles(6, 0.5));
  CHECK_THROWS_AS(gray(make_risk_table(late, cohort.event, cohort.group, 2, {}, 2), 2, {1}), input_error);
  CHECK_THROWS_AS(exact_gray_tail({late, cohort.event, 1, {}, cohort.group, 2, {}, 1}, {}, 100), input_error);
  CHECK_THROWS_AS(exact_gray_tail({timeline, cohort.event, 1, {}, Codes{0, 1}, 2, {}, 1}, {}, 100), input_error);
  CHECK_THROWS_AS(exact_gray_tail({timeline, cohort.event, 1, Codes(6, 2), Codes{0, 1}, 2, {}, 1}, {}, 100),
                  input_error);
  CHECK_THROWS_AS(approximate_gray_tail({timeline, Codes(6, 0), 1, {}, cohort.group, 2, {}, 1}, {}, {}), input_error);
  DealOptions deal;
  CHECK_THROWS_AS(approximate_gray_tail(rows, {}, deal, [](double) { throw std::runtime_error("stop"); }),
                  std::runtime_error);
}

TEST_CASE("what is left of a group that nearly all leave at one time is known as well as before") {
  // 10 of 10^15 and 30 of 3 10^15 stay at time 1, and r is 10^15 and 3 10^15 still: of the four events at time 2 one
  // and three are expected. S by summing up alone is wrong by a percent.
  const double n = 1e15;
  const Doubles time{1, 2, 1, 2}, events{n - 10, 0, 3 * n - 30, 0, 0, 1, 0, 3}, censored{0, 9, 0, 27};
  const auto table = make_risk_table(Counts{time, Codes{0, 0, 1, 1}, events, censored, {}, 2}, 2);
  const auto fit = gray(table, 2, {2}).front();
  CHECK(std::fabs(fit.score[0]) < 1e-12);
  CHECK(std::fabs(fit.expected[1] - 3.0) < 1e-12);
}

TEST_CASE("a pooled incidence of 1 before another event leaves the test of two groups undefined") {
  Cohort cohort; // ten events at once, eight censored, eleven events of the second group, and one more of the first
  cohort.n_group = 2;
  cohort.n_cause = 1;
  for (int i = 0; i < 32; ++i) {
    cohort.time.push_back(i < 10 ? 1.0 : i < 18 ? 2.0 : i < 29 ? i - 15.0 : 20.0);
    cohort.event.push_back(i < 10 || (i >= 18 && i < 30) ? 1 : 0);
    cohort.group.push_back(i < 18 || i == 29 || i == 30 ? 0 : 1);
    cohort.stratum.push_back(0);
  }
  const GrayResult result = test(cohort, 1);
  CHECK(result.greatest_pooled > 1.0);
  CHECK(std::isnan(result.statistic));
  CHECK(std::isnan(result.log_p_value));
}
