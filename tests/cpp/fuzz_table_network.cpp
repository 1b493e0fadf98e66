// Counts and scores of any kind through the network of whole-number sums. Only two endings are allowed: an answer that
// every table with the margins agrees with, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "cryonodes/table_network.hpp"
#include "fuzz_bytes.hpp"

namespace {

using Counts = std::vector<std::int64_t>;

// Every table with the margins of `table`, cell by cell.
void each_table(const cryonodes::detail::CountTable& table, const std::function<void(const Counts&)>& each) {
  Counts x(table.count.size()), row = table.row, column = table.column;
  const std::size_t columns = table.columns();
  const std::function<void(std::size_t)> fill = [&](std::size_t k) {
    if (k == x.size()) {
      if (std::all_of(row.begin(), row.end(), [](std::int64_t rest) { return rest == 0; }) &&
          std::all_of(column.begin(), column.end(), [](std::int64_t rest) { return rest == 0; }))
        each(x);
      return;
    }
    if (k % columns == 0 && k > 0 && row[k / columns - 1] != 0)
      return;
    std::int64_t &of_row = row[k / columns], &of_column = column[k % columns];
    for (x[k] = 0; x[k] <= std::min(of_row, of_column); ++x[k]) {
      of_row -= x[k];
      of_column -= x[k];
      fill(k + 1);
      of_row += x[k];
      of_column += x[k];
    }
  };
  fill(0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  Reader reader{data, size};
  const std::size_t rows = reader.byte() % 6U, columns = reader.byte() % 6U;
  const std::uint8_t kind = reader.byte();
  const auto statistic = static_cast<TableStatistic>(1U + reader.byte() % 3U);
  Counts counts;
  std::int64_t n = 0;
  for (std::size_t k = 0; k < rows * columns; ++k) {
    std::int64_t count = reader.byte() % (kind % 2U ? 3U : 8U);
    if (kind == 7 && count == 2)
      count = -1;
    if (kind == 11)
      count <<= reader.byte() % 56U;
    if (kind < 200 && kind != 11 && n + count > 16)
      count = 0;
    counts.push_back(count);
    n = kind == 11 ? 0 : n + count;
  }
  TableScores scores;
  if (statistic == TableStatistic::linear)
    for (auto* score : {&scores.row, &scores.column})
      for (std::size_t k = 0; k < (score == &scores.row ? rows : columns); ++k)
        score->push_back(kind % 3U ? reader.byte() % 5U : reader.number());
  RxcLimits limits;
  limits.work = 2e5;
  limits.memory = 1e6;
  try {
    const RxcResult fit = exact_tables(counts, rows, columns, statistic, scores, limits);
    if (!fit.feasible)
      return 0;
    must(fit.p_value >= 0.0 && fit.p_value <= 1.0 && std::isfinite(fit.log_p_value), "p is a probability");
    if (statistic != TableStatistic::kruskal) {
      Counts turned(counts.size());
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          turned[j * rows + i] = counts[i * columns + j];
      must(exact_tables(turned, columns, rows, statistic, {scores.column, scores.row}, limits).p_value == fit.p_value,
           "transposed: the same bits");
    }
    if (n > 0 && n <= 10 && rows * columns <= 12) {
      // Twice the digits decide ties there, whole numbers here.
      const detail::CountTable table(counts, rows, columns);
      const detail::TableComparison comparison(table, statistic, scores);
      double all = 0.0, hits = 0.0;
      std::uint64_t decided = 0;
      each_table(table, [&](const Counts& x) {
        double ways = 1.0;
        for (const std::int64_t count : x)
          ways /= std::tgamma(static_cast<double>(count) + 1.0);
        all += ways;
        hits += comparison.as_extreme(x.data(), decided, {}) ? ways : 0.0;
      });
      must(std::fabs(fit.p_value - hits / all) <= 1e-13 * fit.p_value, "p of every table");
    }
  } catch (const error&) {
  }
  return 0;
}
