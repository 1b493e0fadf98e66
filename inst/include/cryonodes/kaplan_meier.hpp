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
#include "cryonodes/sums.hpp"

namespace cryonodes {

struct KaplanMeierOptions {
  ConfType conf_type = ConfType::log_log;
  ConfLower conf_lower = ConfLower::usual; ///< other than usual for transformed intervals only
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

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

/// Kaplan & Meier (1958, eq. 2b) with Greenwood's variance (1926): Var S = S^2 * sum d / (n (n - d)).
/// Sums and the product are compensated; O(rows), the intervals aside: see conf_limits().
inline KaplanMeierResult kaplan_meier(const RiskTable& table, const KaplanMeierOptions& options = {},
                                      const Poll& poll = {}) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const IntervalOptions interval{options.conf_type, options.conf_lower, options.conf_level};
  const std::size_t rows = table.time.size();

  KaplanMeierResult out;
  for (auto* column : {&out.estimate, &out.std_error_log, &out.std_error, &out.cumhaz, &out.std_chaz, &out.conf_low,
                       &out.conf_high})
    column->resize(rows);

  for (std::size_t g = 0; g < table.n_group(); ++g) {
    CompensatedProduct survival;
    CompensatedSum greenwood, hazard, hazard_variance;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const double d = table.n_event[i], n = table.n_risk[i];
      if (d > 0.0) {
        survival.multiply(n - d, n);
        greenwood.add(d / (n * (n - d)));
        hazard.add(d / n);
        hazard_variance.add(d / (n * n));
      }
      const double s = survival.value();
      const double se_log = std::sqrt(greenwood.value());
      out.estimate[i] = s;
      out.std_error_log[i] = se_log;
      out.std_error[i] = s > 0.0 ? s * se_log : nan;
      out.cumhaz[i] = hazard.value();
      out.std_chaz[i] = std::sqrt(hazard_variance.value());
    }
    conf_limits(table, g, out.estimate, out.std_error_log, interval, {out.conf_low.data(), rows},
                {out.conf_high.data(), rows}, poll);
  }
  return out;
}

} // namespace cryonodes

#endif
