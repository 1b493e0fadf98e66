#include "cryonodes/logrank.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "cryonodes/logrank_columns.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

LogrankResult run(const Doubles& time, const Codes& event, const Codes& group, std::size_t k, const Codes& stratum = {},
                  std::size_t n_stratum = 1, const LogrankOptions& options = {}) {
  Codes cell(group);
  for (std::size_t i = 0; i < stratum.size(); ++i)
    cell[i] += stratum[i] * static_cast<int>(k);
  return logrank(make_risk_table(make_timeline(time, Ties::exact), event, cell, k * n_stratum), k, options);
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

TEST_CASE("the sums are those of the formulas, on random cohorts with strata and every weight") {
  std::mt19937 random(1966);
  for (int round = 0; round < 500; ++round) {
    const std::size_t k = 1 + random() % 5, n_stratum = 1 + random() % 3;
    const Cohort c = draw(random, static_cast<int>(k), static_cast<int>(n_stratum));
    LogrankOptions options;
    options.weight = static_cast<TestWeight>(round % 6);
    options.rho = 0.5 * static_cast<double>(random() % 4);
    options.gamma = 0.5 * static_cast<double>(random() % 4);
    const auto fit = run(c.time, c.event, c.group, k, c.stratum, n_stratum, options);
    Doubles observed(k), expected(k), score(k), covariance(k * k);
    for (std::size_t s = 0; s < n_stratum; ++s) {
      double survival = 1.0, peto = 1.0;
      for (double t = 0.0; t < 20.0; t += 1.0) {
        Doubles at_risk(k), events(k);
        double n = 0, d = 0;
        for (std::size_t i = 0; i < c.time.size(); ++i) {
          if (c.stratum[i] != static_cast<int>(s) || c.time[i] < t)
            continue;
          const auto g = static_cast<std::size_t>(c.group[i]);
          at_risk[g] += 1;
          n += 1;
          if (c.time[i] == t && c.event[i] == 1) {
            d += 1;
            events[g] += 1;
            observed[g] += 1;
          }
        }
        if (d == 0)
          continue;
        peto *= 1.0 - d / (n + 1.0);
        double w = 1.0;
        switch (round % 6) {
        case 1: w = n; break;
        case 2: w = std::sqrt(n); break;
        case 3: w = peto; break;
        case 4: w = peto * n / (n + 1.0); break;
        case 5: w = std::pow(survival, options.rho) * std::pow(1.0 - survival, options.gamma); break;
        default: break;
        }
        survival *= 1.0 - d / n;
        for (std::size_t i = 0; i < k; ++i) {
          expected[i] += d * at_risk[i] / n;
          score[i] += w * (events[i] - d * at_risk[i] / n);
          for (std::size_t j = 0; n > 1 && j < k; ++j)
            covariance[i * k + j] +=
                w * w * d * (n - d) / (n - 1) * ((i == j ? at_risk[i] / n : 0.0) - at_risk[i] * at_risk[j] / (n * n));
        }
      }
    }
    REQUIRE(fit.observed == observed);
    for (std::size_t i = 0; i < k; ++i) {
      REQUIRE(near(fit.expected[i], expected[i], 1e-13)); // the comparison sums plainly
      REQUIRE(near(fit.score[i], score[i], 1e-12));
    }
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

TEST_CASE("delayed entry by hand: who enters at a time is at risk after it") {
  // a: (0, 4] dies, (2, 5] censored.   b: (0, 3] dies, (3, 6] dies.
  const auto table =
      make_risk_table(make_timeline(Doubles{4, 5, 3, 6}, Ties::exact, Doubles{0, 2, 0, 3}), Codes{1, 0, 1, 1},
                      Codes{0, 0, 1, 1}, 2, {}, 1, {}, EntryRows::kept);
  // time 3: 2 of a and 1 of b (the other enters now):  E_a = 2/3,  V = 2/9
  // time 4: 2 and 1:                                   E_a = 2/3,  V = 2/9
  // time 6: 0 and 1:                                   E_a = 0
  const auto fit = logrank(table, 2);
  CHECK(fit.n == (Doubles{2, 2}));
  CHECK(fit.observed == (Doubles{1, 2}));
  CHECK(near(fit.expected[0], 4.0 / 3));
  CHECK(near(fit.expected[1], 5.0 / 3));
  CHECK(near(fit.covariance[0], 4.0 / 9));
}

TEST_CASE("delayed entry: the sums are those of the formulas, on random cohorts") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::size_t k = 1 + random() % 4;
    const Cohort c = draw(random, static_cast<int>(k), 1);
    Doubles entry;
    for (double t : c.time)
      entry.push_back(t - 1 - static_cast<double>(random() % 4));
    const auto table = make_risk_table(make_timeline(c.time, Ties::exact, entry), c.event, c.group, k, {}, 1, {},
                                       EntryRows::kept);
    const auto fit = logrank(table, k);
    Doubles expected(k), variance(k);
    for (double t = 0.0; t < 20.0; t += 1.0) {
      Doubles at_risk(k);
      double n = 0, d = 0;
      for (std::size_t i = 0; i < c.time.size(); ++i) {
        if (!(entry[i] < t && t <= c.time[i]))
          continue;
        at_risk[static_cast<std::size_t>(c.group[i])] += 1;
        n += 1;
        d += c.time[i] == t && c.event[i] == 1 ? 1 : 0;
      }
      for (std::size_t i = 0; i < k && d > 0; ++i) {
        expected[i] += d * at_risk[i] / n;
        variance[i] += n > 1 ? d * (n - d) / (n - 1) * at_risk[i] / n * (1 - at_risk[i] / n) : 0.0;
      }
    }
    for (std::size_t i = 0; i < k; ++i) {
      REQUIRE(near(fit.expected[i], expected[i], 1e-13)); // the comparison sums plainly
      REQUIRE(near(fit.covariance[i * k + i], variance[i], 1e-13));
    }
  }
}

TEST_CASE("rows in order, counted rows and a risk table give the same bits, near-ties and all") {
  std::mt19937 random(38);
  std::size_t merged = 0;
  for (int round = 0; round < 300; ++round) {
    const std::size_t k = 1 + random() % 4;
    Cohort c = draw(random, static_cast<int>(k), 1);
    for (double& t : c.time)
      t = round % 2 == 0 ? t : 0.37 * t + 1e-9 * static_cast<double>(random() % 3);
    LogrankOptions options;
    options.weight = static_cast<TestWeight>(round % 6);
    options.rho = 1.0;
    const auto timeline = make_timeline(c.time, Ties::near);
    const auto table = logrank(make_risk_table(timeline, c.event, c.group, k), k, options);
    const auto counted = count_rows(c.time, c.event, c.group, k, Ties::near);
    REQUIRE(counted);
    auto rows = order_rows(c.time, c.event, c.group, k, Ties::near);
    const auto of_counted = logrank(*counted, k, options);
    const auto of_rows = rows.ordered ? logrank(*rows.ordered, k, options) : logrank(*rows.counted, k, options);
    if (rows.ordered) {
      REQUIRE(rows.ordered->n_time_merged() == timeline.n_time_merged);
      merged += timeline.n_time_merged;
    }
    for (const auto* fit : {&of_counted, &of_rows}) {
      REQUIRE(fit->n == table.n);
      REQUIRE(fit->observed == table.observed);
      REQUIRE(fit->expected == table.expected);
      REQUIRE(fit->score == table.score);
      REQUIRE(fit->covariance == table.covariance);
      REQUIRE(fit->component == table.component);
    }
  }
  CHECK(merged > 100);
}

TEST_CASE("given weights: those of Gehan given are Gehan's, and a weight of 0 takes its time away") {
  const Doubles time{1, 2, 3, 4, 5}, gehan{5, 4, 3, 2, 1}, first{1, 0, 0, 0, 0};
  const Codes event{1, 1, 1, 1, 1}, group{0, 1, 2, 1, 0};
  const auto table = make_risk_table(make_timeline(time, Ties::exact), event, group, 3);
  LogrankOptions options, given;
  options.weight = TestWeight::gehan;
  given.weight = TestWeight::given;
  given.given = gehan;
  CHECK(logrank(table, 3, given).score == logrank(table, 3, options).score);
  CHECK(logrank(table, 3, given).covariance == logrank(table, 3, options).covariance);
  // time 1 alone: n = 2, 2, 1 of 5, d = 1: E = 2/5, 2/5, 1/5.
  given.given = first;
  const auto fit = logrank(table, 3, given);
  CHECK(near(fit.score[0], 3.0 / 5));
  CHECK(near(fit.score[1], -2.0 / 5));
  CHECK(near(fit.covariance[1], -4.0 / 25));
  CHECK(fit.rank() == 2);
}

TEST_CASE("what the test cannot use is refused") {
  const Doubles time{1, 2};
  const Codes event{1, 1}, group{0, 1};
  const auto timeline = make_timeline(time, Ties::exact);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 2, Doubles{0.5, 1}), 2), input_error);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 3), 2), input_error);
  CHECK_THROWS_AS(logrank(make_risk_table(timeline, event, group, 2), 0), input_error);
  const auto table = make_risk_table(timeline, event, group, 2);
  LogrankOptions options;
  options.rho = -1.0;
  CHECK_THROWS_AS(logrank(table, 2, options), input_error);
  options.rho = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(logrank(table, 2, options), input_error);
  options = {};
  options.weight = TestWeight::given;
  const Doubles too_few{1.0}, not_finite{1.0, std::nan("")};
  options.given = too_few;
  CHECK_THROWS_AS(logrank(table, 2, options), input_error);
  options.given = not_finite;
  CHECK_THROWS_AS(logrank(table, 2, options), input_error);
}

TEST_CASE("a poll is asked and may end the work") {
  const std::size_t n = 5000;
  Doubles time(n);
  std::iota(time.begin(), time.end(), 0.0);
  Codes group(n, 0);
  group[0] = 1;
  const auto table = make_risk_table(make_timeline(time, Ties::exact), Codes(n, 1), group, 2);
  int asked = 0;
  logrank(table, 2, {}, [&](double share) {
    ++asked;
    CHECK(share > 0.0);
    CHECK(share <= 1.0);
  });
  CHECK(asked == 4);
  CHECK_THROWS_AS(logrank(table, 2, {}, [](double) { throw std::runtime_error("stop"); }), std::runtime_error);
}

TEST_CASE("many cohorts at once are each of them alone, on any number of threads") {
  std::mt19937 random(11);
  const std::size_t n = 12, cohorts = 150;
  std::vector<double> time(n * cohorts);
  std::vector<int> event(n * cohorts), group(n);
  for (std::size_t i = 0; i < time.size(); ++i) {
    time[i] = static_cast<double>(random() % 20) * (i / n % 2 == 0 ? 1.0 : 0.37);
    event[i] = static_cast<int>(random() % 2);
  }
  for (std::size_t i = 0; i < n; ++i)
    group[i] = static_cast<int>(i % 2);
  const auto none = [](const cryonodes::LogrankResult&) { return 0.0; };
  const cryonodes::CohortColumns in{n, time, event, group, 2};
  const auto one = cryonodes::logrank_columns(in, {}, cryonodes::Ties::near, 1, none);
  const auto three = cryonodes::logrank_columns(in, {}, cryonodes::Ties::near, 3, none);
  for (std::size_t j = 0; j < cohorts; ++j) {
    const std::vector<double> t(time.begin() + static_cast<std::ptrdiff_t>(n * j),
                                time.begin() + static_cast<std::ptrdiff_t>(n * (j + 1)));
    const std::vector<int> e(event.begin() + static_cast<std::ptrdiff_t>(n * j),
                             event.begin() + static_cast<std::ptrdiff_t>(n * (j + 1)));
    const auto timeline = cryonodes::make_timeline(t, cryonodes::Ties::near);
    const auto fit = cryonodes::logrank(cryonodes::make_risk_table(timeline, e, group, 2), 2);
    REQUIRE(one.df[j] == static_cast<double>(fit.rank()));
    if (fit.rank() == 1) {
      CHECK(one.z[j] == fit.score[1] / std::sqrt(fit.covariance[3]));
      CHECK(three.z[j] == one.z[j]);
      CHECK(three.log_p_value[j] == one.log_p_value[j]);
    }
  }
}
