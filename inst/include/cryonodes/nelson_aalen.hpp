#ifndef CRYONODES_NELSON_AALEN_HPP
#define CRYONODES_NELSON_AALEN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// Scale on which the normal interval for a cumulative hazard is taken before it is mapped back.
enum class HazardScale { plain, log, arcsin };

enum class HazardVariance {
  aalen,    ///< sum of d / n^2: events of a Poisson process (Aalen 1978)
  greenwood ///< sum of d (n - d) / n^3: binomial events, ties allowed for (Klein 1991)
};

struct NelsonAalenOptions {
  HazardScale conf_type = HazardScale::log;
  HazardVariance variance = HazardVariance::aalen;
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

/// One entry per row of the risk table, in its order.
struct NelsonAalenResult {
  std::vector<double> estimate;  ///< H(t): sum of d / n over the group's times up to t
  std::vector<double> std_error;
  std::vector<double> conf_low, conf_high; ///< conf_high may be infinite; NaN where there is no standard error
};

/// Nelson (1972), Aalen (1978). O(rows). Fills other people's columns, one number per row each.
/// @param poll asked now and then; see poll.hpp.
inline void nelson_aalen(const RiskRows& table, const NelsonAalenOptions& options, double* to_estimate,
                         double* to_std_error, const Poll& poll = {}) {
  PollRows ask(poll);
  for (std::size_t g = 0; g + 1 < table.first.size(); ++g) {
    CompensatedSum hazard, variance;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      const double d = table.n_event[i], n = table.n_risk[i];
      if (d > 0.0) {
        hazard.add(d / n);
        switch (options.variance) {
        case HazardVariance::aalen:
          variance.add(d / n / n);
          break;
        case HazardVariance::greenwood:
          variance.add(d / n / n * std::max(0.0, n - d) / n);
          break;
        }
      }
      to_estimate[i] = hazard.value();
      to_std_error[i] = std::sqrt(variance.value());
    }
  }
}

/// The limits of these, on the scale of `options`. @param undefined what is written where there is no standard error.
inline void hazard_limits(const RiskRows& table, const NelsonAalenOptions& options, span<const double> estimates,
                          span<const double> std_errors, double* to_low, double* to_high, const Poll& poll = {},
                          double undefined = std::numeric_limits<double>::quiet_NaN()) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const double half_pi = 2.0 * std::atan(1.0);
  PollRows ask(poll);
  for (std::size_t g = 0; g + 1 < table.first.size(); ++g) {
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      const double estimate = estimates[i], se = std_errors[i], half = z * se;
      double low = undefined, high = undefined;
      if (estimate <= 0.0) {
        // No event among n: -log of the S with S^n = alpha / 2. The limit holds until the next row, for which those
        // who leave now no longer count.
        const double n = table.n_risk[i], left = std::max(0.0, n - table.n_event[i] - table.n_censor[i]);
        low = 0.0;
        high = -std::log(0.5 * (1.0 - options.conf_level)) / (i + 1 == table.first[g + 1] ? n : left);
      } else if (se > 0.0) { // a point is not an interval
        switch (options.conf_type) {
        case HazardScale::plain:
          low = estimate - half;
          high = estimate + half;
          break;
        case HazardScale::log:
          low = estimate * std::exp(-half / estimate);
          high = estimate * std::exp(half / estimate);
          break;
        case HazardScale::arcsin: {
          const double angle = std::asin(std::exp(-0.5 * estimate));
          const double width = 0.5 * half / std::sqrt(std::expm1(estimate));
          low = angle + width < half_pi ? -2.0 * std::log(std::sin(angle + width)) : 0.0;
          high = -2.0 * std::log(std::sin(std::max(0.0, angle - width)));
          break;
        }
        }
        // Mapping there and back may lose the last place.
        low = std::min(estimate, std::max(0.0, low));
        high = std::max(estimate, high);
      }
      to_low[i] = low;
      to_high[i] = high;
    }
  }
}

/// Both into memory of its own.
inline NelsonAalenResult nelson_aalen(const RiskTable& table, const NelsonAalenOptions& options = {},
                                      const Poll& poll = {}) {
  NelsonAalenResult out;
  for (auto* column : {&out.estimate, &out.std_error, &out.conf_low, &out.conf_high})
    column->resize(table.rows());
  nelson_aalen(RiskRows(table), options, out.estimate.data(), out.std_error.data(), poll);
  hazard_limits(RiskRows(table), options, out.estimate, out.std_error, out.conf_low.data(), out.conf_high.data(), poll);
  return out;
}

} // namespace cryonodes

#endif
