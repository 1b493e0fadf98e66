#include "cryonodes/table_statistic.hpp"

#include "catch.h"

#include <cstdint>
#include <vector>

using namespace cryonodes;
using Counts = std::vector<std::int64_t>;

TEST_CASE("products of factorials are compared, not their logarithms") {
  CHECK(detail::compare_factorials({6, 1}, {3, 5}) == 0);  // 6! = 3! 5!
  CHECK(detail::compare_factorials({10, 0}, {7, 6}) == 0); // 10! = 6! 7!
  CHECK(detail::compare_factorials({5, 5, 7}, {7, 5, 5}) == 0);
  CHECK(detail::compare_factorials({6, 2}, {3, 5}) == 1);
  CHECK(detail::compare_factorials({3, 5}, {6, 2}) == -1);
  CHECK(detail::compare_factorials({100000, 100000}, {99999, 100001}) == -1);
  // (n!)! = n! (n! - 1)!: a tie of counts that differ.
  CHECK(detail::compare_factorials({5040, 1, 1}, {7, 5039, 0}) == 0);
  CHECK(detail::compare_factorials({5040, 1, 2}, {7, 5039, 0}) == 1);
}

namespace {

bool as_extreme(const Counts& x, const Counts& found, std::size_t rows, std::size_t columns, TableStatistic statistic,
                const TableScores& scores = {}) {
  const detail::TableComparison comparison({found, rows, columns}, statistic, scores);
  std::uint64_t decided = 0;
  return comparison.as_extreme(x.data(), decided, {});
}

void check_tie(const Counts& x, const Counts& y, std::size_t rows, std::size_t columns, TableStatistic statistic,
               const TableScores& scores = {}) {
  CHECK(as_extreme(x, y, rows, columns, statistic, scores));
  CHECK(as_extreme(y, x, rows, columns, statistic, scores));
}

void check_order(const Counts& less, const Counts& more, std::size_t rows, std::size_t columns,
                 TableStatistic statistic, const TableScores& scores = {}) {
  CHECK(as_extreme(more, less, rows, columns, statistic, scores));
  CHECK_FALSE(as_extreme(less, more, rows, columns, statistic, scores));
}

} // namespace

TEST_CASE("tables that tie do so at any size, and their neighbours do not") {
  for (std::int64_t n : {std::int64_t{3}, std::int64_t{30000}, std::int64_t{40000000}, std::int64_t{1} << 49}) {
    CAPTURE(n);
    // Equal column totals: columns may change places.
    const Counts x{n + 1, n, n - 1, n - 1, n, n + 1}, turned{n - 1, n, n + 1, n + 1, n, n - 1};
    const Counts farther{n + 1, n + 1, n - 2, n - 1, n - 1, n + 2};
    for (auto statistic : {TableStatistic::probability, TableStatistic::chisq}) {
      check_tie(x, turned, 2, 3, statistic);
      check_order(x, farther, 2, 3, statistic);
    }
    check_tie(x, turned, 2, 3, TableStatistic::kruskal); // rank sums on either side of their mean
    check_order(x, farther, 2, 3, TableStatistic::kruskal);
    const TableScores scores{{1, 2}, {1, 2, 3}};
    check_tie(x, turned, 2, 3, TableStatistic::linear, scores);
    check_order(x, farther, 2, 3, TableStatistic::linear, scores);
  }
}

TEST_CASE("a tie of chi-square between tables of other counts") {
  // Rows of 6 and 9, columns of 5: sums of squares of the first row 2^2 + 2^2 + 2^2 and 3^2 + ... differ, those of the
  // tables below are 1 + 9 + 4 and 9 + 4 + 1.
  check_tie({1, 3, 2, 4, 2, 3}, {3, 2, 1, 2, 3, 4}, 2, 3, TableStatistic::chisq);
  // Columns of 2 and 8 in rows of 5: n x - r c is 10 x - 10 in the first, 10 x - 40 in the second.
  check_tie({2, 3, 0, 5}, {0, 5, 2, 3}, 2, 2, TableStatistic::chisq);
}

TEST_CASE("scores that are not whole tie as their decimals do") {
  // 0.1 + 0.2 against 0.3 + 0: rows of scores 0 and 1.
  const TableScores scores{{0, 1}, {0, 0.1, 0.2, 0.3}};
  check_tie({1, 0, 0, 1, 0, 1, 1, 0}, {0, 1, 1, 0, 1, 0, 0, 1}, 2, 4, TableStatistic::linear, scores);
  check_order({1, 0, 0, 1, 0, 1, 1, 0}, {1, 1, 0, 0, 0, 0, 1, 1}, 2, 4, TableStatistic::linear, scores);
}

TEST_CASE("a table needs two rows, two columns, and something in each") {
  CHECK_THROWS_AS(detail::CountTable({1, 2}, 1, 2), input_error);
  CHECK_THROWS_AS(detail::CountTable({1, 2, 3}, 2, 2), input_error);
  CHECK_THROWS_AS(detail::CountTable({1, 2, 0, 0}, 2, 2), input_error);
  CHECK_THROWS_AS(detail::CountTable({1, 0, 2, 0}, 2, 2), input_error);
  CHECK_THROWS_AS(detail::CountTable({1, -1, 2, 3}, 2, 2), input_error);
  CHECK_THROWS_AS(detail::CountTable({std::int64_t{1} << 53, 1, 1, 1}, 2, 2), input_error);
}
