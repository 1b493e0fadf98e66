#ifndef CRYONODES_RISK_TABLE_HPP
#define CRYONODES_RISK_TABLE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
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

/// What an estimate reads of a risk table with several causes.
struct CauseRows {
  span<const std::size_t> first;
  span<const double> n_risk, n_event, n_censor;
  span<const double> cause_events; ///< as in RiskTable
  std::size_t n_cause = 1;

  CauseRows(const RiskTable& table)
      : first(table.first), n_risk(table.n_risk), n_event(table.n_event), n_censor(table.n_censor),
        cause_events(table.cause_events), n_cause(table.n_cause) {}
  CauseRows(span<const std::size_t> offsets, span<const double> at_risk, span<const double> events,
            span<const double> censored, span<const double> by_cause, std::size_t causes)
      : first(offsets), n_risk(at_risk), n_event(events), n_censor(censored), cause_events(by_cause), n_cause(causes) {}

  std::size_t n_group() const { return first.empty() ? 0 : first.size() - 1; }
  std::size_t rows() const { return n_risk.size(); }
  const double* events_of(std::size_t k) const {
    return n_cause == 1 ? n_event.data() : cause_events.data() + (k - 1) * rows();
  }
};

/// The rows a risk table was made of, and which of them belong to one patient.
struct ClusteredRows {
  const Timeline& timeline;
  span<const int> event, group;
  span<const double> weight; ///< empty: one each
  span<const int> cluster;   ///< codes in [0, n_cluster)
  std::size_t n_cluster;
};

namespace detail {

/// Numbers 0, ..., size - 1 by increasing key, equal keys in their order. O(size + n_key).
template <class Key>
std::vector<std::uint32_t> counting_order(const std::vector<std::uint32_t>& start, std::size_t n_key, Key key,
                                          const Poll& poll) {
  PollRows ask(poll);
  std::vector<std::size_t> at(n_key + 1, 0);
  for (std::uint32_t i : start) {
    ask();
    ++at[key(i) + 1];
  }
  for (std::size_t k = 1; k <= n_key; ++k)
    at[k] += at[k - 1];
  std::vector<std::uint32_t> out(start.size());
  for (std::uint32_t i : start) {
    ask();
    out[at[key(i)]++] = i;
  }
  return out;
}

/// Exits and entries of all rows by group, within a group by time. A visit v of n rows is row v % n; it is the row's
/// exit when v < n, its entry otherwise.
inline std::vector<std::uint32_t> visits_by_group(const Timeline& timeline, span<const int> group,
                                                  std::size_t n_group, const Poll& poll = {}) {
  const std::size_t n = timeline.exit_id.size();
  std::vector<std::uint32_t> visits(timeline.entry_id.empty() ? n : 2 * n);
  for (std::size_t i = 0; i < visits.size(); ++i)
    visits[i] = static_cast<std::uint32_t>(i);
  visits = counting_order(visits, timeline.time.size(), [&](std::uint32_t v) -> std::size_t {
    return v < n ? timeline.exit_id[v] : timeline.entry_id[v - n];
  }, poll);
  if (n_group == 1)
    return visits;
  return counting_order(visits, n_group, [&](std::uint32_t v) -> std::size_t {
    return static_cast<std::size_t>(group[v < n ? v : v - n]);
  }, poll);
}

} // namespace detail

/// Are there rows for times at which somebody enters and nobody leaves? A curve needs none. Who looks at several groups
/// together does: between two rows nobody then enters or leaves.
enum class EntryRows { left_out, kept };

/// @param event per row 0 for censored, 1 to n_cause for an event. @param group codes in [0, n_group). @param weight
/// case weights >= 0, finite, or empty for one each; rows of weight 0 are as if absent. O(n + n_group).
/// @param poll asked now and then; see poll.hpp. @param entry_rows see EntryRows.
/// @throws input_error when lengths or codes do not fit, a weight is negative or not finite, or the square of a
/// group's sum of weights overflows.
inline RiskTable make_risk_table(const Timeline& timeline, span<const int> event, span<const int> group,
                                 std::size_t n_group, span<const double> weight = {}, std::size_t n_cause = 1,
                                 const Poll& poll = {}, EntryRows entry_rows = EntryRows::left_out) {
  const std::size_t n = timeline.exit_id.size();
  detail::require(event.size() == n && group.size() == n, "`event`, `group` and `time` differ in length");
  detail::require(weight.empty() || weight.size() == n, "`weight` and `time` differ in length");
  const bool delayed = !timeline.entry_id.empty();
  for (double w : weight)
    detail::require(w >= 0.0 && std::isfinite(w), "a weight is negative or not finite");
  for (std::size_t i = 0; i < n; ++i) {
    detail::require(group[i] >= 0 && static_cast<std::size_t>(group[i]) < n_group, "a group code is out of range");
    detail::require(event[i] >= 0 && static_cast<std::size_t>(event[i]) <= n_cause, "an event code is out of range");
  }
  const auto weight_of = [&](std::size_t i) { return weight.empty() ? 1.0 : weight[i]; };
  const auto visits = detail::visits_by_group(timeline, group, n_group, poll);
  const auto row_of = [n](std::uint32_t v) -> std::size_t { return v < n ? v : v - n; };
  const auto id_of = [&](std::uint32_t v) { return v < n ? timeline.exit_id[v] : timeline.entry_id[v - n]; };

  RiskTable out;
  out.delayed_entry = delayed;
  out.n_cause = n_cause;
  std::vector<double> by_cause(n_cause), causes; // of one row; of all rows, a row's causes side by side
  out.first.assign(n_group + 1, 0);
  out.n.assign(n_group, 0.0);
  const std::size_t most = n_group == 1 ? timeline.time.size() : n;
  out.time_id.reserve(most);
  for (auto* column : {&out.time, &out.n_risk, &out.n_event, &out.n_censor})
    column->reserve(most);
  if (n_cause > 1)
    causes.reserve(most * n_cause);

  PollRows ask(poll);
  std::size_t i = 0;
  for (std::size_t g = 0; g < n_group; ++g) {
    out.first[g] = out.time.size();
    double total = 0.0;
    CompensatedSum entered_less_left; // only with delayed entry
    const auto in_group = [&] { return i < visits.size() && group[row_of(visits[i])] == static_cast<int>(g); };
    while (in_group()) {
      const std::uint32_t id = id_of(visits[i]);
      double events = 0.0, censored = 0.0, entered = 0.0;
      if (n_cause > 1)
        std::fill(by_cause.begin(), by_cause.end(), 0.0);
      for (; in_group() && id_of(visits[i]) == id; ++i) {
        ask();
        const std::size_t row = row_of(visits[i]);
        const double w = weight_of(row);
        if (visits[i] >= n) {
          entered += w;
          continue;
        }
        const int code = event[row];
        (code > 0 ? events : censored) += w;
        if (n_cause > 1 && code > 0)
          by_cause[static_cast<std::size_t>(code) - 1] += w;
        out.n[g] += w > 0.0 ? 1.0 : 0.0;
        total += w;
      }
      // Not only rows of weight 0.
      if (events + censored > 0.0 || (entry_rows == EntryRows::kept && entered > 0.0)) {
        out.time_id.push_back(id);
        out.time.push_back(timeline.time[id]);
        // Whoever leaves now was at risk, whatever rounding has done to a sum of very unequal weights.
        out.n_risk.push_back(delayed ? std::max(entered_less_left.value(), events + censored) : 0.0);
        out.n_event.push_back(events);
        out.n_censor.push_back(censored);
        if (n_cause > 1)
          causes.insert(causes.end(), by_cause.begin(), by_cause.end());
        if (delayed)
          entered_less_left.add(-(events + censored));
      }
      // An entry at this time is at risk only after it.
      entered_less_left.add(entered);
    }
    detail::require(std::isfinite(total * total), "the sum of the weights overflows, or its square");
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
  for (std::size_t i = 0; i < causes.size(); ++i, ask())
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
inline RiskTable make_risk_table(const Counts& counts, std::size_t n_group,
                                 EntryRows entry_rows = EntryRows::left_out) {
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
      const bool enter = entry_rows == EntryRows::kept && out.delayed_entry && counts.n_entry[i] > 0.0;
      if (leave > 0.0 || enter) {
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
