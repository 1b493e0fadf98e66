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

struct FisherBatchEnd {
  std::size_t done;    ///< n, or the number of the first table that is none
  std::size_t n_empty; ///< tables with an empty row or column
};

namespace detail {

/// Tables of counts below 2^16 seen lately with their results: a table that comes again, as it does where margins
/// repeat, costs a look. Each has one place, which the next one of that place takes.
class SeenTables {
public:
  struct Entry {
    std::uint64_t key = 0;
    double p = 1.0, log_p = 0.0, estimate = 0.0, low = 0.0, high = 0.0;
    bool empty = false; // a row or a column
  };

  /// @param most how many tables will come.
  explicit SeenTables(std::size_t most) {
    while (bits_ < 13 && (std::size_t{1} << bits_) < most)
      ++bits_;
    entries_.resize(std::size_t{1} << bits_);
  }

  /// The four counts of each of n tables from row `first` on in one word; 0 for what is kept no place for: larger
  /// counts, what is no count, the empty table.
  static void keys(const std::array<CountColumn, 4>& counts, std::size_t first, std::size_t n, std::uint64_t* key) {
    std::fill_n(key, n, std::uint64_t{0});
    std::array<std::uint8_t, rows> other{};
    const auto add = [&](const auto* from, std::size_t step) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto count = from[step * i];
        const bool small = count >= 0 && count < 65536;
        const int whole = small ? static_cast<int>(count) : 0;
        other[i] |= static_cast<std::uint8_t>(!small || count != whole);
        key[i] = key[i] << 16 | static_cast<std::uint64_t>(whole);
      }
    };
    for (const CountColumn& column : counts) {
      const std::size_t step = column.size == 1 ? 0 : 1;
      column.real ? add(column.real + step * first, step) : add(column.whole + step * first, step);
    }
    for (std::size_t i = 0; i < n; ++i)
      key[i] = other[i] != 0 ? 0 : key[i];
  }
  /// At most so many at once: so few that wide tables, up to a millisecond each, do not keep an interrupt waiting.
  static constexpr std::size_t rows = 256;

  /// The counts of a key that is not 0.
  static std::array<std::int64_t, 4> table(std::uint64_t key) {
    const auto count = [key](unsigned place) { return static_cast<std::int64_t>(key >> place & 0xffff); };
    return {count(48), count(32), count(16), count(0)};
  }

  Entry& place(std::uint64_t key) {
    return entries_[static_cast<std::size_t>((key ^ key >> 29) * 0x9e3779b97f4a7c15u >> (64 - bits_))];
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
/// @return how far it came: to the first i whose counts fisher() would refuse, then nothing is to be read from the
/// columns.
/// @throws input_error for options out of range; whatever poll throws.
inline FisherBatchEnd fisher_batch(const std::array<CountColumn, 4>& counts, std::size_t n,
                                   const FisherOptions& options, const FisherColumns& out, std::size_t threads = 1,
                                   const Poll& poll = {}) {
  constexpr std::size_t rows = detail::SeenTables::rows;
  const std::size_t n_block = (n + rows - 1) / rows;
  threads = std::min(std::max<std::size_t>(threads, 1), std::max<std::size_t>(n_block, 1));
  std::vector<FisherTest> test(threads, FisherTest(options));
  std::vector<detail::SeenTables> seen(threads, detail::SeenTables(n));
  std::vector<FisherBatchEnd> end(threads, FisherBatchEnd{n, 0});
  for_each_block(
      n_block, threads,
      [&](std::size_t block, std::size_t thread) {
        // Exact comparisons may take long: the caller's thread, whichever number it has, is thread 0.
        const Poll& asks = thread == 0 ? poll : Poll{};
        const std::size_t first = block * rows, n_row = std::min(rows, n - first);
        std::array<std::uint64_t, rows> keys;
        detail::SeenTables::keys(counts, first, n_row, keys.data());
        std::size_t n_empty = 0;
        for (std::size_t i = first; i < first + n_row; ++i) {
          const std::uint64_t key = keys[i - first];
          auto& entry = seen[thread].place(key);
          if (key == 0 || entry.key != key) {
            const std::array<double, 4> table = {counts[0][i], counts[1][i], counts[2][i], counts[3][i]};
            if (key == 0 && !FisherTest::is_table(table)) {
              end[thread].done = std::min(end[thread].done, i);
              return;
            }
            const FisherResult found =
                key == 0 ? test[thread](table, asks) : test[thread].of_whole(detail::SeenTables::table(key), asks);
            const auto& [a, b, c, d] = table;
            const bool empty = a + b == 0.0 || c + d == 0.0 || a + c == 0.0 || b + d == 0.0;
            entry = {key, found.p_value, found.log_p_value, found.estimate, found.conf_low, found.conf_high, empty};
          }
          n_empty += entry.empty ? 1U : 0U;
          out.p_value[i] = entry.p;
          out.log_p_value[i] = entry.log_p;
          if (out.estimate)
            out.estimate[i] = entry.estimate;
          if (out.conf_low) {
            out.conf_low[i] = entry.low;
            out.conf_high[i] = entry.high;
          }
        }
        end[thread].n_empty += n_empty;
      },
      poll);
  FisherBatchEnd all{n, 0};
  for (const FisherBatchEnd& part : end) {
    all.done = std::min(all.done, part.done);
    all.n_empty += part.n_empty;
  }
  return all;
}

} // namespace cryonodes

#endif
