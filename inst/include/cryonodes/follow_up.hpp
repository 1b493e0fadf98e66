#ifndef CRYONODES_FOLLOW_UP_HPP
#define CRYONODES_FOLLOW_UP_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// The table in which leaving without an event is the event: its Kaplan-Meier curve is that of the follow-up that would
/// have been seen had nobody had an event (Schemper & Smith 1996). Whoever has the event at a time is out before the
/// censorings of that time are counted, as everywhere else an event comes before a censoring. Hence S(t) times this
/// curve is the share still under observation after t.
inline RiskTable censoring_table(RiskTable table) {
  for (std::size_t i = 0; i < table.rows(); ++i)
    table.n_risk[i] = std::max(table.n_risk[i] - table.n_event[i], table.n_censor[i]);
  std::swap(table.n_event, table.n_censor);
  table.n_cause = 1;
  table.cause_events.clear();
  return table;
}

/// Plain summaries of times, one entry per group; NaN for a group of nobody.
struct TimeSummary {
  std::vector<double> n, mean, min, q25, median, q75, max;
};

/// Quantiles are the middle of the times that leave as many below as above (the inverse of the distribution function,
/// averaged at its steps: type 2 of Hyndman & Fan 1996), which weights leave as it is. `count` is per row of the table.
/// O(rows).
inline TimeSummary summarise_times(const RiskTable& table, span<const double> count) {
  detail::require(count.size() == table.rows(), "the counts do not fit the table");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  TimeSummary out;
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    CompensatedSum total, mean, so_far;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i)
      total.add(count[i]);
    const double n = total.value();
    double low = nan, high = nan, quantile[3] = {nan, nan, nan};
    bool step[3] = {false, false, false}; // the quantile lies half-way to the next time
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      if (count[i] <= 0.0)
        continue;
      const double time = table.time[i];
      if (std::isnan(low))
        low = time;
      high = time;
      mean.add(time * (count[i] / n));
      so_far.add(count[i]);
      for (int k = 0; k < 3; ++k) {
        const double wanted = 0.25 * (k + 1) * n, slack = 1e-12 * n;
        if (step[k]) {
          quantile[k] = 0.5 * quantile[k] + 0.5 * time;
          step[k] = false;
        } else if (std::isnan(quantile[k]) && so_far.value() >= wanted - slack) {
          quantile[k] = time;
          step[k] = so_far.value() <= wanted + slack;
        }
      }
    }
    out.n.push_back(n);
    // Rounding may carry the mean of equal times past them.
    out.mean.push_back(n > 0.0 ? std::min(std::max(mean.value(), low), high) : nan);
    out.min.push_back(low);
    out.q25.push_back(quantile[0]);
    out.median.push_back(quantile[1]);
    out.q75.push_back(quantile[2]);
    out.max.push_back(high);
  }
  return out;
}

/// Time observed by time that could have been observed, per group (Clark, Altman & De Stavola 2002): who had the event
/// could be observed until then, who left without it until his `potential`.
/// @param potential one for all, or one per row, finite; then `event`, `group` and `weight` are the rows' as well.
/// NaN where there is no time at all. O(n + rows).
inline std::vector<double> completeness(const RiskTable& table, span<const double> potential,
                                        span<const int> event = {}, span<const int> group = {},
                                        span<const double> weight = {}) {
  const std::size_t n = potential.size(), n_group = table.n_group();
  const bool per_row = !event.empty() || n != 1;
  detail::require(!per_row || (event.size() == n && group.size() == n && (weight.empty() || weight.size() == n)),
                  "`potential` and the rows differ in length");
  double longest = 0.0;
  for (double t : table.time)
    longest = std::max(longest, t);
  for (double t : potential) {
    detail::require(std::isfinite(t) && t >= 0.0, "a potential follow-up is negative or not finite");
    longest = std::max(longest, t);
  }
  std::vector<CompensatedSum> observed(n_group), possible(n_group);
  for (std::size_t g = 0; g < n_group; ++g)
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      // As shares of the longest, so that no sum overflows.
      const double time = longest > 0.0 ? table.time[i] / longest : 0.0;
      observed[g].add(time * (table.n_event[i] + table.n_censor[i]));
      possible[g].add(time * table.n_event[i]);
      if (!per_row)
        possible[g].add(longest > 0.0 ? potential[0] / longest * table.n_censor[i] : 0.0);
    }
  for (std::size_t i = 0; per_row && i < n; ++i) {
    const auto g = static_cast<std::size_t>(group[i]);
    detail::require(group[i] >= 0 && g < n_group, "a group code is out of range");
    if (event[i] == 0 && longest > 0.0)
      possible[g].add(potential[i] / longest * (weight.empty() ? 1.0 : weight[i]));
  }
  std::vector<double> out;
  for (std::size_t g = 0; g < n_group; ++g) {
    const double most = possible[g].value();
    out.push_back(most > 0.0 ? std::min(1.0, observed[g].value() / most) : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

} // namespace cryonodes

#endif
