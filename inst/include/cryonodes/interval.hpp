#ifndef CRYONODES_INTERVAL_HPP
#define CRYONODES_INTERVAL_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/beta.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// How a pointwise interval for S is made. The first five are normal on a scale and mapped back.
enum class ConfType { plain, log, log_log, logit, arcsin, bpcp, bpcp_mid_p, likelihood, rothman };

/// Standard error behind the lower limit of the first five: Greenwood's; Peto's sqrt((1 - S) / n); or Greenwood's
/// enlarged by the loss of subjects since the last event (Dorey & Korn 1987).
enum class ConfLower { usual, peto, modified };

struct IntervalOptions {
  ConfType conf_type = ConfType::log_log;
  ConfLower conf_lower = ConfLower::usual;
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

struct Limits {
  double low = 0.0;
  double high = 1.0;
};

inline bool is_transformed(ConfType type) { return type <= ConfType::arcsin; }

/// S -+ a half width given on the scale of log S (a multiple of its standard error), taken to the scale of `type` by
/// the delta method and mapped back: plain S, log S, log(-log S), log(S / (1 - S)), arcsin sqrt(S). 0 < s < 1.
inline Limits transformed_limits(ConfType type, double s, double half_low, double half_high) {
  double low = 0.0, high = 1.0;
  switch (type) {
  case ConfType::plain:
    low = s - s * half_low;
    high = s + s * half_high;
    break;
  case ConfType::log:
    low = s * std::exp(-half_low);
    high = s * std::exp(half_high);
    break;
  case ConfType::logit: {
    const double logit = std::log(s) - std::log1p(-s);
    low = 1.0 / (1.0 + std::exp(half_low / (1.0 - s) - logit));
    high = 1.0 / (1.0 + std::exp(-half_high / (1.0 - s) - logit));
    break;
  }
  case ConfType::arcsin: {
    const double angle = std::asin(std::sqrt(s)), scale = 0.5 * std::sqrt(s / (1.0 - s));
    constexpr double right_angle = 1.570796326794896619231321691640;
    low = std::pow(std::sin(std::max(0.0, angle - half_low * scale)), 2);
    high = std::pow(std::sin(std::min(right_angle, angle + half_high * scale)), 2);
    break;
  }
  default: {
    const double log_s = std::log(s), factor = std::exp(half_high / log_s); // < 0, < 1
    low = std::exp(half_low == half_high ? log_s / factor : log_s * std::exp(-half_low / log_s));
    high = std::exp(log_s * factor);
  }
  }
  // Rounding must not take the estimate out of its interval.
  return {std::max(0.0, std::min(low, s)), std::min(1.0, std::max(high, s))};
}

/// Rothman (1978): Wilson's interval with the n' = S (1 - S) / Var S that would give Greenwood's variance to a plain
/// proportion. 0 < s < 1.
inline Limits rothman_limits(double s, double std_error_log, double z) {
  const double n = (1.0 - s) / (s * std_error_log * std_error_log), z2 = z * z;
  if (!(n > 0.0))
    return {};
  const double centre = s + z2 / (2.0 * n);
  const double half = z * std::sqrt(s * (1.0 - s) / n + z2 / (4.0 * n * n));
  // The lower limit as a quotient: no difference of two nearly equal numbers.
  const double high = (centre + half) / (1.0 + z2 / n);
  const double low = s * s / (centre + half);
  return {std::min(low, s), std::max(s, std::min(1.0, high))};
}

/// Product of independent Beta(n - d + 1, d) over the event times, replaced by the beta law of the same first two
/// moments: the beta product confidence procedure of Fay, Brittain & Proschan (2013, section 3), method of moments.
class BetaProduct {
public:
  void add(double n, double d) noexcept {
    if (!(d > 0.0))
      return;
    const double a = n - d + 1.0;
    any_ = true;
    log_mean_.add(std::log1p(-d / (n + 1.0)));
    log_next_.add(std::log1p(-d / (n + 2.0)));
    log_spread_.add(std::log1p(d / (a * (n + 2.0))));
  }
  /// Law behind the upper limit: the events so far.
  BetaLaw upper() const { return any_ ? law(0.0, 0.0, 0.0) : BetaLaw{1.0, 0.0}; }
  /// Law behind the lower limit: as if one of those still at risk had the event at once.
  BetaLaw lower(double n_after) const {
    if (!(n_after > 0.0))
      return {0.0, 1.0};
    if (!any_)
      return {n_after, 1.0};
    return law(std::log1p(-1.0 / (n_after + 1.0)), std::log1p(-1.0 / (n_after + 2.0)),
               std::log1p(1.0 / (n_after * (n_after + 2.0))));
  }

private:
  /// With M1, M2 the first two moments: a = (1 - M2/M1) / (M2/M1^2 - 1), b = a (1 - M1) / M1; each difference is
  /// summed as a logarithm, since M2 - M1^2 would lose all digits in a large cohort.
  BetaLaw law(double mean, double next, double spread) const {
    const double log_mean = log_mean_.value() + mean, m = std::exp(log_mean);
    const double ratio = std::expm1(log_spread_.value() + spread);
    // Weights can make a mean or a spread that no double tells from a point.
    if (m >= 1.0)
      return {1.0, 0.0};
    if (m <= 0.0)
      return {0.0, 1.0};
    if (ratio < 1e-250)
      return {1e250 * m, 1e250 * (1.0 - m)};
    const double a = -std::expm1(log_next_.value() + next) / ratio;
    return {a, a * std::expm1(-log_mean)};
  }

  bool any_ = false;
  CompensatedSum log_mean_;   // log E X
  CompensatedSum log_next_;   // log E X^2 / E X
  CompensatedSum log_spread_; // log E X^2 / (E X)^2
};

/// Thomas & Grunkemeier (1975): all S whose likelihood ratio against the Kaplan-Meier estimate is not rejected. With
/// the multiplier lambda, S = prod (1 - d / (n + lambda)) and
///   -2 log R = 2 sum [ n log(1 + lambda/n) - (n - d) log(1 + lambda/(n - d)) ].
/// Each row costs the number of event times so far; the root of the row before is where the search starts.
class LikelihoodLimits {
public:
  explicit LikelihoodLimits(double chi_square) : chi_square_(chi_square) {}
  void add(double n, double d) {
    // An event that weighs nothing beside n changes neither S nor the ratio, but its terms can be 0 times infinity.
    if (n - d == n)
      return;
    n_.push_back(n);
    left_.push_back(n - d);
    least_ = std::min(least_, n - d);
  }
  /// Needs somebody left at each event time.
  Limits limits() {
    up_ = root(up_, true);
    down_ = root(down_, false);
    return {survival(lambda(down_, false)), survival(lambda(up_, true))};
  }

private:
  // The multiplier runs over (0, inf) for the upper and over (-min(n - d), 0) for the lower limit: u > 0 maps to both.
  double lambda(double u, bool upper) const { return upper ? least_ * std::expm1(u) : least_ * std::expm1(-u); }

  double survival(double lambda) const {
    CompensatedSum log_s;
    for (std::size_t i = 0; i < n_.size(); ++i)
      log_s.add(std::log((left_[i] + lambda) / (n_[i] + lambda)));
    return std::exp(log_s.value());
  }

  double root(double start, bool upper) const {
    double low = 0.0, high = detail::inf, u = start;
    for (int i = 0; i < 300; ++i) {
      const double l = lambda(u, upper), dl = (upper ? 1.0 : -1.0) * (least_ + l);
      CompensatedSum ratio, slope;
      for (std::size_t k = 0; k < n_.size(); ++k) {
        ratio.add(2.0 * (detail::deviance(left_[k], left_[k] + l) - detail::deviance(n_[k], n_[k] + l)));
        slope.add(2.0 * l / (left_[k] + l) * ((n_[k] - left_[k]) / (n_[k] + l)));
      }
      const double excess = ratio.value() - chi_square_;
      (excess > 0.0 ? high : low) = u;
      double next = u - excess / (slope.value() * dl);
      if (!(next > low && next < high))
        next = std::isinf(high) ? 2.0 * u : 0.5 * (low + high);
      const bool done = std::fabs(next - u) <= 1e-14 * u || next > 700.0;
      u = next;
      if (done)
        break;
    }
    return std::min(u, 700.0);
  }

  double chi_square_, least_ = detail::inf, up_ = 1.0, down_ = 1.0;
  std::vector<double> n_, left_;
};

/// Limits for S in the rows of group g, whose estimate and standard error of log S are given, row by row of the whole
/// table; `low` and `high` are as long and get the group's rows.
///
/// Where a transformed, Rothman or likelihood interval is undefined, because nobody has had the event (S = 1) or
/// everybody (S = 0), the beta product limits stand in. They take counts as they are: a row of weight w is w rows. With
/// delayed entry those at risk after a row are those of the row who have not left, and before the first event the lower
/// limit never rises when subjects enter.
///
/// Where a standard error is 0 or NaN though 0 < S < 1 (robust ones can be) an interval made from it is `undefined`.
///
/// O(rows), for the likelihood O(rows * events); the beta product costs some incomplete beta functions a row.
inline void conf_limits(const RiskRows& table, std::size_t g, span<const double> estimate,
                        span<const double> std_error_log, const IntervalOptions& options, span<double> low,
                        span<double> high, const Poll& poll = {},
                        double undefined = std::numeric_limits<double>::quiet_NaN()) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  const bool transformed = is_transformed(options.conf_type);
  detail::require(transformed || options.conf_lower == ConfLower::usual,
                  "conf_lower needs an interval made on a transformed scale");
  const bool product = options.conf_type == ConfType::bpcp || options.conf_type == ConfType::bpcp_mid_p;
  const bool mid_p = options.conf_type == ConfType::bpcp_mid_p;
  const double half_alpha = 0.5 * (1.0 - options.conf_level);
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const std::size_t first = table.first[g], end = table.first[g + 1];

  BetaProduct events;
  std::size_t counted = first; // rows that `events` has
  double fewest = detail::inf;
  Limits least{1.0, 1.0}; // of the beta product so far
  const auto beta_product = [&](std::size_t i) {
    for (; counted <= i; ++counted) {
      const double after = table.delayed_entry ? std::max(0.0, table.n_risk[counted] - table.n_event[counted] -
                                                                   table.n_censor[counted])
                           : counted + 1 < end ? table.n_risk[counted + 1]
                                               : 0.0;
      fewest = table.delayed_entry && estimate[counted] >= 1.0 ? std::min(fewest, after) : after;
      events.add(table.n_risk[counted], table.n_event[counted]);
    }
    const BetaLaw below = events.lower(fewest), above = events.upper();
    Limits here{beta_quantile(half_alpha, Tail::lower, below, mid_p ? above : below),
                beta_quantile(half_alpha, Tail::upper, mid_p ? below : above, above)};
    // Subjects who enter once S = 0 are at risk, but S stays 0.
    if (estimate[i] <= 0.0)
      here.low = 0.0;
    // Matching moments can make a limit rise by a trifle; S does not.
    if (product)
      least = {std::min(least.low, here.low), std::min(least.high, here.high)};
    return product ? least : here;
  };

  // The interval follows from S and its standard error alone.
  const bool same_everywhere = options.conf_lower == ConfLower::usual && options.conf_type != ConfType::likelihood;
  LikelihoodLimits likelihood(z * z);
  Limits of_last_event;
  double n_last = first < end ? table.n_risk[first] : 0.0; // at risk at the last event
  for (std::size_t i = first; i < end; ++i) {
    const double s = estimate[i], se = std_error_log[i], n = table.n_risk[i], d = table.n_event[i];
    if (d > 0.0)
      n_last = n;
    Limits limits;
    if (!product && s > 0.0 && s < 1.0) {
      if (!(se > 0.0) && options.conf_type != ConfType::likelihood) {
        limits = {undefined, undefined};
      } else if (i > first && s == estimate[i - 1] && se == std_error_log[i - 1] && same_everywhere) {
        limits = {low[i - 1], high[i - 1]};
      } else if (transformed) {
        const double se_low = options.conf_lower == ConfLower::peto       ? std::sqrt((1.0 - s) / n)
                              : options.conf_lower == ConfLower::modified ? se * std::sqrt(n_last / n)
                                                                          : se;
        limits = transformed_limits(options.conf_type, s, z * se_low, z * se);
      } else if (options.conf_type == ConfType::rothman) {
        limits = rothman_limits(s, se, z);
      } else if (d > 0.0) {
        if (poll)
          poll(-1.0);
        likelihood.add(n, d);
        const Limits found = likelihood.limits();
        limits = of_last_event = {std::min(found.low, s), std::max(found.high, s)};
      } else {
        limits = of_last_event;
      }
    } else {
      if (poll && product)
        poll(-1.0);
      limits = beta_product(i);
      // Huge weights make S equal to 1 by rounding, and limits that are a rounding below.
      if (!product)
        limits = {std::min(limits.low, s), std::max(limits.high, s)};
    }
    low[i] = limits.low;
    high[i] = limits.high;
  }
}

} // namespace cryonodes

#endif
