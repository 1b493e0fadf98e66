#ifndef CRYONODES_COUNTED_ROWS_HPP
#define CRYONODES_COUNTED_ROWS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sort_keys.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/timeline.hpp"

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

  /// Fills `out`, rows() numbers per column. Counts are whole, so that taking off is as exact as adding up.
  void write(const RiskColumns& out) const {
    for (std::size_t g = 0; g + 1 < first.size(); ++g) {
      double at_risk = n[g];
      for (std::size_t i = first[g]; i < first[g + 1]; ++i) {
        const double events = static_cast<std::uint32_t>(leaving[i]), censored = static_cast<double>(leaving[i] >> 32);
        std::memcpy(&out.time[i], &time_bits[i], sizeof(double));
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

  // Filled by count_rows().
  std::unique_ptr<std::uint64_t[]> time_bits, leaving; ///< a time as its bits; events, and censorings times 2^32
  std::unique_ptr<std::uint32_t[]> cause_events; ///< with several causes: of each row its n_cause numbers, side by side
};

namespace detail {

/// What one look at the times tells.
struct TimeRange {
  bool countable = true; ///< finite and not negative
  bool whole = true;     ///< whole numbers
  bool sorted = true;
  double greatest = 0.0;
  std::uint64_t least_positive = 0; ///< bits of the least time above zero
};

/// Doubles >= 0 are in the order of their bits; a sign bit or an exponent of ones makes a larger number than all these.
inline TimeRange look_at(span<const double> time) {
  constexpr double round = 4503599627370496.0; // 2^52: to add and subtract it rounds to a whole number
  constexpr std::size_t block = 512;           // a property once lost is not looked for again
  TimeRange out;
  if (time.empty())
    return out;
  std::uint64_t least = ~std::uint64_t{0}, greatest = 0, last = 0;
  for (std::size_t start = 0; start < time.size(); start += block) {
    const std::size_t end = std::min(start + block, time.size());
    for (std::size_t i = start; i < end; ++i) {
      const std::uint64_t bits = bits_of(time[i]);
      least = std::min(least, bits - 1); // zero goes to the far end
      greatest = std::max(greatest, bits);
    }
    if (out.whole) {
      std::uint64_t fraction = 0;
      for (std::size_t i = start; i < end; ++i)
        fraction |= bits_of(((time[i] + round) - round) - time[i]);
      out.whole = fraction == 0;
    }
    for (std::size_t i = start; i < end && out.sorted; ++i) {
      const std::uint64_t bits = bits_of(time[i]);
      out.sorted = last <= bits;
      last = bits;
    }
  }
  out.countable = greatest < bits_of(std::numeric_limits<double>::infinity());
  out.least_positive = least + 1;
  out.greatest = from_bits(greatest);
  out.whole = out.whole && out.countable && out.greatest < round / 2;
  return out;
}

/// Rows whose times are whole numbers of small range: counted without being ordered.
inline CountedRows count_whole(span<const double> time, span<const int> event, span<const int> group,
                               std::size_t n_group, std::size_t range, std::size_t n_cause) {
  // Censorings and events of a time side by side: which of them is a place, not a jump that cannot be foreseen.
  const std::size_t codes = n_cause + 1;
  std::vector<std::uint32_t> cell(codes * range * n_group);
  const auto place = [&](std::size_t i) {
    return codes * static_cast<std::size_t>(static_cast<int>(time[i])) + static_cast<std::size_t>(event[i]);
  };
  if (group.empty())
    for (std::size_t i = 0; i < time.size(); ++i)
      ++cell[place(i)];
  else
    for (std::size_t i = 0; i < time.size(); ++i)
      ++cell[codes * range * static_cast<std::size_t>(group[i]) + place(i)];

  CountedRows out;
  out.n_cause = n_cause;
  const auto leave = [&](std::size_t j) {
    std::uint64_t events = 0;
    for (std::size_t k = 1; k < codes; ++k)
      events += cell[codes * j + k];
    return events | std::uint64_t{cell[codes * j]} << 32;
  };
  std::size_t rows = 0;
  for (std::size_t j = 0; j < range * n_group; ++j)
    rows += leave(j) > 0;
  out.time_bits = make_keys(rows);
  out.leaving = make_keys(rows);
  if (n_cause > 1)
    out.cause_events.reset(new std::uint32_t[rows * n_cause]);
  rows = 0;
  for (std::size_t g = 0; g < n_group; ++g) {
    out.first.push_back(rows);
    double n = 0.0;
    for (std::size_t t = 0; t < range; ++t) {
      const std::size_t j = g * range + t;
      const std::uint64_t leaving = leave(j);
      if (leaving == 0)
        continue;
      n += static_cast<double>(static_cast<std::uint32_t>(leaving)) + static_cast<double>(leaving >> 32);
      if (n_cause > 1)
        std::copy_n(&cell[codes * j + 1], n_cause, &out.cause_events[rows * n_cause]);
      out.time_bits[rows] = bits_of(static_cast<double>(t));
      out.leaving[rows++] = leaving;
    }
    out.n.push_back(n);
  }
  out.first.push_back(rows);
  return out;
}

} // namespace detail

/// Can these rows be counted by count_rows()? Times must be finite and >= 0, and time, group and event must fit into 64
/// bits together, as they do unless times span hundreds of orders of magnitude.
struct CountPlan {
  detail::TimeRange range;
  std::size_t n_cause = 1;
  unsigned event_bits = 1, low_bits = 1, width = 64; ///< of a key: event; group and event; all of it
  bool countable = false;
};

inline CountPlan plan_count(span<const double> time, std::size_t n_group, std::size_t n_cause = 1) {
  CountPlan plan;
  plan.range = detail::look_at(time);
  plan.n_cause = n_cause;
  plan.event_bits = detail::bit_width(n_cause);
  plan.low_bits = plan.event_bits + (n_group > 1 ? detail::bit_width(n_group - 1) : 0);
  const std::uint64_t greatest = detail::bits_of(plan.range.greatest);
  plan.width =
      plan.low_bits + (greatest == 0 ? 1 : detail::bit_width(greatest - plan.range.least_positive + 1));
  plan.countable = plan.range.countable && plan.width <= 64 && n_group > 0;
  return plan;
}

/// Orders and counts in one go what make_timeline() and make_risk_table() do in two, by the same rules and to the same
/// bits. O(rows), unless very many times agree in their leading bits.
/// @param plan of plan_count(), countable. @param event per row 0 for censored, 1 to n_cause for an event. @param group codes in [0, n_group); may be
/// empty when n_group is 1. A time of -0 is 0.
/// @throws input_error when lengths or codes do not fit.
inline CountedRows count_rows(const CountPlan& plan, span<const double> time, span<const int> event,
                              span<const int> group, std::size_t n_group, Ties ties, const Poll& poll = {}) {
  using detail::require;
  const std::size_t n = time.size();
  require(plan.countable, "these rows are not countable");
  require(n < std::numeric_limits<std::uint32_t>::max() / 2, "too many rows for one timeline");
  require(event.size() == n && (group.size() == n || (group.empty() && n_group == 1)),
          "`event`, `group` and `time` differ in length");
  bool bad_event = false;
  for (const int code : event)
    bad_event |= code < 0 || static_cast<std::size_t>(code) > plan.n_cause;
  require(!bad_event, "an event code is out of range");
  bool bad_group = false;
  for (const int code : group)
    bad_group |= code < 0 || static_cast<std::size_t>(code) >= n_group;
  require(!bad_group, "a group code is out of range");

  // Whole numbers below ten million are never near-ties: their mean is too small for that.
  if (plan.range.whole && plan.range.greatest < 1e7 && n > 0) {
    const auto range = static_cast<std::size_t>(plan.range.greatest) + 1;
    if (range * n_group <= std::max<std::size_t>(n / 2, 1024))
      return detail::count_whole(time, event, group, n_group, range, plan.n_cause);
  }

  // A key: how far the time is above the least one, in steps of the last bit; group; event.
  const unsigned low = plan.low_bits, event_bits = plan.event_bits;
  const std::uint64_t base = plan.range.least_positive - 1;
  const auto time_of = [&](std::uint64_t key) {
    const std::uint64_t step = key >> low;
    return detail::from_bits(step == 0 ? 0 : step + base);
  };
  auto keys = detail::make_keys(n), spare = detail::make_keys(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t bits = detail::bits_of(time[i]);
    const auto code =
        static_cast<std::uint64_t>(event[i]) | (group.empty() ? 0U : static_cast<std::uint64_t>(group[i]) << event_bits);
    keys[i] = (bits == 0 ? 0 : bits - base) << low | code;
  }
  detail::sort_keys(keys, spare, n, plan.width, low, plan.range.sorted, poll);

  CountedRows out;
  if (ties == Ties::near && n > 0) {
    std::size_t distinct = 1;
    for (std::size_t i = 1; i < n; ++i)
      distinct += keys[i] >> low != keys[i - 1] >> low;
    double mean = time_of(keys[0]) / static_cast<double>(distinct);
    for (std::size_t i = 1; i < n; ++i)
      if (keys[i] >> low != keys[i - 1] >> low)
        mean += time_of(keys[i]) / static_cast<double>(distinct);
    const detail::NearTies near{mean};
    std::uint64_t before = keys[0] >> low, stands = before; // the time before, and the one that stands for it
    double last = time_of(keys[0]);
    for (std::size_t i = 1; i < n; ++i) {
      const std::uint64_t now = keys[i] >> low;
      if (now != before) {
        const double t = time_of(keys[i]);
        if (near(t - last))
          ++out.n_time_merged;
        else
          stands = now;
        before = now;
        last = t;
      }
      keys[i] = stands << low | (keys[i] & ((std::uint64_t{1} << low) - 1));
    }
  }
  if (poll)
    poll(-1.0);

  std::vector<std::size_t> end(n_group + 1, 0);
  if (n_group > 1) {
    const std::uint64_t mask = (std::uint64_t{1} << low) - 1;
    for (std::size_t i = 0; i < n; ++i)
      ++end[((keys[i] & mask) >> event_bits) + 1];
    for (std::size_t g = 0; g < n_group; ++g)
      end[g + 1] += end[g];
    std::vector<std::size_t> at(end.begin(), end.end() - 1);
    for (std::size_t i = 0; i < n; ++i)
      spare[at[(keys[i] & mask) >> event_bits]++] = keys[i];
    keys.swap(spare);
  } else {
    end[1] = n;
  }
  if (poll)
    poll(-1.0);

  // A row of the result is never later than the rows it counts, so both arrays are used again in place.
  const std::uint64_t event_mask = (std::uint64_t{1} << event_bits) - 1;
  out.n_cause = plan.n_cause;
  if (out.n_cause > 1)
    out.cause_events.reset(new std::uint32_t[n * out.n_cause]);
  std::size_t rows = 0, i = 0;
  for (std::size_t g = 0; g < n_group; ++g) {
    out.first.push_back(rows);
    out.n.push_back(static_cast<double>(end[g + 1] - end[g]));
    while (i < end[g + 1]) {
      const std::uint64_t key = keys[i], step = key >> low;
      std::uint64_t events = 0, left = 0;
      if (out.n_cause == 1) {
        for (; i < end[g + 1] && keys[i] >> low == step; ++i, ++left)
          events += keys[i] & 1;
      } else {
        std::uint32_t* const of_cause = std::fill_n(&out.cause_events[rows * out.n_cause], out.n_cause, 0U) - out.n_cause;
        for (; i < end[g + 1] && keys[i] >> low == step; ++i, ++left)
          if (const std::uint64_t code = keys[i] & event_mask; code > 0) {
            ++of_cause[code - 1];
            ++events;
          }
      }
      keys[rows] = detail::bits_of(time_of(key));
      spare[rows++] = events | (left - events) << 32;
    }
  }
  out.first.push_back(rows);
  out.time_bits = std::move(keys);
  out.leaving = std::move(spare);
  return out;
}

} // namespace cryonodes

#endif
