#ifndef CRYONODES_FIXED_TIME_HPP
#define CRYONODES_FIXED_TIME_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/cluster_variance.hpp"
#include "cryonodes/cumulative_incidence.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/melded.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// What is known of the groups' probabilities at one time; one entry per group.
struct FixedTime {
  std::vector<double> estimate; ///< NaN beyond the follow-up of the group
  std::vector<double> variance; ///< of the estimate, >= 0; NaN where none can be had (one cluster)
  std::vector<double> covariance; ///< k x k, of the estimates: of groups that share clusters; empty: independent
  std::vector<ConfidenceLaws> laws;
  std::vector<double> n;         ///< subjects
  std::vector<double> n_risk;    ///< just before the time
  std::vector<double> n_event;   ///< by the time, itself included
  std::vector<double> n_censor;  ///< before the time
  std::vector<double> last;      ///< last time of the group
  std::vector<double> n_cluster; ///< with rows in the group; empty without clusters
  /// Under the hypothesis that the groups have one curve, all groups' together: its value, and the variance of each
  /// group's estimate. Only where asked for.
  double null_estimate = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> null_variance;

  explicit FixedTime(std::size_t k = 0) {
    for (auto* column : {&estimate, &variance, &n, &n_risk, &n_event, &n_censor, &last})
      column->assign(k, 0.0);
    laws.resize(k);
  }
};

namespace detail {

/// Times closer than this to the one asked for are that time.
inline double slack_of(double time) { return 1.490116119384765625e-8 * std::max(1.0, std::fabs(time)); }

/// Rows of a group up to and including the time.
inline std::size_t rows_until(const RiskTable& table, std::size_t g, double time) {
  const auto from = table.time.begin() + static_cast<std::ptrdiff_t>(table.first[g]);
  const auto to = table.time.begin() + static_cast<std::ptrdiff_t>(table.first[g + 1]);
  return static_cast<std::size_t>(std::upper_bound(from, to, time + slack_of(time)) - table.time.begin());
}
inline std::size_t rows_before(const RiskTable& table, std::size_t g, double time) {
  const auto from = table.time.begin() + static_cast<std::ptrdiff_t>(table.first[g]);
  const auto to = table.time.begin() + static_cast<std::ptrdiff_t>(table.first[g + 1]);
  return static_cast<std::size_t>(std::lower_bound(from, to, time - slack_of(time)) - table.time.begin());
}

/// The laws of x of n, which need not be whole.
inline ConfidenceLaws binomial_laws(double x, double n) { return {{x, n - x + 1.0}, {x + 1.0, n - x}}; }

inline FixedTime count_until(const RiskTable& table, double time) {
  FixedTime out(table.n_group());
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t until = rows_until(table, g, time), before = rows_before(table, g, time);
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      out.n[g] += table.n_event[i] + table.n_censor[i];
      if (i < until)
        out.n_event[g] += table.n_event[i];
      if (i < before)
        out.n_censor[g] += table.n_censor[i];
    }
    out.n_risk[g] = before < table.first[g + 1] ? table.n_risk[before] : 0.0;
    out.last[g] = table.first[g] < table.first[g + 1] ? table.time[table.first[g + 1] - 1] : 0.0;
  }
  return out;
}

} // namespace detail

/// Kaplan and Meier's estimates at a time, Greenwood's variance, and the beta product laws of Fay, Brittain & Proschan
/// (2013) by the method of moments, which take counts as they are: a row of weight w is w rows. With delayed entry the
/// table has a row for each entry as well; the laws then take the fewest at risk after a row before the first event.
/// O(rows).
inline FixedTime survival_at(const RiskTable& table, double time) {
  FixedTime out = detail::count_until(table, time);
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t first = table.first[g], end = table.first[g + 1], until = detail::rows_until(table, g, time);
    CompensatedProduct survival;
    CompensatedSum greenwood;
    BetaProduct product;
    double fewest = detail::inf, after = 0.0;
    for (std::size_t i = first; i < until; ++i) {
      const double n = table.n_risk[i], d = table.n_event[i];
      // Who is censored at the time asked for is known to be free of the event then.
      const bool now = table.time[i] >= time - detail::slack_of(time);
      const double left = std::max(0.0, n - d - (now ? 0.0 : table.n_censor[i]));
      if (d > 0.0) {
        survival.multiply(n - d, n);
        greenwood.add(d / n / (n - d));
      }
      product.add(n, d);
      if (d + table.n_censor[i] > 0.0)
        fewest = table.delayed_entry && survival.value() >= 1.0 ? std::min(fewest, left) : left;
      after = !now && !table.delayed_entry && i + 1 < end ? table.n_risk[i + 1] : fewest;
    }
    const double s = survival.value();
    if (std::isinf(fewest)) // nobody has left by then
      after = out.n_risk[g];
    // With delayed entry there may be nobody at times before the last.
    const bool known = s <= 0.0 || (first < end && out.last[g] >= time - detail::slack_of(time) &&
                                    (!table.delayed_entry || out.n_risk[g] > 0.0));
    out.estimate[g] = known ? s : std::numeric_limits<double>::quiet_NaN();
    out.variance[g] = s > 0.0 ? s * s * greenwood.value() : 0.0;
    out.laws[g] = {product.lower(after), product.upper()};
    if (s <= 0.0)
      out.laws[g].lower = {0.0, 1.0};
  }
  return out;
}

/// The same with the share of subjects who are not known to have had the event, whoever was censored: binomial, and no
/// estimate of survival.
inline FixedTime crude_share_at(const RiskTable& table, double time) {
  FixedTime out = detail::count_until(table, time);
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const double n = out.n[g], x = n - out.n_event[g];
    out.estimate[g] = x / n;
    out.variance[g] = x / n * (out.n_event[g] / n) / n;
    out.laws[g] = detail::binomial_laws(x, n);
  }
  return out;
}

/// Variance of each group's S(t) if all groups had the curve of all together: with h the hazard of all at each time,
/// S^2 times the sum of h / ((1 - h) n_g), as Greenwood's with the group's own numbers at risk. NaN where a group has
/// nobody at risk at an event of another, or all have had the event. O(rows * k).
inline void add_null_variance(FixedTime& at, const RiskTable& table, double time, const Poll& poll = {}) {
  const std::size_t k = table.n_group();
  const double last = time + detail::slack_of(time);
  CompensatedProduct survival;
  std::vector<CompensatedSum> sum(k);
  each_event_time(
      table, k,
      [&](const EventTime& event) {
        if (event.time > last)
          return;
        survival.multiply(event.n - event.d, event.n);
        for (std::size_t g = 0; g < k; ++g)
          sum[g].add(event.d / (event.n - event.d) / event.n_risk[g]);
      },
      poll);
  at.null_estimate = survival.value();
  at.null_variance.resize(k);
  for (std::size_t g = 0; g < k; ++g) {
    const double variance = at.null_estimate * at.null_estimate * sum[g].value();
    at.null_variance[g] = std::isfinite(variance) ? variance : std::numeric_limits<double>::quiet_NaN();
  }
}

/// Replaces variance and laws by what holds when the rows of a cluster are alike. The variance is the infinitesimal
/// jackknife: row i of weight w changes log S(t) at the rate w (sum of d / (n (n - d)) over its times at risk up to t,
/// less 1 / (n - d) for its own event), summed within clusters. Groups may share clusters: hence the covariance. The
/// laws are those of x of n_eff of cluster_limits(): experimental. O(n + rows + clusters k^2).
/// @throws input_error when lengths or codes do not fit.
inline void cluster_fixed_time(FixedTime& at, const RiskTable& table, const ClusteredRows& rows, double time,
                               double conf_level, const Poll& poll = {}) {
  const std::size_t n = rows.timeline.exit_id.size(), k = table.n_group(), n_cluster = rows.n_cluster;
  detail::require(rows.event.size() == n && rows.group.size() == n && rows.cluster.size() == n,
                  "the columns of the clustered rows differ in length");
  PollRows ask(poll);
  std::vector<double> running(table.rows()); // sum of d / (n (n - d)) up to the row
  std::vector<std::size_t> until(k);
  std::vector<double> moment(k); // when the clusters at risk are counted
  for (std::size_t g = 0; g < k; ++g) {
    until[g] = detail::rows_until(table, g, time);
    moment[g] = time - detail::slack_of(time);
    CompensatedSum sum;
    for (std::size_t i = table.first[g]; i < until[g]; ++i, ask()) {
      if (table.n_event[i] > 0.0 && table.n_event[i] < table.n_risk[i])
        sum.add(table.n_event[i] / table.n_risk[i] / (table.n_risk[i] - table.n_event[i]));
      if (table.n_event[i] > 0.0 && table.n_event[i] >= table.n_risk[i])
        moment[g] = std::min(moment[g], table.time[i]); // S fell to 0
      running[i] = sum.value();
    }
  }
  // The last row of the group that is not after the time with this number.
  const auto row_of = [&](std::size_t g, std::uint32_t id) {
    const auto from = table.time_id.begin() + static_cast<std::ptrdiff_t>(table.first[g]);
    const auto to = table.time_id.begin() + static_cast<std::ptrdiff_t>(until[g]);
    return static_cast<std::size_t>(std::upper_bound(from, to, id) - table.time_id.begin());
  };
  std::vector<CompensatedSum> part(n_cluster * k);
  std::vector<double> size(n_cluster * k, 0.0);
  std::vector<char> there(n_cluster * k, 0), at_risk(n_cluster * k, 0);
  for (std::size_t i = 0; i < n; ++i, ask()) {
    detail::require(rows.cluster[i] >= 0 && static_cast<std::size_t>(rows.cluster[i]) < n_cluster,
                    "a cluster code is out of range");
    const auto g = static_cast<std::size_t>(rows.group[i]);
    const std::size_t cell = static_cast<std::size_t>(rows.cluster[i]) * k + g;
    const double w = rows.weight.empty() ? 1.0 : rows.weight[i];
    if (!(w > 0.0))
      continue;
    there[cell] = 1;
    const double exit = rows.timeline.time[rows.timeline.exit_id[i]];
    const bool late = !rows.timeline.entry_id.empty();
    if (exit >= moment[g] && (!late || rows.timeline.time[rows.timeline.entry_id[i]] < moment[g]))
      at_risk[cell] = 1;
    const std::size_t row = row_of(g, rows.timeline.exit_id[i]);
    if (row > table.first[g]) {
      part[cell].add(w * running[row - 1]);
      size[cell] += w * running[row - 1];
      const double left = table.n_risk[row - 1] - table.n_event[row - 1];
      if (rows.event[i] > 0 && table.time_id[row - 1] == rows.timeline.exit_id[i] && left > 0.0) {
        part[cell].add(-w / left);
        size[cell] += w / left;
      }
    }
    if (late) {
      const std::size_t before = row_of(g, rows.timeline.entry_id[i]);
      if (before > table.first[g])
        part[cell].add(-w * running[before - 1]);
    }
  }
  std::vector<CompensatedSum> sum(k * k);
  std::vector<double> of_cluster(k), risk(k, 0.0);
  at.n_cluster.assign(k, 0.0);
  for (std::size_t c = 0; c < n_cluster; ++c)
    for (std::size_t g = 0; g < k; ++g, ask()) {
      const std::size_t cell = c * k + g;
      at.n_cluster[g] += there[cell] ? 1.0 : 0.0;
      risk[g] += at_risk[cell] ? 1.0 : 0.0;
      const double value = part[cell].value();
      // What is rounding only is 0: rows of one patient may cancel.
      of_cluster[g] = std::fabs(value) <= 1e-14 * size[cell] ? 0.0 : value;
      for (std::size_t h = 0; h <= g; ++h)
        sum[g * k + h].add(of_cluster[g] * of_cluster[h]);
    }
  at.covariance.resize(k * k);
  for (std::size_t g = 0; g < k; ++g) {
    const double s = at.estimate[g];
    for (std::size_t h = 0; h <= g; ++h)
      at.covariance[g * k + h] = at.covariance[h * k + g] = s * at.estimate[h] * sum[g * k + h].value();
    const double greenwood = at.variance[g];
    at.variance[g] = at.n_cluster[g] > 1.0 ? at.covariance[g * k + g] : std::numeric_limits<double>::quiet_NaN();
    const double alpha = 1.0 - conf_level;
    const double shrink = at.n_cluster[g] > 1.0 ? detail::student_square(alpha, table.n[g] - 1.0) /
                                                      detail::student_square(alpha, at.n_cluster[g] - 1.0)
                                                : 0.0;
    const bool inside = s > 0.0 && s < 1.0;
    const double larger = std::max(greenwood, at.covariance[g * k + g]);
    const double n_eff = std::min(1e12, inside ? s * (1.0 - s) / larger * shrink : risk[g]);
    at.laws[g] = n_eff > 0.0 ? detail::binomial_laws(n_eff * s, n_eff) : ConfidenceLaws{{0.0, 1.0}, {1.0, 0.0}};
  }
}

/// Jackknife pseudo-values of S(t) of all groups together, theta_i = n S - (n - 1) S without row i (Andersen, Klein &
/// Rosthoj 2003), and for each group that is followed to the time their mean, with the variance of a mean: between
/// rows, or between clusters. A group whose own curve is 1 or 0 keeps that, and has no variance. Rows count one each
/// and are there from the start. O(rows k + n).
/// @param rows who belongs together, or null.
inline FixedTime pseudo_values_at(const RiskTable& table, double time, const ClusteredRows* rows,
                                  const Poll& poll = {}) {
  const std::size_t k = table.n_group();
  FixedTime out = survival_at(table, time);
  struct Step {
    double time, n, d;
  };
  std::vector<Step> steps;
  const double until = time + detail::slack_of(time);
  each_event_time(
      table, k,
      [&](const EventTime& event) {
        if (event.time <= until)
          steps.push_back({event.time, event.n, event.d});
      },
      poll);
  // S up to a step when one of those at risk is not there, and from a step on when all are.
  std::vector<double> without(steps.size() + 1, 1.0), rest(steps.size() + 1, 1.0);
  const auto factor = [](double n, double d) { return n > 0.0 ? (n - d) / n : 1.0; };
  for (std::size_t j = 0; j < steps.size(); ++j)
    without[j + 1] = without[j] * factor(steps[j].n - 1.0, steps[j].d);
  for (std::size_t j = steps.size(); j-- > 0;)
    rest[j] = rest[j + 1] * factor(steps[j].n, steps[j].d);
  double n_all = 0.0;
  for (double n : out.n)
    n_all += n;
  const auto value = [&](double exit, bool event) {
    const std::size_t met = static_cast<std::size_t>(
        std::upper_bound(steps.begin(), steps.end(), exit, [](double t, const Step& s) { return t < s.time; }) -
        steps.begin());
    double s = without[met] * rest[met];
    if (event && met > 0 && steps[met - 1].time == exit)
      s = without[met - 1] * factor(steps[met - 1].n - 1.0, steps[met - 1].d - 1.0) * rest[met];
    return n_all * rest[0] - (n_all - 1.0) * s;
  };
  std::vector<double> of_event(table.rows()), of_censoring(table.rows());
  for (std::size_t g = 0; g < k; ++g) {
    CompensatedSum total, square;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      of_event[i] = value(table.time[i], true);
      of_censoring[i] = value(table.time[i], false);
      total.add(table.n_event[i] * of_event[i] + table.n_censor[i] * of_censoring[i]);
    }
    const double mean = total.value() / out.n[g];
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i)
      square.add(table.n_event[i] * (of_event[i] - mean) * (of_event[i] - mean) +
                 table.n_censor[i] * (of_censoring[i] - mean) * (of_censoring[i] - mean));
    // Where nobody or everybody of the group has had the event, what the mean varies by comes from the other groups.
    const bool inside = out.estimate[g] > 0.0 && out.estimate[g] < 1.0;
    if (!inside) {
      out.variance[g] = 0.0;
      continue;
    }
    out.estimate[g] = mean;
    out.variance[g] = square.value() / out.n[g] / out.n[g];
  }
  if (rows == nullptr)
    return out;
  std::vector<CompensatedSum> part(rows->n_cluster * k);
  std::vector<char> there(rows->n_cluster * k, 0);
  for (std::size_t i = 0; i < rows->event.size(); ++i) {
    const auto g = static_cast<std::size_t>(rows->group[i]);
    const std::size_t cell = static_cast<std::size_t>(rows->cluster[i]) * k + g;
    const auto from = table.time_id.begin() + static_cast<std::ptrdiff_t>(table.first[g]);
    const auto to = table.time_id.begin() + static_cast<std::ptrdiff_t>(table.first[g + 1]);
    const auto row =
        static_cast<std::size_t>(std::lower_bound(from, to, rows->timeline.exit_id[i]) - table.time_id.begin());
    part[cell].add((rows->event[i] > 0 ? of_event[row] : of_censoring[row]) - out.estimate[g]);
    there[cell] = 1;
  }
  out.covariance.assign(k * k, 0.0);
  out.n_cluster.assign(k, 0.0);
  for (std::size_t c = 0; c < rows->n_cluster; ++c)
    for (std::size_t g = 0; g < k; ++g) {
      out.n_cluster[g] += there[c * k + g] ? 1.0 : 0.0;
      for (std::size_t h = 0; h < k; ++h)
        out.covariance[g * k + h] += part[c * k + g].value() * part[c * k + h].value() / out.n[g] / out.n[h];
    }
  for (std::size_t g = 0; g < k; ++g)
    if (out.variance[g] > 0.0)
      out.variance[g] =
          out.n_cluster[g] > 1.0 ? out.covariance[g * k + g] : std::numeric_limits<double>::quiet_NaN();
  return out;
}

/// Aalen and Johansen's incidence of a cause at a time. The laws are those of x of n_eff subjects: where the incidence
/// is 0 or 1 the effective number behind its limits, else F (1 - F) over its variance.
/// @param curve of this table. @param conf_level the one it was made with. @param cause 1 to n_cause.
inline FixedTime incidence_at(const RiskTable& table, const IncidenceResult& curve, double conf_level,
                              std::size_t cause, double time) {
  FixedTime out = detail::count_until(table, time);
  const auto events = table.events_of(cause);
  const double log_half_alpha = std::log(0.5 * (1.0 - conf_level));
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t first = table.first[g], until = detail::rows_until(table, g, time);
    out.n_event[g] = 0.0;
    for (std::size_t i = first; i < until; ++i)
      out.n_event[g] += events[i];
    const std::size_t at = cause * table.rows() + until - 1; // of the last row by the time
    const bool any = until > first;
    const double f = any ? curve.estimate[at] : 0.0, se = any ? curve.std_error[at] : 0.0;
    const bool known = (first < table.first[g + 1] && out.last[g] >= time - detail::slack_of(time)) ||
                       (any && curve.estimate[until - 1] <= 0.0);
    out.estimate[g] = known ? f : std::numeric_limits<double>::quiet_NaN();
    out.variance[g] = se * se;
    if (f <= 0.0)
      out.laws[g] = {{0.0, 1.0}, {1.0, any ? log_half_alpha / std::log1p(-curve.conf_high[at]) : out.n_risk[g]}};
    else if (f >= 1.0)
      out.laws[g] = {{log_half_alpha / std::log(curve.conf_low[at]), 1.0}, {1.0, 0.0}};
    else
      out.laws[g] = detail::binomial_laws(f * f * (1.0 - f) / out.variance[g], f * (1.0 - f) / out.variance[g]);
  }
  return out;
}

} // namespace cryonodes

#endif
