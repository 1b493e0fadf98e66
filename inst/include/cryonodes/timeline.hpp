#ifndef CRYONODES_TIMELINE_HPP
#define CRYONODES_TIMELINE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "cryonodes/error.hpp"
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

/// Are two neighbouring times, this far apart, one time? `mean` is that of the distinct |times|.
struct NearTies {
  double mean;
  double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
  bool operator()(double gap) const { return gap <= tolerance || gap / mean <= tolerance; }
};

} // namespace detail

/// Orders `time` and, when given, `entry` (same length or empty). O(n log n).
/// Near-ties chain: each distinct time is compared with the one before it, as survival::aeqSurv does,
/// so the result does not depend on row order.
/// @throws input_error when lengths differ or a time is not finite (NaN has no place in an order); entry_error when a
/// row's entry and exit fall on one time.
inline Timeline make_timeline(span<const double> time, Ties ties, span<const double> entry = {}) {
  const std::size_t n = time.size();
  detail::require(n < std::numeric_limits<std::uint32_t>::max() / 2, "too many rows for one timeline");
  detail::require(entry.empty() || entry.size() == n, "`entry` and `time` differ in length");

  std::vector<double> sorted(time.begin(), time.end());
  sorted.insert(sorted.end(), entry.begin(), entry.end());
  for (double t : sorted)
    detail::require(std::isfinite(t), "a time is not finite");
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());

  double mean = 0.0;
  for (double t : sorted)
    mean += std::fabs(t) / static_cast<double>(sorted.size());

  const detail::NearTies near{mean};
  Timeline out;
  std::vector<std::uint32_t> id(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double gap = i == 0 ? 0.0 : sorted[i] - sorted[i - 1];
    const bool tied = i > 0 && ties == Ties::near && near(gap);
    if (tied)
      ++out.n_time_merged;
    else
      out.time.push_back(sorted[i] + 0.0); // -0 is 0
    id[i] = static_cast<std::uint32_t>(out.time.size() - 1);
  }
  const auto find = [&](double t) {
    return id[static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), t) - sorted.begin())];
  };
  out.exit_id.resize(n);
  for (std::size_t i = 0; i < n; ++i)
    out.exit_id[i] = find(time[i]);
  if (!entry.empty()) {
    out.entry_id.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      out.entry_id[i] = find(entry[i]);
      if (out.entry_id[i] >= out.exit_id[i])
        throw entry_error("an entry is not before its exit");
    }
  }
  return out;
}

} // namespace cryonodes

#endif
