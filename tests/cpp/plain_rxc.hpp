#ifndef CRYONODES_PLAIN_RXC_HPP
#define CRYONODES_PLAIN_RXC_HPP

// What the r x c tests and the fuzz target hold the network against: every table with the margins, cell by cell, with
// whole numbers throughout.

#include <cstddef>
#include <cstdint>
#include <vector>

class PlainRxc {
public:
  using Counts = std::vector<std::int64_t>;
  __extension__ using Whole = unsigned __int128;

  PlainRxc(const Counts& counts, std::size_t rows, std::size_t columns)
      : columns_(columns), row_(rows, 0), column_(columns, 0), cells_(rows * columns, 0) {
    std::int64_t n = 0;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      row_[k / columns] += counts[k];
      column_[k % columns] += counts[k];
      n += counts[k];
    }
    top_ = factorial(n); // 33! is below 2^128
    observed_ = ways(counts);
    fill(0);
  }

  double p_value() const { return static_cast<double>(as_probable_) / static_cast<double>(all_); }
  std::size_t tables() const { return tables_; }

private:
  static Whole factorial(std::int64_t n) {
    Whole out = 1;
    for (std::int64_t k = 2; k <= n; ++k)
      out *= static_cast<Whole>(k);
    return out;
  }
  /// n! / prod n_ij!, a whole number: proportional to the probability.
  Whole ways(const Counts& counts) const {
    Whole out = top_;
    for (const std::int64_t count : counts)
      out /= factorial(count);
    return out;
  }
  void fill(std::size_t k) {
    if (k == cells_.size()) {
      for (const std::int64_t rest : row_)
        if (rest != 0)
          return;
      for (const std::int64_t rest : column_)
        if (rest != 0)
          return;
      const Whole here = ways(cells_);
      all_ += here;
      if (here <= observed_)
        as_probable_ += here;
      ++tables_;
      return;
    }
    if (k % columns_ == 0 && k > 0 && row_[k / columns_ - 1] != 0)
      return;
    std::int64_t& row = row_[k / columns_];
    std::int64_t& column = column_[k % columns_];
    const std::int64_t most = row < column ? row : column;
    for (std::int64_t a = 0; a <= most; ++a) {
      cells_[k] = a;
      row -= a;
      column -= a;
      fill(k + 1);
      row += a;
      column += a;
    }
  }

  std::size_t columns_, tables_ = 0;
  Counts row_, column_, cells_;
  Whole top_ = 1, observed_ = 0, as_probable_ = 0, all_ = 0;
};

#endif
