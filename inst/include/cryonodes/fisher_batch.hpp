#ifndef CRYONODES_FISHER_BATCH_HPP
#define CRYONODES_FISHER_BATCH_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/fisher.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

/// One of the four counts of many tables: doubles or whole numbers, as many as there are tables or one for all.
struct CountColumn {
  const double* real = nullptr;
  const int* whole = nullptr; ///< where real is null; negative ones (R's NA among them) are refused like others
  std::size_t size = 0;
  double operator[](std::size_t i) const {
    const std::size_t at = size == 1 ? 0 : i;
    return real ? real[at] : static_cast<double>(whole[at]);
  }
};

/// Where the results go: one number a table each. Null columns are not written.
struct FisherColumns {
  double *p_value = nullptr, *log_p_value = nullptr, *estimate = nullptr, *conf_low = nullptr, *conf_high = nullptr;
};

namespace detail {

/// Tables seen lately with their results: a table that comes again, as it does where margins repeat, costs a look.
/// Each has one place, which the next one of that place takes.
class SeenTables {
public:
  struct Entry {
    std::array<double, 4> table{-1.0, -1.0, -1.0, -1.0};
    double p = 1.0, log_p = 0.0, estimate = 0.0, low = 0.0, high = 0.0;
  };

  /// @param most how many tables will come.
  explicit SeenTables(std::size_t most) {
    while (bits_ < 13 && (std::size_t{1} << bits_) < most)
      ++bits_;
    entries_.resize(std::size_t{1} << bits_);
  }

  Entry& place(const std::array<double, 4>& table) {
    // Any number is hashed, also what is no count.
    const auto word = [](double x) {
      return x >= 0.0 && x <= 9007199254740992.0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(x)) : 0;
    };
    const std::uint64_t hash = word(table[0]) * 0x9e3779b97f4a7c15u + word(table[1]) * 0xc2b2ae3d27d4eb4fu +
                               word(table[2]) * 0x165667b19e3779f9u + word(table[3]) * 0xd6e8feb86659fd93u;
    return entries_[static_cast<std::size_t>((hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9u >> (64 - bits_))];
  }

private:
  unsigned bits_ = 1;
  std::vector<Entry> entries_;
};

} // namespace detail

/// fisher() for many tables {a[i], b[i], c[i], d[i]}, i < n, with its results bit for bit, whatever the number of
/// threads.
///
/// @param out columns of n numbers; options.estimate and options.conf_int say which of them are computed.
/// @return n, or the first i whose counts fisher() would refuse: then nothing is to be read from the columns.
/// @throws input_error for options out of range; whatever poll throws.
inline std::size_t fisher_batch(const std::array<CountColumn, 4>& counts, std::size_t n, const FisherOptions& options,
                                const FisherColumns& out, std::size_t threads = 1, const Poll& poll = {}) {
  // So few rows a block that wide tables, up to a millisecond each, do not keep an interrupt waiting.
  constexpr std::size_t rows = 256;
  const std::size_t n_block = (n + rows - 1) / rows;
  threads = std::min(std::max<std::size_t>(threads, 1), std::max<std::size_t>(n_block, 1));
  std::vector<FisherTest> test(threads, FisherTest(options));
  std::vector<detail::SeenTables> seen(threads, detail::SeenTables(n));
  std::vector<std::size_t> refused(threads, n);
  for_each_block(
      n_block, threads,
      [&](std::size_t block, std::size_t thread) {
        // Exact comparisons may take long: the caller's thread, whichever number it has, is thread 0.
        const Poll& asks = thread == 0 ? poll : Poll{};
        for (std::size_t i = block * rows; i < std::min(n, (block + 1) * rows); ++i) {
          const std::array<double, 4> table = {counts[0][i], counts[1][i], counts[2][i], counts[3][i]};
          auto& entry = seen[thread].place(table);
          if (entry.table != table) {
            if (!FisherTest::is_table(table)) {
              refused[thread] = std::min(refused[thread], i);
              return;
            }
            const FisherResult found = test[thread](table, asks);
            entry = {table, found.p_value, found.log_p_value, found.estimate, found.conf_low, found.conf_high};
          }
          out.p_value[i] = entry.p;
          out.log_p_value[i] = entry.log_p;
          if (out.estimate)
            out.estimate[i] = entry.estimate;
          if (out.conf_low) {
            out.conf_low[i] = entry.low;
            out.conf_high[i] = entry.high;
          }
        }
      },
      poll);
  return *std::min_element(refused.begin(), refused.end());
}

} // namespace cryonodes

#endif
