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

/// Tables of counts below 2^16 seen lately with their results: a table that comes again, as it does where tables are
/// small or margins repeat, costs a look. Each has one place, which the next one of that place takes.
class SeenTables {
public:
  struct P {
    std::uint64_t key = 0;
    double p = 1.0, log_p = 0.0;
  };
  struct Odds {
    double estimate = 0.0, low = 0.0, high = 0.0;
  };

  /// @param most how many tables will come. @param options say what is kept of each, and which tables are alike.
  SeenTables(std::size_t most, const FisherOptions& options)
      : alike_(options.sides == Sides::two && options.odds_ratio == 1.0 && !options.estimate && !options.conf_int) {
    while (bits_ < most_bits && (std::size_t{1} << bits_) < most)
      ++bits_;
    p_.resize(std::size_t{1} << bits_);
    if (options.estimate || options.conf_int)
      odds_.resize(p_.size());
  }

  /// One word for each of n tables from row `first` on; 0 for what is kept no place for: larger counts, what is no
  /// count, the empty table. Rows and columns in another order, or transposed, make the same word where they have the
  /// same result (FisherTest): each diagonal in its order, and, if both may change places, the lesser one first.
  void keys(const std::array<CountColumn, 4>& counts, std::size_t first, std::size_t n, std::uint64_t* key) const {
    std::array<std::array<std::uint32_t, rows>, 4> cell;
    std::array<std::uint8_t, rows> other{};
    for (std::size_t k = 0; k < 4; ++k) {
      const auto read = [&, to = cell[k].data()](const auto* from, std::size_t step) {
        for (std::size_t i = 0; i < n; ++i) {
          const auto count = from[step * i];
          const bool small = count >= 0 && count < 65536;
          const int whole = small ? static_cast<int>(count) : 0;
          other[i] |= static_cast<std::uint8_t>(!small || count != whole);
          to[i] = static_cast<std::uint32_t>(whole);
        }
      };
      const CountColumn& column = counts[k];
      const std::size_t step = column.size == 1 ? 0 : 1;
      column.real ? read(column.real + step * first, step) : read(column.whole + step * first, step);
    }
    const auto& [a, b, c, d] = cell;
    const std::uint32_t all = alike_ ? ~std::uint32_t{0} : 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t main = std::min(a[i], d[i]) << 16 | std::max(a[i], d[i]);
      const std::uint32_t side = std::min(b[i], c[i]) << 16 | std::max(b[i], c[i]);
      const std::uint32_t turn = (main ^ side) & (side < main ? all : 0); // both change places
      const std::uint64_t word = std::uint64_t{main ^ turn} << 32 | (side ^ turn);
      key[i] = other[i] != 0 ? 0 : word;
    }
  }
  /// At most so many at once: so few that wide tables, up to a millisecond each, do not keep an interrupt waiting.
  static constexpr std::size_t rows = 256;

  /// The counts of a key that is not 0.
  static std::array<std::int64_t, 4> table(std::uint64_t key) {
    const auto count = [key](unsigned place) { return static_cast<std::int64_t>(key >> place & 0xffff); };
    return {count(48), count(16), count(0), count(32)};
  }
  /// Is a row or a column empty? Then both diagonals have a 0.
  static bool empty(std::uint64_t key) { return (key & 0xffff0000ffff0000) == 0; }

  /// Brings the place of a key that will be asked for soon.
  void soon(std::uint64_t key) const { __builtin_prefetch(&p_[place(key)], 1); }
  std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>((key ^ key >> 29) * 0x9e3779b97f4a7c15u >> (64 - bits_));
  }
  P& p(std::size_t place) { return p_[place]; }
  Odds& odds(std::size_t place) { return odds_[place]; }

private:
  static constexpr unsigned most_bits = 16;
  const bool alike_;
  unsigned bits_ = 1;
  std::vector<P> p_;
  std::vector<Odds> odds_;
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
  std::vector<detail::SeenTables> seen(threads, detail::SeenTables(n / threads, options));
  std::vector<FisherBatchEnd> end(threads, FisherBatchEnd{n, 0});
  const bool odds = options.estimate || options.conf_int;
  for_each_block(
      n_block, threads,
      [&](std::size_t block, std::size_t thread) {
        // Exact comparisons may take long: the caller's thread, whichever number it has, is thread 0.
        const Poll& asks = thread == 0 ? poll : Poll{};
        const std::size_t first = block * rows, n_row = std::min(rows, n - first);
        std::array<std::uint64_t, rows> keys;
        detail::SeenTables& known = seen[thread];
        known.keys(counts, first, n_row, keys.data());
        std::size_t n_empty = 0;
        for (std::size_t i = first; i < first + n_row; ++i) {
          const std::uint64_t key = keys[i - first];
          known.soon(keys[std::min(i - first + 6, n_row - 1)]);
          const std::size_t place = known.place(key);
          auto& entry = known.p(place);
          bool empty = detail::SeenTables::empty(key);
          if (key == 0 || entry.key != key) {
            const std::array<double, 4> table = {counts[0][i], counts[1][i], counts[2][i], counts[3][i]};
            if (key == 0 && !FisherTest::is_table(table)) {
              end[thread].done = std::min(end[thread].done, i);
              return;
            }
            const FisherResult found =
                key == 0 ? test[thread](table, asks) : test[thread].of_whole(detail::SeenTables::table(key), asks);
            const auto& [a, b, c, d] = table;
            empty = a + b == 0.0 || c + d == 0.0 || a + c == 0.0 || b + d == 0.0;
            entry = {key, found.p_value, found.log_p_value};
            if (odds)
              known.odds(place) = {found.estimate, found.conf_low, found.conf_high};
          }
          n_empty += empty ? 1U : 0U;
          out.p_value[i] = entry.p;
          out.log_p_value[i] = entry.log_p;
          if (odds) {
            const auto& [estimate, low, high] = known.odds(place);
            if (out.estimate)
              out.estimate[i] = estimate;
            if (out.conf_low) {
              out.conf_low[i] = low;
              out.conf_high[i] = high;
            }
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
