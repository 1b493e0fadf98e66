#ifndef CRYONODES_CUMULATIVE_INCIDENCE_HPP
#define CRYONODES_CUMULATIVE_INCIDENCE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/incidence_limits.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/timeline.hpp"
#include "cryonodes/wide.hpp"

namespace cryonodes {

enum class IncidenceVariance {
  delta, ///< multinomial at each time: Greenwood's variance where there is one cause
  aalen  ///< causes independent, ties without replacement: as Gray's cmprsk computes it
};

struct IncidenceOptions {
  IncidenceScale conf_type = IncidenceScale::log_log;
  IncidenceVariance variance = IncidenceVariance::delta; ///< not used where clusters are given
  double conf_level = 0.95;                              ///< two-sided coverage, in (0, 1)
};

/// Columns of states side by side, each with one entry per row of the risk table: entry i of state s at [s * rows + i].
/// State 0 is "no event yet", state k = 1, ... the k-th cause.
struct IncidenceResult {
  std::vector<double> estimate;  ///< probability of the state; over all states they sum to 1
  std::vector<double> std_error; ///< NaN where it is undefined: fewer than two clusters
  std::vector<double> conf_low, conf_high;
  // By cause: entry i of cause k at [(k - 1) * rows + i].
  std::vector<double> cumhaz;       ///< cause-specific Nelson-Aalen: sum of d_k/n
  std::vector<double> one_minus_km; ///< what Kaplan-Meier gives that takes the other causes for censorings
};

/// Somebody else's memory for the columns of an IncidenceResult.
struct IncidenceColumns {
  double* estimate;
  double* std_error;
  double* conf_low;
  double* conf_high;
  double* cumhaz;
  double* one_minus_km;
};

/// What rows that share a cluster say of the spread of an incidence.
struct IncidenceBetweenClusters {
  std::vector<double> std_error; ///< as in IncidenceResult
  std::vector<double> share;     ///< per group, clusters to rows
};

namespace detail {

/// The probabilities of all states, carried on from time to time at twice the precision: each is right to the last
/// place of its double, so that their sum is 1 up to the rounding of these.
struct StateProbabilities {
  explicit StateProbabilities(std::size_t n_cause) : incidence(n_cause) {}
  Wide survival = 1.0;
  std::vector<Wide> incidence;

  /// Time i of the table, which has events. @param per_subject one by the number at risk.
  void step(const CauseRows& table, std::size_t i, Wide per_subject) {
    const Wide share = survival * per_subject;
    for (std::size_t k = 0; k < incidence.size(); ++k) {
      const double d = table.events_of(k + 1)[i];
      if (d <= 0.0)
        continue;
      const Wide part = d == 1.0 ? share : share * d;
      incidence[k] += part;
      survival -= part;
    }
    if (table.n_event[i] >= table.n_risk[i])
      survival = 0.0;
  }
};

} // namespace detail

/// Standard errors between clusters (infinitesimal jackknife): the square root of the sum over clusters of the squared
/// influence of each on the estimate.
///
/// With A = sum of (Y h - dN) / (n - d), the influence of a cluster of Y subjects at risk and dN events is S A on S,
/// and F A - B on an incidence F, where B grows by F dA - S(before) (dN_k - Y h_k) / n. While nobody of the cluster
/// leaves or enters, A = a + Y H and B = b + Y G with H and G common to all clusters. So the sums of squares over all
/// clusters follow from sums of a a, a Y, Y Y, a b, b b and b Y, of which a row changes its own cluster's part only:
/// O(rows * causes), however many clusters there are. Their terms cancel, hence the wide numbers.
/// @throws input_error when rows and table do not fit.
inline IncidenceBetweenClusters incidence_between_clusters(const RiskTable& table, const ClusteredRows& rows,
                                                           const Poll& poll = {}) {
  using detail::require;
  const std::size_t n = rows.timeline.exit_id.size(), n_cause = table.n_cause, n_row = table.rows();
  const bool delayed = table.delayed_entry;
  require(rows.event.size() == n && rows.group.size() == n && rows.cluster.size() == n &&
              (rows.weight.empty() || rows.weight.size() == n) && delayed == !rows.timeline.entry_id.empty(),
          "the columns of the rows differ in length");
  PollRows ask(poll);
  for (std::size_t i = 0; i < n; ++i, ask()) {
    require(rows.cluster[i] >= 0 && static_cast<std::size_t>(rows.cluster[i]) < rows.n_cluster,
            "a cluster code is out of range");
    require(rows.group[i] >= 0 && static_cast<std::size_t>(rows.group[i]) < table.n_group(),
            "a group code is out of range");
    require(rows.event[i] >= 0 && static_cast<std::size_t>(rows.event[i]) <= n_cause, "an event code is out of range");
  }

  // At a time, those who leave come first: an entry is at risk only after it.
  auto visits = detail::visits_by_group(rows.timeline, rows.group, table.n_group(), poll);
  const auto row_of = [&](std::size_t at) -> std::size_t { return visits[at] < n ? visits[at] : visits[at] - n; };
  const auto enters = [&](std::size_t at) { return visits[at] >= n; };
  const auto time_of = [&](std::size_t at) {
    return enters(at) ? rows.timeline.entry_id[row_of(at)] : rows.timeline.exit_id[row_of(at)];
  };
  const auto weight_of = [&](std::size_t row) { return rows.weight.empty() ? 1.0 : rows.weight[row]; };
  if (!rows.weight.empty())
    visits.erase(std::remove_if(visits.begin(), visits.end(),
                                [&](std::uint32_t v) { return rows.weight[v < n ? v : v - n] <= 0.0; }),
                 visits.end());

  struct Cluster {
    Wide at_risk, a;
    bool met = false;
  };
  IncidenceBetweenClusters out;
  out.std_error.resize((n_cause + 1) * n_row);
  std::vector<Cluster> cluster(rows.n_cluster);
  std::vector<Wide> b(rows.n_cluster * n_cause);
  std::vector<Wide> sum_ab(n_cause), sum_bb(n_cause), sum_by(n_cause), g_common(n_cause), own(n_cause);
  std::size_t v = 0;
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    const std::size_t start = v;
    while (v < visits.size() && rows.group[row_of(v)] == static_cast<int>(g))
      ++v;
    const std::size_t end = v;
    double met = 0.0, total = 0.0;
    for (std::size_t at = start; at < end; ++at, ask())
      cluster[static_cast<std::size_t>(rows.cluster[row_of(at)])].met = false;
    for (std::size_t at = start; at < end; ++at, ask()) {
      const auto c = static_cast<std::size_t>(rows.cluster[row_of(at)]);
      if (!enters(at))
        total += weight_of(row_of(at));
      if (cluster[c].met)
        continue;
      cluster[c] = {0.0, 0.0, true};
      std::fill_n(b.begin() + static_cast<std::ptrdiff_t>(c * n_cause), n_cause, Wide());
      met += 1.0;
    }
    out.share.push_back(met / table.n[g]);
    // The influence does not depend on the unit of the weights; a power of two keeps their digits, and the squares
    // finite.
    const double unit = total > 0.0 ? std::ldexp(1.0, -std::ilogb(total)) : 1.0;

    detail::StateProbabilities state(n_cause);
    Wide h_common, sum_aa, sum_ay, sum_yy;
    for (std::size_t k = 0; k < n_cause; ++k)
      sum_ab[k] = sum_bb[k] = sum_by[k] = g_common[k] = Wide();

    // Takes a cluster's part out of the sums (sign -1) or puts it in.
    const auto count = [&](std::size_t c, double sign) {
      const Wide y = cluster[c].at_risk, a = cluster[c].a;
      sum_aa += sign * (a * a);
      sum_ay += sign * (a * y);
      sum_yy += sign * (y * y);
      for (std::size_t k = 0; k < n_cause; ++k) {
        const Wide own_b = b[c * n_cause + k];
        sum_ab[k] += sign * (a * own_b);
        sum_bb[k] += sign * (own_b * own_b);
        sum_by[k] += sign * (own_b * y);
      }
    };
    // `weight` subjects of cluster c join those at risk (or, negative, leave them).
    const auto join = [&](std::size_t c, double weight) {
      cluster[c].at_risk += weight;
      cluster[c].a -= weight * h_common;
      for (std::size_t k = 0; k < n_cause; ++k)
        b[c * n_cause + k] -= weight * g_common[k];
    };

    if (!delayed) {
      for (std::size_t at = start; at < end; ++at, ask())
        cluster[static_cast<std::size_t>(rows.cluster[row_of(at)])].at_risk += unit * weight_of(row_of(at));
      for (std::size_t at = start; at < end; ++at, ask()) {
        Cluster& one = cluster[static_cast<std::size_t>(rows.cluster[row_of(at)])];
        if (one.met)
          sum_yy += one.at_risk * one.at_risk;
        one.met = false;
      }
    }
    std::size_t at = start;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      ask();
      for (; at < end && time_of(at) < table.time_id[i]; ++at, ask()) {
        const std::size_t row = row_of(at), c = static_cast<std::size_t>(rows.cluster[row]);
        count(c, -1.0);
        join(c, unit * weight_of(row));
        count(c, 1.0);
      }
      const Wide before = state.survival;
      const double d = table.n_event[i] * unit, at_risk = table.n_risk[i] * unit;
      if (d > 0.0)
        state.step(table, i, Wide::reciprocal(table.n_risk[i]));
      // After the last event-free subject nothing is estimated any more, and every influence stays as it is.
      const bool some_stay = d < at_risk;
      const Wide per_stayer = some_stay ? Wide(1.0) / (Wide(at_risk) - d) : Wide(0.0);
      if (d > 0.0) {
        const Wide rate = Wide(d) / at_risk * per_stayer;
        h_common += rate;
        for (std::size_t k = 0; k < n_cause; ++k)
          g_common[k] += state.incidence[k] * rate +
                         before * (table.events_of(k + 1)[i] * unit) / (Wide(at_risk) * at_risk);
      }
      for (; at < end && time_of(at) == table.time_id[i] && !enters(at); ++at, ask()) {
        const std::size_t row = row_of(at), c = static_cast<std::size_t>(rows.cluster[row]);
        const double weight = unit * weight_of(row);
        count(c, -1.0);
        join(c, -weight);
        if (rows.event[row] > 0) {
          cluster[c].a -= weight * per_stayer;
          for (std::size_t k = 0; k < n_cause; ++k)
            b[c * n_cause + k] -= weight * (state.incidence[k] * per_stayer);
          b[c * n_cause + static_cast<std::size_t>(rows.event[row]) - 1] -= weight * before / at_risk;
        }
        count(c, 1.0);
      }
      const Wide s = state.survival, h = h_common;
      const auto root = [&](Wide variance) {
        // What is left of cancelling squares is a zero; one cluster alone says nothing of the spread.
        return met < 2.0                   ? std::numeric_limits<double>::quiet_NaN()
               : variance.value() > 1e-28 ? std::sqrt(variance.value())
                                          : 0.0;
      };
      out.std_error[i] = root(s * s * (sum_aa + 2.0 * (h * sum_ay) + h * h * sum_yy));
      for (std::size_t k = 0; k < n_cause; ++k) {
        const Wide f = state.incidence[k], slope = f * h - g_common[k];
        out.std_error[(k + 1) * n_row + i] =
            root(f * f * sum_aa - 2.0 * (f * sum_ab[k]) + sum_bb[k] + 2.0 * (slope * (f * sum_ay - sum_by[k])) +
                 slope * slope * sum_yy);
      }
    }
  }
  return out;
}

/// Aalen & Johansen (1978) for one state that everybody starts in and n_cause that nobody leaves: with d_k events of
/// cause k among n at risk, F_k grows by S(before) d_k / n and S = product of (1 - d / n). O(rows * n_cause).
///
/// Variance: with dF = F(before) + h_k S(before) and S = (1 - h) S(before) linearised in the observed h = d / n and
/// h_k = d_k / n, for which `delta` takes the multinomial var h_k = h_k (1 - h_k) / n, cov(h, h_k) = h_k (1 - h) / n
/// (Dinse & Larson 1986; Marubini & Valsecchi 1995), and `aalen` var h_k = cov(h, h_k) = v(d_k),
/// var h = v(d_k) + v(d - d_k), v(x) = x / n^2 * (n - x) / (n - 1), and x / n^2 for x <= 1 (Aalen 1978 as in cmprsk).
/// Fills other people's columns.
/// @param between where given, its standard errors are used.
/// @param poll asked now and then; see poll.hpp.
/// @param undefined what is written where a standard error or an interval is undefined.
/// @throws input_error for options out of range.
inline void cumulative_incidence(const CauseRows& table, const IncidenceOptions& options, const IncidenceColumns& out,
                                 const IncidenceBetweenClusters* between = nullptr, const Poll& poll = {},
                                 double undefined = std::numeric_limits<double>::quiet_NaN()) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  const std::size_t n_row = table.rows(), n_cause = table.n_cause;
  const bool delta = options.variance == IncidenceVariance::delta;
  PollRows ask(poll);

  struct Sums {
    CompensatedSum variance; // of F
    CompensatedSum with_s;   // cov(S, F) / S
    CompensatedSum of_s;     // var S / S^2, as this cause sees it: only `aalen` sees it differently
    CompensatedSum hazard;
    CompensatedProduct alone; // Kaplan-Meier of this cause
  };
  std::vector<double> n_effective(n_row);
  for (std::size_t g = 0; g < table.n_group(); ++g) {
    detail::StateProbabilities state(n_cause);
    std::vector<Sums> sums(n_cause);
    CompensatedSum greenwood;
    double total = 0.0, effective = 0.0;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i)
      total += table.n_event[i] + table.n_censor[i];
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      const double d = table.n_event[i], n = table.n_risk[i], s = state.survival.value();
      if (d > 0.0) {
        state.step(table, i, Wide::reciprocal(n));
        const double h = d / n, stay = (n - d) / n, growth = stay > 0.0 ? h / stay / n : 0.0;
        // Variance of x events of n: `aalen`. Whole counts; of a weight below 1, x / n^2.
        const auto v = [n](double x) { return x / n / n * (x > 1.0 ? std::max(0.0, n - x) / (n - 1.0) : 1.0); };
        double v_all = 0.0;
        for (std::size_t k = 0; k < n_cause; ++k) {
          const double d_k = table.events_of(k + 1)[i], h_k = d_k / n;
          Sums& sum = sums[k];
          if (d_k > 0.0) {
            const double of_s = delta ? greenwood.value() : sum.of_s.value();
            const double v_k = delta ? h_k * (1.0 - h_k) / n : v(d_k), v_with = delta ? h_k / n : v(d_k) / stay;
            sum.hazard.add(h_k);
            sum.alone.multiply(n - d_k, n);
            sum.variance.add(s * (2.0 * h_k * sum.with_s.value() + s * (h_k * h_k * of_s + v_k)));
            if (stay > 0.0)
              sum.with_s.add(s * (h_k * of_s - v_with));
          }
          if (!delta && stay > 0.0) {
            v_all += v(d_k);
            sum.of_s.add((v(d_k) + v(d - d_k)) / (stay * stay));
          }
        }
        if (stay > 0.0)
          greenwood.add(delta ? growth : v_all / (stay * stay));
      }
      const double survival = state.survival.value();
      out.estimate[i] = survival;
      out.std_error[i] = survival > 0.0 ? survival * std::sqrt(greenwood.value()) : 0.0;
      for (std::size_t k = 0; k < n_cause; ++k) {
        const double f = std::min(1.0, state.incidence[k].value());
        const std::size_t at = (k + 1) * n_row + i;
        out.estimate[at] = f;
        // Without a variance left, what rounding leaves of it is no standard error.
        const bool certain = f >= 1.0 && delta;
        out.std_error[at] = certain ? 0.0 : std::sqrt(std::max(0.0, sums[k].variance.value()));
        out.cumhaz[k * n_row + i] = sums[k].hazard.value();
        out.one_minus_km[k * n_row + i] = 1.0 - sums[k].alone.value();
      }

      // How many would still be observed had nobody had an event: with r at risk and event-free probability S that is
      // r / S, all n while nobody is censored. The limits hold until the next row, so those censored here no longer
      // count; after the last row there is nothing to hold for.
      const double left = std::max(0.0, n - d - table.n_censor[i]);
      if (i + 1 == table.first[g + 1] || survival <= 0.0)
        effective = s > 0.0 ? std::min(total, n / s) : effective;
      else
        effective = std::min(total, left / survival);
      // At worst the members of a cluster say the same thing.
      n_effective[i] = between ? effective * std::min(1.0, between->share[g]) : effective;
    }
  }

  if (between)
    std::transform(between->std_error.begin(), between->std_error.end(), out.std_error,
                   [&](double se) { return std::isnan(se) ? undefined : se; });
  for (std::size_t g = 0; g < table.n_group(); ++g)
    for (std::size_t state = 0; state <= n_cause; ++state) {
      const std::size_t from = table.first[g], at = state * n_row + from;
      detail::StateLimits{table.first[g + 1] - from, out.estimate + at,  out.std_error + at,
                          n_effective.data() + from, out.conf_low + at, out.conf_high + at}
          .fill(options.conf_type, options.conf_level, undefined, ask);
    }
}

/// The same into memory of its own.
/// @param rows where given, the variance is that between clusters.
/// @throws input_error for options or rows that do not fit.
inline IncidenceResult cumulative_incidence(const RiskTable& table, const IncidenceOptions& options = {},
                                            const ClusteredRows* rows = nullptr, const Poll& poll = {}) {
  IncidenceResult out;
  for (auto* column : {&out.estimate, &out.std_error, &out.conf_low, &out.conf_high})
    column->resize((table.n_cause + 1) * table.rows());
  for (auto* column : {&out.cumhaz, &out.one_minus_km})
    column->resize(table.n_cause * table.rows());
  IncidenceBetweenClusters between;
  if (rows != nullptr)
    between = incidence_between_clusters(table, *rows, poll);
  cumulative_incidence(CauseRows(table), options,
                       {out.estimate.data(), out.std_error.data(), out.conf_low.data(), out.conf_high.data(),
                        out.cumhaz.data(), out.one_minus_km.data()},
                       rows != nullptr ? &between : nullptr, poll);
  return out;
}

} // namespace cryonodes

#endif
