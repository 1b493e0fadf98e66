#ifndef CRYONODES_LOGRANK_ROWS_HPP
#define CRYONODES_LOGRANK_ROWS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Rows as a test of the log-rank family sees them; they live elsewhere.
struct TestRows {
  const Timeline& timeline;
  span<const int> event;   ///< 0 or 1
  span<const int> cell;    ///< stratum * n_group + group
  std::size_t n_group, n_stratum;
  span<const double> weight = {}; ///< what each counts for, > 0, among those at risk and in the score; empty: one
  double weight_of(std::size_t i) const { return weight.empty() ? 1.0 : weight[i]; }
};

namespace detail {

/// What has come together by each event time of a stratum: the weighted hazard of all, and its part at which each group
/// would have had its events.
class RunningHazard {
public:
  RunningHazard(const TestRows& rows, const LogrankOptions& options, const Poll& poll)
      : k_(rows.n_group), first_(rows.n_stratum + 1, 0) {
    const auto table = make_risk_table(rows.timeline, rows.event, rows.cell, k_ * rows.n_stratum, rows.weight, 1,
                                       poll, EntryRows::kept);
    TestWeights weights(options);
    CompensatedSum hazard;
    std::vector<CompensatedSum> of_group(k_);
    std::size_t stratum = 0;
    each_event_time(
        table, k_,
        [&](const EventTime& at) {
          if (at.stratum != stratum) {
            hazard = {};
            std::fill(of_group.begin(), of_group.end(), CompensatedSum());
            stratum = at.stratum;
          }
          const double w = weights(at), step = w * (at.d / at.n);
          hazard.add(step);
          time_.push_back(at.time);
          weight_.push_back(w);
          hazard_.push_back(hazard.value());
          for (std::size_t g = 0; g < k_; ++g) {
            const double share = at.n_risk[g] / at.n;
            of_group[g].add(step * share);
            share_.push_back(share);
            of_group_.push_back(of_group[g].value());
          }
          ++first_[at.stratum + 1];
        },
        poll);
    for (std::size_t s = 0; s < rows.n_stratum; ++s)
      first_[s + 1] += first_[s];
  }

  /// How many event times of the stratum, counted over those before it, come no later than `time`; the last of them has
  /// this number less one.
  std::size_t until(std::size_t stratum, double time) const {
    const auto from = time_.begin() + static_cast<std::ptrdiff_t>(first_[stratum]);
    const auto to = time_.begin() + static_cast<std::ptrdiff_t>(first_[stratum + 1]);
    return static_cast<std::size_t>(std::upper_bound(from, to, time) - time_.begin());
  }
  bool any(std::size_t stratum, std::size_t until) const { return until > first_[stratum]; }
  double weight(std::size_t until) const { return weight_[until - 1]; }
  double share(std::size_t until, std::size_t g) const { return share_[(until - 1) * k_ + g]; }
  double hazard(std::size_t stratum, std::size_t until) const { return any(stratum, until) ? hazard_[until - 1] : 0.0; }
  double of_group(std::size_t stratum, std::size_t until, std::size_t g) const {
    return any(stratum, until) ? of_group_[(until - 1) * k_ + g] : 0.0;
  }

private:
  std::size_t k_;
  std::vector<std::size_t> first_; ///< of each stratum, its first event time
  std::vector<double> time_, weight_, hazard_, share_, of_group_;
};

} // namespace detail

/// The part of each row in the score of its group: w [event] - sum w d / n over the event times of its follow-up, times
/// what the row counts for. The
/// scores of logrank() are sums of these over the rows of a group; whoever deals rows out to groups in another way has
/// the scores of that way, since d, n and w do not ask for groups (Prentice 1978). O(n log n).
/// @throws input_error as make_risk_table().
inline std::vector<double> logrank_scores(const TestRows& rows, const LogrankOptions& options, const Poll& poll = {}) {
  const detail::RunningHazard running(rows, options, poll);
  const std::size_t n = rows.timeline.exit_id.size();
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t s = static_cast<std::size_t>(rows.cell[i]) / rows.n_group;
    const std::size_t until = running.until(s, rows.timeline.time[rows.timeline.exit_id[i]]);
    out[i] = (rows.event[i] != 0 ? running.weight(until) : 0.0) - running.hazard(s, until);
    if (!rows.timeline.entry_id.empty())
      out[i] += running.hazard(s, running.until(s, rows.timeline.time[rows.timeline.entry_id[i]]));
    out[i] *= rows.weight_of(i);
  }
  return out;
}

struct ClusteredCovariance {
  std::vector<double> covariance; ///< k x k, symmetric
  std::size_t n_part = 0;         ///< clusters whose part in it is not 0 but for rounding
};

/// Covariance of the scores when rows that share a cluster go together: for each cluster the sum e of its rows' parts
///   w [event] (z - n_g / n) - sum w d / n (z - n_g / n),   z = 1 for the row's own group g, else 0,
/// and then the sum of e e' over the clusters (Lin & Wei 1989; for lesions in patients Jung & Jeong 2003). A group may
/// vary within a cluster.
/// @param cluster codes in [0, n_cluster), one per row. O(n log n + n k + clusters k^2).
/// @throws input_error as make_risk_table(), or when a cluster code is out of range.
inline ClusteredCovariance clustered_covariance(const TestRows& rows, span<const int> cluster, std::size_t n_cluster,
                                                const LogrankOptions& options, const Poll& poll = {}) {
  const detail::RunningHazard running(rows, options, poll);
  const std::size_t n = rows.timeline.exit_id.size(), k = rows.n_group;
  detail::require(cluster.size() == n, "one cluster for each row");
  std::vector<CompensatedSum> part(n_cluster * k);
  for (std::size_t i = 0; i < n; ++i) {
    detail::require(cluster[i] >= 0 && static_cast<std::size_t>(cluster[i]) < n_cluster,
                    "a cluster code is out of range");
    const auto cell = static_cast<std::size_t>(rows.cell[i]);
    const std::size_t s = cell / k, own = cell % k;
    const std::size_t until = running.until(s, rows.timeline.time[rows.timeline.exit_id[i]]);
    const std::size_t since =
        rows.timeline.entry_id.empty() ? 0 : running.until(s, rows.timeline.time[rows.timeline.entry_id[i]]);
    const bool late = !rows.timeline.entry_id.empty();
    const double weight = rows.weight_of(i);
    for (std::size_t g = 0; g < k; ++g) {
      CompensatedSum& to = part[static_cast<std::size_t>(cluster[i]) * k + g];
      const double z = g == own ? 1.0 : 0.0;
      if (rows.event[i] != 0)
        to.add(weight * (running.weight(until) * (z - running.share(until, g))));
      to.add(weight * (-z * running.hazard(s, until)));
      to.add(weight * running.of_group(s, until, g));
      if (late) {
        to.add(weight * (z * running.hazard(s, since)));
        to.add(weight * -running.of_group(s, since, g));
      }
    }
  }
  std::vector<CompensatedSum> sum(k * k);
  for (std::size_t c = 0; c < n_cluster; ++c)
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        sum[i * k + j].add(part[c * k + i].value() * part[c * k + j].value());
  ClusteredCovariance out;
  out.covariance.resize(k * k);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      out.covariance[i * k + j] = out.covariance[j * k + i] = sum[i * k + j].value();
  double largest = 0.0;
  for (const auto& e : part)
    largest = std::max(largest, std::fabs(e.value()));
  for (std::size_t c = 0; c < n_cluster; ++c) {
    bool counts = false;
    for (std::size_t g = 0; g < k; ++g)
      counts |= std::fabs(part[c * k + g].value()) > 1e-12 * largest;
    out.n_part += counts ? 1U : 0U;
  }
  return out;
}

} // namespace cryonodes

#endif
