#include "cryonodes/fisher_sample.hpp"

#include "catch.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

using namespace cryonodes;
using Counts = std::vector<std::int64_t>;

namespace {

const auto all_statistics = {TableStatistic::probability, TableStatistic::chisq, TableStatistic::kruskal,
                             TableStatistic::linear};

// Every table with the margins of `found`, in whole numbers: its weight n! / prod n_ij! (as prod over rows of
// multinomials), and its statistic as a whole number that grows with it. For totals of at most 12.
struct Enumeration {
  std::size_t rows, columns;
  std::vector<std::int64_t> row, column;
  TableStatistic statistic;
  double all = 0, as_extreme = 0;

  Enumeration(const Counts& found, std::size_t r, std::size_t c, TableStatistic which)
      : rows(r), columns(c), row(r, 0), column(c, 0), statistic(which) {
    for (std::size_t i = 0; i < r; ++i)
      for (std::size_t j = 0; j < c; ++j) {
        row[i] += found[i * c + j];
        column[j] += found[i * c + j];
      }
    const std::int64_t limit = value(found);
    Counts x(r * c, 0);
    visit(x, 0, column, row[0], [&] {
      double weight = 1;
      for (std::size_t i = 0; i < r; ++i) {
        weight *= factorial(row[i]);
        for (std::size_t j = 0; j < c; ++j)
          weight /= factorial(x[i * c + j]);
      }
      all += weight;
      as_extreme += value(x) >= limit ? weight : 0;
    });
  }

private:
  static double factorial(std::int64_t k) { return k < 2 ? 1.0 : static_cast<double>(k) * factorial(k - 1); }
  static std::int64_t product(const std::vector<std::int64_t>& margin) {
    std::int64_t out = 1;
    for (std::int64_t m : margin)
      out *= m;
    return out;
  }
  std::int64_t value(const Counts& x) const {
    std::int64_t out = statistic == TableStatistic::probability ? 1 : 0, n = 0, rows_mean = 0, columns_mean = 0;
    for (std::int64_t m : row)
      n += m;
    for (std::size_t i = 0; i < rows; ++i)
      rows_mean += static_cast<std::int64_t>(i + 1) * row[i];
    for (std::size_t j = 0; j < columns; ++j)
      columns_mean += static_cast<std::int64_t>(j + 1) * column[j];
    for (std::size_t i = 0; i < rows; ++i) {
      std::int64_t ranks = 0, before = 0;
      for (std::size_t j = 0; j < columns; ++j) {
        const std::int64_t k = x[i * columns + j];
        switch (statistic) {
        case TableStatistic::probability:
          out *= static_cast<std::int64_t>(factorial(k));
          break;
        case TableStatistic::chisq: // all terms over one denominator
          out += k * k * (product(row) / row[i]) * (product(column) / column[j]);
          break;
        case TableStatistic::kruskal:
          ranks += k * (2 * before + column[j] + 1);
          before += column[j];
          break;
        case TableStatistic::linear:
          out += k * static_cast<std::int64_t>((i + 1) * (j + 1));
          break;
        }
      }
      out += ranks * ranks * (product(row) / row[i]);
    }
    return statistic == TableStatistic::linear ? std::abs(n * out - rows_mean * columns_mean) : out;
  }
  void visit(Counts& x, std::size_t cell, std::vector<std::int64_t> left, std::int64_t to_place,
             const std::function<void()>& each) {
    if (cell == rows * columns) {
      each();
      return;
    }
    const std::size_t i = cell / columns, j = cell % columns;
    const bool last_column = j + 1 == columns, last_row = i + 1 == rows;
    for (std::int64_t k = 0; k <= std::min(left[j], to_place); ++k) {
      if ((last_column && k != to_place) || (last_row && k != left[j]))
        continue;
      x[cell] = k;
      left[j] -= k;
      visit(x, cell + 1, left, last_column ? (last_row ? 0 : row[i + 1]) : to_place - k, each);
      left[j] += k;
    }
  }
};

TableSampleOptions options_of(TableStatistic statistic, std::size_t rows, std::size_t columns, std::uint64_t draws) {
  TableSampleOptions out;
  out.statistic = statistic;
  out.draws = draws;
  out.seed = 7;
  if (statistic == TableStatistic::linear) {
    for (std::size_t i = 1; i <= rows; ++i)
      out.scores.row.push_back(static_cast<double>(i));
    for (std::size_t j = 1; j <= columns; ++j)
      out.scores.column.push_back(static_cast<double>(j));
  }
  return out;
}

// P(x) by its recurrence from the smallest x, and the chi-square of what was drawn in bins of at least 20 expected.
void check_urn(std::int64_t drawn, std::int64_t white, std::int64_t black) {
  CAPTURE(drawn);
  CAPTURE(white);
  CAPTURE(black);
  const detail::Urn urn(white + black);
  const std::int64_t low = std::max<std::int64_t>(0, drawn - black), high = std::min(drawn, white);
  std::vector<double> log_p{0.0}, p;
  for (std::int64_t x = low; x < high; ++x)
    log_p.push_back(log_p.back() + std::log(static_cast<double>(white - x) * static_cast<double>(drawn - x) /
                                            (static_cast<double>(x + 1) * static_cast<double>(black - drawn + x + 1))));
  double all = 0.0;
  for (double each : log_p) {
    p.push_back(std::exp(each - *std::max_element(log_p.begin(), log_p.end())));
    all += p.back();
  }
  constexpr std::size_t draws = 40000;
  std::vector<double> seen(p.size(), 0.0);
  for (std::size_t i = 0; i < draws; ++i) {
    RandomStreamOf<4> random(11, i);
    const std::int64_t x = urn.draw(drawn, white, black, random);
    REQUIRE((low <= x && x <= high));
    seen[static_cast<std::size_t>(x - low)] += 1.0;
  }
  double chisq = 0.0, bins = 0.0, expected = 0.0, found = 0.0, expected_left = draws;
  for (std::size_t k = 0; k < p.size(); ++k) {
    expected += draws * p[k] / all;
    found += seen[k];
    if ((expected >= 20.0 && expected_left - expected >= 20.0) || k + 1 == p.size()) {
      chisq += (found - expected) * (found - expected) / std::max(expected, 1e-9);
      bins += 1.0;
      expected_left -= expected;
      expected = found = 0.0;
    }
  }
  // Five standard deviations of a chi-square with bins - 1 degrees of freedom, and what its skewness adds.
  CHECK(chisq < bins + 5.0 * std::sqrt(2.0 * bins) + 15.0);
}

} // namespace

TEST_CASE("drawn tables are as extreme as often as all tables say") {
  const std::vector<std::pair<Counts, std::size_t>> tables{
      {{3, 0, 1, 0, 2, 1, 1, 1, 3}, 3}, {{4, 1, 0, 1, 2, 4}, 2}, {{2, 0, 0, 1, 0, 3, 1, 2, 2}, 3}};
  for (const auto& [table, rows] : tables)
    for (auto statistic : all_statistics) {
      const std::size_t columns = table.size() / rows;
      const Enumeration truth(table, rows, columns, statistic);
      const double p = truth.as_extreme / truth.all;
      CAPTURE(static_cast<int>(statistic));
      CAPTURE(p);
      CAPTURE(table);
      constexpr std::uint64_t draws = 40000;
      const auto found = sample_tables(table, rows, columns, options_of(statistic, rows, columns, draws));
      const double share = static_cast<double>(found.hits) / draws;
      CHECK(std::fabs(share - p) < 4.5 * std::sqrt(p * (1.0 - p) / draws) + 1e-12);
    }
}

TEST_CASE("an urn gives what its law says, from its mode and by ratio") {
  check_urn(5, 7, 9);
  check_urn(10, 7, 9); // at least one
  check_urn(40, 300, 500);
  check_urn(2000, 3000, 5000);
  check_urn(100000, 30, 200000);
  check_urn(2000, 60000, 50000);
  check_urn(3, 40000, 50000);
  check_urn(70000, 69998, 4);
}

TEST_CASE("cell by cell and unit by unit tables have one law") {
  // n = 36 in 3 x 3 is dealt unit by unit, in 2 x 2 times 30 cell by cell: both against all tables of 2 x 2.
  const Counts small{6, 2, 3, 7}, large{180, 160, 150, 190};
  for (const auto& table : {small, large}) {
    const detail::Conditional law(table[0] + table[2], table[1] + table[3], table[0] + table[1], 1.0);
    double all = 0.0, as_extreme = 0.0;
    for (std::int64_t x = law.low(); x <= law.high(); ++x) {
      const double p = std::exp(law.log_ratio(x).value);
      all += p;
      as_extreme += p <= std::exp(law.log_ratio(table[0]).value) * (1.0 + 1e-9) ? p : 0.0;
    }
    const double p = as_extreme / all;
    const auto found = sample_tables(table, 2, 2, options_of(TableStatistic::probability, 2, 2, 40000));
    CHECK(std::fabs(static_cast<double>(found.hits) / 40000 - p) < 4.5 * std::sqrt(p * (1.0 - p) / 40000));
  }
}

TEST_CASE("neither threads, nor batches, nor the order of rows and columns change the hits") {
  const std::vector<Counts> tables{{3, 0, 1, 5, 0, 2, 1, 2, 1, 1, 3, 1},
                                   {3000, 2801, 1100, 500, 420, 207, 100, 2, 13, 1, 3, 1}};
  for (const Counts& table : tables)
    for (auto statistic : all_statistics) {
      const auto options = options_of(statistic, 3, 4, 5000);
      const auto hits = sample_tables(table, 3, 4, options).hits;
      auto other = options;
      other.threads = 3;
      CHECK(sample_tables(table, 3, 4, other).hits == hits);
      other.draws = 1234;
      const auto first = sample_tables(table, 3, 4, other).hits;
      other.first = 1234;
      other.draws = 5000 - 1234;
      CHECK(first + sample_tables(table, 3, 4, other).hits == hits);

      const Counts rows_moved{table[8], table[9], table[10], table[11], table[0], table[1],
                              table[2], table[3], table[4],  table[5],  table[6], table[7]};
      other = options;
      if (statistic == TableStatistic::linear)
        other.scores.row = {3, 1, 2};
      CHECK(sample_tables(rows_moved, 3, 4, other).hits == hits);
      if (statistic == TableStatistic::kruskal || statistic == TableStatistic::linear)
        continue;
      Counts turned;
      for (std::size_t j : {2U, 0U, 3U, 1U})
        for (std::size_t i : {1U, 2U, 0U})
          turned.push_back(table[i * 4 + j]);
      CHECK(sample_tables(turned, 4, 3, options).hits == hits);
    }
}

TEST_CASE("counts up to 2^53 in all are sampled") {
  const std::int64_t n = std::int64_t{1} << 50;
  for (auto statistic : all_statistics) {
    const auto options = options_of(statistic, 2, 3, 200);
    // The most probable table, and one that is far from it.
    CHECK(sample_tables({n, n, n, n, n, n}, 2, 3, options).hits == 200);
    CHECK(sample_tables({n + n / 4, n, n - n / 4, n - n / 4, n, n + n / 4}, 2, 3, options).hits == 0);
  }
}

TEST_CASE("what poll throws ends the sampling; scores must fit") {
  auto options = options_of(TableStatistic::probability, 2, 3, 1000000);
  const Poll stop = [](double) { throw std::runtime_error("enough"); };
  CHECK_THROWS_AS(sample_tables({3, 4, 5, 6, 2, 1}, 2, 3, options, stop), std::runtime_error);
  options.statistic = TableStatistic::linear;
  CHECK_THROWS_AS(sample_tables({3, 4, 5, 6, 2, 1}, 2, 3, options), input_error);
  options.scores = {{1, 2}, {1, 2, std::nan("")}};
  CHECK_THROWS_AS(sample_tables({3, 4, 5, 6, 2, 1}, 2, 3, options), input_error);
}
