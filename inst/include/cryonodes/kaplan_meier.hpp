#ifndef CRYONODES_KAPLAN_MEIER_HPP
#define CRYONODES_KAPLAN_MEIER_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// Scale on which the normal interval for S is taken before it is mapped back.
enum class ConfType { plain, log, log_log };

struct KaplanMeierOptions {
  ConfType conf_type = ConfType::log_log;
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

/// One entry per row of the risk table, in its order.
struct KaplanMeierResult {
  std::vector<double> estimate;      ///< S(t): product of (1 - d/n) over the group's times up to t
  std::vector<double> std_error_log; ///< Greenwood's standard error of log S; infinite once S = 0
  std::vector<double> std_error;     ///< standard error of S itself; NaN once S = 0
  std::vector<double> cumhaz;        ///< Nelson-Aalen: sum of d/n
  std::vector<double> std_chaz;      ///< square root of the sum of d/n^2
  std::vector<double> conf_low;      ///< NaN where the interval is undefined: no event yet, or S = 0
  std::vector<double> conf_high;
};

/// What the estimate reads of a risk table: a view over its memory, or over somebody else's.
struct RiskRows {
  span<const std::size_t> first;
  span<const double> n_risk, n_event;

  RiskRows(const RiskTable& table) : first(table.first), n_risk(table.n_risk), n_event(table.n_event) {}
  RiskRows(span<const std::size_t> offsets, span<const double> at_risk, span<const double> events)
      : first(offsets), n_risk(at_risk), n_event(events) {}
};

/// Somebody else's memory for the columns of a KaplanMeierResult, one number per row each.
struct KaplanMeierColumns {
  double* estimate;
  double* std_error_log;
  double* std_error; ///< may be null: it is the product of the two before
  double* cumhaz;
  double* std_chaz;
  double* conf_low;
  double* conf_high;
};

namespace detail {

struct Limits {
  double low, high;
};

/// The normal interval on a scale, from S in (0, 1] and the standard error of log S.
template <ConfType type> Limits normal_limits(double s, double se_log, double z) {
  if constexpr (type == ConfType::plain)
    return {std::max(0.0, s - z * s * se_log), std::min(1.0, s + z * s * se_log)};
  if constexpr (type == ConfType::log)
    return {s * std::exp(-z * se_log), std::min(1.0, s * std::exp(z * se_log))};
  const double log_s = std::log(s), half = z * se_log / log_s; // half < 0
  return {std::exp(log_s * std::exp(-half)), std::exp(log_s * std::exp(half))};
}

/// Fills the columns, the limits by `limits(s, se_log)`.
template <class LimitsOf>
void kaplan_meier_columns(const RiskRows& table, const LimitsOf& limits, double undefined,
                          const KaplanMeierColumns& out, const Poll& poll) {
  constexpr std::size_t stride = 1 << 16;
  for (std::size_t g = 0; g + 1 < table.first.size(); ++g) {
    CompensatedProduct survival;
    CompensatedSum greenwood, hazard, hazard_variance;
    // Nothing changes where nobody has the event. Before the first event and after the last survivor the normal
    // interval collapses to a point; a point is not an interval.
    double s = 1.0, se_log = 0.0, se = 0.0, cumhaz = 0.0, se_chaz = 0.0;
    Limits limit{undefined, undefined};
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      if (poll && i % stride == 0)
        poll(-1.0);
      const double d = table.n_event[i], n = table.n_risk[i];
      if (d > 0.0) {
        survival.multiply(n - d, n);
        greenwood.add(d / (n * (n - d)));
        hazard.add(d / n);
        hazard_variance.add(d / (n * n));
        s = survival.value();
        se_log = std::sqrt(greenwood.value());
        se = s > 0.0 ? s * se_log : undefined;
        cumhaz = hazard.value();
        se_chaz = std::sqrt(hazard_variance.value());
        limit = s > 0.0 ? limits(s, se_log) : Limits{undefined, undefined};
      }
      out.estimate[i] = s;
      out.std_error_log[i] = se_log;
      if (out.std_error != nullptr)
        out.std_error[i] = se;
      out.cumhaz[i] = cumhaz;
      out.std_chaz[i] = se_chaz;
      out.conf_low[i] = limit.low;
      out.conf_high[i] = limit.high;
    }
  }
}

} // namespace detail

/// Kaplan & Meier (1958, eq. 2b) with Greenwood's variance (1926): Var S = S^2 * sum d / (n (n - d)).
/// Sums and the product are compensated; O(rows). Fills somebody else's columns.
/// @param undefined what is written where the standard error or the interval is undefined.
inline void kaplan_meier(const RiskRows& table, const KaplanMeierOptions& options, const KaplanMeierColumns& out,
                         double undefined = std::numeric_limits<double>::quiet_NaN(), const Poll& poll = {}) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const auto fill = [&](auto limits) { detail::kaplan_meier_columns(table, limits, undefined, out, poll); };
  switch (options.conf_type) {
  case ConfType::plain:
    return fill([z](double s, double se) { return detail::normal_limits<ConfType::plain>(s, se, z); });
  case ConfType::log:
    return fill([z](double s, double se) { return detail::normal_limits<ConfType::log>(s, se, z); });
  case ConfType::log_log:
    return fill([z](double s, double se) { return detail::normal_limits<ConfType::log_log>(s, se, z); });
  }
}

/// The same into memory of its own.
inline KaplanMeierResult kaplan_meier(const RiskTable& table, const KaplanMeierOptions& options = {}) {
  KaplanMeierResult out;
  for (auto* column : {&out.estimate, &out.std_error_log, &out.std_error, &out.cumhaz, &out.std_chaz, &out.conf_low,
                       &out.conf_high})
    column->resize(table.rows());
  kaplan_meier(RiskRows(table), options,
               {out.estimate.data(), out.std_error_log.data(), out.std_error.data(), out.cumhaz.data(),
                out.std_chaz.data(), out.conf_low.data(), out.conf_high.data()});
  return out;
}

} // namespace cryonodes

#endif
