#ifndef CRYONODES_TABLE_SPLITTING_HPP
#define CRYONODES_TABLE_SPLITTING_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/fisher_sample.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/table_statistic.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

struct TableSplittingOptions {
  TableStatistic statistic = TableStatistic::probability;
  TableScores scores;
  std::size_t runs = 10;    ///< independent of each other: their spread is the error
  std::size_t tables = 200; ///< kept in each run
  std::uint64_t seed = 0;   ///< run k draws from streams (seed, 2^62 + 2^32 k) and on
  std::size_t threads = 1;  ///< the result is the same whatever their number
};

namespace detail {

/// One run: tables with given margins, of which the least extreme is again and again put down and replaced by a copy of
/// another, moved at random among the tables beyond it, until all are as extreme as the one observed.
class SplittingRun {
public:
  using Level = std::pair<double, double>; // a statistic and a uniform number, which orders tables that tie
  SplittingRun(const CountTable& table, const TableComparison& comparison, const TableSampler& sampler,
               const std::vector<double>& log_factorial, const TableSplittingOptions& options, std::uint64_t run)
      : rows_(table.rows()), columns_(table.columns()), comparison_(comparison), log_factorial_(log_factorial),
        random_(options.seed, first_stream(run)), level_(options.tables) {
    TableSampler::Scratch scratch;
    for (std::size_t k = 0; k < options.tables; ++k) {
      sampler.draw(options.seed, first_stream(run) + 1 + k, scratch, {});
      table_.push_back(scratch.count);
      level_[k] = {comparison.value(scratch.count.data()), uniform(random_)};
    }
    // Steps of 1, 2, 4, ... up to what the margins allow, so that some of them fit the spread of any cell.
    const std::int64_t widest = std::min(*std::max_element(table.row.begin(), table.row.end()),
                                         *std::max_element(table.column.begin(), table.column.end()));
    while (std::int64_t{2} << steps_ <= widest)
      ++steps_;
    ++steps_;
    moves_ = std::clamp<std::size_t>(2 * table.count.size() * static_cast<std::size_t>(steps_), 50, 500);
  }

  /// log p; its exponential is free of bias. `limit`: the least value of the tables that count.
  double log_p(double limit, const Poll& poll) {
    const auto n = static_cast<std::uint32_t>(table_.size());
    const double step = std::log1p(-1.0 / static_cast<double>(n));
    double out = 0.0;
    for (;;) {
      const auto least = static_cast<std::size_t>(std::min_element(level_.begin(), level_.end()) - level_.begin());
      if (level_[least].first >= limit)
        return out;
      std::size_t other = below(n - 1);
      other += other >= least ? 1U : 0U;
      const Level floor = level_[least];
      table_[least] = table_[other];
      level_[least] = level_[other];
      for (std::size_t k = 0; k < moves_; ++k)
        move(table_[least], level_[least], floor);
      out += step;
      if (poll)
        poll(-1.0);
    }
  }

private:
  static std::uint64_t first_stream(std::uint64_t run) { return (std::uint64_t{1} << 62) + (run << 32); }
  std::uint32_t below(std::uint32_t n) {
    std::uint32_t out = 0;
    random_.each_below(n, 1, [&out](std::uint32_t drawn) { out = drawn; });
    return out;
  }

  /// A Metropolis step in a 2x2 corner of the table, which leaves the law of tables beyond `floor` as it is.
  void move(std::vector<std::int64_t>& x, Level& level, const Level& floor) {
    const auto two = [&](std::size_t size) {
      const std::size_t first = below(static_cast<std::uint32_t>(size));
      const std::size_t second = below(static_cast<std::uint32_t>(size - 1));
      return std::make_pair(first, second + (second >= first ? 1U : 0U));
    };
    const auto row = two(rows_), column = two(columns_);
    const std::int64_t step = std::int64_t{1} << below(static_cast<std::uint32_t>(steps_));
    std::int64_t *const a = &x[row.first * columns_ + column.first],
                        *const b = &x[row.first * columns_ + column.second],
                        *const c = &x[row.second * columns_ + column.first],
                        *const d = &x[row.second * columns_ + column.second];
    if (*b < step || *c < step)
      return;
    const auto log_of = [&](std::int64_t k) { return log_factorial_[static_cast<std::size_t>(k)]; };
    const double ratio = log_of(*a) + log_of(*b) + log_of(*c) + log_of(*d) - log_of(*a + step) - log_of(*b - step) -
                         log_of(*c - step) - log_of(*d + step);
    if (ratio < 0.0 && std::log(uniform(random_)) > ratio)
      return;
    shift(a, b, c, d, step);
    const Level moved{comparison_.value(x.data()), uniform(random_)};
    if (moved > floor)
      level = moved;
    else
      shift(a, b, c, d, -step);
  }
  static void shift(std::int64_t* a, std::int64_t* b, std::int64_t* c, std::int64_t* d, std::int64_t step) {
    *a += step;
    *b -= step;
    *c -= step;
    *d += step;
  }

  std::size_t rows_, columns_;
  const TableComparison& comparison_;
  const std::vector<double>& log_factorial_;
  RandomStreamOf<16> random_;
  std::vector<std::vector<std::int64_t>> table_;
  std::vector<Level> level_;
  int steps_ = 0;
  std::size_t moves_ = 0;
};

} // namespace detail

/// The probability of tables as extreme as one, or more, where it is too small for sample_tables() to meet any:
/// adaptive multilevel splitting (Guyader, Hengartner & Matzner-Lober 2011), with a uniform number beside the statistic
/// so that ties have an order. log p of each run: exponentials are free of bias (Brehier, Lelievre & Rousset 2015), and
/// independent, so that their spread tells the error, moves that mix slowly included.
/// @throws input_error as sample_tables(), and when counts add up to 2^20 or more. A run takes some `tables` * |log p|
/// replacements, of up to 4000 steps of rows * columns each.
inline std::vector<double> split_tables(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
                                        TableSplittingOptions options, const Poll& poll = {}) {
  detail::require(options.statistic != TableStatistic::linear ||
                      (options.scores.row.size() == rows && options.scores.column.size() == columns),
                  "one score for each row and column");
  detail::require(options.tables >= 2 && options.runs >= 2, "two tables and two runs at least");
  const detail::CountTable table = detail::canonical({counts, rows, columns}, options.statistic, options.scores);
  detail::require(table.n < std::int64_t{1} << 20, "splitting is for fewer than 2^20 observations");
  const detail::TableComparison comparison(table, options.statistic, options.scores);
  const detail::TableSampler sampler(table);
  std::vector<double> log_factorial;
  CompensatedSum sum;
  for (std::int64_t k = 0; k <= table.n; ++k) {
    sum.add(k > 1 ? std::log(static_cast<double>(k)) : 0.0);
    log_factorial.push_back(sum.value());
  }
  std::vector<double> out(options.runs);
  const BlockPoll polls(poll);
  for_each_block(
      options.runs, options.threads,
      [&](std::size_t run, std::size_t thread) {
        detail::SplittingRun splitting(table, comparison, sampler, log_factorial, options, run);
        out[run] = splitting.log_p(comparison.least_value(), polls.within(thread));
      },
      polls.between());
  return out;
}

} // namespace cryonodes

#endif
