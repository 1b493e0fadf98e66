#ifndef CRYONODES_FISHER_SAMPLE_HPP
#define CRYONODES_FISHER_SAMPLE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/table_statistic.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

struct TableSampleOptions {
  TableStatistic statistic = TableStatistic::probability;
  TableScores scores; ///< of the rows and columns, for linear only
  std::uint64_t draws = 100000;
  std::uint64_t first = 0; ///< number of the first draw: draw i is that of stream (seed, i)
  std::uint64_t seed = 0;
  std::size_t threads = 1; ///< the result is the same whatever their number
};

struct TableSample {
  std::uint64_t hits = 0;    ///< draws as extreme as the table given, or more
  std::uint64_t decided = 0; ///< comparisons too close for doubles, decided with more digits
};

namespace detail {

/// Uniform in (0, 1), of 53 bits.
template <class Stream> double uniform(Stream& random) {
  const std::uint64_t high = random.next() >> 5, low = random.next() >> 6;
  return (static_cast<double>(high * (std::uint64_t{1} << 26) + low) + 0.5) * 0x1p-53;
}

/// How many of `drawn` balls are white, drawn from `white` and `black` ones.
class Urn {
public:
  explicit Urn(std::int64_t n) {
    // log k!, for whatever the mode of a small law is asked for.
    CompensatedSum sum;
    const std::int64_t most = std::min(n, std::int64_t{1} << 16);
    for (std::int64_t k = 0; k <= most; ++k) {
      sum.add(k > 1 ? std::log(static_cast<double>(k)) : 0.0);
      log_factorial_.push_back(sum.value());
    }
  }

  template <class Stream>
  std::int64_t draw(std::int64_t drawn, std::int64_t white, std::int64_t black, Stream& random) const {
    const std::int64_t n = white + black;
    if (drawn == 0 || white == 0)
      return 0;
    if (black == 0)
      return drawn;
    if (drawn == n)
      return white;
    if (static_cast<std::size_t>(n) < log_factorial_.size())
      return outwards(drawn, white, black, random);
    return by_ratio(drawn, white, black, random);
  }

private:
  double log_of(std::int64_t k) const { return log_factorial_[static_cast<std::size_t>(k)]; }

  /// From the mode outwards, until the probabilities have used up a uniform number.
  template <class Stream>
  std::int64_t outwards(std::int64_t drawn, std::int64_t white, std::int64_t black, Stream& random) const {
    const std::int64_t n = white + black, mode = (drawn + 1) * (white + 1) / (n + 2);
    const std::int64_t low = std::max(std::int64_t{0}, drawn - black), high = std::min(drawn, white);
    const double at_mode =
        std::exp(log_of(white) + log_of(black) + log_of(drawn) + log_of(n - drawn) - log_of(n) - log_of(mode) -
                 log_of(white - mode) - log_of(drawn - mode) - log_of(black - drawn + mode));
    for (;;) {
      double left = uniform(random) - at_mode;
      if (left < 0.0)
        return mode;
      std::int64_t up = mode, down = mode;
      double p_up = at_mode, p_down = at_mode;
      while (p_up + p_down > 1e-20) {
        p_up *= static_cast<double>((white - up) * (drawn - up)) /
                static_cast<double>((up + 1) * (black - drawn + up + 1)); // 0 beyond `high`
        left -= p_up;
        if (left < 0.0)
          return ++up;
        up += up < high ? 1 : 0;
        p_down *= static_cast<double>(down * (black - drawn + down)) /
                  static_cast<double>((white - down + 1) * (drawn - down + 1)); // 0 below `low`
        left -= p_down;
        if (left < 0.0)
          return --down;
        down -= down > low ? 1 : 0;
      }
      // What is left of the number is rounding: another one.
    }
  }

  /// The ratio of two uniform numbers, over a rectangle that holds the law (Stadlober 1990, HRUA).
  template <class Stream>
  std::int64_t by_ratio(std::int64_t drawn, std::int64_t white, std::int64_t black, Stream& random) const {
    const Conditional law(white, black, drawn, 1.0);
    const auto n = static_cast<double>(white + black), k = static_cast<double>(drawn);
    const double share = static_cast<double>(white) / n;
    const double sd = std::sqrt(k * share * (static_cast<double>(black) / n) * ((n - k) / (n - 1.0)) + 0.5);
    const double width = 1.7155277699214135 * sd + 0.8989161620588988; // 2 sqrt(2 / e); 3 - 2 sqrt(3 / e)
    for (;;) {
      const double u = uniform(random), v = uniform(random), at = std::floor(k * share + 0.5 + width * (v - 0.5) / u);
      if (at < static_cast<double>(law.low()) || at > static_cast<double>(law.high()))
        continue;
      const auto x = static_cast<std::int64_t>(at);
      if (2.0 * std::log(u) <= law.log_ratio(x).value)
        return x;
    }
  }

  std::vector<double> log_factorial_;
};

/// Random tables with given margins, each with its probability under independence: dealt unit by unit where these are
/// few, else cell by cell (Patefield 1981), each a draw from an urn of what its column has left.
class TableSampler {
public:
  explicit TableSampler(const CountTable& table) : table_(table), urn_(dealt(table) ? 0 : table.n) {
    if (!dealt(table))
      return;
    for (std::size_t i = 0; i < table.rows(); ++i)
      group_.insert(group_.end(), static_cast<std::size_t>(table.row[i]), static_cast<int>(i));
    for (std::size_t j = 0; j < table.columns(); ++j)
      column_.insert(column_.end(), static_cast<std::size_t>(table.column[j]), static_cast<std::uint32_t>(j));
    dealer_.emplace_back(DealtScores{{}, group_, table.rows(), {}, 1});
    largest_ = static_cast<std::size_t>(std::max_element(table.row.begin(), table.row.end()) - table.row.begin());
  }

  /// Memory of one thread.
  struct Scratch {
    std::vector<std::int64_t> count, left;
    std::vector<std::uint32_t> turn;
  };

  /// Steps that one draw takes, to a factor.
  std::size_t work() const { return dealer_.empty() ? 16 * table_.count.size() : column_.size() + table_.count.size(); }

  /// Table number `draw`, into s.count, row by row.
  void draw(std::uint64_t seed, std::uint64_t draw, Scratch& s, const Poll& poll) const {
    const std::size_t rows = table_.rows(), columns = table_.columns();
    s.left = table_.column;
    s.count.resize(rows * columns);
    if (!dealer_.empty()) {
      s.turn = column_;
      std::fill(s.count.begin(), s.count.end(), 0);
      const int* group = dealer_[0].cards().data();
      dealer_[0].draw(seed, draw, s.turn.data(), [&](std::uint32_t column) {
        ++s.count[static_cast<std::size_t>(*group++) * columns + column];
        --s.left[column];
      });
      std::copy(s.left.begin(), s.left.end(), s.count.begin() + static_cast<std::ptrdiff_t>(largest_ * columns));
      return;
    }
    RandomStreamOf<4> random(seed, draw);
    std::int64_t all = table_.n; // in the rows to come
    for (std::size_t i = 0; i + 1 < rows; ++i) {
      std::int64_t to_place = table_.row[i], pool = all;
      std::int64_t* const row = s.count.data() + i * columns;
      for (std::size_t j = 0; j + 1 < columns; ++j) {
        pool -= s.left[j];
        row[j] = urn_.draw(to_place, s.left[j], pool, random);
        to_place -= row[j];
        s.left[j] -= row[j];
      }
      row[columns - 1] = to_place;
      s.left[columns - 1] -= to_place;
      all -= table_.row[i];
      if (poll && columns >= 256)
        poll(-1.0);
    }
    std::copy(s.left.begin(), s.left.end(), s.count.end() - static_cast<std::ptrdiff_t>(columns));
  }

private:
  static bool dealt(const CountTable& table) {
    const std::int64_t units = table.n - *std::max_element(table.row.begin(), table.row.end());
    const auto cells = static_cast<std::int64_t>((table.rows() - 1) * (table.columns() - 1));
    return table.n < 4096 && units <= 16 * cells;
  }

  const CountTable table_;
  Urn urn_;
  std::vector<int> group_;
  std::vector<std::uint32_t> column_;
  std::vector<Dealer> dealer_; // one, or none
  std::size_t largest_ = 0;
};

} // namespace detail

/// How many of `draws` random tables with the margins of a table are as extreme as it is, or more. The same for any
/// number of threads; for chisq and probability also for any order of rows and columns and for the transposed table;
/// for kruskal for any order of rows, for linear when scores move with their rows and columns.
///
/// Ties are ties: doubles decide where their error bound lets them, else whole numbers (probability) or sums of twice
/// the digits. Values of chisq and kruskal that agree to 27 digits are equal: none other is possible while the least
/// common multiples of the row totals and of the column totals have a product below some 1e25. Sums of scores that are
/// not whole are equal when they agree to 2^-40 of the largest that scores of their size could give.
/// @param counts row by row, >= 0, no empty row or column, sum <= 2^53.
/// @throws input_error when a rule of these does not hold. O(draws * rows * columns), independent of n but for small n.
inline TableSample sample_tables(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
                                 TableSampleOptions options, const Poll& poll = {}) {
  detail::require(options.statistic != TableStatistic::linear ||
                      (options.scores.row.size() == rows && options.scores.column.size() == columns),
                  "one score for each row and column");
  const detail::CountTable table = detail::canonical({counts, rows, columns}, options.statistic, options.scores);
  const detail::TableComparison comparison(table, options.statistic, options.scores);
  const detail::TableSampler sampler(table);

  // Blocks of a few milliseconds; within a draw of a very large table only the caller's thread asks.
  const std::size_t block = std::clamp<std::size_t>((std::size_t{1} << 19U) / sampler.work(), 1, 4096);
  const std::uint64_t n_block = (options.draws + block - 1) / block;
  std::vector<detail::TableSampler::Scratch> scratch(std::max<std::size_t>(options.threads, 1));
  std::vector<TableSample> found(scratch.size());
  const BlockPoll polls(poll);
  for_each_block(
      static_cast<std::size_t>(n_block), scratch.size(),
      [&](std::size_t b, std::size_t thread) {
        const Poll& ask = polls.within(thread);
        TableSample own;
        for (std::uint64_t i = b * block; i < std::min<std::uint64_t>((b + 1) * block, options.draws); ++i) {
          sampler.draw(options.seed, options.first + i, scratch[thread], ask);
          own.hits += comparison.as_extreme(scratch[thread].count.data(), own.decided, ask) ? 1U : 0U;
        }
        found[thread].hits += own.hits; // whole numbers: their order does not matter
        found[thread].decided += own.decided;
      },
      polls.between());
  TableSample out;
  for (const TableSample& part : found) {
    out.hits += part.hits;
    out.decided += part.decided;
  }
  return out;
}

} // namespace cryonodes

#endif
