#include "catch.h"

#include <random>
#include <vector>

#include "cryonodes/risk_table.hpp"

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

TEST_CASE("lengths and codes that do not fit are refused") {
  const auto t = make_timeline(Doubles{1, 2}, Ties::exact);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1}, Codes{0, 0}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, 0}, 1, Doubles{1}), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, 1}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 1}, Codes{0, -1}, 1), input_error);
  CHECK_THROWS_AS(make_risk_table(t, Codes{1, 2}, Codes{0, 0}, 1), input_error);
}
