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
  std::size_t n_cause = 1;
  /// With several causes: events of cause k = 1, ... in row i at [(k - 1) * rows + i].
  std::vector<double> cause_events;
  bool delayed_entry = false;

  std::size_t n_group() const { return first.empty() ? 0 : first.size() - 1; }
  std::size_t rows() const { return time.size(); }
  /// Events of cause k, one number per row.
  span<const double> events_of(std::size_t k) const {
    return n_cause == 1 ? span<const double>(n_event) : span<const double>(&cause_events[(k - 1) * rows()], rows());
  }
};

/// What an estimate reads of a risk table with one kind of event: a view over its memory, or over somebody else's.
struct RiskRows {
  span<const std::size_t> first;
  span<const double> n_risk, n_event, n_censor;
  bool delayed_entry = false;

  RiskRows(const RiskTable& table)
      : first(table.first), n_risk(table.n_risk), n_event(table.n_event), n_censor(table.n_censor),
        delayed_entry(table.delayed_entry) {}
  RiskRows(span<const std::size_t> offsets, span<const double> at_risk, span<const double> events,
           span<const double> censored, bool delayed)
      : first(offsets), n_risk(at_risk), n_event(events), n_censor(censored), delayed_entry(delayed) {}
};

/// The rows a risk table was made of, and which of them belong to one patient.
struct ClusteredRows {
  const Timeline& timeline;
  span<const int> event, group;
  span<const double> weight; ///< empty: one each
  span<const int> cluster;   ///< codes in [0, n_cluster)
  std::size_t n_cluster;
};

/// @param event per row 0 for censored, 1 to n_cause for an event. @param group codes in [0, n_group). @param weight
/// case weights >= 0, finite, or empty for one each; rows of weight 0 are as if absent. O(n + rows log rows).
/// @throws input_error when lengths or codes do not fit, a weight is negative or not finite, or their sum overflows.
inline RiskTable make_risk_table(const Timeline& timeline, span<const int> event, span<const int> group,
                                 std::size_t n_group, span<const double> weight = {}, std::size_t n_cause = 1) {
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
  out.n_cause = n_cause;
  std::vector<double> by_cause(n_cause), causes; // of one row; of all rows, a row's causes side by side
  out.first.assign(n_group + 1, 0);
  out.n.assign(n_group, 0.0);
  std::vector<double> total(n_group, 0.0);
  std::vector<std::size_t> end(n_group + 1, 0);
  for (const Visit& v : by_time) {
    const int g = group[v.row];
    detail::require(g >= 0 && static_cast<std::size_t>(g) < n_group, "a group code is out of range");
    detail::require(event[v.row] >= 0 && static_cast<std::size_t>(event[v.row]) <= n_cause,
                    "an event code is out of range");
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
      std::fill(by_cause.begin(), by_cause.end(), 0.0);
      for (; i < end[g + 1] && by_group[i].time_id == id; ++i) {
        const double w = weight_of(by_group[i].row);
        leaves = leaves || (w > 0.0 && by_group[i].leaves);
        const int code = event[by_group[i].row];
        (!by_group[i].leaves ? entered : code > 0 ? events : censored) += w;
        if (by_group[i].leaves && code > 0)
          by_cause[static_cast<std::size_t>(code) - 1] += w;
      }
      if (leaves) {
        out.time_id.push_back(id);
        out.time.push_back(timeline.time[id]);
        // Whoever leaves now was at risk, whatever rounding has done to a sum of very unequal weights.
        out.n_risk.push_back(std::max(entered_less_left.value(), events + censored));
        out.n_event.push_back(events);
        out.n_censor.push_back(censored);
        if (n_cause > 1)
          causes.insert(causes.end(), by_cause.begin(), by_cause.end());
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
  out.cause_events.resize(causes.size());
  for (std::size_t i = 0; i < causes.size(); ++i)
    out.cause_events[(i % n_cause) * out.rows() + i / n_cause] = causes[i];
  return out;
}

/// Counts that somebody else took: rows by group, within a group by increasing time. A row may have entries only; it is
/// no row of the risk table. Fields are as in RiskTable; `n_entry` is empty where all are there from the start.
struct Counts {
  span<const double> time;
  span<const int> group; ///< codes in [0, n_group), not falling
  span<const double> cause_events; ///< events of cause k in row i at [(k - 1) * rows + i]
  span<const double> n_censor, n_entry;
  std::size_t n_cause = 1;
};

/// The risk table of counted rows, in the same arithmetic as from the rows themselves. O(rows).
/// @throws input_error when lengths, codes or the order do not fit, or a count is negative or not finite.
inline RiskTable make_risk_table(const Counts& counts, std::size_t n_group) {
  const std::size_t n = counts.time.size();
  detail::require(counts.group.size() == n && counts.n_censor.size() == n &&
                      counts.cause_events.size() == n * counts.n_cause &&
                      (counts.n_entry.empty() || counts.n_entry.size() == n),
                  "the columns of the counts differ in length");
  for (const auto& column : {counts.cause_events, counts.n_censor, counts.n_entry})
    for (double x : column)
      detail::require(x >= 0.0 && std::isfinite(x), "a count is negative or not finite");

  RiskTable out;
  out.delayed_entry = !counts.n_entry.empty();
  out.n_cause = counts.n_cause;
  out.first.assign(n_group + 1, 0);
  out.n.assign(n_group, 0.0);
  std::vector<std::size_t> kept;
  std::size_t i = 0;
  for (std::size_t g = 0; g < n_group; ++g) {
    out.first[g] = out.time.size();
    CompensatedSum entered_less_left;
    for (const std::size_t start = i; i < n && counts.group[i] == static_cast<int>(g); ++i) {
      detail::require(std::isfinite(counts.time[i]) && (i == start || counts.time[i - 1] < counts.time[i]),
                      "the times of a group do not increase");
      double events = 0.0;
      for (std::size_t k = 0; k < counts.n_cause; ++k)
        events += counts.cause_events[k * n + i];
      const double leave = events + counts.n_censor[i];
      if (leave > 0.0) {
        kept.push_back(i);
        out.time_id.push_back(static_cast<std::uint32_t>(i));
        out.time.push_back(counts.time[i]);
        out.n_risk.push_back(std::max(entered_less_left.value(), leave));
        out.n_event.push_back(events);
        out.n_censor.push_back(counts.n_censor[i]);
        out.n[g] += leave;
        entered_less_left.add(-leave);
      }
      if (out.delayed_entry)
        entered_less_left.add(counts.n_entry[i]);
    }
    detail::require(std::isfinite(out.n[g]), "the sum of the counts overflows");
    if (!out.delayed_entry) {
      double at_risk = 0.0;
      for (std::size_t row = out.rows(); row-- > out.first[g];) {
        at_risk += out.n_event[row] + out.n_censor[row];
        out.n_risk[row] = at_risk;
      }
    }
  }
  detail::require(i == n, "a group code is out of range or out of order");
  out.first[n_group] = out.rows();
  // Times of several groups on one scale.
  std::vector<double> times(out.time);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  for (std::size_t row = 0; row < out.rows(); ++row)
    out.time_id[row] =
        static_cast<std::uint32_t>(std::lower_bound(times.begin(), times.end(), out.time[row]) - times.begin());
  if (counts.n_cause > 1)
    for (std::size_t k = 0; k < counts.n_cause; ++k)
      for (std::size_t row : kept)
        out.cause_events.push_back(counts.cause_events[k * n + row]);
  return out;
}

} // namespace cryonodes

#endif
