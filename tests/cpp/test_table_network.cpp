#include "cryonodes/table_network.hpp"

#include "catch.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cryonodes/fisher_sample.hpp"

using namespace cryonodes;
using Counts = std::vector<std::int64_t>;

namespace {

std::vector<std::vector<std::string>> golden_lines(const std::string& name) {
  std::ifstream file("../golden/" + name);
  if (!file)
    file.open("tests/golden/" + name);
  std::vector<std::vector<std::string>> out;
  std::string line, cell;
  std::getline(file, line);
  while (std::getline(file, line)) {
    out.emplace_back();
    std::istringstream cells(line);
    while (std::getline(cells, cell, ','))
      out.back().push_back(cell);
  }
  return out;
}

template <class Number> std::vector<Number> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<Number> out;
  for (Number x; in >> x;)
    out.push_back(x);
  return out;
}

TableStatistic statistic_of(const std::string& name) {
  return name == "chisq"     ? TableStatistic::chisq
         : name == "kruskal" ? TableStatistic::kruskal
         : name == "linear"  ? TableStatistic::linear
                             : TableStatistic::probability;
}

TableScores in_order(TableStatistic statistic, std::size_t rows, std::size_t columns) {
  TableScores out;
  if (statistic == TableStatistic::linear) {
    for (std::size_t i = 1; i <= rows; ++i)
      out.row.push_back(static_cast<double>(i));
    for (std::size_t j = 1; j <= columns; ++j)
      out.column.push_back(static_cast<double>(j));
  }
  return out;
}

const auto summed = {TableStatistic::chisq, TableStatistic::kruskal, TableStatistic::linear};

} // namespace

TEST_CASE("exact p of every statistic is that of all tables, counted in fractions") {
  const auto cases = golden_lines("fisher_rxc.csv");
  REQUIRE(cases.size() == 480);
  for (const auto& cell : cases) {
    const auto rows = static_cast<std::size_t>(std::stoul(cell[0]));
    const auto by_column = numbers<std::int64_t>(cell[1]);
    const std::size_t columns = by_column.size() / rows;
    Counts table(by_column.size());
    for (std::size_t k = 0; k < table.size(); ++k)
      table[k % rows * columns + k / rows] = by_column[k];
    const TableStatistic statistic = statistic_of(cell[3]);
    const double p = std::stod(cell[4]);
    CAPTURE(cell[1]);
    CAPTURE(cell[3]);
    const RxcResult fit = exact_tables(table, rows, columns, statistic, in_order(statistic, rows, columns));
    REQUIRE(fit.feasible);
    CHECK(std::fabs(fit.p_value / p - 1.0) < 1e-13);
    CHECK(std::fabs(fit.log_p_value - std::log(p)) < 1e-13);
  }
}

TEST_CASE("exact p of larger tables is that of a law in whole numbers") {
  const auto cases = golden_lines("table_network.csv");
  REQUIRE(cases.size() >= 16);
  for (const auto& cell : cases) {
    const auto rows = static_cast<std::size_t>(std::count(cell[1].begin(), cell[1].end(), '/')) + 1;
    std::string counts = cell[1];
    std::replace(counts.begin(), counts.end(), '/', ' ');
    const auto table = numbers<std::int64_t>(counts);
    TableScores scores{numbers<double>(cell[2]), numbers<double>(cell[3])};
    for (auto* score : {&scores.row, &scores.column}) // two decimals at most
      for (double& s : *score)
        s = std::round(100.0 * s);
    const double p = std::stod(cell[4]);
    CAPTURE(cell[0]);
    CAPTURE(cell[1]);
    const RxcResult fit = exact_tables(table, rows, table.size() / rows, statistic_of(cell[0]), scores);
    REQUIRE(fit.feasible);
    CHECK(std::fabs(fit.p_value / p - 1.0) < 1e-12);
  }
}

TEST_CASE("exact p is the same bits for every order that means the same") {
  std::mt19937 random(31);
  for (int round = 0; round < 20; ++round)
    for (const TableStatistic statistic : summed) {
      const std::size_t rows = 3 + random() % 2, columns = 3 + random() % 2;
      Counts table(rows * columns);
      for (auto& x : table)
        x = 1 + random() % 4; // equal totals are frequent
      TableScores scores = in_order(statistic, rows, columns);
      for (double& s : scores.row)
        s = static_cast<double>(random() % 3); // and so are equal scores
      if (statistic == TableStatistic::linear)
        scores.row[0] = 7.0;
      const RxcResult one = exact_tables(table, rows, columns, statistic, scores);
      REQUIRE(one.feasible);
      std::vector<std::size_t> r(rows), c(columns);
      std::iota(r.begin(), r.end(), 0U);
      std::iota(c.begin(), c.end(), 0U);
      std::shuffle(r.begin(), r.end(), random);
      if (statistic != TableStatistic::kruskal)
        std::shuffle(c.begin(), c.end(), random);
      Counts moved(table.size()), turned(table.size());
      TableScores of_moved = scores;
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
          moved[i * columns + j] = table[r[i] * columns + c[j]];
          turned[j * rows + i] = table[r[i] * columns + c[j]];
          if (statistic == TableStatistic::linear) {
            of_moved.row[i] = scores.row[r[i]];
            of_moved.column[j] = scores.column[c[j]];
          }
        }
      CHECK(exact_tables(moved, rows, columns, statistic, of_moved).p_value == one.p_value);
      if (statistic == TableStatistic::kruskal)
        continue;
      std::swap(of_moved.row, of_moved.column);
      CHECK(exact_tables(turned, columns, rows, statistic, of_moved).p_value == one.p_value);
    }
}

TEST_CASE("random tables are as extreme as often as the exact p says, where no list of tables is") {
  const Counts table{9, 4, 6, 3, 5, 8, 7, 2, 3, 6, 4, 11};
  for (const TableStatistic statistic : summed) {
    const RxcResult fit = exact_tables(table, 3, 4, statistic, in_order(statistic, 3, 4));
    REQUIRE(fit.feasible);
    TableSampleOptions options;
    options.statistic = statistic;
    options.scores = in_order(statistic, 3, 4);
    options.draws = 40000;
    options.seed = 5;
    const double share = static_cast<double>(sample_tables(table, 3, 4, options).hits) / 40000.0;
    CAPTURE(static_cast<int>(statistic));
    CHECK(std::fabs(share - fit.p_value) < 4.5 * std::sqrt(fit.p_value * (1.0 - fit.p_value) / 40000.0));
  }
}

TEST_CASE("one far out has a finite logarithm, one at the mean p = 1") {
  // Three groups of 100 that share nothing: for chisq and kruskal 3! tables of the probability 100!^3 / 300!, for
  // linear the two that agree with the scores or oppose them.
  const Counts apart{100, 0, 0, 0, 100, 0, 0, 0, 100};
  const double one = 3.0 * std::lgamma(101.0) - std::lgamma(301.0);
  for (const TableStatistic statistic : {TableStatistic::chisq, TableStatistic::kruskal})
    CHECK(std::fabs(exact_tables(apart, 3, 3, statistic).log_p_value / (one + std::log(6.0)) - 1.0) < 1e-13);
  const TableScores scores{{1, 2, 3}, {1, 2, 3}};
  const RxcResult linear = exact_tables(apart, 3, 3, TableStatistic::linear, scores);
  CHECK(std::fabs(linear.log_p_value / (one + std::log(2.0)) - 1.0) < 1e-13);
  CHECK(exact_tables({4, 4, 4, 4, 4, 4}, 2, 3, TableStatistic::chisq).p_value == 1.0);
  CHECK(exact_tables({4, 4, 4, 4, 4, 4}, 2, 3, TableStatistic::kruskal).p_value == 1.0);
  CHECK(exact_tables({4, 4, 4, 4, 4, 4}, 2, 3, TableStatistic::linear, {{1, 2}, {1, 2, 3}}).p_value == 1.0);
}

TEST_CASE("a network beyond its limits is given up, and the caller can stop") {
  const Counts table{20, 15, 25, 18, 12, 22, 19, 21, 25, 15, 17, 23, 14, 16, 20, 18};
  RxcLimits limits;
  limits.work = 1e6;
  struct Stop {};
  for (const TableStatistic statistic : summed) {
    const RxcResult fit = exact_tables(table, 4, 4, statistic, in_order(statistic, 4, 4), limits);
    CHECK_FALSE(fit.feasible);
    CHECK(std::isnan(fit.p_value));
    CHECK(fit.work < 1.1e6);
    CHECK_THROWS_AS(exact_tables(table, 4, 4, statistic, in_order(statistic, 4, 4), {},
                                 [](double) { throw Stop(); }),
                    Stop);
  }
  limits.memory = 1e4;
  CHECK_FALSE(exact_tables(table, 4, 4, TableStatistic::chisq, {}, limits).feasible);
  // Sums of too many digits, and too many places for one number.
  CHECK_FALSE(exact_tables({99991, 99989, 99971, 99961, 99929, 99923, 99907, 99901, 99881, 99877, 99871, 99859}, 3, 4,
                           TableStatistic::chisq).feasible);
  CHECK_FALSE(exact_tables(Counts(70 * 70, 1), 70, 70, TableStatistic::chisq).feasible);
}

TEST_CASE("scores that are not whole, or all equal, are refused") {
  const Counts table{3, 4, 5, 6, 2, 1};
  CHECK_THROWS_AS(exact_tables(table, 2, 3, TableStatistic::linear), input_error);
  CHECK_THROWS_AS(exact_tables(table, 2, 3, TableStatistic::linear, {{1, 2}, {1, 2.5, 3}}), input_error);
  CHECK_THROWS_AS(exact_tables(table, 2, 3, TableStatistic::linear, {{1, 2}, {1, 1, 1}}), input_error);
  CHECK_THROWS_AS(exact_tables(table, 2, 3, TableStatistic::linear, {{1, 1e300}, {1, 2, 3}}), input_error);
  CHECK_THROWS_AS(exact_tables({3, 0, 5, 6, 0, 1}, 2, 3, TableStatistic::chisq), input_error);
}
