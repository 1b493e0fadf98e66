#ifndef CRYONODES_CLUSTER_VARIANCE_HPP
#define CRYONODES_CLUSTER_VARIANCE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/beta.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Variances that hold when rows of a cluster (lesions of a patient) are alike. One entry per row of the risk table.
struct ClusterVariance {
  std::vector<double> log_survival; ///< infinitesimal jackknife: Var log S; NaN once S = 0, and of one cluster
  std::vector<double> cumhaz;       ///< Var of Nelson-Aalen's estimate; as Var log S, that of Ying & Wei (1994)
  std::vector<double> n_cluster;    ///< clusters with somebody at risk just before the time
  std::vector<double> clusters;     ///< per group: clusters with a row in it
};

namespace detail {

/// The sum over clusters of (a - m G)^2, where G is common and grows with time: a is what is settled of the cluster's
/// influence, m its weight at risk. Three running sums make it O(1) a step.
class ClusterScore {
public:
  explicit ClusterScore(std::size_t n_cluster) : settled_(n_cluster), at_risk_(n_cluster) {}

  /// Forgets the clusters named, which are all that were touched.
  void reset(const std::vector<int>& touched) {
    for (int c : touched)
      settled_[static_cast<std::size_t>(c)] = at_risk_[static_cast<std::size_t>(c)] = CompensatedSum();
    square_ = cross_ = weight_ = growth_ = CompensatedSum();
  }
  void grow(double by) { growth_.add(by); }
  void enter(int cluster, double weight) { move(cluster, weight * growth_.value(), weight); }
  /// @param event_term what the row's own event adds to its influence; 0 for a censoring.
  void leave(int cluster, double weight, double event_term) {
    move(cluster, weight * (event_term - growth_.value()), -weight);
  }
  /// The sum of squares now. When most of it cancels (settled and common part nearly equal, as after a late entry), the
  /// common part is settled for all clusters at once, after which nothing is left to cancel.
  double value(const std::vector<int>& touched) {
    const double g = growth_.value();
    const double cross = 2.0 * g * cross_.value(), weight = g * g * weight_.value();
    const double sum = square_.value() - cross + weight;
    if (g == 0.0 || sum > 1e-3 * (square_.value() + std::fabs(cross) + weight))
      return std::max(0.0, sum);
    square_ = cross_ = weight_ = growth_ = CompensatedSum();
    for (int c : touched) {
      const auto i = static_cast<std::size_t>(c);
      settled_[i].add(-at_risk_[i].value() * g);
      count(i, 1.0);
    }
    return square_.value();
  }

private:
  void move(int cluster, double settle, double weight) {
    const auto i = static_cast<std::size_t>(cluster);
    count(i, -1.0); // what goes out is what came in, bit by bit
    settled_[i].add(settle);
    at_risk_[i].add(weight);
    count(i, 1.0);
  }
  void count(std::size_t i, double sign) {
    const double a = settled_[i].value(), m = at_risk_[i].value();
    square_.add(sign * a * a);
    cross_.add(sign * a * m);
    weight_.add(sign * m * m);
  }
  std::vector<CompensatedSum> settled_, at_risk_; // a light row stays when a heavy one has left
  CompensatedSum square_, cross_, weight_, growth_;
};

} // namespace detail

/// Row i of weight w changes -log S(t) at the rate w (e_i [event by t] - sum of g(u) over times u at risk, u <= t), and
/// the variance is the sum over clusters of the squared sums over their rows. With d of n at risk having the event:
/// e = 1 / (n - d), g = d / (n (n - d)) for the derivative of log S itself (infinitesimal jackknife); e = 1 / n,
/// g = d / n^2 for Nelson-Aalen's estimate (Ying & Wei 1994, their \hat\sigma^2 of the cumulative hazard).
/// @param table made of the same timeline, events, groups and weights. @param cluster codes in [0, n_cluster), one per
/// row; a cluster may have rows in several groups, each of which counts it for itself. O(n + rows).
/// @throws input_error when lengths or codes do not fit.
inline ClusterVariance cluster_variance(const Timeline& timeline, const RiskTable& table, span<const int> event,
                                        span<const int> group, span<const int> cluster, std::size_t n_cluster,
                                        span<const double> weight = {}, const Poll& poll = {}) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::size_t n = timeline.exit_id.size();
  detail::require(event.size() == n && group.size() == n && cluster.size() == n,
                  "`event`, `group`, `cluster` and `time` differ in length");
  detail::require(weight.empty() || weight.size() == n, "`weight` and `time` differ in length");
  for (int c : cluster)
    detail::require(c >= 0 && static_cast<std::size_t>(c) < n_cluster, "a cluster code is out of range");
  for (int g : group)
    detail::require(g >= 0 && static_cast<std::size_t>(g) < table.n_group(), "a group code is out of range");

  ClusterVariance out;
  for (auto* column : {&out.log_survival, &out.cumhaz, &out.n_cluster})
    column->assign(table.rows(), nan);
  out.clusters.assign(table.n_group(), 0.0);
  const auto visits = detail::visits_by_group(timeline, group, table.n_group(), poll);
  PollRows ask(poll);
  const auto weight_of = [&](std::size_t i) { return weight.empty() ? 1.0 : weight[i]; };
  const auto id_of = [&](std::uint32_t v) { return v < n ? timeline.exit_id[v] : timeline.entry_id[v - n]; };

  detail::ClusterScore survival(n_cluster), hazard(n_cluster);
  std::vector<std::size_t> present(n_cluster, 0); // rows at risk
  std::vector<bool> known(n_cluster, false);
  std::size_t next = 0;
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t start = next;
    std::vector<int> clusters;
    for (; next < visits.size() && group[visits[next] % n] == static_cast<int>(g); ++next, ask()) {
      const std::size_t i = visits[next] % n;
      if (weight_of(i) > 0.0 && !known[static_cast<std::size_t>(cluster[i])]) {
        known[static_cast<std::size_t>(cluster[i])] = true;
        clusters.push_back(cluster[i]);
      }
    }
    out.clusters[g] = static_cast<double>(clusters.size());
    double at_risk = 0.0; // clusters
    const auto enter = [&](std::size_t i) {
      survival.enter(cluster[i], weight_of(i));
      hazard.enter(cluster[i], weight_of(i));
      if (present[static_cast<std::size_t>(cluster[i])]++ == 0)
        at_risk += 1.0;
    };
    if (!table.delayed_entry)
      for (std::size_t k = start; k < next; ++k, ask())
        if (weight_of(visits[k]) > 0.0)
          enter(visits[k]);

    bool alive = true; // S > 0
    // Independent rows would have about this much: what is next to nothing beside it is rounding error of 0, as when
    // all clusters are copies of each other.
    double greenwood = 0.0, aalen = 0.0;
    const bool one = clusters.size() < 2; // nothing to compare it with
    const auto or_zero = [&](double variance, double scale) {
      return one ? nan : variance > 1e-20 * scale ? variance : 0.0;
    };
    std::size_t row = table.first[g];
    for (std::size_t k = start; k < next;) {
      const std::uint32_t id = id_of(visits[k]);
      std::size_t end = k;
      while (end < next && id_of(visits[end]) == id)
        ++end;
      if (row < table.first[g + 1] && table.time_id[row] == id) {
        const double d = table.n_event[row], at = table.n_risk[row];
        alive = alive && d < at;
        if (d > 0.0) {
          if (alive) {
            survival.grow(d / (at * (at - d)));
            greenwood += d / (at * (at - d));
          }
          hazard.grow(d / (at * at));
          aalen += d / (at * at);
        }
        out.n_cluster[row] = at_risk;
        for (std::size_t v = k; v < end; ++v, ask()) {
          const std::size_t i = visits[v];
          if (i >= n || !(weight_of(i) > 0.0))
            continue;
          const bool died = event[i] > 0;
          survival.leave(cluster[i], weight_of(i), died && alive ? 1.0 / (at - d) : 0.0);
          hazard.leave(cluster[i], weight_of(i), died ? 1.0 / at : 0.0);
          if (--present[static_cast<std::size_t>(cluster[i])] == 0)
            at_risk -= 1.0;
        }
        if (alive)
          out.log_survival[row] = or_zero(survival.value(clusters), greenwood);
        out.cumhaz[row] = or_zero(hazard.value(clusters), aalen);
        ++row;
      }
      // Who enters at this time is at risk only after it.
      for (std::size_t v = k; v < end; ++v, ask())
        if (visits[v] >= n && weight_of(visits[v] - n) > 0.0)
          enter(visits[v] - n);
      k = end;
    }
    survival.reset(clusters);
    hazard.reset(clusters);
    for (int c : clusters) {
      known[static_cast<std::size_t>(c)] = false;
      present[static_cast<std::size_t>(c)] = 0;
    }
  }
  return out;
}

namespace detail {

/// The square of Student's t that is exceeded in size with probability alpha; infinite without degrees of freedom.
inline double student_square(double alpha, double df) {
  if (!(df > 0.0))
    return inf;
  // t^2 = df x / (1 - x) with x of a beta law; 1 - x is taken from its own law.
  const double x = beta_quantile(alpha, Tail::upper, {0.5, 0.5 * df});
  const double rest = beta_quantile(alpha, Tail::lower, {0.5 * df, 0.5});
  return df * x / rest;
}

} // namespace detail

/// Clopper & Pearson's limits of a share p seen in an effective sample of size n, which need not be whole.
inline Limits clopper_pearson(double p, double n, double conf_level) {
  const double alpha = 0.5 * (1.0 - conf_level), x = n * p, rest = n * (1.0 - p);
  return {x > 0.0 ? beta_quantile(alpha, Tail::lower, {x, rest + 1.0}) : 0.0,
          rest > 0.0 ? beta_quantile(alpha, Tail::upper, {x + 1.0, rest}) : 1.0};
}

/// Small-sample limits for S from clustered rows, after Korn & Graubard (1998): Clopper-Pearson limits for the
/// effective sample size n_eff = S (1 - S) / Var S * (t_{n-1} / t_{k-1})^2, with Var S the larger of Greenwood's and
/// the clustered one (a design effect below 1 is not believed), n rows and k clusters in the group. Where S = 1 the
/// variance says nothing, and n_eff is the number of clusters at risk; where S = 0, that number when it fell to 0.
/// Experimental.
/// @param estimate, log_greenwood S and Greenwood's SE of log S. @param robust Var log S. One entry per row each.
/// @param low, high as many, filled; with `ends_only` where S is 1 or 0, the other rows keep what they have.
inline void cluster_limits(const RiskTable& table, const ClusterVariance& clusters, span<const double> estimate,
                           span<const double> log_greenwood, span<const double> robust, double conf_level,
                           std::vector<double>& low, std::vector<double>& high, bool ends_only = false,
                           const Poll& poll = {}) {
  const double alpha = 1.0 - conf_level;
  low.resize(table.rows());
  high.resize(table.rows());
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const double shrink = clusters.clusters[g] > 1.0 ? detail::student_square(alpha, table.n[g] - 1.0) /
                                                           detail::student_square(alpha, clusters.clusters[g] - 1.0)
                                                     : 0.0;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      if (poll && i % 1024 == 0) // quantiles of a beta law take long
        poll(-1.0);
      const double s = estimate[i];
      if (ends_only && s > 0.0 && s < 1.0)
        continue;
      const bool again = i > table.first[g] && s < 1.0 && s == estimate[i - 1];
      Limits limits{again ? low[i - 1] : 0.0, again ? high[i - 1] : 1.0};
      if (!again) {
        const double variance = std::max(log_greenwood[i] * log_greenwood[i], robust[i]);
        const double n_eff = s > 0.0 && s < 1.0 ? (1.0 - s) / (s * variance) * shrink : clusters.n_cluster[i];
        // Weights that overflow leave nothing to go by; beyond 1e12 the limits are S to all digits that matter.
        limits = std::isnan(n_eff) ? Limits{0.0, 1.0} : clopper_pearson(s, std::min(n_eff, 1e12), conf_level);
      }
      // The limits are real for every S; rounding must not put S outside them.
      low[i] = std::min(limits.low, s);
      high[i] = std::max(limits.high, s);
    }
  }
}

} // namespace cryonodes

#endif
