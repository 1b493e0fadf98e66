#ifndef CRYONODES_KAPLAN_MEIER_HPP
#define CRYONODES_KAPLAN_MEIER_HPP

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

using KaplanMeierOptions = IntervalOptions;

/// One entry per row of the risk table, in its order.
struct KaplanMeierResult {
  std::vector<double> estimate;      ///< S(t): product of (1 - d/n) over the group's times up to t
  std::vector<double> std_error_log; ///< Greenwood's standard error of log S; infinite once S = 0
  std::vector<double> std_error;     ///< standard error of S itself; NaN once S = 0
  std::vector<double> cumhaz;        ///< Nelson-Aalen: sum of d/n
  std::vector<double> std_chaz;      ///< square root of the sum of d/n^2
  std::vector<double> conf_low;      ///< beta product where the interval is undefined: no event yet, or S = 0
  std::vector<double> conf_high;
};

/// Somebody else's memory for the columns of a KaplanMeierResult, one number per row each.
struct KaplanMeierColumns {
  double* estimate;
  double* std_error_log;
  double* std_error; ///< may be null: it is the product of the two before
  double* cumhaz;
  double* std_chaz;
  double* conf_low; ///< may be null, and conf_high with it: then no intervals are made
  double* conf_high;
};

/// Kaplan & Meier (1958, eq. 2b) with Greenwood's variance (1926): Var S = S^2 * sum d / (n (n - d)).
/// Sums and the product are compensated; O(rows), the intervals aside: see conf_limits(). Fills other people's columns.
/// @param robust standard errors of log S to use instead of Greenwood's, one per row, or empty.
/// @param undefined what is written where a standard error or an interval is undefined.
inline void kaplan_meier(const RiskRows& table, const KaplanMeierOptions& options, const KaplanMeierColumns& out,
                         span<const double> robust = {}, const Poll& poll = {},
                         double undefined = std::numeric_limits<double>::quiet_NaN()) {
  const std::size_t rows = table.n_risk.size();
  detail::require(robust.empty() || robust.size() == rows, "one robust standard error per row");
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  constexpr std::size_t stride = 1 << 16;
  for (std::size_t g = 0; g + 1 < table.first.size(); ++g) {
    CompensatedProduct survival;
    CompensatedSum greenwood, hazard, hazard_variance;
    // Nothing changes where nobody has the event.
    double s = 1.0, se_log = 0.0, cumhaz = 0.0, se_chaz = 0.0;
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
        cumhaz = hazard.value();
        se_chaz = std::sqrt(hazard_variance.value());
      }
      out.estimate[i] = s;
      out.std_error_log[i] = robust.empty() ? se_log : robust[i];
      if (out.std_error != nullptr)
        out.std_error[i] = s > 0.0 ? s * out.std_error_log[i] : undefined;
      out.cumhaz[i] = cumhaz;
      out.std_chaz[i] = se_chaz;
    }
    if (out.conf_low != nullptr)
      conf_limits(table, g, {out.estimate, rows}, {out.std_error_log, rows}, options, {out.conf_low, rows},
                  {out.conf_high, rows}, poll, undefined);
  }
}

/// The same into memory of its own.
inline KaplanMeierResult kaplan_meier(const RiskTable& table, const KaplanMeierOptions& options = {},
                                      span<const double> robust = {}, const Poll& poll = {}) {
  KaplanMeierResult out;
  for (auto* column : {&out.estimate, &out.std_error_log, &out.std_error, &out.cumhaz, &out.std_chaz, &out.conf_low,
                       &out.conf_high})
    column->resize(table.rows());
  kaplan_meier(RiskRows(table), options,
               {out.estimate.data(), out.std_error_log.data(), out.std_error.data(), out.cumhaz.data(),
                out.std_chaz.data(), out.conf_low.data(), out.conf_high.data()},
               robust, poll);
  return out;
}

} // namespace cryonodes

#endif
