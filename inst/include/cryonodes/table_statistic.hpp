#ifndef CRYONODES_TABLE_STATISTIC_HPP
#define CRYONODES_TABLE_STATISTIC_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/bignum.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/wide.hpp"

namespace cryonodes {

/// What makes one table with the given margins more extreme than another.
enum class TableStatistic {
  probability, ///< the smaller its probability given the margins (Freeman & Halton 1951)
  chisq,       ///< the larger Pearson's chi-square
  kruskal,     ///< rows are groups, columns ordered: the larger sum T_i^2 / r_i of the centred rank sums
  linear       ///< the farther sum u_i v_j n_ij of row and column scores from its mean
};

/// Scores of rows and columns, for `linear` only: one for each, finite.
struct TableScores {
  std::vector<double> row, column;
};

namespace detail {

/// A table of counts whose margins are > 0, row by row.
struct CountTable {
  std::vector<std::int64_t> count, row, column;
  std::int64_t n = 0;

  CountTable(std::vector<std::int64_t> counts, std::size_t rows, std::size_t columns)
      : count(std::move(counts)), row(rows, 0), column(columns, 0) {
    require(rows >= 2 && columns >= 2 && count.size() / columns == rows && count.size() % columns == 0,
            "a table has at least two rows and columns");
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        const std::int64_t x = count[i * columns + j];
        require(x >= 0 && x <= (std::int64_t{1} << 53) - n, "counts are >= 0 and add up to at most 2^53");
        n += x;
        row[i] += x;
        column[j] += x;
      }
    for (const auto* margin : {&row, &column})
      for (std::int64_t m : *margin)
        require(m > 0, "a row or column is empty");
  }
  std::size_t rows() const { return row.size(); }
  std::size_t columns() const { return column.size(); }

  CountTable arranged(const std::vector<std::size_t>& of_row, const std::vector<std::size_t>& of_column) const {
    std::vector<std::int64_t> out;
    for (std::size_t i : of_row)
      for (std::size_t j : of_column)
        out.push_back(count[i * columns() + j]);
    return {std::move(out), of_row.size(), of_column.size()};
  }
  CountTable transposed() const {
    std::vector<std::int64_t> out;
    for (std::size_t j = 0; j < columns(); ++j)
      for (std::size_t i = 0; i < rows(); ++i)
        out.push_back(count[i * columns() + j]);
    return {std::move(out), columns(), rows()};
  }
};

/// Places in the order of their keys.
template <class Key> std::vector<std::size_t> order_by(std::size_t n, const Key& key) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return order;
}

/// The table as all its arrangements that mean the same have it, so that they share their draws: the random tables know
/// the margins only, and these come out alike.
inline CountTable canonical(CountTable table, TableStatistic statistic, TableScores& scores) {
  const auto places = [](std::size_t n) { return order_by(n, [](std::size_t i) { return i; }); };
  const auto by_total = [](const std::vector<std::int64_t>& margin) {
    return order_by(margin.size(), [&](std::size_t i) { return margin[i]; });
  };
  if (statistic == TableStatistic::kruskal)
    return table.arranged(by_total(table.row), places(table.columns()));
  if (statistic == TableStatistic::linear) {
    const auto sorted = [](const std::vector<double>& score, const std::vector<std::int64_t>& margin) {
      return order_by(score.size(), [&](std::size_t i) { return std::make_pair(score[i], margin[i]); });
    };
    const auto rows = sorted(scores.row, table.row), columns = sorted(scores.column, table.column);
    const auto in_order = [](const std::vector<double>& score, const std::vector<std::size_t>& order) {
      std::vector<double> out;
      for (std::size_t i : order)
        out.push_back(score[i]);
      return out;
    };
    scores.row = in_order(scores.row, rows);
    scores.column = in_order(scores.column, columns);
    return table.arranged(rows, columns);
  }
  table = table.arranged(by_total(table.row), by_total(table.column));
  const bool turn = table.rows() != table.columns() ? table.rows() > table.columns() : table.row > table.column;
  return turn ? table.transposed() : table;
}

/// Sign of the product of a's factorials less that of b's. Counts that both have are struck out; what is left is paired
/// by size, so that of two factorials only the factors between them remain. Products are cut to 512 bits: those that
/// agree to more than 400 are taken as equal, which shorter ones then are exactly; so are those with more than 2^24
/// factors to multiply, which only counts in the millions that tie to the last digit of a double have.
inline int compare_factorials(std::vector<std::int64_t> a, std::vector<std::int64_t> b, const Poll& poll = {}) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::int64_t> only_a, only_b;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_a));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(only_b));
  if (only_a.empty())
    return 0;
  constexpr std::int64_t most_factors = std::int64_t{1} << 24;
  std::int64_t between = 0;
  for (std::size_t k = 0; k < only_a.size() && between <= most_factors; ++k)
    between += std::abs(only_a[k] - only_b[k]);
  if (between > most_factors)
    return 0;
  Natural product_a(1, 16), product_b(1, 16);
  double bits_a = 0.0, bits_b = 0.0;
  std::size_t factors = 0;
  for (std::size_t k = 0; k < only_a.size(); ++k) {
    const bool to_a = only_a[k] > only_b[k];
    for (std::int64_t f = std::min(only_a[k], only_b[k]) + 1; f <= std::max(only_a[k], only_b[k]); ++f) {
      (to_a ? product_a : product_b).times(static_cast<std::uint64_t>(f));
      (to_a ? bits_a : bits_b) += std::log2(static_cast<double>(f));
      if (++factors % 1024 == 0 && poll)
        poll(-1.0);
    }
  }
  if (bits_a < 500.0 && bits_b < 500.0)
    return product_a.compare(product_b); // nothing was cut
  // Each multiplication cuts off less than one part in 2^480: 2^24 of them less than a unit of the 14th limb.
  return product_a.compare(product_b, 13, 2);
}

/// The statistic of tables with the margins of one that was observed: is another as extreme, or more?
class TableComparison {
public:
  TableComparison(const CountTable& table, TableStatistic statistic, const TableScores& scores)
      : table_(table), statistic_(statistic), size_(static_cast<double>(table.n)),
        small_(table.n < std::int64_t{1} << 25) {
    const std::size_t rows = table.rows(), columns = table.columns();
    if (statistic_ == TableStatistic::linear)
      set_scores(scores.row, scores.column);
    else if (statistic_ == TableStatistic::kruskal)
      set_ranks();
    else {
      // Without the expected counts a sum of log factorials is one look-up a cell, but of large counts it loses what
      // tables differ by.
      tabled_ = statistic_ == TableStatistic::probability && table.n < std::int64_t{1} << 20;
      CompensatedSum sum;
      for (std::int64_t x = 0; tabled_ && x <= *std::max_element(table.column.begin(), table.column.end()); ++x) {
        sum.add(x > 1 ? std::log(static_cast<double>(x)) : 0.0);
        log_factorial_.push_back(sum.value());
      }
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
          const auto r = static_cast<double>(table.row[i]), c = static_cast<double>(table.column[j]);
          product_.push_back(r * c);
          product_rest_.push_back(small_ ? 0.0 : std::fma(r, c, -r * c));
        }
    }
    found_ = value(table.count.data());
    if (wide_)
      wide_found_ = wide_value(table.count.data());
  }

  /// `decided` counts the comparisons that took more digits.
  bool as_extreme(const std::int64_t* x, std::uint64_t& decided, const Poll& poll) const {
    if (wide_)
      return not_less(wide_value(x), wide_found_);
    const double drawn = value(x);
    if (std::fabs(drawn - found_) > doubt(drawn))
      return drawn > found_;
    ++decided;
    if (statistic_ == TableStatistic::probability)
      return compare_factorials({x, x + table_.count.size()}, table_.count, poll) >= 0;
    return not_less(wide_value(x), wide_value(table_.count.data()));
  }

  /// What tables as extreme as the observed one reach; ties lie within the rounding errors.
  double least_value() const { return found_ - doubt(found_) - equal_; }

  /// Increases with the statistic. Row by row.
  double value(const std::int64_t* x) const {
    const std::size_t rows = table_.rows(), columns = table_.columns(), cells = rows * columns;
    double out = 0.0;
    switch (statistic_) {
    case TableStatistic::probability:
      if (tabled_) {
        for (std::size_t k = 0; k < cells; ++k)
          out += log_factorial_[static_cast<std::size_t>(x[k])];
        return out;
      }
      for (std::size_t k = 0; k < cells; ++k)
        out += surprise(static_cast<double>(x[k]), k);
      return out;
    case TableStatistic::chisq:
      for (std::size_t k = 0; k < cells; ++k) {
        const double delta = surplus(static_cast<double>(x[k]), k);
        out += delta * delta / product_[k];
      }
      return out;
    case TableStatistic::kruskal:
      for (std::size_t i = 0; i < rows; ++i) {
        double sum = 0.0;
        for (std::size_t j = 0; j < columns; ++j)
          sum += static_cast<double>(x[i * columns + j]) * column_score_[j];
        out += sum * sum / static_cast<double>(table_.row[i]);
      }
      return out;
    case TableStatistic::linear:
      break;
    }
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        out += static_cast<double>(x[i * columns + j]) * (row_score_[i] * column_score_[j]);
    return std::fabs(out * size_ - mean_.value());
  }

private:
  /// Values are sums of terms >= 0, each off by less than 64 roundings of its own size.
  double doubt(double drawn) const {
    return (64.0 + static_cast<double>(table_.count.size())) * std::numeric_limits<double>::epsilon() *
           (drawn + found_);
  }

  /// Midranks, doubled to be whole, less their mean n + 1.
  void set_ranks() {
    wide_ = !small_;
    double before = 0.0;
    for (std::int64_t c : table_.column) {
      column_score_.push_back(2.0 * before + static_cast<double>(c) - size_);
      before += static_cast<double>(c);
    }
  }
  void set_scores(const std::vector<double>& row, const std::vector<double>& column) {
    require(row.size() == table_.rows() && column.size() == table_.columns(), "one score for each row and column");
    row_score_ = row;
    column_score_ = column;
    const auto extent = [&](const std::vector<double>& score) {
      double out = 0.0;
      for (double s : score) {
        require(std::isfinite(s) && std::fabs(s) <= 1e100, "scores are finite and at most 1e100");
        whole_ = whole_ && s == std::floor(s);
        out = std::max(out, std::fabs(s));
      }
      return out;
    };
    const double bound = extent(row) * extent(column) * size_;
    // Whole and below 2^53 after another factor n, all sums are exact.
    wide_ = !whole_ || bound * size_ > 4503599627370496.0;
    // Sums of scores that are not whole carry the rounding of the scores: 0.1 + 0.2 is to equal 0.3.
    equal_ = whole_ ? 0.0 : bound * size_ * std::ldexp(1.0, -40);
    const auto sum = [](const std::vector<double>& score, const std::vector<std::int64_t>& margin) {
      Wide out;
      for (std::size_t i = 0; i < score.size(); ++i)
        out += Wide(score[i]) * Wide(static_cast<double>(margin[i]));
      return out;
    };
    mean_ = sum(row, table_.row) * sum(column, table_.column); // n times the mean of the sum over all tables
  }

  /// The same with twice the digits; of probabilities not asked for.
  Wide wide_value(const std::int64_t* x) const {
    const std::size_t rows = table_.rows(), columns = table_.columns();
    Wide out;
    for (std::size_t i = 0; i < rows; ++i) {
      Wide sum;
      for (std::size_t j = 0; j < columns; ++j) {
        const Wide count(static_cast<double>(x[i * columns + j])), r(static_cast<double>(table_.row[i]));
        if (statistic_ == TableStatistic::chisq) {
          const Wide product = r * Wide(static_cast<double>(table_.column[j])), delta = count * Wide(size_) - product;
          sum += delta * delta / product;
        } else
          sum += count * Wide(column_score_[j]);
      }
      out += statistic_ == TableStatistic::chisq     ? sum
             : statistic_ == TableStatistic::kruskal ? sum * sum / Wide(static_cast<double>(table_.row[i]))
                                                     : sum * Wide(row_score_[i]);
    }
    if (statistic_ != TableStatistic::linear)
      return out;
    out = out * Wide(size_) - mean_;
    return out.value() < 0.0 ? -out : out;
  }

  /// Values that agree to 27 digits are equal: both are multiples of one over the least common multiples of the row and
  /// of the column totals.
  bool not_less(Wide drawn, Wide found) const {
    return (drawn - found).value() >= -(equal_ + 1e-27 * (drawn + found).value());
  }

  /// n times the count less its expectation: n x - r c.
  double surplus(double x, std::size_t k) const {
    return small_ ? x * size_ - product_[k] : std::fma(x, size_, -product_[k]) - product_rest_[k];
  }
  /// log x! less what it would add up to, over all cells of any table with these margins, for expected counts e:
  /// x log e - e is left out, since its sum is the same for all of them.
  double surprise(double x, std::size_t k) const {
    const double e = product_[k] / size_;
    return x > 0.0 ? deviance(x, e, surplus(x, k) / size_) + 0.5 * std::log(6.283185307179586477 * x) + stirling_rest(x)
                   : e;
  }

  const CountTable table_;
  TableStatistic statistic_;
  double size_;
  bool small_;          // are products of two counts whole numbers that a double holds?
  bool tabled_ = false; // log factorials
  bool wide_ = false;   // doubles would lose too much
  bool whole_ = true;   // scores
  double equal_ = 0.0;  // scores' sums as near as that are equal
  std::vector<double> log_factorial_, product_, product_rest_, row_score_, column_score_;
  Wide mean_, wide_found_;
  double found_ = 0.0;
};

} // namespace detail
} // namespace cryonodes

#endif
