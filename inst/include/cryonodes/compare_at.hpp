#ifndef CRYONODES_COMPARE_AT_HPP
#define CRYONODES_COMPARE_AT_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/fixed_time.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/melded.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// How probabilities of groups at one time are compared. Those from `identity` to `logit` are normal on a scale
/// (Klein, Logan, Harhoff & Andersen 2007, section 2).
enum class CompareMethod { melded, melded_mid_p, identity, log, cloglog, arcsine, logit, pseudo_values, fisher_crude };

struct CompareAtOptions {
  CompareMethod method = CompareMethod::cloglog;
  bool pooled = false;      ///< variance under the hypothesis, from all groups together: identity to logit only
  bool incidence = false;   ///< the probabilities are those of an event, not of survival
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
  std::array<bool, 3> wanted = {true, true, true}; ///< of which Measure an interval is wanted: melded ones take long
};

/// Group g + 1 against group 0, in entry g.
struct CompareAtResult {
  struct Contrast {
    std::vector<double> estimate;  ///< p2 - p1, p2 / p1 or the odds ratio; NaN where it is 0 / 0
    std::vector<double> std_error; ///< of the difference, or of the logarithm; NaN for melded intervals
    std::vector<double> conf_low, conf_high;
  };
  std::array<Contrast, 3> measures;   ///< in the order of Measure; NaN where not wanted
  std::vector<double> statistic;      ///< normal deviate, > 0 where p2 > p1; NaN where p is not made from one
  std::vector<double> log_p_value;    ///< two-sided; NaN: no answer
  std::vector<char> melded;           ///< has the melded interval and p stood in, or were they asked for?
  double chi_square = std::numeric_limits<double>::quiet_NaN(); ///< of all groups, k - 1 df
  double log_p_all = std::numeric_limits<double>::quiet_NaN();  ///< of all groups; of two, that of the contrast
  std::vector<double> conf_low, conf_high; ///< per group
};

namespace detail {

/// Where the normal distribution is used: f(p), and f'(p) up to its sign; larger f means larger p. 0 < p < 1 but for
/// identity and arcsine. Of an incidence the complementary log-log is that of 1 - p.
struct Scale {
  CompareMethod method;
  bool incidence;

  double value(double p) const {
    switch (method) {
    case CompareMethod::identity:
      return p;
    case CompareMethod::log:
      return std::log(p);
    case CompareMethod::arcsine:
      return std::asin(std::sqrt(std::min(1.0, std::max(0.0, p))));
    case CompareMethod::logit:
      return std::log(p) - std::log1p(-p);
    default:
      return incidence ? std::log(-std::log1p(-p)) : -std::log(-std::log(p));
    }
  }
  double slope(double p) const {
    switch (method) {
    case CompareMethod::identity:
      return 1.0;
    case CompareMethod::log:
      return 1.0 / p;
    case CompareMethod::arcsine:
      return 0.5 / std::sqrt(p * (1.0 - p));
    case CompareMethod::logit:
      return 1.0 / (p * (1.0 - p));
    default:
      return incidence ? 1.0 / (-(1.0 - p) * std::log1p(-p)) : 1.0 / (-p * std::log(p));
    }
  }
  Limits limits(double p, double std_error, double z) const {
    switch (method) {
    case CompareMethod::identity: // not cut at 0 and 1: the interval of a difference is made of it
      return {p - z * std_error, p + z * std_error};
    case CompareMethod::log:
      return {p * std::exp(-z * std_error / p), p * std::exp(z * std_error / p)};
    case CompareMethod::arcsine:
      return transformed_limits(ConfType::arcsin, p, z * std_error / p, z * std_error / p);
    case CompareMethod::logit:
      return transformed_limits(ConfType::logit, p, z * std_error / p, z * std_error / p);
    default: {
      const double q = incidence ? 1.0 - p : p;
      const Limits l = transformed_limits(ConfType::log_log, q, z * std_error / q, z * std_error / q);
      return incidence ? Limits{1.0 - l.high, 1.0 - l.low} : l;
    }
    }
  }
};

inline double on_scale(Measure measure, double p) {
  return measure == Measure::difference ? p
         : measure == Measure::ratio    ? std::log(p)
                                        : std::log(p) - std::log1p(-p);
}
inline double slope_of(Measure measure, double p) {
  return measure == Measure::difference ? 1.0 : measure == Measure::ratio ? 1.0 / p : 1.0 / (p * (1.0 - p));
}

/// Limits of one probability, each of which it exceeds or falls short of with half_alpha.
inline Limits limits_of(const ConfidenceLaws& laws, double half_alpha, bool mid_p) {
  if (!mid_p && (is_at_0(laws.lower) || is_at_1(laws.upper)))
    return {is_at_0(laws.lower) ? 0.0 : beta_quantile(half_alpha, Tail::lower, laws.lower),
            is_at_1(laws.upper) ? 1.0 : beta_quantile(half_alpha, Tail::upper, laws.upper)};
  return {beta_quantile(half_alpha, Tail::lower, laws.lower, mid_p ? laws.upper : laws.lower),
          beta_quantile(half_alpha, Tail::upper, mid_p ? laws.lower : laws.upper, laws.upper)};
}

/// x' A^-1 x for a symmetric A of full rank; NaN where it has not.
inline double quadratic_form(std::vector<double> a, std::vector<double> x) {
  const std::size_t n = x.size();
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) { // elimination; what is left of the diagonal are the pivots
    const double pivot = a[i * n + i];
    double size = 0.0;
    for (std::size_t j = 0; j < n; ++j)
      size = std::max(size, std::fabs(a[i * n + j]));
    if (!(pivot > 1e-12 * size) || !(pivot > 0.0))
      return std::numeric_limits<double>::quiet_NaN();
    sum += x[i] * x[i] / pivot;
    for (std::size_t j = i + 1; j < n; ++j) {
      const double factor = a[j * n + i] / pivot;
      x[j] -= factor * x[i];
      for (std::size_t m = i + 1; m < n; ++m)
        a[j * n + m] -= factor * a[i * n + m];
    }
  }
  return sum;
}

/// Interval of g(p2) - g(p1) from those of p1 and p2 (Zou & Donner 2008, eq. 8 and 9, with the correlation of Zou
/// 2007): on the scale on which those are normal it is the normal one.
inline Limits recovered_limits(Measure measure, double p1, const Limits& of_1, double p2, const Limits& of_2,
                               double correlation) {
  // Limits that are not cut at 0 and 1 may lie where there are no ratios or odds.
  const auto g = [&](double p) {
    if (measure == Measure::difference)
      return p;
    return on_scale(measure, std::max(0.0, measure == Measure::ratio ? p : std::min(1.0, p)));
  };
  const auto far = [&](double a, double b) {
    if (std::isinf(a) || std::isinf(b))
      return inf;
    return std::sqrt(std::max(0.0, a * a + b * b - 2.0 * correlation * a * b));
  };
  const double x1 = g(p1), x2 = g(p2), d = x2 - x1;
  return {d - far(x2 - g(of_2.low), g(of_1.high) - x1), d + far(g(of_2.high) - x2, x1 - g(of_1.low))};
}

} // namespace detail

/// Compares the probabilities of groups at one time. Each group is set against group 0; all together are compared by
/// the quadratic form of the differences on the scale of the method.
///
/// Where one of two probabilities is 0 or 1, or not between them (means of pseudo-values), a normal scale has no
/// answer: the melded interval and p stand in. With `pooled` that concerns the interval only, as long as the scale
/// has a value for both and the curve of all groups is neither 0 nor 1. Melded p and intervals take groups for
/// independent. Fisher's p is that of the crude counts, its intervals the melded ones of these.
/// @param at what is known of the groups; see fixed_time.hpp.
/// @throws input_error for options out of range. Some milliseconds for each melded interval, else O(k^3).
inline CompareAtResult compare_at(const FixedTime& at, const CompareAtOptions& options, const Poll& poll = {}) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::size_t k = at.estimate.size();
  const bool crude = options.method == CompareMethod::fisher_crude;
  const bool mid_p = options.method == CompareMethod::melded_mid_p;
  const bool normal = options.method != CompareMethod::melded && !mid_p && !crude;
  detail::require(!options.pooled || (normal && options.method != CompareMethod::pseudo_values &&
                                      at.null_variance.size() == k && at.covariance.empty()),
                  "a pooled variance is for independent groups and the scales of Klein et al.");
  const detail::Scale scale{options.method, options.incidence};
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level), half_alpha = 0.5 * (1.0 - options.conf_level);

  CompareAtResult out;
  const auto inside = [&](std::size_t g) {
    return at.estimate[g] > 0.0 && at.estimate[g] < 1.0 && at.variance[g] > 0.0;
  };
  // Has the scale a value, and the hypothesis a variance?
  const double p0 = at.null_estimate;
  const bool ends = options.method == CompareMethod::identity || options.method == CompareMethod::arcsine;
  const auto testable = [&](std::size_t g) {
    if (!normal)
      return false;
    if (!options.pooled)
      return inside(g);
    const double p = at.estimate[g];
    return p0 > 0.0 && p0 < 1.0 && at.null_variance[g] > 0.0 && (ends || (p > 0.0 && p < 1.0));
  };
  const auto covariance = [&](std::size_t g, std::size_t h) {
    if (g == h)
      return options.pooled ? at.null_variance[g] : at.variance[g];
    return at.covariance.empty() ? 0.0 : at.covariance[g * k + h];
  };
  std::vector<double> value(k, nan), slope(k, nan);
  std::vector<Limits> limits(k);
  for (std::size_t g = 0; g < k; ++g) {
    if (testable(g)) {
      value[g] = scale.value(at.estimate[g]);
      slope[g] = scale.slope(options.pooled ? p0 : at.estimate[g]);
    }
    if (std::isnan(at.estimate[g]) || std::isnan(at.variance[g]))
      limits[g] = {nan, nan};
    else if (normal && inside(g))
      limits[g] = scale.limits(at.estimate[g], std::sqrt(at.variance[g]), z);
    else
      limits[g] = detail::limits_of(at.laws[g], half_alpha, mid_p);
    out.conf_low.push_back(std::max(0.0, limits[g].low)); // NaN stays
    out.conf_high.push_back(limits[g].high > 1.0 ? 1.0 : limits[g].high);
    if (std::isnan(limits[g].low))
      out.conf_low.back() = nan;
  }

  for (std::size_t g = 1; g < k; ++g) {
    const double p1 = at.estimate[0], p2 = at.estimate[g];
    const bool known = !std::isnan(p1) && !std::isnan(p2) && !std::isnan(at.variance[0]) && !std::isnan(at.variance[g]);
    const bool wald = normal && inside(0) && inside(g), test = testable(0) && testable(g);
    double statistic = nan, log_p = nan;
    if (known && test) {
      const double variance = slope[0] * slope[0] * covariance(0, 0) + slope[g] * slope[g] * covariance(g, g) -
                              2.0 * slope[0] * slope[g] * covariance(0, g);
      const double independent = slope[0] * slope[0] * covariance(0, 0) + slope[g] * slope[g] * covariance(g, g);
      if (variance > 1e-12 * independent) {
        statistic = (value[g] - value[0]) / std::sqrt(variance);
        log_p = std::min(0.0, std::log(2.0) + log_normal_upper(std::fabs(statistic)));
      }
    } else if (known && crude) {
      FisherOptions exact;
      exact.conf_int = false;
      const double d1 = at.n_event[0], d2 = at.n_event[g];
      log_p = fisher({d1, at.n[0] - d1, d2, at.n[g] - d2}, exact, poll).log_p_value;
    } else if (known) {
      log_p = melded_test(at.laws[0], at.laws[g], mid_p, poll).log_p_value;
    }
    out.statistic.push_back(statistic);
    out.log_p_value.push_back(log_p);
    out.melded.push_back(known && (!wald || (!test && !crude)));
    for (std::size_t m = 0; m < 3; ++m) {
      const auto measure = static_cast<Measure>(m);
      auto& to = out.measures[m];
      double estimate = nan, std_error = nan;
      Limits found{nan, nan};
      if (known && options.wanted[m]) {
        // A mean of pseudo-values can lie outside: it has no ratio.
        const bool probabilities = std::min(p1, p2) >= 0.0 && std::max(p1, p2) <= 1.0;
        estimate = measure == Measure::difference ? p2 - p1
                   : !probabilities               ? nan
                   : measure == Measure::ratio    ? p2 / p1
                                                  : p2 * (1.0 - p1) / (p1 * (1.0 - p2));
        if (wald) {
          const double s1 = detail::slope_of(measure, p1), s2 = detail::slope_of(measure, p2);
          const double c = at.covariance.empty() ? 0.0 : at.covariance[g];
          const double variance = s1 * s1 * at.variance[0] + s2 * s2 * at.variance[g] - 2.0 * s1 * s2 * c;
          if (variance > 1e-12 * (s1 * s1 * at.variance[0] + s2 * s2 * at.variance[g])) {
            std_error = std::sqrt(variance);
            found = detail::recovered_limits(measure, p1, limits[0], p2, limits[g],
                                             c / std::sqrt(at.variance[0] * at.variance[g]));
          }
        } else {
          const MeldedLimits l = melded_limits(measure, at.laws[0], at.laws[g], options.conf_level, mid_p, poll);
          found = {l.low, l.high};
        }
        if (measure == Measure::difference)
          found = {found.low < -1.0 ? -1.0 : found.low, found.high > 1.0 ? 1.0 : found.high};
        else
          found = {std::exp(found.low), std::exp(found.high)};
      }
      to.estimate.push_back(estimate);
      to.std_error.push_back(std_error);
      to.conf_low.push_back(found.low);
      to.conf_high.push_back(found.high);
    }
  }

  if (k == 2) {
    out.log_p_all = out.log_p_value[0];
    out.chi_square = out.statistic[0] * out.statistic[0];
    return out;
  }
  std::vector<double> x, matrix((k - 1) * (k - 1));
  for (std::size_t g = 1; g < k; ++g) {
    x.push_back(value[g] - value[0]);
    for (std::size_t h = 1; h < k; ++h)
      matrix[(g - 1) * (k - 1) + h - 1] =
          slope[g] * slope[h] * covariance(g, h) - slope[g] * slope[0] * covariance(g, 0) -
          slope[0] * slope[h] * covariance(0, h) + slope[0] * slope[0] * covariance(0, 0);
  }
  out.chi_square = detail::quadratic_form(matrix, x);
  if (!std::isnan(out.chi_square))
    out.log_p_all = log_chisq_upper(out.chi_square, static_cast<double>(k - 1));
  return out;
}

} // namespace cryonodes

#endif
