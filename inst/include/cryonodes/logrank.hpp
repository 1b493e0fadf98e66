#ifndef CRYONODES_LOGRANK_HPP
#define CRYONODES_LOGRANK_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// What a log-rank test is made of, summed over the strata. k groups.
struct LogrankResult {
  std::vector<double> n;          ///< k: rows per group
  std::vector<double> observed;   ///< k: events per group
  std::vector<double> expected;   ///< k: events expected if all groups had the pooled hazard of their stratum
  std::vector<double> covariance; ///< k x k, symmetric: hypergeometric covariance of observed - expected
  /// k: groups with the same number are linked, directly or through others, by event times at which they were at
  /// risk together and somebody survived. Numbered from 0 by first appearance. The rank of `covariance` is
  /// k - n_component: see logrank().
  std::vector<std::size_t> component;
  std::size_t n_component = 0;

  std::size_t rank() const { return observed.size() - n_component; }
};

namespace detail {

/// Number per element of the connected part it belongs to, when i and j are joined where `joined(i, j)`.
template <class Joined> std::vector<std::size_t> connected_parts(std::size_t k, std::size_t& n_part, Joined joined) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::vector<std::size_t> part(k, none), reached;
  n_part = 0;
  for (std::size_t start = 0; start < k; ++start) {
    if (part[start] != none)
      continue;
    part[start] = n_part;
    reached.assign(1, start);
    while (!reached.empty()) {
      const std::size_t i = reached.back();
      reached.pop_back();
      for (std::size_t j = 0; j < k; ++j)
        if (part[j] == none && joined(i, j)) {
          part[j] = n_part;
          reached.push_back(j);
        }
    }
    ++n_part;
  }
  return part;
}

} // namespace detail

/// Observed and expected events and their covariance (Mantel 1966, Peto & Peto 1972), stratum by stratum.
///
/// With d events among n at risk at a time of a stratum, n_i of them in group i:
///   expected_i += d n_i / n,   cov_ij += c (n_i [i = j] / n - n_i n_j / n^2),   c = d (n - d) / (n - 1).
/// Both are summed by subject instead of by time. n_i(t) counts who leaves at t or later, so with the running sums
/// H = sum d/n and B = sum c/n^2, expected_i is the sum of H over the exits of group i, and -cov_ij the sum over the
/// exits of B times the fall of n_i n_j there. All terms are >= 0: nothing cancels, and what is zero in theory is zero
/// in the result. The diagonal follows from rows that sum to zero.
///
/// So `covariance` is the Laplacian of a graph with edge weights -cov_ij, and its rank is exactly k minus the number
/// of connected parts: no tolerance is needed. observed - expected sums to zero over each part, because where c = 0
/// everybody or nobody at risk has the event.
///
/// @param table one cell per stratum and group, cell = stratum * n_group + group; not with delayed entry, whole counts.
/// @param poll asked now and then; see poll.hpp.
/// @throws input_error when the table does not fit. O(rows (log rows + n_group) + n_group^2).
inline LogrankResult logrank(const RiskTable& table, std::size_t n_group, const Poll& poll = {}) {
  detail::require(n_group > 0 && table.n_group() % n_group == 0,
                  "the risk table has not one cell per stratum and group");
  detail::require(!table.delayed_entry, "the log-rank test takes no delayed entry");
  const std::size_t k = n_group, n_stratum = table.n_group() / k;

  LogrankResult out;
  out.n.assign(k, 0.0);
  out.observed.assign(k, 0.0);
  std::vector<CompensatedSum> expected(k), together(k * k); // together: -cov_ij for i < j
  struct Exit {
    double time;
    std::size_t group;
    std::size_t row;
  };
  std::vector<Exit> exits;
  std::vector<double> at_risk(k);
  std::vector<std::size_t> present;
  std::size_t done = 0;
  PollRows ask(poll);

  for (std::size_t s = 0; s < n_stratum; ++s) {
    exits.clear();
    present.clear();
    double n = 0.0;
    for (std::size_t g = 0; g < k; ++g) {
      const std::size_t cell = s * k + g, begin = table.first[cell], end = table.first[cell + 1];
      if (begin == end)
        continue;
      out.n[g] += table.n[cell];
      at_risk[g] = table.n_risk[begin];
      n += at_risk[g];
      present.push_back(g);
      for (std::size_t row = begin; row < end; ++row)
        exits.push_back({table.time[row], g, row});
    }
    std::sort(exits.begin(), exits.end(), [&](const Exit& a, const Exit& b) {
      ask();
      return a.time != b.time ? a.time < b.time : a.group < b.group;
    });

    CompensatedSum hazard, variance;
    for (std::size_t i = 0; i < exits.size();) {
      std::size_t end = i;
      double d = 0.0;
      for (; end < exits.size() && exits[end].time == exits[i].time; ++end)
        d += table.n_event[exits[end].row];
      if (d > 0.0)
        hazard.add(d / n);
      if (d > 0.0 && d < n)
        variance.add(d / n * ((n - d) / n) / (n - 1.0));
      const double h = hazard.value(), b = variance.value();
      for (; i < end; ++i) {
        if (poll && ++done % 1024 == 0)
          poll(static_cast<double>(done) / static_cast<double>(table.time.size()));
        const std::size_t g = exits[i].group;
        const double events = table.n_event[exits[i].row], leaving = events + table.n_censor[exits[i].row];
        detail::require(events == std::floor(events) && leaving == std::floor(leaving),
                        "the log-rank test takes whole counts, not weights");
        out.observed[g] += events;
        expected[g].add(leaving * h);
        if (b > 0.0)
          for (std::size_t other : present)
            if (other != g && at_risk[other] > 0.0)
              together[std::min(g, other) * k + std::max(g, other)].add(leaving * at_risk[other] * b);
        at_risk[g] -= leaving;
        n -= leaving;
      }
    }
  }

  out.expected.resize(k);
  out.covariance.resize(k * k);
  for (std::size_t i = 0; i < k; ++i) {
    out.expected[i] = expected[i].value();
    CompensatedSum diagonal;
    for (std::size_t j = 0; j < k; ++j) {
      if (j == i)
        continue;
      const double w = together[std::min(i, j) * k + std::max(i, j)].value();
      diagonal.add(w);
      out.covariance[i * k + j] = w > 0.0 ? -w : 0.0;
    }
    out.covariance[i * k + i] = diagonal.value();
  }
  out.component = detail::connected_parts(
      k, out.n_component, [&](std::size_t i, std::size_t j) { return i != j && out.covariance[i * k + j] < 0.0; });
  return out;
}

} // namespace cryonodes

#endif
