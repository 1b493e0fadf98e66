#include "cryonodes/risk_table.hpp"

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "plain_table.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

TEST_CASE("who leaves at a time is still at risk at it") {
  // Two deaths at 2, a death and a censoring at 3, a lone censoring at 5, a lone death at 7, the rest at 8.
  const auto t = make_timeline(Doubles{2, 2, 3, 3, 5, 7, 8}, Ties::exact);
  const auto table = make_risk_table(t, Codes{1, 1, 1, 0, 0, 1, 0}, Codes(7, 0), 1);
  CHECK(table.time == (Doubles{2, 3, 5, 7, 8}));
  CHECK(table.n_risk == (Doubles{7, 5, 3, 2, 1}));
  CHECK(table.n_event == (Doubles{2, 1, 0, 1, 0}));
  CHECK(table.n_censor == (Doubles{0, 1, 1, 0, 1}));
  CHECK(table.n == Doubles{7});
  CHECK(table.first == (std::vector<std::size_t>{0, 5}));
  CHECK_FALSE(table.delayed_entry);
}

TEST_CASE("each group has its own rows; an empty group has none") {
  const auto t = make_timeline(Doubles{4, 1, 2, 4}, Ties::exact);
  const auto table = make_risk_table(t, Codes{1, 1, 0, 0}, Codes{2, 0, 2, 0}, 4);
  CHECK(table.n_group() == 4);
  CHECK(table.first == (std::vector<std::size_t>{0, 2, 2, 4, 4}));
  CHECK(table.n == (Doubles{2, 0, 2, 0}));
  CHECK(table.time == (Doubles{1, 4, 2, 4}));
  CHECK(table.n_risk == (Doubles{2, 1, 2, 1}));
  CHECK(table.n_event == (Doubles{1, 0, 0, 1}));
}

TEST_CASE("a row of weight 2 is two rows, a row of weight 0 is none") {
  const auto t = make_timeline(Doubles{1, 2, 3}, Ties::exact);
  const auto weighted = make_risk_table(t, Codes{1, 1, 1}, Codes{0, 0, 0}, 1, Doubles{2, 0, 1});
  const auto u = make_timeline(Doubles{1, 1, 3}, Ties::exact);
  const auto repeated = make_risk_table(u, Codes{1, 1, 1}, Codes{0, 0, 0}, 1);
  CHECK(weighted.time == repeated.time);
  CHECK(weighted.n_risk == repeated.n_risk);
  CHECK(weighted.n_event == repeated.n_event);
  CHECK(weighted.n == Doubles{2}); // rows of positive weight
  CHECK(repeated.n == Doubles{3});
}

TEST_CASE("who enters at a time is at risk after it") {
  // (0, 3] death, (2, 5] death, (3, 4] censored, (3, 6] censored
  const auto t = make_timeline(Doubles{3, 5, 4, 6}, Ties::exact, Doubles{0, 2, 3, 3});
  const auto table = make_risk_table(t, Codes{1, 1, 0, 0}, Codes(4, 0), 1);
  CHECK(table.delayed_entry);
  CHECK(table.time == (Doubles{3, 4, 5, 6}));
  CHECK(table.n_risk == (Doubles{2, 3, 2, 1}));
}

TEST_CASE("the counts are those of the definition, on random cohorts with delayed entry") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::size_t n = 1 + random() % 30;
    Doubles exit(n), entry(n), weight(n);
    Codes event(n), group(n);
    for (std::size_t i = 0; i < n; ++i) {
      entry[i] = static_cast<double>(random() % 6);
      exit[i] = entry[i] + 1.0 + static_cast<double>(random() % 6);
      event[i] = static_cast<int>(random() % 2);
      group[i] = static_cast<int>(random() % 3);
      weight[i] = static_cast<double>(random() % 3);
    }
    const auto table = make_risk_table(make_timeline(exit, Ties::exact, entry), event, group, 3, weight);
    for (std::size_t g = 0; g < 3; ++g) {
      std::size_t row = table.first[g];
      for (double time = 0.0; time < 13.0; time += 1.0) {
        double at_risk = 0, events = 0, censored = 0;
        for (std::size_t i = 0; i < n; ++i)
          if (group[i] == static_cast<int>(g)) {
            if (entry[i] < time && time <= exit[i])
              at_risk += weight[i];
            if (exit[i] == time)
              (event[i] == 1 ? events : censored) += weight[i];
          }
        if (events + censored == 0.0)
          continue;
        REQUIRE(row < table.first[g + 1]);
        REQUIRE(table.time[row] == time);
        REQUIRE(table.n_risk[row] == at_risk);
        REQUIRE(table.n_event[row] == events);
        REQUIRE(table.n_censor[row] == censored);
        ++row;
      }
      REQUIRE(row == table.first[g + 1]);
    }
  }
}

TEST_CASE("timeline and risk table are those of the definition to the last bit") {
  std::mt19937_64 random(23);
  std::exponential_distribution<double> spread(0.03);
  for (int round = 0; round < 6000; ++round) {
    // Most cohorts small; each size at which the ordering changes its way is met.
    const std::size_t n = round % 500 == 0 ? 31000 + random() % 3000
                          : round % 50 == 0 ? 150 + random() % 3000
                                            : random() % 60;
    const std::size_t n_group = 1 + random() % 4, n_cause = 1 + random() % 3, kind = random() % 10;
    const bool delayed = random() % 2 == 0, weighted = random() % 2 == 0;
    Doubles time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
    Codes event(n), group(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double x = spread(random);
      switch (kind) {
      case 0: time[i] = x; break;
      case 1: time[i] = std::floor(x); break;
      case 2: time[i] = std::floor(10.0 * x) / 10.0 + (random() % 3 == 0 ? 1e-15 : 0.0); break; // rounding error
      case 3: time[i] = 1e9 + std::floor(x) * 7.0; break;                // near-ties by the mean alone
      case 4: time[i] = x * 2e-9; break;                                 // all one chain, nearly
      case 5: time[i] = static_cast<double>(random() % 50) * std::numeric_limits<double>::denorm_min(); break;
      case 6: time[i] = random() % 4 == 0 ? -0.0 : std::ldexp(1.0 + x, static_cast<int>(random() % 600) - 300); break;
      case 7: time[i] = 1.0 + std::ldexp(static_cast<double>(random() % 9), -52); break; // differ in the last bits
      case 8: time[i] = x - 20.0; break;                                 // some below 0
      default: time[i] = i == 0 ? 1.0 : 1e6 + x * 1e-7;                  // agree in their leading bits
      }
      if (delayed)
        entry[i] = time[i] - (kind == 1 || random() % 3 == 0 ? 1.0 : std::fabs(time[i]) * 0.5 + 1e-7 * x + 1e-30);
      if (weighted)
        weight[i] = random() % 5 == 0 ? 0.0 : spread(random) * (random() % 9 == 0 ? 1e15 : 1.0);
      event[i] = static_cast<int>(random() % (n_cause + 1));
      group[i] = static_cast<int>(random() % n_group);
    }
    const Ties ties = random() % 2 == 0 ? Ties::near : Ties::exact;
    INFO("round " << round << ", kind " << kind << ", n = " << n << ", groups " << n_group << ", delayed " << delayed);
    const auto plain = plain_timeline(time, ties, entry);
    bool enters_before = true;
    for (std::size_t i = 0; i < entry.size(); ++i)
      enters_before = enters_before && plain.entry_id[i] < plain.exit_id[i];
    if (!enters_before) {
      REQUIRE_THROWS_AS(make_timeline(time, ties, entry), entry_error);
      continue;
    }
    const auto timeline = make_timeline(time, ties, entry);
    REQUIRE(same_bits(timeline.time, plain.time));
    REQUIRE(timeline.exit_id == plain.exit_id);
    REQUIRE(timeline.entry_id == plain.entry_id);
    REQUIRE(timeline.n_time_merged == plain.n_time_merged);
    const auto table = make_risk_table(timeline, event, group, n_group, weight, n_cause);
    const auto expected = plain_risk_table(plain, event, group, n_group, weight, n_cause);
    REQUIRE(table.first == expected.first);
    REQUIRE(table.time_id == expected.time_id);
    REQUIRE(same_bits(table.n, expected.n));
    REQUIRE(same_bits(table.time, expected.time));
    REQUIRE(same_bits(table.n_risk, expected.n_risk));
    REQUIRE(same_bits(table.n_event, expected.n_event));
    REQUIRE(same_bits(table.n_censor, expected.n_censor));
    REQUIRE(same_bits(table.cause_events, expected.cause_events));
  }
}

TEST_CASE("lengths and codes that do not fit are refused") {
  const auto t = make_timeline(Doubles{1, 2}, Ties::exact);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1}, Codes{0, 0}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, 0}, 1, Doubles{1}), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, 1}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, -1}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 2}, Codes{0, 0}, 1), input_error);
}
