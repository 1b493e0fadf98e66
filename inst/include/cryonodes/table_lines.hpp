#ifndef CRYONODES_TABLE_LINES_HPP
#define CRYONODES_TABLE_LINES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/exact_cost.hpp"
#include "cryonodes/table_statistic.hpp"

namespace cryonodes {

namespace detail {

/// A statistic of tables as a sum over lines (rows or columns) of whole numbers, which is what makes ties exact. A line
/// with counts x adds f sum g_i x_i^2 for chisq, f sum g_i x_i for linear, f (sum g_i x_i)^2 for kruskal; f is the
/// line's own factor, g_i are those of the margin that it crosses.
struct TableLines {
  TableStatistic statistic;
  std::vector<std::int64_t> line, cross; ///< totals
  std::vector<SignedCost> f, g;
  SignedCost down = -1, up = 0; ///< tables with a sum <= down or >= up are as extreme as the observed one
  bool whole = true;            ///< do all sums fit?

  SignedCost term(std::size_t i, std::int64_t x) const {
    const SignedCost once = g[i] * x;
    return statistic == TableStatistic::chisq ? once * x : once;
  }
  SignedCost of_line(std::size_t k, SignedCost sum) const {
    return statistic == TableStatistic::kruskal ? f[k] * sum * sum : f[k] * sum;
  }
};

/// The least common multiple of the totals over each of them, and itself; 0 when it has more than 100 bits.
inline Cost multiples(const std::vector<std::int64_t>& total, std::vector<SignedCost>& over) {
  Cost all = 1;
  for (const std::int64_t t : total) {
    const auto own = static_cast<Cost>(t);
    if (all > static_cast<Cost>(1) << 100U)
      return 0;
    Cost a = all, b = own; // Euclid
    while (b != 0)
      a = std::exchange(b, a % b);
    all *= own / a;
  }
  over.clear();
  for (const std::int64_t t : total)
    over.push_back(static_cast<SignedCost>(all / static_cast<Cost>(t)));
  return all > static_cast<Cost>(1) << 100U ? 0 : all;
}

/// Rows with equal scores are one row to a linear statistic.
inline CountTable merged(const CountTable& table, std::vector<double>& score) {
  const std::size_t columns = table.columns();
  std::vector<std::int64_t> count;
  std::vector<double> kept;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (kept.empty() || score[i] != kept.back()) {
      kept.push_back(score[i]);
      count.resize(count.size() + columns, 0);
    }
    for (std::size_t j = 0; j < columns; ++j)
      count[(kept.size() - 1) * columns + j] += table.count[i * columns + j];
  }
  require(kept.size() >= 2, "scores of rows and of columns are not all equal");
  score = kept;
  return {count, kept.size(), columns};
}

/// @param table,scores canonical
inline TableLines table_lines(CountTable table, TableStatistic statistic, TableScores scores) {
  TableLines out;
  const auto fits = [](long double most) { return most < 0x1p120L; };
  const auto n = static_cast<long double>(table.n);
  std::vector<SignedCost> midrank; // doubled, less their mean
  std::int64_t before = 0;
  for (const std::int64_t c : table.column) {
    midrank.push_back(2 * static_cast<SignedCost>(before) + c - table.n);
    before += c;
  }
  if (statistic == TableStatistic::kruskal && table.rows() == 2) {
    // Of two groups the rank sum of one says all.
    statistic = TableStatistic::linear;
    scores = {{0.0, 1.0}, {}};
    for (const SignedCost rank : midrank)
      scores.column.push_back(static_cast<double>(rank));
  }
  out.statistic = statistic;
  if (statistic == TableStatistic::linear) {
    const auto whole = [](double s) { return s == std::floor(s) && std::fabs(s) <= 0x1p52; };
    for (const auto* score : {&scores.row, &scores.column})
      require(std::all_of(score->begin(), score->end(), whole), "scores are whole numbers");
    table = merged(table, scores.row).transposed();
    table = merged(table, scores.column).transposed();
    const bool turn = table.rows() != table.columns()
                          ? table.rows() > table.columns()
                          : std::make_pair(scores.row, table.row) > std::make_pair(scores.column, table.column);
    if (turn) {
      table = table.transposed();
      std::swap(scores.row, scores.column);
    }
    for (const auto& [score, factor] : {std::make_pair(&scores.column, &out.f), std::make_pair(&scores.row, &out.g)})
      for (const double s : *score)
        factor->push_back(static_cast<SignedCost>(s) - static_cast<SignedCost>(score->front())); // ascending: >= 0
    out.whole = fits(n * n * static_cast<long double>(out.f.back()) * static_cast<long double>(out.g.back()));
  } else if (statistic == TableStatistic::kruskal) {
    table = table.transposed(); // groups are the lines
    const Cost all = multiples(table.column, out.f);
    out.g = midrank;
    out.whole = all != 0 && fits(n * n * n * static_cast<long double>(all));
  } else {
    const Cost rows = multiples(table.row, out.g), columns = multiples(table.column, out.f);
    out.whole = rows != 0 && columns != 0 &&
                fits(static_cast<long double>(rows) * static_cast<long double>(columns) *
                     static_cast<long double>(table.rows()));
  }
  out.line = table.column;
  out.cross = table.row;
  if (!out.whole)
    return out;
  for (std::size_t k = 0; k < out.line.size(); ++k) {
    SignedCost sum = 0;
    for (std::size_t i = 0; i < out.cross.size(); ++i)
      sum += out.term(i, table.count[i * out.line.size() + k]);
    out.up += out.of_line(k, sum);
  }
  if (statistic != TableStatistic::linear) {
    // The largest line first, while there are few states; linear's bounds want the lines by score.
    std::reverse(out.line.begin(), out.line.end());
    std::reverse(out.f.begin(), out.f.end());
    return out;
  }
  // |n sum - mean| >= observed
  SignedCost lines = 0, crossed = 0;
  for (std::size_t k = 0; k < out.line.size(); ++k)
    lines += out.f[k] * out.line[k];
  for (std::size_t i = 0; i < out.cross.size(); ++i)
    crossed += out.g[i] * out.cross[i];
  const SignedCost mean = lines * crossed, size = table.n;
  SignedCost away = size * out.up - mean;
  away = away < 0 ? -away : away;
  const SignedCost low = mean - away;
  out.up = (mean + away + size - 1) / size; // sums are >= 0
  out.down = low < 0 ? -1 : low / size;
  return out;
}

} // namespace detail

} // namespace cryonodes

#endif
