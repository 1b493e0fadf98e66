#include "catch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "cryonodes/logrank.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

LogrankResult run(const Doubles& time, const Codes& event, const Codes& group, std::size_t k, const Codes& stratum = {},
                  std::size_t n_stratum = 1) {
  Codes cell(group);
  for (std::size_t i = 0; i < stratum.size(); ++i)
    cell[i] += stratum[i] * static_cast<int>(k);
  return logrank(make_risk_table(make_timeline(time, Ties::exact), event, cell, k * n_stratum), k);
}

bool near(double value, double truth, double tolerance = 1e-14) {
  return std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

struct Cohort {
  Doubles time;
  Codes event, group, stratum;
};

// A whole number in [from, to].
int pick(std::mt19937& random, int from, int to) {
  return from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1));
}

Cohort draw(std::mt19937& random, int k, int n_stratum) {
  Cohort c;
  const int n = pick(random, 2, 41), last = pick(random, 0, 19);
  for (int i = 0; i < n; ++i) {
    c.time.push_back(pick(random, 0, last));
    c.event.push_back(pick(random, 0, 1));
    c.group.push_back(pick(random, 0, k - 1));
    c.stratum.push_back(pick(random, 0, n_stratum - 1));
  }
  return c;
}

} // namespace

TEST_CASE("log-rank of tied, lone and censored deaths, by hand") {
  // a: dies 2, dies 3, censored 5.   b: dies 2, censored 3, dies 7, censored 8.
  const auto fit = run({2, 3, 5, 2, 3, 7, 8}, {1, 1, 0, 1, 0, 1, 0}, {0, 0, 0, 1, 1, 1, 1}, 2);
  // time 2: n = 3 + 4, d = 2.  E_a = 2 * 3/7 = 6/7,  c = 2 (7 - 2) / (7 - 1) = 5/3,  V = 5/3 * 3*4/49 = 20/49
  // time 3: n = 2 + 3, d = 1.  E_a = 2/5,            c = 1 * 4 / 4 = 1,              V = 2*3/25 = 6/25
  // time 5: no event
  // time 7: n = 0 + 2, d = 1.  E_a = 0,                                              V = 0
  // E_a = 6/7 + 2/5 = 44/35,  E_b = 8/7 + 3/5 + 1 = 96/35,  V = 20/49 + 6/25 = 794/1225
  CHECK(fit.n == (Doubles{3, 4}));
  CHECK(fit.observed == (Doubles{2, 2}));
  CHECK(near(fit.expected[0], 44.0 / 35));
  CHECK(near(fit.expected[1], 96.0 / 35));
  const double v = 794.0 / 1225;
  const double covariance[] = {v, -v, -v, v};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(near(fit.covariance[i], covariance[i]));
  CHECK(fit.rank() == 1);
}

TEST_CASE("three groups of one at one death, by hand") {
  // n_i = 1, n = 3, d = 1: E = 1/3 each, c = 1, V_ii = 1/3 - 1/9 = 2/9, V_ij = -1/9.
  const auto fit = run({1, 2, 3}, {1, 0, 0}, {0, 1, 2}, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(near(fit.expected[i], 1.0 / 3));
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(near(fit.covariance[3 * i + j], i == j ? 2.0 / 9 : -1.0 / 9));
  }
  CHECK(fit.rank() == 2);
}

TEST_CASE("strata add up: the same cohort twice doubles everything") {
  Doubles time{2, 3, 5, 2, 3, 7, 8};
  Codes event{1, 1, 0, 1, 0, 1, 0}, group{0, 0, 0, 1, 1, 1, 1}, stratum(14, 0);
  std::fill(stratum.begin() + 7, stratum.end(), 1);
  for (std::size_t i = 0; i < 7; ++i) {
    time.push_back(time[i]);
    event.push_back(event[i]);
    group.push_back(group[i]);
  }
  const auto fit = run(time, event, group, 2, stratum, 2);
  CHECK(fit.observed == (Doubles{4, 4}));
  CHECK(near(fit.expected[0], 88.0 / 35));
  CHECK(near(fit.covariance[0], 2 * 794.0 / 1225));
}

TEST_CASE("sums by subject equal sums by time, on random cohorts with strata") {
  std::mt19937 random(1966);
  for (int round = 0; round < 500; ++round) {
    const std::size_t k = 1 + random() % 5, n_stratum = 1 + random() % 3;
    const Cohort c = draw(random, static_cast<int>(k), static_cast<int>(n_stratum));
    const auto fit = run(c.time, c.event, c.group, k, c.stratum, n_stratum);
    Doubles observed(k), expected(k), covariance(k * k);
    for (std::size_t s = 0; s < n_stratum; ++s)
      for (double t = 0.0; t < 20.0; t += 1.0) {
        Doubles at_risk(k);
        double n = 0, d = 0;
        for (std::size_t i = 0; i < c.time.size(); ++i) {
          if (c.stratum[i] != static_cast<int>(s) || c.time[i] < t)
            continue;
          const auto g = static_cast<std::size_t>(c.group[i]);
          at_risk[g] += 1;
          n += 1;
          if (c.time[i] == t && c.event[i] == 1) {
            d += 1;
            observed[g] += 1;
          }
        }
        if (d == 0)
          continue;
        for (std::size_t i = 0; i < k; ++i) {
          expected[i] += d * at_risk[i] / n;
          for (std::size_t j = 0; n > 1 && j < k; ++j)
            covariance[i * k + j] +=
                d * (n - d) / (n - 1) * ((i == j ? at_risk[i] / n : 0.0) - at_risk[i] * at_risk[j] / (n * n));
        }
      }
    REQUIRE(fit.observed == observed);
    for (std::size_t i = 0; i < k; ++i)
      REQUIRE(near(fit.expected[i], expected[i], 1e-13)); // the comparison sums plainly
    for (std::size_t i = 0; i < k * k; ++i)
      REQUIRE(near(fit.covariance[i], covariance[i], 1e-13));
  }
}

TEST_CASE("observed minus expected sums to zero over each set of linked groups") {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    const std::size_t k = 2 + random() % 5, n_stratum = 1 + random() % 6;
    const Cohort c = draw(random, static_cast<int>(k), static_cast<int>(n_stratum));
    const auto fit = run(c.time, c.event, c.group, k, c.stratum, n_stratum);
    Doubles left(fit.n_component);
    for (std::size_t i = 0; i < k; ++i)
      left[fit.component[i]] += fit.observed[i] - fit.expected[i];
    for (double x : left)
      REQUIRE(std::fabs(x) < 1e-13);
  }
}

TEST_CASE("the rank is that of exact arithmetic") {
  // Group 2 is censored before the first event.
  CHECK(run({1, 2, 3, 4, 0.1, 0.2}, {1, 1, 1, 1, 0, 0}, {0, 0, 1, 1, 2, 2}, 3).rank() == 1);
  // One event, one at risk.
  CHECK(run({5, 1, 2, 3}, {1, 0, 0, 0}, {0, 0, 1, 1}, 2).rank() == 0);
  // Everybody at risk dies at once: expected equals observed, variance 0.
  CHECK(run({1, 1}, {1, 1}, {0, 1}, 2).rank() == 0);
  // Two pairs of groups in two strata never meet: one comparison in each.
  const auto apart = run({1, 2, 3, 4, 1, 2, 3, 4}, {1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 0, 1, 2, 3, 2, 3}, 4,
                         {0, 0, 0, 0, 1, 1, 1, 1}, 2);
  CHECK(apart.rank() == 2);
  CHECK(apart.component == (std::vector<std::size_t>{0, 0, 1, 1}));
  CHECK(apart.covariance[2] == 0.0);
  // No events at all.
  CHECK(run({1, 2}, {0, 0}, {0, 1}, 2).rank() == 0);
}

TEST_CASE("the log-rank test does not see the order of rows and the labels of groups") {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    const std::size_t k = 3;
    const Cohort c = draw(random, 3, 2);
    const auto fit = run(c.time, c.event, c.group, k, c.stratum, 2);
    std::vector<std::size_t> order(c.time.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    const int relabel[] = {2, 0, 1};
    Cohort moved;
    for (std::size_t i : order) {
      moved.time.push_back(c.time[i]);
      moved.event.push_back(c.event[i]);
      moved.group.push_back(relabel[static_cast<std::size_t>(c.group[i])]);
      moved.stratum.push_back(1 - c.stratum[i]);
    }
    const auto again = run(moved.time, moved.event, moved.group, k, moved.stratum, 2);
    for (std::size_t i = 0; i < k; ++i) {
      const auto to = static_cast<std::size_t>(relabel[i]);
      REQUIRE(again.observed[to] == fit.observed[i]);
      REQUIRE(near(again.expected[to], fit.expected[i]));
      for (std::size_t j = 0; j < k; ++j)
        REQUIRE(near(again.covariance[to * k + static_cast<std::size_t>(relabel[j])], fit.covariance[i * k + j]));
    }
  }
}

TEST_CASE("a million rows are summed without drift") {
  // Everybody dies, one at a time, groups taking turns; E_a + E_b = n whatever the rounding of each.
  const std::size_t n = 1000000;
  Doubles time(n);
  Codes group(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = static_cast<double>(i);
    group[i] = static_cast<int>(i % 2);
  }
  const auto fit = run(time, Codes(n, 1), group, 2);
  CHECK(near(fit.expected[0] + fit.expected[1], static_cast<double>(n), 1e-15));
  // Half of d = 1 and p = 1/2 at each time: V is n/4 but for the turns; when m are left and m is odd,
  // V_t = (m^2 - 1) / (4 m^2), else 1/4. Sum over odd m of 1/m^2 is pi^2/8 up to 1/(2n).
  const double pi = 3.141592653589793;
  CHECK(near(fit.covariance[0], 0.25 * (static_cast<double>(n) - (pi * pi / 8.0 - 0.5e-6)), 1e-14));
}

TEST_CASE("what the test cannot use is refused") {
  const Doubles time{1, 2}, entry{0, 1};
  const Codes event{1, 1}, group{0, 1};
  const auto delayed = make_risk_table(make_timeline(time, Ties::exact, entry), event, group, 2);
  CHECK_THROWS_AS(logrank(delayed, 2), input_error);
  const auto timeline = make_timeline(time, Ties::exact);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 2, Doubles{0.5, 1}), 2), input_error);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 3), 2), input_error);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 2), 0), input_error);
}

TEST_CASE("a poll is asked and may end the work") {
  const std::size_t n = 5000;
  Doubles time(n);
  std::iota(time.begin(), time.end(), 0.0);
  Codes group(n, 0);
  group[0] = 1;
  const auto table = make_risk_table(make_timeline(time, Ties::exact), Codes(n, 1), group, 2);
  int asked = 0;
  logrank(table, 2, [&](double share) {
    if (share < 0.0) // while rows are ordered
      return;
    ++asked;
    CHECK(share > 0.0);
    CHECK(share <= 1.0);
  });
  CHECK(asked == 4);
  CHECK_THROWS_AS(logrank(table, 2, [](double) { throw std::runtime_error("stop"); }), std::runtime_error);
}
