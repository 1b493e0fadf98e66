#include "cryonodes/timeline.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace cryonodes;
using Times = std::vector<double>;
using Ids = std::vector<std::uint32_t>;

TEST_CASE("distinct times come out in order, each row knows its own") {
  const auto t = make_timeline(Times{3, 1, 2, 1}, Ties::exact);
  CHECK(t.time == (Times{1, 2, 3}));
  CHECK(t.exit_id == (Ids{2, 0, 1, 0}));
  CHECK(t.entry_id.empty());
  CHECK(t.n_time_merged == 0);
}

TEST_CASE("no rows, no times") {
  const auto t = make_timeline(Times{}, Ties::near);
  CHECK(t.time.empty());
  CHECK(t.exit_id.empty());
}

TEST_CASE("times that differ by rounding are one time only when asked") {
  const Times time{0.3, 0.1 + 0.2, 1.0};
  CHECK(make_timeline(time, Ties::exact).time.size() == 3);
  const auto near = make_timeline(time, Ties::near);
  CHECK(near.time == (Times{0.3, 1.0}));
  CHECK(near.n_time_merged == 1);
}

TEST_CASE("a gap is near when it is small beside the mean of the distinct times") {
  // mean of the distinct times about 6.7e8: sqrt(eps) = 1.49e-8 of it is 9.9
  CHECK(make_timeline(Times{1e9, 1e9 + 5.0, 5.0}, Ties::near).time.size() == 2);
  CHECK(make_timeline(Times{1e9, 1e9 + 50.0, 5.0}, Ties::near).time.size() == 3);
  // and when it is small by itself, however small the times are: here the unit is not scaled away
  CHECK(make_timeline(Times{1e-9, 2e-9}, Ties::near).time.size() == 1);
}

TEST_CASE("a chain of near ties is one time, whatever the order of the rows") {
  Times chain;
  for (int i = 0; i < 7; ++i)
    chain.push_back(1.0 + i * 5e-9); // ends 3e-8 apart: farther than the tolerance
  chain.push_back(2.0);
  std::mt19937 shuffle(20);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(chain.begin(), chain.end(), shuffle);
    const auto t = make_timeline(chain, Ties::near);
    REQUIRE(t.time == (Times{1.0, 2.0}));
    REQUIRE(t.n_time_merged == 6);
  }
}

TEST_CASE("entries share the time line with exits, near ties included") {
  const auto t = make_timeline(Times{0.3, 1.0}, Ties::near, Times{0.0, 0.1 + 0.2});
  CHECK(t.time == (Times{0.0, 0.3, 1.0}));
  CHECK(t.exit_id == (Ids{1, 2}));
  CHECK(t.entry_id == (Ids{0, 1}));
}

TEST_CASE("an entry that falls on its own exit is refused") {
  CHECK_THROWS_AS(make_timeline(Times{1.0, 2.0}, Ties::exact, Times{1.0, 0.0}), entry_error);
  CHECK_THROWS_AS(make_timeline(Times{1.0 + 1e-10, 2.0}, Ties::near, Times{1.0, 0.0}), entry_error);
  CHECK_NOTHROW(make_timeline(Times{1.0 + 1e-10, 2.0}, Ties::exact, Times{1.0, 0.0}));
  CHECK_THROWS_AS(make_timeline(Times{1.0, 2.0}, Ties::exact, Times{0.0}), input_error);
}

TEST_CASE("the largest doubles are times like others") {
  const auto t = make_timeline(Times{1e308, 1e308, 1.0}, Ties::near);
  CHECK(t.time == (Times{1.0, 1e308}));
}
