#ifndef CRYONODES_RESTRICTED_MEAN_HPP
#define CRYONODES_RESTRICTED_MEAN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

struct RestrictedMeanOptions {
  double tau = 0.0;         ///< end of the area, > 0, at most largest_tau() of each group
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

/// One group after another against group 0: entry k is for group k + 1.
struct RestrictedMeanComparison {
  std::vector<double> estimate;
  std::vector<double> std_error; ///< of a difference; for ratios, of the logarithm
  std::vector<double> conf_low, conf_high;
  std::vector<double> statistic;   ///< normal deviate
  std::vector<double> log_p_value; ///< natural logarithm of the two-sided p-value
};

/// One entry per group. NaN is what has no answer: see restricted_mean().
struct RestrictedMeanResult {
  std::vector<double> estimate;  ///< area under S from 0 to tau
  std::vector<double> std_error; ///< of the area, and of the time lost
  std::vector<double> conf_low, conf_high;
  std::vector<double> lost; ///< tau less the area: area above S
  std::vector<double> lost_conf_low, lost_conf_high;
  std::vector<double> n_event;   ///< up to and including tau
  std::vector<double> n_cluster; ///< clusters with rows in the group; empty without clusters
  std::vector<double> survival;  ///< S, one entry per row of the risk table
  RestrictedMeanComparison difference, ratio, lost_ratio;
};

/// How far the area of each group is known: its last time, or without end where S has reached 0. A group of nobody is
/// known up to 0.
inline std::vector<double> largest_tau(const RiskTable& table) {
  std::vector<double> out(table.n_group(), 0.0);
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t first = table.first[g], end = table.first[g + 1];
    bool falls_to_0 = false;
    for (std::size_t i = first; i < end; ++i)
      falls_to_0 |= table.n_event[i] >= table.n_risk[i];
    if (first < end)
      out[g] = falls_to_0 ? std::numeric_limits<double>::infinity() : std::max(0.0, table.time[end - 1]);
  }
  return out;
}

/// The tau that is used. NaN asks for the default: the largest that all groups allow, or the last time of all where
/// every curve reaches 0. A tau beyond the largest by rounding only is the largest.
inline double choose_tau(const RiskTable& table, double tau) {
  const auto limits = largest_tau(table);
  const double limit = limits.empty() ? 0.0 : *std::min_element(limits.begin(), limits.end());
  if (std::isnan(tau))
    return std::isfinite(limit) ? limit : *std::max_element(table.time.begin(), table.time.end());
  return tau > limit && tau * (1.0 - 1e-8) <= limit ? limit : tau;
}

namespace detail {

/// What the variance of the areas needs, on the scale in which tau lies in [1/2, 1): squares of times cannot overflow.
struct AreaParts {
  std::vector<double> after;                 ///< per row of the table, area from its time to tau
  std::vector<double> variance, covariance0; ///< per group; covariance with group 0
};

/// The derivative of the area in the weight of row i is sum_j A_j (Y_ij d_j / (n_j (n_j - d_j)) - dN_ij / (n_j - d_j)),
/// over the times its group has. The first part is a running sum read off at the row's exit and entry, so that
/// all rows together take one walk along the time axis. Summed within clusters and squared, these are the
/// infinitesimal jackknife. O(n + rows + clusters).
inline void cluster_variance(const RiskTable& table, const ClusteredRows& rows, AreaParts& parts,
                             std::vector<double>& n_cluster, const Poll& poll) {
  PollRows ask(poll);
  const std::size_t n = rows.timeline.exit_id.size(), n_group = table.n_group();
  require(rows.event.size() == n && rows.group.size() == n && rows.cluster.size() == n &&
              (rows.weight.empty() || rows.weight.size() == n),
          "the columns of the clustered rows differ in length");
  for (std::size_t i = 0; i < n; ++i, ask()) {
    require(rows.cluster[i] >= 0 && static_cast<std::size_t>(rows.cluster[i]) < rows.n_cluster,
            "a cluster code is out of range");
    require(rows.group[i] >= 0 && static_cast<std::size_t>(rows.group[i]) < n_group, "a group code is out of range");
  }
  const auto group_of = [&](std::size_t i) { return static_cast<std::size_t>(rows.group[i]); };
  const auto weight_of = [&](std::size_t i) { return rows.weight.empty() ? 1.0 : rows.weight[i]; };

  std::vector<double> running(table.rows(), 0.0); // sum of A d / (n (n - d)) up to the row
  for (std::size_t g = 0; g < n_group; ++g) {
    CompensatedSum sum;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      if (parts.after[i] > 0.0 && table.n_event[i] > 0.0)
        sum.add(parts.after[i] * (table.n_event[i] / table.n_risk[i]) / (table.n_risk[i] - table.n_event[i]));
      running[i] = sum.value();
    }
  }

  // Rows sorted by a code, by counting.
  std::vector<std::size_t> order(n), at;
  const auto sort_by = [&](auto code, std::size_t n_code) {
    at.assign(n_code + 1, 0);
    for (std::size_t i = 0; i < n; ++i, ask())
      ++at[static_cast<std::size_t>(code[i]) + 1];
    for (std::size_t k = 1; k < at.size(); ++k)
      at[k] += at[k - 1];
    for (std::size_t i = 0; i < n; ++i, ask())
      order[at[static_cast<std::size_t>(code[i])]++] = i;
  };
  // `here` is the first row of the group's table that lies beyond the time walked to.
  std::vector<std::size_t> here(n_group);
  const auto walk = [&](const std::vector<std::uint32_t>& id, auto visit) {
    sort_by(id, rows.timeline.time.size());
    here.assign(table.first.begin(), table.first.end() - 1);
    for (const std::size_t i : order) {
      ask();
      const std::size_t g = group_of(i);
      while (here[g] < table.first[g + 1] && table.time_id[here[g]] <= id[i])
        ++here[g];
      if (here[g] > table.first[g])
        visit(i, here[g] - 1);
    }
  };
  std::vector<double> influence(n, 0.0), size(n, 0.0);
  walk(rows.timeline.exit_id, [&](std::size_t i, std::size_t row) {
    influence[i] = size[i] = running[row];
    if (rows.event[i] > 0 && parts.after[row] > 0.0) {
      const double drop = parts.after[row] / (table.n_risk[row] - table.n_event[row]);
      influence[i] -= drop;
      size[i] += drop;
    }
  });
  if (!rows.timeline.entry_id.empty())
    walk(rows.timeline.entry_id, [&](std::size_t i, std::size_t row) {
      influence[i] -= running[row];
      size[i] += running[row];
    });

  std::vector<CompensatedSum> variance(n_group), covariance0(n_group);
  std::vector<CompensatedSum> sum(n_group);
  std::vector<double> total(n_group), rounding(n_group, 0.0);
  std::vector<char> seen(n_group, 0);
  std::vector<std::size_t> touched;
  n_cluster.assign(n_group, 0.0);
  sort_by(rows.cluster, rows.n_cluster);
  for (std::size_t k = 0; k < n;) {
    const int cluster = rows.cluster[order[k]];
    for (; k < n && rows.cluster[order[k]] == cluster; ++k, ask()) {
      const std::size_t i = order[k], g = group_of(i);
      if (weight_of(i) <= 0.0)
        continue;
      if (!seen[g]) {
        seen[g] = 1;
        touched.push_back(g);
      }
      sum[g].add(weight_of(i) * influence[i]);
      rounding[g] += weight_of(i) * size[i];
    }
    for (const std::size_t g : touched) {
      // A sum that is rounding only is 0: rows of one patient may cancel.
      const double value = sum[g].value();
      total[g] = std::fabs(value) <= 64.0 * std::numeric_limits<double>::epsilon() * rounding[g] ? 0.0 : value;
      n_cluster[g] += 1.0;
      variance[g].add(total[g] * total[g]);
    }
    for (const std::size_t g : touched) {
      if (seen[0])
        covariance0[g].add(total[g] * total[0]);
    }
    for (const std::size_t g : touched) {
      seen[g] = 0;
      sum[g] = CompensatedSum();
      rounding[g] = 0.0;
    }
    touched.clear();
  }
  for (std::size_t g = 0; g < n_group; ++g) {
    // One patient alone says nothing of the spread between patients.
    parts.variance[g] = n_cluster[g] > 1.0 ? variance[g].value() : 0.0;
    parts.covariance0[g] = covariance0[g].value();
  }
}

} // namespace detail

/// Restricted mean survival time: the area under the Kaplan-Meier curve from 0 to tau, with Var = sum over event times
/// of A_j^2 d_j / (n_j (n_j - d_j)), A_j the area from the time to tau (Klein & Moeschberger 2003, eq. 4.5.1-4.5.2);
/// with `rows`, the infinitesimal jackknife summed within clusters, and differences and ratios between groups from the
/// joint influence. Normal intervals within [0, tau]; those of ratios on the log scale. A group whose standard error is
/// 0 (no event, one cluster) has no interval, nor has any comparison with it. O(rows), with `rows` O(n).
/// @param poll asked now and then; see poll.hpp.
/// @throws input_error when tau is not in (0, largest_tau()], a time is negative, or lengths and codes do not fit.
inline RestrictedMeanResult restricted_mean(const RiskTable& table, const RestrictedMeanOptions& options,
                                            const ClusteredRows* rows = nullptr, const Poll& poll = {}) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  detail::require(options.tau > 0.0 && std::isfinite(options.tau), "tau must be finite and > 0");
  for (double limit : largest_tau(table))
    detail::require(options.tau <= limit, "tau lies beyond the follow-up");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const std::size_t n_group = table.n_group();

  int exponent = 0;
  const double tau = std::frexp(options.tau, &exponent);
  // By two powers of two, each of which a double holds.
  const double down = std::ldexp(1.0, -exponent / 2), rest = std::ldexp(1.0, -exponent + exponent / 2);
  const auto scaled = [&](double time) { return time * down * rest; };
  const auto unscaled = [&](double x) { return std::ldexp(x, exponent); };

  RestrictedMeanResult out;
  out.survival.resize(table.rows());
  detail::AreaParts parts;
  parts.after.assign(table.rows(), 0.0);
  parts.variance.assign(n_group, 0.0);
  parts.covariance0.assign(n_group, 0.0);
  std::vector<double> area(n_group), lost(n_group);
  PollRows ask(poll);
  for (std::size_t g = 0; g < n_group; ++g) {
    CompensatedProduct survival;
    double events = 0.0;
    std::size_t end = table.first[g]; // first row whose time is not before tau: it has no area after it
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      detail::require(table.time[i] >= 0.0, "a time is negative");
      if (table.n_event[i] > 0.0)
        survival.multiply(table.n_risk[i] - table.n_event[i], table.n_risk[i]);
      out.survival[i] = survival.value();
      if (table.time[i] < options.tau)
        end = i + 1;
      if (table.time[i] <= options.tau)
        events += table.n_event[i];
    }
    CompensatedSum below, above, variance;
    double right = tau;
    for (std::size_t i = end; i-- > table.first[g];) {
      ask();
      const double left = scaled(table.time[i]), width = right - left, s = out.survival[i], d = table.n_event[i];
      below.add(s * width);
      above.add((1.0 - s) * width);
      parts.after[i] = below.value();
      // Once S = 0 nothing follows that could vary.
      if (d > 0.0 && parts.after[i] > 0.0)
        variance.add(parts.after[i] * parts.after[i] * (d / table.n_risk[i]) / (table.n_risk[i] - d));
      right = left;
    }
    below.add(right);
    area[g] = std::min(below.value(), tau);
    lost[g] = std::min(above.value(), tau);
    parts.variance[g] = variance.value();
    out.n_event.push_back(events);
  }
  if (rows != nullptr)
    detail::cluster_variance(table, *rows, parts, out.n_cluster, poll);

  for (std::size_t g = 0; g < n_group; ++g) {
    const double se = std::sqrt(parts.variance[g]), half = se > 0.0 ? z * se : nan;
    const auto within = [&](double x) { return std::isnan(x) ? x : unscaled(std::min(std::max(x, 0.0), tau)); };
    out.estimate.push_back(unscaled(area[g]));
    out.std_error.push_back(unscaled(se));
    out.conf_low.push_back(within(area[g] - half));
    out.conf_high.push_back(within(area[g] + half));
    out.lost.push_back(unscaled(lost[g]));
    out.lost_conf_low.push_back(within(lost[g] - half));
    out.lost_conf_high.push_back(within(lost[g] + half));
  }

  // Variance of a * x_g - b * x_0; NaN where either group has none, or nothing is left of both but rounding.
  const auto spread = [&](std::size_t g, double a, double b) {
    const double own = a * a * parts.variance[g], reference = b * b * parts.variance[0];
    const double joint = own + reference - 2.0 * a * b * parts.covariance0[g];
    return own > 0.0 && reference > 0.0 && joint > 1e-12 * (own + reference) ? std::sqrt(joint) : nan;
  };
  const auto add = [&](RestrictedMeanComparison& to, double estimate, double center, double se) {
    to.estimate.push_back(estimate);
    to.std_error.push_back(se);
    const double deviate = center / se;
    to.statistic.push_back(deviate);
    to.log_p_value.push_back(
        std::isnan(deviate) ? nan : std::min(0.0, std::log(2.0) + log_normal_upper(std::fabs(deviate))));
  };
  for (std::size_t g = 1; g < n_group; ++g) {
    const double difference = area[g] - area[0], se = spread(g, 1.0, 1.0);
    add(out.difference, unscaled(difference), difference, se);
    out.difference.std_error.back() = unscaled(se);
    const auto within = [&](double x) { return std::isnan(x) ? x : unscaled(std::min(std::max(x, -tau), tau)); };
    out.difference.conf_low.push_back(within(difference - z * se));
    out.difference.conf_high.push_back(within(difference + z * se));
    for (const bool of_lost : {false, true}) {
      const auto& x = of_lost ? lost : area;
      RestrictedMeanComparison& to = of_lost ? out.lost_ratio : out.ratio;
      const bool defined = x[g] > 0.0 && x[0] > 0.0;
      const double log_ratio = defined ? std::log(x[g]) - std::log(x[0]) : nan;
      const double se_log = defined ? spread(g, 1.0 / x[g], 1.0 / x[0]) : nan;
      add(to, defined ? x[g] / x[0] : nan, log_ratio, se_log);
      to.conf_low.push_back(std::exp(log_ratio - z * se_log));
      to.conf_high.push_back(std::exp(log_ratio + z * se_log));
    }
  }
  return out;
}

} // namespace cryonodes

#endif
