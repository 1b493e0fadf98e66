#ifndef CRYONODES_PERMUTATION_STATISTICS_HPP
#define CRYONODES_PERMUTATION_STATISTICS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/logrank_rows.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// What of a log-rank test of two groups depends on who is in which: the scores of the rows, and the variance as a sum
/// of terms w^2 d (n - d) / ((n - 1) n^2) n_1 n_2 over the event times, n_g of those at risk being of group g.
struct StudentisedRows {
  struct Term {
    std::size_t from, to; ///< at risk are the rows order[from], ..., order[to - 1]
    double weight;        ///< w^2 d (n - d) / ((n - 1) n^2)
  };
  std::vector<double> score;
  std::vector<std::size_t> order; ///< rows, stratum by stratum, those followed longest first
  std::vector<Term> term;         ///< those of a stratum side by side, with growing `to`
};

/// @param rows without delayed entry; their groups do not count. O(n log n).
/// @throws input_error as make_risk_table(), or with delayed entry.
inline StudentisedRows studentised_rows(const TestRows& rows, const LogrankOptions& options, const Poll& poll = {}) {
  detail::require(rows.timeline.entry_id.empty(), "rows are dealt out without delayed entry");
  StudentisedRows out;
  out.score = logrank_scores(rows, options, poll);
  const std::size_t n = out.score.size();
  const auto stratum_of = [&](std::size_t i) { return static_cast<std::size_t>(rows.cell[i]) / rows.n_group; };
  std::vector<std::size_t> first(rows.n_stratum + 1, 0);
  for (std::size_t i = 0; i < n; ++i)
    ++first[stratum_of(i) + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  out.order.resize(n);
  std::iota(out.order.begin(), out.order.end(), std::size_t{0});
  std::sort(out.order.begin(), out.order.end(), [&](std::size_t a, std::size_t b) {
    const std::size_t s = stratum_of(a), t = stratum_of(b);
    return s != t ? s < t : rows.timeline.exit_id[a] > rows.timeline.exit_id[b];
  });
  const auto table = make_risk_table(rows.timeline, rows.event, rows.cell, rows.n_group * rows.n_stratum, {}, 1, poll);
  TestWeights weights(options);
  each_event_time(
      table, rows.n_group,
      [&](const EventTime& at) {
        const double w = weights(at);
        if (at.n > at.d) // who all have the event tell nothing
          out.term.push_back({first[at.stratum], first[at.stratum] + static_cast<std::size_t>(at.n),
                              w * w * at.d * (at.n - at.d) / ((at.n - 1.0) * at.n * at.n)});
      },
      poll);
  std::reverse(out.term.begin(), out.term.end());
  return out;
}

/// How many of the replicates have a score that is as large for its standard deviation as that of the second group was
/// found, or larger, either recomputed for each dealing (Neuhaus 1993; Brendel, Janssen, Mayer & Pauly 2014): a test
/// that holds its level in large samples even if follow-up differs between the groups. A dealing without variance has a
/// score of 0. `dealt.score` is not looked at.
inline std::size_t studentised_tail(const StudentisedRows& rows, const DealtScores& dealt, const DealOptions& options,
                                    const Poll& poll = {}) {
  const std::size_t n = rows.score.size();
  detail::require(dealt.group.size() == n && dealt.n_group == 2, "a studentised score is that of two groups");
  double size = 0.0;
  for (double a : rows.score)
    size += std::fabs(a);
  const double equal = static_cast<double>(n + 2) * detail::step_of_scores(size);
  struct Found {
    double score, variance;
  };
  const auto find = [&](const auto& groups) {
    Found out{0.0, 0.0};
    for (std::size_t i = 0; i < n; ++i)
      out.score += groups[i] == 1 ? rows.score[i] : 0.0;
    std::size_t at = 0, in_second = 0;
    for (const auto& term : rows.term) {
      if (at < term.from || at > term.to) { // another stratum
        at = term.from;
        in_second = 0;
      }
      for (; at < term.to; ++at)
        in_second += groups[rows.order[at]] == 1 ? 1U : 0U;
      out.variance +=
          term.weight * static_cast<double>(in_second) * static_cast<double>(term.to - term.from - in_second);
    }
    return out;
  };
  for (int g : dealt.group)
    detail::require(g == 0 || g == 1, "a group code is out of range");
  const Found found = find(dealt.group);
  const bool any = found.variance > 0.0 && std::fabs(found.score) > equal;
  const double ratio = any ? found.score * found.score / found.variance : 0.0;
  const auto as_large = [&](const std::vector<int>& groups, std::size_t) {
    if (!any)
      return true;
    const Found now = find(groups);
    return now.variance > 0.0 && std::fabs(now.score) >= std::sqrt(ratio * now.variance) - equal;
  };
  return count_dealt(dealt, options, as_large, poll);
}

struct LargestOfScores {
  std::vector<double> z; ///< of each kind, as found: the second group's score over its standard deviation; NaN without
  std::size_t hits;      ///< replicates the largest of whose |z| is as large as that, or larger
};

/// Scores of several kinds, dealt out together; the standard deviation of each is that over all ways of dealing.
/// @param score n of each kind, kind by kind. `dealt.score` is not looked at.
inline LargestOfScores largest_tail(span<const double> score, const DealtScores& dealt, const DealOptions& options,
                                    const Poll& poll = {}) {
  const std::size_t n = dealt.group.size();
  detail::require(n > 0 && score.size() % n == 0 && dealt.n_group == 2, "scores of two groups, n of each kind");
  detail::require(dealt.stratum.empty() ? dealt.n_stratum == 1 : dealt.stratum.size() == n, "a unit has one stratum");
  const auto stratum_of = [&](std::size_t i) {
    const std::size_t s = dealt.stratum.empty() ? 0 : static_cast<std::size_t>(dealt.stratum[i]);
    detail::require(s < dealt.n_stratum && (dealt.group[i] == 0 || dealt.group[i] == 1), "a code is out of range");
    return s;
  };
  const std::size_t kinds = score.size() / n;
  std::vector<double> in(dealt.n_stratum, 0.0), in_second(dealt.n_stratum, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    in[stratum_of(i)] += 1.0;
    in_second[stratum_of(i)] += dealt.group[i];
  }
  LargestOfScores out{{}, 0};
  double equal = 0.0, largest = 0.0;
  std::vector<std::vector<double>> columns;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const double* of = score.data() + kind * n;
    std::vector<CompensatedSum> sum(dealt.n_stratum), square(dealt.n_stratum);
    double size = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      detail::require(std::isfinite(of[i]), "a score is not finite");
      sum[stratum_of(i)].add(of[i]);
      size += std::fabs(of[i]);
    }
    std::vector<double> column(n);
    for (std::size_t i = 0; i < n; ++i) {
      column[i] = of[i] - sum[stratum_of(i)].value() / in[stratum_of(i)];
      square[stratum_of(i)].add(column[i] * column[i]);
    }
    double variance = 0.0;
    for (std::size_t s = 0; s < dealt.n_stratum; ++s)
      if (in[s] > 1.0)
        variance += square[s].value() * in_second[s] * (in[s] - in_second[s]) / (in[s] * (in[s] - 1.0));
    const double step = static_cast<double>(n + 2) * detail::step_of_scores(size);
    if (!(std::sqrt(variance) > step)) {
      out.z.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    CompensatedSum found;
    for (std::size_t i = 0; i < n; ++i) {
      column[i] /= std::sqrt(variance);
      if (dealt.group[i] == 1)
        found.add(column[i]);
    }
    out.z.push_back(found.value());
    equal = std::max(equal, step / std::sqrt(variance));
    largest = std::max(largest, std::fabs(found.value()));
    columns.push_back(column);
  }
  const auto as_large = [&](const std::vector<int>& groups, std::size_t) {
    double most = 0.0;
    for (const auto& column : columns) {
      double z = 0.0;
      for (std::size_t i = 0; i < n; ++i)
        z += groups[i] == 1 ? column[i] : 0.0;
      most = std::max(most, std::fabs(z));
    }
    return most >= largest - equal;
  };
  out.hits = count_dealt(dealt, options, as_large, poll);
  return out;
}

} // namespace cryonodes

#endif
