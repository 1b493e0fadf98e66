#ifndef CRYONODES_KAPLAN_MEIER_HPP
#define CRYONODES_KAPLAN_MEIER_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/risk_table.hpp"
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

/// Kaplan & Meier (1958, eq. 2b) with Greenwood's variance (1926): Var S = S^2 * sum d / (n (n - d)).
/// Sums and the product are compensated; O(rows).
/// @param robust standard errors of log S to use instead of Greenwood's, one per row, or empty; where one is 0 though
/// S < 1 there is no interval.
inline KaplanMeierResult kaplan_meier(const RiskTable& table, const KaplanMeierOptions& options = {},
                                      span<const double> robust = {}) {
  detail::require(robust.empty() || robust.size() == table.time.size(), "one robust standard error per row");
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const std::size_t rows = table.time.size();

  KaplanMeierResult out;
  for (auto* column : {&out.estimate, &out.std_error_log, &out.std_error, &out.cumhaz, &out.std_chaz, &out.conf_low,
                       &out.conf_high})
    column->resize(rows);

  for (std::size_t g = 0; g < table.n_group(); ++g) {
    CompensatedProduct survival;
    bool any_event = false;
    CompensatedSum greenwood, hazard, hazard_variance;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const double d = table.n_event[i], n = table.n_risk[i];
      if (d > 0.0) {
        any_event = true;
        survival.multiply(n - d, n);
        greenwood.add(d / (n * (n - d)));
        hazard.add(d / n);
        hazard_variance.add(d / (n * n));
      }
      const double s = survival.value();
      const double se_log = robust.empty() ? std::sqrt(greenwood.value()) : robust[i];
      out.estimate[i] = s;
      out.std_error_log[i] = se_log;
      out.std_error[i] = s > 0.0 ? s * se_log : nan;
      out.cumhaz[i] = hazard.value();
      out.std_chaz[i] = std::sqrt(hazard_variance.value());

      // Before the first event and after the last survivor the normal interval collapses to a point;
      // a point is not an interval.
      double low = nan, high = nan;
      if (any_event && s > 0.0 && se_log > 0.0) {
        switch (options.conf_type) {
        case ConfType::plain:
          low = std::max(0.0, s - z * s * se_log);
          high = std::min(1.0, s + z * s * se_log);
          break;
        case ConfType::log:
          low = s * std::exp(-z * se_log);
          high = std::min(1.0, s * std::exp(z * se_log));
          break;
        case ConfType::log_log: {
          const double log_s = std::log(s), half = z * se_log / log_s; // half < 0
          low = std::exp(log_s * std::exp(-half));
          high = std::exp(log_s * std::exp(half));
          break;
        }
        }
      }
      out.conf_low[i] = low;
      out.conf_high[i] = high;
    }
  }
  return out;
}

} // namespace cryonodes

#endif
