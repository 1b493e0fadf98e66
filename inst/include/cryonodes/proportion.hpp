#ifndef CRYONODES_PROPORTION_HPP
#define CRYONODES_PROPORTION_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cryonodes/beta.hpp"
#include "cryonodes/cluster_variance.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

enum class ProportionInterval { clopper_pearson, blaker, mid_p, wilson };

struct ProportionOptions {
  ProportionInterval conf_type = ProportionInterval::clopper_pearson;
  /// What the proportion is held to be by a test of which the interval is the inversion: `less` has an upper limit
  /// only, `greater` a lower one. Blaker's interval is two-sided.
  Sides sides = Sides::two;
  double conf_level = 0.95; ///< in (0, 1); coverage of the two limits, or of the one of a one-sided alternative
};

struct ProportionLimits {
  double low = 0.0, high = 1.0;
};

namespace detail {

inline double from_logit(double logit) {
  return 1.0 / (1.0 + std::exp(-logit));
}

/// log P(X >= k) for k = 1..n and log P(X <= k) for k = 0..n-1, X binomial of n and the probability whose logit is
/// given: tails of beta laws.
inline double log_at_least(double k, double n, double logit) {
  return beta_tails(logit, k, n - k + 1.0).log_lower;
}
inline double log_at_most(double k, double n, double logit) {
  return beta_tails(logit, k + 1.0, n - k).log_upper;
}

/// The root of an increasing function of a logit, bracketed, to the last digits: Illinois' variant of false position,
/// which needs no slope, with a bisection where it is slow.
template <class F> double increasing_root(F f, double low, double high) {
  double at_low = f(low), at_high = f(high);
  if (at_low >= 0.0)
    return low;
  if (at_high <= 0.0)
    return high;
  int side = 0;
  for (int i = 0; i < 400; ++i) {
    double next = (low * at_high - high * at_low) / (at_high - at_low);
    if (i % 8 == 7 || !(next > low && next < high)) // a step that is lost to rounding, or infinite
      next = low + 0.5 * (high - low);
    if (!(next > low && next < high) || high - low <= 2e-15 * std::max(1.0, std::fabs(next)))
      break;
    const double value = f(next);
    if (value == 0.0)
      return next;
    if (value < 0.0) {
      low = next;
      at_low = value;
      if (side == -1)
        at_high *= 0.5;
      side = -1;
    } else {
      high = next;
      at_high = value;
      if (side == 1)
        at_low *= 0.5;
      side = 1;
    }
  }
  return low + 0.5 * (high - low);
}

inline double log_choose(double n, double k) {
  return stirling(n + 1.0) + stirling_error(n + 1.0) - stirling(k + 1.0) - stirling_error(k + 1.0) -
         stirling(n - k + 1.0) - stirling_error(n - k + 1.0);
}

/// The logit of a probability, from both of its sides.
inline double logit_of(double p, double rest) {
  return std::log(p) - std::log(rest);
}

/// Blaker's lower limit (2000), as a logit, for 1 <= x <= n. Acceptability at p below the median of x is
///   P(X >= x) + P(X <= c), c the largest whole number with P(X <= c) <= P(X >= x).
/// Below Clopper and Pearson's limit p0 it is at most alpha. From p0 on c grows at the p where P(X <= c + 1) meets
/// P(X >= x), and there acceptability jumps to 2 P(X >= x) > alpha. So the limit is the first such p, or lies before
/// it: for one c acceptability is 1 - P(c < X < x), which falls until P(c < X < x) is largest and rises from there.
inline double blaker_low(double x, double n, double alpha) {
  const double p0 = beta_quantile(0.5 * alpha, Tail::lower, {x, n - x + 1.0});
  const double rest0 = beta_quantile(0.5 * alpha, Tail::upper, {n - x + 1.0, x});
  const double start = logit_of(p0, rest0), log_half = std::log(0.5 * alpha);
  // The largest c with P(X <= c) <= alpha / 2 at p0.
  double c = -1.0, above = x;
  while (above - c > 1.0) {
    const double middle = std::floor(0.5 * (c + above));
    (log_at_most(middle, n, start) <= log_half ? c : above) = middle;
  }
  // Where the next one joins; P(X <= n) is 1 and never joins.
  const double next = c + 1.0;
  const auto joins = [&](double logit) { return log_at_least(x, n, logit) - log_at_most(next, n, logit); };
  const double end = next < n ? increasing_root(joins, start, 700.0) : 700.0;
  const auto excess = [&](double logit) {
    const double lower = c < 0.0 ? -inf : log_at_most(c, n, logit);
    return log_add(log_at_least(x, n, logit), lower) - std::log(alpha);
  };
  if (excess(end) <= 0.0)
    return end;
  // P(c < X < x) is largest where b(c; n-1, p) = b(x-1; n-1, p): the odds are the geometric mean of those at which
  // neighbouring terms are equal.
  double turn = start;
  if (c >= 0.0) {
    const double runs = x - 1.0 - c;
    if (!(runs > 0.0))
      return start;
    turn = std::max(start, (log_choose(n - 1.0, c) - log_choose(n - 1.0, x - 1.0)) / runs);
  }
  return turn >= end ? end : increasing_root(excess, turn, end);
}

/// The lower limit with tail `alpha` of `x` out of `n`, as a pair (limit, 1 - limit): neither loses digits.
struct BothSides {
  double p = 0.0, rest = 1.0;
};

inline BothSides lower_limit(double x, double n, ProportionInterval type, double alpha) {
  if (type == ProportionInterval::wilson) {
    // Of p^2 (n + z^2) - p (2 x + z^2) + x^2 / n = 0 the lesser root, by the sum of like signs; for z < 0 the greater.
    const double z = -normal_quantile(alpha), y = n - x;
    const double root = std::fabs(z) * std::sqrt(x * y / n + 0.25 * z * z), denominator = n + z * z;
    const double far_p = (x + 0.5 * z * z + root) / denominator, far_rest = (y + 0.5 * z * z + root) / denominator;
    const BothSides low{x / n * x / (denominator * far_p), far_rest};
    return z >= 0.0 ? low : BothSides{far_p, y / n * y / (denominator * far_rest)};
  }
  if (type == ProportionInterval::clopper_pearson) {
    if (x < 1e-12) // an effective number; the limit is about alpha^(1 / x)
      return {};
    return {beta_quantile(alpha, Tail::lower, {x, n - x + 1.0}), beta_quantile(alpha, Tail::upper, {n - x + 1.0, x})};
  }
  if (type == ProportionInterval::blaker) {
    if (x == 0.0)
      return {};
    const double logit = blaker_low(x, n, alpha);
    return {from_logit(logit), from_logit(-logit)};
  }
  // P(X > x) + P(X = x) / 2 = alpha: the average of P(X >= x) and P(X >= x + 1). One of them is 1 or 0 at an end.
  if (x == 0.0) {
    const double log_rest = std::log(2.0 * (1.0 - alpha)) / n;
    return alpha <= 0.5 ? BothSides{} : BothSides{-std::expm1(log_rest), std::exp(log_rest)};
  }
  if (x == n && alpha >= 0.5)
    return {1.0, 0.0};
  const BetaLaw one{x, n - x + 1.0}, two{x + 1.0, n - x}, turned_one{n - x + 1.0, x}, turned_two{n - x, x + 1.0};
  return {beta_quantile(alpha, Tail::lower, one, two), beta_quantile(alpha, Tail::upper, turned_one, turned_two)};
}

} // namespace detail

/// Confidence limits of a binomial proportion: x events out of n.
///
/// - clopper_pearson: the p at which P(X >= x), P(X <= x) are alpha (one-sided) or alpha / 2 (Clopper & Pearson 1934).
/// - mid_p: the same with half of P(X = x) (Lancaster 1961; Berry & Armitage 1995).
/// - wilson: the roots of (x - n p)^2 = z^2 n p (1 - p) (Wilson 1927).
/// - blaker: the least and greatest p whose acceptability exceeds alpha (Blaker 2000).
///
/// Relative error of limits about 1e-12. Cost: some tens of beta tails, of some sqrt(n) steps each.
///
/// @param x, n 0 <= x <= n <= 1e9, n > 0. Whole numbers, but for clopper_pearson and wilson, which take effective
/// sizes.
/// @throws input_error for other numbers, and for a one-sided blaker.
inline ProportionLimits proportion(double x, double n, const ProportionOptions& options = {}) {
  detail::require(n > 0.0 && n <= 1e9 && x >= 0.0 && x <= n, "counts must satisfy 0 <= x <= n, 0 < n <= 1e9");
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  const ProportionInterval type = options.conf_type;
  const bool whole = x == std::floor(x) && n == std::floor(n),
             any = type == ProportionInterval::clopper_pearson || type == ProportionInterval::wilson;
  detail::require(whole || any, "these limits need whole numbers");
  const bool both = options.sides == Sides::two, blaker = type == ProportionInterval::blaker;
  detail::require(both || !blaker, "Blaker's interval is two-sided");
  const double alpha = (1.0 - options.conf_level) * (both && !blaker ? 0.5 : 1.0);
  ProportionLimits out;
  if (options.sides != Sides::less)
    out.low = detail::lower_limit(x, n, type, alpha).p;
  if (options.sides != Sides::greater)
    out.high = detail::lower_limit(n - x, n, type, alpha).rest;
  if (both) { // rounding, at levels next to 0, must not put the estimate outside
    out.low = std::min(out.low, x / n);
    out.high = std::max(out.high, x / n);
  }
  return out;
}

/// Counts of one sample that comes in clusters.
struct ClusteredCounts {
  double events = 0.0, n = 0.0, clusters = 0.0;
  double variance = 0.0;    ///< of the proportion, between clusters; NaN with one cluster
  double n_effective = 0.0; ///< NaN with one cluster
};

/// Korn & Graubard's effective sample size (1998): with p the proportion, x_j of n_j in cluster j of k,
///   v = k / (k - 1) * sum (x_j - p n_j)^2 / n^2,   n_eff = p (1 - p) / v * (t_{n-1} / t_{k-1})^2,
/// t the point of Student's law exceeded with probability alpha (each side together for a two-sided interval), and at
/// most n. Where p is 0 or 1 the variance says nothing, and n_eff is k: as if lesions of one patient told as much as
/// one.
/// @param events, n one entry per cluster: 0 <= events <= n, n > 0.
/// @param two_sided_alpha the two-sided error rate whose t is taken, in (0, 1).
inline ClusteredCounts clustered_counts(span<const double> events, span<const double> n, double two_sided_alpha) {
  detail::require(events.size() == n.size() && n.size() > 0, "each cluster has its events and its size");
  ClusteredCounts out;
  out.clusters = static_cast<double>(n.size());
  for (std::size_t j = 0; j < n.size(); ++j) {
    detail::require(events[j] >= 0.0 && events[j] <= n[j] && n[j] > 0.0, "a cluster has 0 <= events <= n, n > 0");
    out.events += events[j];
    out.n += n[j];
  }
  if (n.size() < 2) {
    out.variance = out.n_effective = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  double sum = 0.0;
  for (std::size_t j = 0; j < n.size(); ++j) {
    // In whole numbers up to the square, so that equal shares leave exactly nothing.
    const double residual = (events[j] * out.n - out.events * n[j]) / out.n;
    sum += residual * residual;
  }
  const double k = out.clusters, p = out.events / out.n, rest = (out.n - out.events) / out.n;
  out.variance = k / (k - 1.0) * sum / (out.n * out.n);
  if (out.events == 0.0 || out.events == out.n) {
    out.n_effective = k;
    return out;
  }
  const double shrink =
      detail::student_square(two_sided_alpha, out.n - 1.0) / detail::student_square(two_sided_alpha, k - 1.0);
  out.n_effective = std::min(out.n, p * rest / out.variance * shrink);
  return out;
}

} // namespace cryonodes

#endif
