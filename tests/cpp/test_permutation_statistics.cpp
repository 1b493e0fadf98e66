#include "cryonodes/permutation_statistics.hpp"

#include "catch.h"

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

TEST_CASE("by hand: four deaths in turn, two and two, studentised") {
  // The deaths {1, 2}: score (1 - 2/4) + (1 - 1/3) = 7/6, variance 1/4 + 2/9 = 17/36, squared score over variance
  // 49/17. {1, 3}: 2/3 and 13/18, 8/13; {1, 4}: 1/3 and 13/18, 2/13; the others are mirror images. 2 of 6 reach 49/17.
  const Doubles time{1, 2, 3, 4};
  const Codes event{1, 1, 1, 1}, group{1, 1, 0, 0};
  const auto timeline = make_timeline(time, Ties::near);
  const TestRows rows{timeline, event, group, 2, 1};
  const auto studentised = studentised_rows(rows, {});
  REQUIRE(studentised.term.size() == 3); // the last death has nobody to be compared with
  CHECK(studentised.term[0].to == 2);
  CHECK(studentised.term[0].weight == Approx(1.0 / 4));
  CHECK(studentised.term[2].weight == Approx(1.0 / 16));
  const DealtScores dealt{{}, group, 2, {}, 1};
  DealOptions options;
  options.replicates = 30000;
  const auto hits = studentised_tail(studentised, dealt, options);
  CHECK(std::fabs(static_cast<double>(hits) - 10000.0) < 410.0); // 2 of 6, five standard deviations
  for (std::size_t threads : std::vector<std::size_t>{2, 5}) {
    options.threads = threads;
    CHECK(studentised_tail(studentised, dealt, options) == hits);
  }
}

TEST_CASE("each dealing's studentised score is what the log-rank test of these groups gives") {
  std::mt19937 random(14);
  for (const std::size_t n : std::vector<std::size_t>{6, 12, 29, 33, 70, 160})
    for (const std::size_t n_stratum : std::vector<std::size_t>{1, 3})
      for (const std::size_t times : std::vector<std::size_t>{7, 100000}) {
        Doubles time;
        Codes event, group, stratum, cell;
        for (std::size_t i = 0; i < n; ++i) {
          time.push_back(static_cast<double>(1 + random() % times));
          event.push_back(random() % 10 < 7 ? 1 : 0);
          group.push_back(i % 3 == 0 ? 1 : 0);
          stratum.push_back(static_cast<int>(random() % n_stratum));
        }
        cell.resize(n);
        const auto timeline = make_timeline(time, Ties::near);
        const auto chi_square = [&](const Codes& to) {
          for (std::size_t i = 0; i < n; ++i)
            cell[i] = 2 * stratum[i] + to[i];
          const auto test = logrank(make_risk_table(timeline, event, cell, 2 * n_stratum), 2);
          return test.rank() > 0 ? test.score[1] * test.score[1] / test.covariance[3] : -1.0;
        };
        const double found = chi_square(group);
        const auto rows = studentised_rows({timeline, event, cell, 2, n_stratum}, {});
        const DealtScores dealt{{}, group, 2, stratum, n_stratum};
        DealOptions options;
        options.replicates = 320;
        options.seed = 9;
        const auto hits = studentised_tail(rows, dealt, options);
        const detail::SubsetDealer dealer(dealt, rows.order);
        auto room = dealer.room();
        Codes to(n);
        std::size_t expected = 0;
        for (std::size_t r = 0; r < options.replicates; ++r) {
          if (r % dealer.lanes == 0)
            dealer.draw(options.seed, r / dealer.lanes, room);
          dealer.write_groups(room.words, r % dealer.lanes, to);
          expected += chi_square(to) >= found * (1.0 - 1e-9) ? 1U : 0U;
        }
        INFO(n << " " << n_stratum << " " << times);
        if (found > 1e-9) // else every way is as large
          REQUIRE(hits == expected);
      }
}

TEST_CASE("a dealing without variance has no score, though rounding may leave some of either") {
  // One death while anybody is left to compare with: its variance is 1 / 4 times how many of {a, b} are of each group.
  // Of 6 ways two keep a and b together: no hits. The other four have the score +-1/2 and the variance 1/4: hits.
  const Doubles time{8, 9, 1, 2};
  const Codes event{1, 0, 0, 0}, group{1, 0, 1, 0};
  const auto timeline = make_timeline(time, Ties::near);
  const auto rows = studentised_rows({timeline, event, group, 2, 1}, {});
  REQUIRE(rows.term.size() == 1);
  DealOptions options;
  options.replicates = 30000;
  const auto hits = studentised_tail(rows, {{}, group, 2, {}, 1}, options);
  CHECK(std::fabs(static_cast<double>(hits) - 20000.0) < 410.0); // 4 of 6, five standard deviations
}

TEST_CASE("rows are dealt out within the strata of their scores") {
  const Doubles time{1, 2, 3, 4};
  const Codes event{1, 1, 1, 1}, group{1, 0, 1, 0};
  const auto timeline = make_timeline(time, Ties::near);
  const auto rows = studentised_rows({timeline, event, group, 2, 1}, {});
  CHECK_THROWS_AS(studentised_tail(rows, {{}, group, 2, Codes{0, 1, 0, 1}, 2}, {}), input_error);
}

TEST_CASE("the largest of one kind is the plain test, and replicates go on where others ended") {
  std::mt19937 random(31);
  for (int round = 0; round < 20; ++round) {
    const std::size_t n = 5 + random() % 20;
    Doubles score;
    Codes group;
    for (std::size_t i = 0; i < n; ++i) {
      score.push_back(static_cast<double>(random() % 50) / 8.0);
      group.push_back(static_cast<int>(i % 2));
    }
    const DealtScores dealt{score, group, 2, {}, 1};
    DealOptions options;
    options.replicates = 500;
    options.seed = random();
    const auto all = approximate_tail(dealt, options);
    const auto largest = largest_tail(score, dealt, options);
    REQUIRE(largest.hits == all);
    REQUIRE(largest.z.size() == 1);
    Doubles twice = score;
    for (double a : score)
      twice.push_back(3.0 * a + 1.0);
    REQUIRE(largest_tail(twice, dealt, options).hits == all);
    options.replicates = 200;
    const auto begun = approximate_tail(dealt, options);
    options.first = 200;
    options.replicates = 300;
    REQUIRE(begun + approximate_tail(dealt, options) == all);
  }
}

TEST_CASE("scores that are all alike have no deviation: every way is as large") {
  const Codes group{0, 1, 0, 1, 1};
  DealOptions options;
  options.replicates = 50;
  const auto largest = largest_tail(Doubles(5, 0.1), {{}, group, 2, {}, 1}, options);
  CHECK(std::isnan(largest.z[0]));
  CHECK(largest.hits == 50);
  CHECK_THROWS_AS(largest_tail(Doubles(7, 1.0), {{}, group, 2, {}, 1}, options), input_error);
  CHECK_THROWS_AS(largest_tail(Doubles(5, 1.0), {{}, Codes{0, 1, 2, 1, 0}, 2, {}, 1}, options), input_error);
  CHECK_THROWS_AS(largest_tail(Doubles(5, std::nan("")), {{}, group, 2, {}, 1}, options), input_error);
}
