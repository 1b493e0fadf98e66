#include "cryonodes/permutation.hpp"

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

DealtScores two_groups(const Doubles& score, const Codes& group) {
  return {score, group, 2, {}, 1};
}

struct Counted {
  double as_far = 0, farther = 0, ways = 0;
};

// Every subset in turn; scores are whole multiples of 1/64, so that sums and n times them are exact.
Counted enumerate(const Doubles& score, const Codes& group) {
  const std::size_t n = score.size();
  double total = 0, observed = 0;
  std::size_t m = 0;
  for (std::size_t i = 0; i < n; ++i) {
    total += score[i];
    observed += group[i] == 1 ? score[i] : 0.0;
    m += group[i] == 1 ? 1U : 0U;
  }
  const auto size = static_cast<double>(n);
  const auto far = [&](double sum) { return std::fabs(size * sum - static_cast<double>(m) * total); };
  Counted out;
  for (std::size_t set = 0; set < (std::size_t{1} << n); ++set) {
    double sum = 0;
    std::size_t in = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (set >> i & 1U) {
        sum += score[i];
        ++in;
      }
    if (in != m)
      continue;
    out.ways += 1;
    out.as_far += far(sum) >= far(observed) ? 1 : 0;
    out.farther += far(sum) > far(observed) ? 1 : 0;
  }
  return out;
}

} // namespace

TEST_CASE("four deaths in turn, two and two: 2 of 6 ways are as far") {
  // 1 - H at H = 1/4, 7/12, 13/12, 25/12; {1, 2} against {3, 4} and its mirror image are the most extreme.
  const Doubles score{3.0 / 4, 5.0 / 12, -1.0 / 12, -13.0 / 12};
  const auto tail = exact_tail(two_groups(score, {0, 0, 1, 1}));
  CHECK(tail.ways == 6.0);
  CHECK(tail.p_value == 2.0 / 6);
  CHECK(tail.farther == 0.0);
  // {1, 3}: sums of the second group 5/12 - 13/12 = -2/3 against -7/6 of {3, 4} and -1/3 of {1, 4}: 4 of 6.
  CHECK(exact_tail(two_groups(score, {0, 1, 0, 1})).p_value == 4.0 / 6);
}

TEST_CASE("the exact tail is that of every subset in turn, ties and all") {
  std::mt19937 random(2001);
  for (int round = 0; round < 400; ++round) {
    const std::size_t n = 1 + random() % 13;
    const auto kinds = 1 + random() % 40;
    Doubles score;
    Codes group;
    for (std::size_t i = 0; i < n; ++i) {
      score.push_back((static_cast<double>(random() % kinds) - 10.0) / 64.0);
      group.push_back(static_cast<int>(random() % 2));
    }
    const auto tail = exact_tail(two_groups(score, group));
    const Counted truth = enumerate(score, group);
    REQUIRE(tail.ways == truth.ways);
    REQUIRE(tail.p_value == truth.as_far / truth.ways);
    REQUIRE(tail.farther == truth.farther / truth.ways);
  }
}

TEST_CASE("neither the order of units, nor the names of groups, nor the unit of the scores counts") {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    Doubles score, turned, large;
    Codes group, other;
    for (int i = 0; i < 16; ++i) {
      score.push_back(static_cast<double>(random()) / 4294967296.0 - 0.5);
      group.push_back(static_cast<int>(random() % 2));
    }
    for (std::size_t i = score.size(); i-- > 0;) {
      turned.push_back(score[i]);
      large.push_back(1024.0 * score[i]);
      other.push_back(1 - group[i]);
    }
    const double p = exact_tail(two_groups(score, group)).p_value;
    REQUIRE(exact_tail(two_groups(turned, other)).p_value == p);
    REQUIRE(exact_tail(two_groups(large, other)).p_value == p);
  }
}

TEST_CASE("scores that are all alike have one sum: p is 1") {
  for (double value : {0.0, 1.0, -3.5}) {
    const auto tail = exact_tail(two_groups(Doubles(30, value), Codes(30, 0)));
    CHECK(tail.p_value == 1.0);
    Codes group(30, 0);
    group[3] = group[7] = 1;
    const auto some = exact_tail(two_groups(Doubles(30, value), group));
    CHECK(some.p_value == 1.0);
    CHECK(some.farther == 0.0);
    CHECK(some.ways == 435.0);
  }
}

TEST_CASE("sums up to n + 2 steps apart are equal, and one step more are not, on either side of the mean") {
  const double step = std::ldexp(1.0, -38); // 2^-42 of 16, the power of two above the sum of sizes, some 12
  const auto tail = [&](double apart, int chosen) {
    Codes group(4, 0);
    group[static_cast<std::size_t>(chosen)] = 1;
    return exact_tail(two_groups({3.0, -3.0, 3.0 - apart * step, -3.0 + apart * step}, group));
  };
  for (int chosen = 0; chosen < 4; ++chosen) {
    CHECK(tail(6.0, chosen).p_value == 1.0);
    CHECK(tail(6.0, chosen).farther == 0.0);
    CHECK(tail(7.0, chosen).p_value == (chosen < 2 ? 0.5 : 1.0));
    CHECK(tail(7.0, chosen).farther == (chosen < 2 ? 0.0 : 0.5));
  }
}
TEST_CASE("ties are counted together: a hundred units of few scores need little memory") {
  Doubles score;
  Codes group;
  for (int i = 0; i < 50; ++i) {
    score.push_back(i % 3);
    group.push_back(i % 2);
  }
  const auto tail = exact_tail(two_groups(score, group), 5000);
  CHECK(tail.p_value > 0.0);
  CHECK(tail.p_value <= 1.0);
}

TEST_CASE("what does not fit, or is none of it, is refused") {
  Doubles score;
  Codes group;
  for (int i = 0; i < 40; ++i) {
    score.push_back(std::sqrt(i));
    group.push_back(i % 2);
  }
  CHECK_THROWS_AS(exact_tail(two_groups(score, group), 1000), memory_error);
  CHECK(exact_tail(two_groups(Doubles(60, 1.0), Codes(60, 1))).p_value == 1.0);
  Codes even;
  for (int i = 0; i < 80; ++i)
    even.push_back(i % 2);
  const auto beyond = exact_tail(two_groups(Doubles(80, 1.0), even)); // 1.1e23 ways: counted in floating point
  CHECK(beyond.ways == Approx(1.075e23).epsilon(1e-3));
  CHECK(beyond.p_value == Approx(1.0).margin(beyond.error));
  Codes many;
  for (int i = 0; i < 1100; ++i)
    many.push_back(i % 2);
  CHECK_THROWS_AS(exact_tail(two_groups(Doubles(1100, 1.0), many)), memory_error);
  CHECK_THROWS_AS(exact_tail(two_groups({1, 2}, {0, 2})), input_error);
  CHECK_THROWS_AS(exact_tail(two_groups({1, 2}, {0})), input_error);
  CHECK_THROWS_AS(exact_tail(two_groups({1, std::nan("")}, {0, 1})), input_error);
  CHECK_THROWS_AS(exact_tail({score, group, 3, {}, 1}), input_error);
  CHECK_THROWS_AS(
      exact_tail(two_groups(score, group), std::size_t{1} << 23, [](double) { throw std::runtime_error("stop"); }),
      std::runtime_error);
}

TEST_CASE("drawn ways agree with all ways, for any number of threads") {
  std::mt19937 random(17);
  for (int round = 0; round < 5; ++round) {
    Doubles score;
    Codes group;
    for (int i = 0; i < 14; ++i) {
      score.push_back(static_cast<double>(random() % 9) / 8.0);
      group.push_back(i % 3 == 0 ? 1 : 0);
    }
    const double p = exact_tail(two_groups(score, group)).p_value;
    DealOptions options;
    options.replicates = 20000;
    options.seed = 5;
    const auto hits = approximate_tail(two_groups(score, group), options);
    const double share = static_cast<double>(hits) / 20000.0;
    REQUIRE(std::fabs(share - p) <= 4.5 * std::sqrt(p * (1.0 - p) / 20000.0) + 1e-12);
    for (std::size_t threads : std::vector<std::size_t>{2, 3, 8}) {
      options.threads = threads;
      REQUIRE(approximate_tail(two_groups(score, group), options) == hits);
    }
  }
}

TEST_CASE("groups are dealt within strata, each keeping its size there, and all ways alike often") {
  const Codes group{0, 0, 1, 2, 1, 1, 0}, stratum{0, 1, 0, 1, 1, 1, 0};
  const Doubles score(7, 1.0);
  DealOptions options;
  options.replicates = 30000;
  std::vector<std::size_t> first_is(3, 0), fourth_is(3, 0);
  const DealtScores dealt{score, group, 3, stratum, 2};
  count_dealt(dealt, options, [&](const Codes& to, std::size_t) {
    std::size_t sizes[2][3] = {{0, 0, 0}, {0, 0, 0}};
    for (std::size_t i = 0; i < 7; ++i)
      ++sizes[stratum[i]][to[i]];
    // Stratum 0: rows 0, 2, 6, of groups 0, 1, 0. Stratum 1: rows 1, 3, 4, 5, of groups 0, 2, 1, 1.
    REQUIRE((sizes[0][0] == 2 && sizes[0][1] == 1 && sizes[0][2] == 0));
    REQUIRE((sizes[1][0] == 1 && sizes[1][1] == 2 && sizes[1][2] == 1));
    ++first_is[static_cast<std::size_t>(to[0])];
    ++fourth_is[static_cast<std::size_t>(to[3])];
    return false;
  });
  // 2/3, 1/3 and 1/4, 1/2, 1/4 of 30000, standard deviation at most 87: five of them.
  CHECK(std::fabs(static_cast<double>(first_is[1]) - 10000.0) < 435.0);
  CHECK(first_is[2] == 0);
  CHECK(std::fabs(static_cast<double>(fourth_is[1]) - 15000.0) < 435.0);
  CHECK(std::fabs(static_cast<double>(fourth_is[2]) - 7500.0) < 435.0);
}

TEST_CASE("each of the 56 ways of dealing three of eight is drawn alike often") {
  const Codes group{1, 0, 0, 1, 0, 0, 1, 0};
  DealOptions options;
  options.replicates = 56000;
  std::vector<double> seen(256, 0.0);
  count_dealt({{}, group, 2, {}, 1}, options, [&](const Codes& to, std::size_t) {
    std::size_t way = 0;
    for (std::size_t i = 0; i < 8; ++i)
      way += to[i] == 1 ? std::size_t{1} << i : 0;
    seen[way] += 1.0;
    return false;
  });
  double chi_square = 0.0, ways = 0.0;
  for (double times : seen)
    if (times > 0.0) {
      ways += 1.0;
      chi_square += (times - 1000.0) * (times - 1000.0) / 1000.0;
    }
  CHECK(ways == 56.0);
  CHECK(chi_square < 101.0); // 55 degrees of freedom: exceeded once in 10000
}

TEST_CASE("however many numbers are made ahead, they are the same") {
  RandomStreamOf<1> one(7, 3);
  RandomStreamOf<4> four(7, 3);
  RandomStreamOf<16> sixteen(7, 3);
  for (int i = 0; i < 200; ++i) {
    const auto x = one.next();
    REQUIRE(four.next() == x);
    REQUIRE(sixteen.next() == x);
  }
}

TEST_CASE("dealing refuses what does not fit") {
  DealOptions options;
  CHECK_THROWS_AS(approximate_tail({Doubles{1, 2}, Codes{0, 3}, 2, {}, 1}, options), input_error);
  CHECK_THROWS_AS(approximate_tail({Doubles{1, 2}, Codes{0}, 2, {}, 1}, options), input_error);
  CHECK_THROWS_AS(approximate_tail({Doubles{1, 2}, Codes{0, 1}, 2, Codes{0, 2}, 2}, options), input_error);
  const Doubles endless{1, std::numeric_limits<double>::infinity()};
  CHECK_THROWS_AS(approximate_tail({endless, Codes{0, 1}, 2, {}, 1}, options), input_error);
}
