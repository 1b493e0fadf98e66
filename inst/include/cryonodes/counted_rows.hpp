#ifndef CRYONODES_COUNTED_ROWS_HPP
#define CRYONODES_COUNTED_ROWS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/memory.hpp"
#include "cryonodes/sort_keys.hpp"
#include "cryonodes/span.hpp"

namespace cryonodes {

/// Somebody else's memory for the columns of a risk table, one number per row each.
struct RiskColumns {
  double* time;
  double* n_risk;
  double* n_event;
  double* n_censor;
  double* cause_events = nullptr; ///< with several causes: events of cause k in row i at [(k - 1) * rows + i]
};

/// Who leaves at each time, of rows that count one each and are there from the start. The same rows as those of
/// make_risk_table(), in 16 bytes each, and 4 for each of several causes: most cohorts are of this kind, and large ones
/// need no more.
class CountedRows {
public:
  std::vector<std::size_t> first; ///< n_group + 1 offsets: group g owns rows [first[g], first[g + 1])
  std::vector<double> n;          ///< per group, its rows of input
  std::size_t n_time_merged = 0, n_cause = 1;

  std::size_t rows() const { return first.empty() ? 0 : first.back(); }

  /// Fills `out`, rows() numbers per column, without the times where `out.time` is null. Counts are whole, so that
  /// taking off is as exact as adding up.
  void write(const RiskColumns& out) const {
    for (std::size_t g = 0; g + 1 < first.size(); ++g) {
      double at_risk = n[g];
      for (std::size_t i = first[g]; i < first[g + 1]; ++i) {
        const double events = static_cast<std::uint32_t>(leaving[i]), censored = static_cast<double>(leaving[i] >> 32);
        if (out.time != nullptr)
          out.time[i] = time[i];
        out.n_risk[i] = at_risk;
        out.n_event[i] = events;
        out.n_censor[i] = censored;
        at_risk -= events + censored;
      }
    }
    if (n_cause > 1)
      for (std::size_t k = 0; k < n_cause; ++k)
        for (std::size_t i = 0; i < rows(); ++i)
          out.cause_events[k * rows() + i] = cause_events[i * n_cause + k];
  }

  Memory<double> time;
  Memory<std::uint64_t> leaving;      ///< events, and censorings times 2^32
  Memory<std::uint32_t> cause_events; ///< with several causes: of each row its n_cause numbers, side by side
};

namespace detail {

constexpr const char* bad_event_code = "an event code is out of range";
constexpr const char* bad_group_code = "a group code is out of range";

} // namespace detail

/// Counts rows whose times are whole numbers of small range, without ordering them. Censorings and events by cause of a
/// time stand side by side: which of them a row is, is a place, not a jump that cannot be foreseen. Groups and causes
/// have room for a power of two each, so that a place is put together from bits: multiplying takes longer.
class WholeCells {
public:
  /// @param n_row how many rows there will be: they bound the range.
  WholeCells(std::size_t n_row, std::size_t n_group, std::size_t n_cause)
      : n_group_(n_group), codes_(n_cause + 1), code_bits_(detail::bit_width(n_cause)),
        group_bits_(n_group > 1 ? detail::bit_width(n_group - 1) : 0) {
    // Whole numbers below ten million are never near-ties: their mean is too small for that.
    limit_ = std::min<std::size_t>(std::max<std::size_t>(n_row, 2048) / (n_group * codes_), 10000000);
    // A place is a number of 32 bits.
    const unsigned bits = group_bits_ + code_bits_;
    limit_ = std::min(limit_, bits < 32 ? (std::size_t{1} << 32) >> bits : 0);
  }

  /// Counts these rows, in addition to those before; false as soon as a time is not whole, or of too large a range.
  /// @param first_group the code of the first group.
  /// @throws input_error when a code is out of range, and it is not false before that.
  bool count(span<const double> time, span<const int> event, span<const int> group, int first_group = 0) {
    if (!time.empty() && time[0] != std::trunc(time[0])) // most often all are whole, or the first is not
      return false;
    std::size_t start = 0;
    for (; start + block <= time.size(); start += block)
      if (!count_block<true>(time.data() + start, event.data() + start, group.empty() ? nullptr : group.data() + start,
                             first_group, block))
        return false;
    return start == time.size() ||
           count_block<false>(time.data() + start, event.data() + start, group.empty() ? nullptr : group.data() + start,
                              first_group, time.size() - start);
  }

  CountedRows rows() const {
    CountedRows out;
    // Calls visit(time, group, index of the cell) in the order of the times.
    const auto each = [&](auto visit) {
      for (std::size_t t = 0; t < range_; ++t)
        for (std::size_t g = 0; g < n_group_; ++g)
          visit(t, g, t << group_bits_ | g);
    };
    std::vector<std::size_t> at(n_group_, 0);
    each([&](std::size_t, std::size_t g, std::size_t j) { at[g] += static_cast<std::size_t>(leaving(j) != 0); });
    std::size_t rows = 0;
    out.first.push_back(0);
    for (std::size_t g = 0; g < n_group_; ++g) {
      rows += std::exchange(at[g], rows);
      out.first.push_back(rows);
    }
    out.time = make_memory<double>(rows);
    out.leaving = detail::make_keys(rows);
    out.n_cause = codes_ - 1;
    if (out.n_cause > 1)
      out.cause_events = make_memory<std::uint32_t>(rows * out.n_cause);
    out.n.assign(n_group_, 0.0);
    each([&](std::size_t t, std::size_t g, std::size_t j) {
      const std::uint64_t here = leaving(j);
      if (here == 0)
        return;
      out.n[g] += static_cast<double>(static_cast<std::uint32_t>(here)) + static_cast<double>(here >> 32);
      out.time[at[g]] = static_cast<double>(t);
      if (out.n_cause > 1)
        std::copy_n(&cell_[(j << code_bits_) + 1], out.n_cause, &out.cause_events[at[g] * out.n_cause]);
      out.leaving[at[g]++] = here;
    });
    return out;
  }

private:
  static constexpr std::size_t block = 512;

  // Where each row belongs first, then the counting: loops without a jump. Of a `whole` block the compiler knows the
  // length, and takes several rows at a time.
  template <bool whole>
  bool count_block(const double* t, const int* e, const int* g, int first_group, std::size_t rows) {
    // 2^52: added to a whole number below 2^32, it leaves that in the lower half of the bits, and itself in the upper.
    constexpr double round = 4503599627370496.0;
    constexpr std::uint64_t upper = 0x43300000;
    const std::size_t n = whole ? block : rows;
    std::array<std::uint32_t, block> at; // of which n are used
    // The lower half of `all` has all bits of the times: where it is below range_, each of them is.
    std::uint64_t other = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double rounded = t[i] + round, fraction = (rounded - round) - t[i];
      std::uint64_t bits, fraction_bits;
      std::memcpy(&bits, &rounded, sizeof bits);
      std::memcpy(&fraction_bits, &fraction, sizeof bits);
      other |= (bits >> 32 ^ upper) | fraction_bits;
      all |= bits;
      at[i] = static_cast<std::uint32_t>(bits);
    }
    if (other != 0)
      return false;
    if (static_cast<std::uint32_t>(all) >= range_) {
      std::size_t greatest = 0;
      for (std::size_t i = 0; i < n; ++i)
        greatest = std::max<std::size_t>(greatest, at[i]);
      if (greatest >= limit_)
        return false;
      if (greatest >= range_) { // a power of two while there is room: times below it have no bit that it has not
        range_ = std::min(limit_, std::size_t{1} << detail::bit_width(greatest));
        cell_.resize(range_ << (group_bits_ + code_bits_), 0);
      }
    }
    // The first bit of these is set by a code that is negative or too large.
    std::uint32_t bad_event = 0, bad_group = 0;
    const auto most_code = static_cast<std::uint32_t>(codes_ - 1);
    const auto most_group = static_cast<std::uint32_t>(n_group_ - 1);
    const unsigned group_bits = group_bits_, code_bits = code_bits_;
    const auto place = [&](auto group_of) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto code = static_cast<std::uint32_t>(e[i]);
        const std::uint32_t group = group_of(i);
        bad_event |= code | (most_code - code);
        bad_group |= group | (most_group - group);
        at[i] = (at[i] << group_bits | group) << code_bits | code;
      }
    };
    if (g == nullptr)
      place([](std::size_t) { return std::uint32_t{0}; });
    else
      place([g, from = static_cast<std::uint32_t>(first_group)](std::size_t i) {
        return static_cast<std::uint32_t>(g[i]) - from;
      });
    detail::require(bad_event >> 31 == 0, detail::bad_event_code);
    detail::require(bad_group >> 31 == 0, detail::bad_group_code);
    std::uint32_t* const cell = cell_.data();
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) { // two places in one read, in whichever order
      std::uint64_t here, next;
      std::memcpy(&here, &at[i], sizeof here);
      std::memcpy(&next, &at[i + 2], sizeof next);
      ++cell[static_cast<std::uint32_t>(here)];
      ++cell[here >> 32];
      ++cell[static_cast<std::uint32_t>(next)];
      ++cell[next >> 32];
    }
    for (; i < n; ++i)
      ++cell[at[i]];
    return true;
  }

  // As CountedRows has it.
  std::uint64_t leaving(std::size_t j) const {
    const std::uint32_t* const cell = &cell_[j << code_bits_];
    std::uint64_t events = cell[1];
    for (std::size_t k = 2; k < codes_; ++k)
      events += cell[k];
    return events | std::uint64_t{cell[0]} << 32;
  }

  std::size_t n_group_, codes_;
  unsigned code_bits_, group_bits_;
  std::size_t limit_, range_ = 0;   // times below limit_ may be counted, those below range_ have cells
  std::vector<std::uint32_t> cell_; // time by time, group by group
};

} // namespace cryonodes

#endif
