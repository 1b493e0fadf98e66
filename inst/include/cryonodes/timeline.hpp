#ifndef CRYONODES_TIMELINE_HPP
#define CRYONODES_TIMELINE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sort_keys.hpp"
#include "cryonodes/span.hpp"

namespace cryonodes {

/// How times that differ by rounding only are treated.
enum class Ties {
  exact, ///< equal means equal bits
  near   ///< neighbours closer than sqrt(machine epsilon), absolutely or relative to the mean time, are one time
};

/// The order of the rows in time, decided once. It knows neither groups nor events, so that a
/// relabelled recount (a permutation, say) needs no new sorting.
struct Timeline {
  std::vector<double> time;           ///< distinct times, increasing; of near-ties, the first stands for all
  std::vector<std::uint32_t> exit_id; ///< per row, index into `time` at which it leaves observation
  std::vector<std::uint32_t> entry_id;///< per row, index into `time` of its entry; empty without delayed entry
  std::size_t n_time_merged = 0;      ///< distinct input times that were merged into an earlier one
};

namespace detail {

/// Are two neighbouring times, this far apart, one time? The gap is held against the square root of the machine
/// epsilon, by itself and as a share of the mean of the distinct |times|. Times are told in order, then asked about.
class NearTies {
public:
  void add(double t) noexcept {
    ++distinct_;
    sum_ += scale * std::fabs(t);
  }
  /// The largest gap that counts as none; to be asked once.
  double widest_gap() const noexcept {
    // 2^-26: a power of two, so that gap <= tolerance * mean says what gap / mean <= tolerance does, to the last bit.
    const double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
    return tolerance * std::max(1.0, sum_ / static_cast<double>(distinct_) / scale);
  }

private:
  // A power of two, so that the sum of many large times stays finite; what it takes from tiny ones plays no part in a
  // mean above 1, and below 1 the mean plays none.
  static constexpr double scale = 0x1p-64;
  double sum_ = 0.0;
  std::size_t distinct_ = 0;
};

/// Where times stand on a scale of whole numbers: in their order, equal ones alike, the least at 0. Negative ones have
/// a place too. The steps between 0 and the least time above it are left out.
class TimeScale {
public:
  TimeScale(span<const double> time, span<const double> entry) {
    std::int64_t least = 0, greatest = 0;
    std::uint64_t least_above = ~std::uint64_t{0};
    for (const auto& column : {time, entry})
      for (const double t : column) {
        const std::int64_t k = ordered(t);
        least = std::min(least, k);
        greatest = std::max(greatest, k);
        least_above = std::min(least_above, static_cast<std::uint64_t>(k) - 1); // zero and below: at the far end
      }
    below_ = 0 - static_cast<std::uint64_t>(least);
    gap_ = greatest > 0 ? least_above : 0;
    width_ = bit_width(static_cast<std::uint64_t>(greatest) - gap_ + below_);
  }
  std::uint64_t place(double t) const {
    const std::int64_t k = ordered(t);
    return static_cast<std::uint64_t>(k) + below_ - (k > 0 ? gap_ : 0);
  }
  unsigned width() const { return width_; } ///< bits of the greatest place

private:
  // The bits of a double >= 0 are in its order; those below 0 mirror them.
  static std::int64_t ordered(double t) {
    return t >= 0.0 ? static_cast<std::int64_t>(bits_of(t)) : -static_cast<std::int64_t>(bits_of(-t));
  }
  std::uint64_t below_ = 0, gap_ = 0;
  unsigned width_ = 0;
};

/// The distinct times, given in their order by `each`, become those of `out`; `names(id)` is told which of them each
/// one, in turn, is.
template <class Each, class Names> void merge_ties(Timeline& out, Ties ties, const Each& each, const Names& names) {
  NearTies near;
  std::size_t distinct = 0;
  each([&](double t) {
    near.add(t);
    ++distinct;
  });
  const double gap = ties == Ties::near ? near.widest_gap() : 0.0;
  out.time.reserve(distinct);
  double last = 0.0;
  bool first = true;
  each([&](double t) {
    if (!first && t - last <= gap)
      ++out.n_time_merged;
    else
      out.time.push_back(t + 0.0); // -0 is 0
    names(static_cast<std::uint32_t>(out.time.size() - 1));
    last = t;
    first = false;
  });
}

} // namespace detail

/// Orders `time` and, when given, `entry` (same length or empty). O(n), unless very many times agree in their leading
/// bits.
/// Near-ties chain: each distinct time is compared with the one before it, as survival::aeqSurv does,
/// so the result does not depend on row order.
/// @param poll asked now and then; see poll.hpp.
/// @throws input_error when lengths differ or a time is not finite (NaN has no place in an order); entry_error when a
/// row's entry and exit fall on one time.
inline Timeline make_timeline(span<const double> time, Ties ties, span<const double> entry = {},
                              const Poll& poll = {}) {
  const std::size_t n = time.size();
  detail::require(n < std::numeric_limits<std::uint32_t>::max() / 2, "too many rows for one timeline");
  detail::require(entry.empty() || entry.size() == n, "`entry` and `time` differ in length");
  bool finite = true, whole = true;
  double least = 0.0, greatest = 0.0;
  for (const auto& column : {time, entry})
    for (const double t : column) {
      finite &= std::isfinite(t);
      least = std::min(least, t);
      greatest = std::max(greatest, t);
    }
  detail::require(finite, "a time is not finite");

  Timeline out;
  out.exit_id.resize(n);
  out.entry_id.resize(entry.size());
  const std::size_t n_visit = n + entry.size(); // exits, then entries
  PollRows ask(poll);
  const auto time_of = [&](std::size_t v) { return v < n ? time[v] : entry[v - n]; };
  const auto id_of = [&](std::size_t v) -> std::uint32_t& { return v < n ? out.exit_id[v] : out.entry_id[v - n]; };

  // Whole numbers of small range are counted.
  if (least < 0.0 || greatest >= static_cast<double>(std::max<std::size_t>(n_visit / 2, 1024)))
    whole = false;
  for (std::size_t v = 0; v < n_visit && whole; ++v)
    whole = time_of(v) == static_cast<double>(static_cast<std::uint32_t>(time_of(v)));
  if (whole) {
    std::vector<std::uint32_t> id(static_cast<std::size_t>(greatest) + 1, 0);
    for (std::size_t v = 0; v < n_visit; ++v, ask())
      id[static_cast<std::size_t>(time_of(v))] = 1;
    std::size_t named = 0;
    detail::merge_ties(out, ties,
        [&](auto see) {
          for (std::size_t k = 0; k < id.size(); ++k)
            if (id[k] != 0) {
              named = k;
              see(static_cast<double>(k));
            }
        },
        [&](std::uint32_t i) { id[named] = i + 1; });
    for (std::size_t v = 0; v < n_visit; ++v, ask())
      id_of(v) = id[static_cast<std::size_t>(time_of(v))] - 1;
  } else {
    // A key: as many of the leading bits of the time's place as there is room for, and the visit.
    const detail::TimeScale scale(time, entry);
    const unsigned low = detail::bit_width(n_visit), cut = scale.width() + low > 64 ? scale.width() + low - 64 : 0;
    const std::uint64_t mask = (std::uint64_t{1} << low) - 1;
    auto keys = detail::make_keys(n_visit), spare = detail::make_keys(n_visit);
    bool sorted = true;
    for (std::size_t v = 1; v < n_visit && sorted; ++v)
      sorted = time_of(v - 1) <= time_of(v);
    detail::sorted_keys(keys, spare, n_visit, scale.width() - cut, low, sorted,
                        [&](std::size_t v) { return scale.place(time_of(v)) >> cut; },
                        [](std::size_t v) { return v; }, poll);
    for (std::size_t i = 0, end = 0; i < n_visit; i = end) {
      for (end = i + 1; end < n_visit && keys[end] >> low == keys[i] >> low;)
        ++end;
      if (cut > 0 && end - i > 1) // the bits cut off decide
        std::sort(keys.get() + i, keys.get() + end, [&](std::uint64_t x, std::uint64_t y) {
          return time_of(x & mask) < time_of(y & mask);
        });
      for (std::size_t k = i; k < end; ++k, ask())
        spare[k] = detail::bits_of(time_of(keys[k] & mask));
    }
    // Equal times share the name of the first.
    std::size_t start = 0, end = 0;
    detail::merge_ties(out, ties,
        [&](auto see) {
          for (start = 0; start < n_visit; start = end) {
            for (end = start + 1; end < n_visit && spare[end] == spare[start];)
              ++end;
            ask();
            see(detail::from_bits(spare[start]));
          }
        },
        [&](std::uint32_t id) {
          for (std::size_t k = start; k < end; ++k, ask())
            id_of(keys[k] & mask) = id;
        });
  }
  for (std::size_t i = 0; i < entry.size(); ++i)
    if (out.entry_id[i] >= out.exit_id[i])
      throw entry_error("an entry is not before its exit");
  return out;
}

} // namespace cryonodes

#endif
