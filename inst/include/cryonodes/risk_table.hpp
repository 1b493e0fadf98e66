#ifndef CRYONODES_RISK_TABLE_HPP
#define CRYONODES_RISK_TABLE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Counts per group and time: where every estimator and test starts.
/// Rows run by group, within a group by time; only times at which the group has an event or a
/// censoring appear. Counts are whole numbers until weights are given.
struct RiskTable {
  std::vector<std::size_t> first;     ///< n_group + 1 offsets: group g owns rows [first[g], first[g + 1])
  std::vector<double> n;              ///< per group, rows of positive weight
  std::vector<std::uint32_t> time_id; ///< index into Timeline::time
  std::vector<double> time;
  std::vector<double> n_risk;  ///< at risk just before the time: those leaving at it still count
  std::vector<double> n_event;
  std::vector<double> n_censor;
  bool delayed_entry = false;

  std::size_t n_group() const { return first.empty() ? 0 : first.size() - 1; }
};

/// @param event 0/1 per row. @param group codes in [0, n_group). @param weight case weights >= 0,
/// finite, or empty for one each; rows of weight 0 are as if absent. O(n + rows log rows).
/// @throws input_error when lengths or codes do not fit, a weight is negative or not finite, or their sum overflows.
inline RiskTable make_risk_table(const Timeline& timeline, span<const int> event, span<const int> group,
                                 std::size_t n_group, span<const double> weight = {}) {
  const std::size_t n = timeline.exit_id.size();
  detail::require(event.size() == n && group.size() == n, "`event`, `group` and `time` differ in length");
  detail::require(weight.empty() || weight.size() == n, "`weight` and `time` differ in length");
  const bool delayed = !timeline.entry_id.empty();
  for (double w : weight)
    detail::require(w >= 0.0 && std::isfinite(w), "a weight is negative or not finite");
  const auto weight_of = [&](std::size_t i) { return weight.empty() ? 1.0 : weight[i]; };

  // Counting sort of exits and entries by time, then by group: both passes are stable, so each
  // group's visits come out in time order.
  struct Visit {
    std::uint32_t time_id;
    std::uint32_t row;
    bool leaves;
  };
  std::vector<Visit> by_time;
  {
    std::vector<std::size_t> at(timeline.time.size() + 1, 0);
    for (std::size_t i = 0; i < n; ++i) {
      ++at[timeline.exit_id[i] + 1];
      if (delayed)
        ++at[timeline.entry_id[i] + 1];
    }
    for (std::size_t j = 1; j < at.size(); ++j)
      at[j] += at[j - 1];
    by_time.resize(at.back());
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = static_cast<std::uint32_t>(i);
      by_time[at[timeline.exit_id[i]]++] = {timeline.exit_id[i], row, true};
      if (delayed)
        by_time[at[timeline.entry_id[i]]++] = {timeline.entry_id[i], row, false};
    }
  }

  RiskTable out;
  out.delayed_entry = delayed;
  out.first.assign(n_group + 1, 0);
  out.n.assign(n_group, 0.0);
  std::vector<double> total(n_group, 0.0);
  std::vector<std::size_t> end(n_group + 1, 0);
  for (const Visit& v : by_time) {
    const int g = group[v.row];
    detail::require(g >= 0 && static_cast<std::size_t>(g) < n_group, "a group code is out of range");
    detail::require(event[v.row] == 0 || event[v.row] == 1, "an event code is neither 0 nor 1");
    ++end[static_cast<std::size_t>(g) + 1];
    if (v.leaves && weight_of(v.row) > 0.0) {
      out.n[static_cast<std::size_t>(g)] += 1.0;
      total[static_cast<std::size_t>(g)] += weight_of(v.row);
    }
  }
  for (std::size_t g = 0; g < n_group; ++g) {
    detail::require(std::isfinite(total[g]), "the sum of the weights overflows");
    end[g + 1] += end[g];
  }
  std::vector<Visit> by_group(by_time.size());
  {
    std::vector<std::size_t> at(end.begin(), end.end() - 1);
    for (const Visit& v : by_time)
      by_group[at[static_cast<std::size_t>(group[v.row])]++] = v;
  }

  for (std::size_t g = 0; g < n_group; ++g) {
    out.first[g] = out.time.size();
    CompensatedSum entered_less_left; // only with delayed entry
    for (std::size_t i = end[g]; i < end[g + 1];) {
      const std::uint32_t id = by_group[i].time_id;
      double events = 0.0, censored = 0.0, entered = 0.0;
      bool leaves = false;
      for (; i < end[g + 1] && by_group[i].time_id == id; ++i) {
        const double w = weight_of(by_group[i].row);
        leaves = leaves || (w > 0.0 && by_group[i].leaves);
        (!by_group[i].leaves ? entered : event[by_group[i].row] == 1 ? events : censored) += w;
      }
      if (leaves) {
        out.time_id.push_back(id);
        out.time.push_back(timeline.time[id]);
        // Whoever leaves now was at risk, whatever rounding has done to a sum of very unequal weights.
        out.n_risk.push_back(std::max(entered_less_left.value(), events + censored));
        out.n_event.push_back(events);
        out.n_censor.push_back(censored);
        entered_less_left.add(-(events + censored));
      }
      // An entry at this time is at risk only after it.
      entered_less_left.add(entered);
    }
    // Without delayed entry those at risk are those who leave later: added up from the end, nothing is
    // ever subtracted, so a light row after a heavy one keeps its weight.
    if (!delayed) {
      double at_risk = 0.0;
      for (std::size_t i = out.time.size(); i-- > out.first[g];) {
        at_risk += out.n_event[i] + out.n_censor[i];
        out.n_risk[i] = at_risk;
      }
    }
  }
  out.first[n_group] = out.time.size();
  return out;
}

} // namespace cryonodes

#endif
