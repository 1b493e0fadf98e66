#ifndef CRYONODES_BETA_HPP
#define CRYONODES_BETA_HPP

#include <algorithm>
#include <cmath>
#include <limits>

#include "cryonodes/error.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

namespace detail {

/// x log(x / m) + m - x for x >= 0, m > 0, without cancellation where x is close to m (Loader 2000, "Fast and accurate
/// computation of binomial probabilities", section 4).
inline double deviance(double x, double m) {
  if (x == 0.0)
    return m;
  const double difference = x - m;
  if (std::fabs(difference) < 0.1 * (x + m)) {
    const double v = difference / (x + m);
    double sum = difference * v, term = 2.0 * x * v;
    for (int j = 1; j < 100; ++j) {
      term *= v * v;
      const double next = sum + term / (2 * j + 1);
      if (next == sum)
        break;
      sum = next;
    }
    return sum;
  }
  return x * std::log(x / m) + m - x;
}

/// P(X <= x) as x^a y^b / B(a, b) over this continued fraction, y = 1 - x (Didonato & Morris 1992, ACM TOMS 18:360,
/// eq. 9; the even part of NIST DLMF 8.17.22). It takes x and y, so that neither need be far from 1. For
/// x < (a + 1) / (a + b + 2), where some sqrt(max(a, b)) terms suffice. Lentz's evaluation.
inline double beta_fraction(double a, double b, double x, double y) {
  const auto term = [&](double m) {
    return m + m * (b - m) * x / (a + 2.0 * m - 1.0) +
           (a + m) / (a + 2.0 * m + 1.0) * (a * y - b * x + 1.0 + m * (1.0 + y));
  };
  constexpr double tiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::fabs(v) < tiny ? tiny : v; };
  // At m = 0 the second part is 0, but 0 / 0 for a = 1.
  double h = away_from_zero(a / (a + 1.0) * (a * y - b * x + 1.0)), c = h, d = 0.0;
  for (int i = 1; i < 1000000; ++i) {
    const double m = i, odd = a + 2.0 * m - 1.0;
    const double over = (a + m - 1.0) / odd * ((a + b + m - 1.0) / odd) * m * (b - m) * x * x;
    const double under = term(m);
    d = 1.0 / away_from_zero(under + over * d);
    c = away_from_zero(under + over / c);
    h *= d * c;
    if (std::fabs(d * c - 1.0) < 3e-16)
      break;
  }
  return h;
}

} // namespace detail

/// A beta distribution; a = 0 stands for the point 0, b = 0 for the point 1.
struct BetaLaw {
  double a = 1.0;
  double b = 1.0;
};

/// Both tails of a beta variable X, each summed on its own side where it is the smaller one.
struct BetaTails {
  double log_lower = 0.0;   ///< log P(X <= x)
  double log_upper = 0.0;   ///< log P(X > x)
  double log_density = 0.0; ///< of log(X / (1 - X)): x^a (1 - x)^b / B(a, b)
};

/// log of x^a (1 - x)^b / B(a, b), the density of log(X / (1 - X)) at `logit`; a, b > 0 and finite.
inline double beta_log_density(double logit, double a, double b) {
  detail::require(a > 0.0 && b > 0.0 && std::isfinite(a + b), "a beta parameter must be > 0 and finite");
  const double x = 1.0 / (1.0 + std::exp(-logit)), y = 1.0 / (1.0 + std::exp(logit)), n = a + b;
  return 0.5 * (std::log(a) + std::log(b) - std::log(n)) - detail::log_sqrt_2pi +
         (detail::stirling_error(n) - detail::stirling_error(a) - detail::stirling_error(b)) -
         (detail::deviance(a, n * x) + detail::deviance(b, n * y));
}

/// Tails at x = 1 / (1 + exp(-logit)); a, b > 0 and finite. On the logit scale neither x nor 1 - x loses digits.
inline BetaTails beta_tails(double logit, double a, double b) {
  const double x = 1.0 / (1.0 + std::exp(-logit)), y = 1.0 / (1.0 + std::exp(logit)), n = a + b;
  BetaTails out;
  out.log_density = beta_log_density(logit, a, b);
  const bool left = x < (a + 1.0) / (n + 2.0);
  const double fraction = left ? detail::beta_fraction(a, b, x, y) : detail::beta_fraction(b, a, y, x);
  const double near = std::min(0.0, out.log_density - std::log(fraction));
  const double far = near > -0.6931 ? std::log(-std::expm1(near)) : std::log1p(-std::exp(near));
  out.log_lower = left ? near : far;
  out.log_upper = left ? far : near;
  return out;
}

enum class Tail { lower, upper };

/// The x at which the tail has probability p, averaged over two laws: P(X <= x) = p or P(X > x) = p. For one law alone
/// give it twice. 0 < p < 1/2 where a law is a point. Beyond a = b = 1e10 a normal law of the logit stands in, with
/// an error below 1e-10 of x.
inline double beta_quantile(double p, Tail tail, BetaLaw one, BetaLaw two) {
  detail::require(p > 0.0 && p < 1.0, "a probability must lie in (0, 1)");
  const bool lower = tail == Tail::lower, single = one.a == two.a && one.b == two.b;
  const auto at_0 = [](const BetaLaw& law) { return law.a <= 0.0 || std::isinf(law.b); };
  const auto at_1 = [](const BetaLaw& law) { return law.b <= 0.0 || std::isinf(law.a); };
  // A point holds half of the mass, more than p, or all of it.
  if (at_0(one) || at_0(two)) {
    if (lower || (at_0(one) && at_0(two)))
      return 0.0;
  } else if ((at_1(one) || at_1(two)) && (!lower || (at_1(one) && at_1(two))))
    return 1.0;
  if ((at_0(one) || at_0(two)) && (at_1(one) || at_1(two)))
    return lower ? 0.0 : 1.0;
  const bool one_counts = !at_0(one) && !at_1(one), two_counts = !single && !at_0(two) && !at_1(two);
  const BetaLaw& main = one_counts ? one : two;
  // The other law is a point whose tail is empty: the whole of p is on the side of this one, which has half the weight.
  const double share = single ? p : 2.0 * p, log_p = std::log(share);

  if (std::min(main.a, main.b) > 1e10) {
    const double z = normal_quantile(std::exp(log_p) < 1.0 && !(one_counts && two_counts) ? std::exp(log_p) : p);
    const double logit = std::log(main.a / main.b) + (lower ? z : -z) * std::sqrt(1.0 / main.a + 1.0 / main.b);
    return 1.0 / (1.0 + std::exp(-logit));
  }

  // The largest or the smallest of some uniform numbers: its tails are powers.
  if (!(one_counts && two_counts) && (main.a == 1.0 || main.b == 1.0)) {
    const double log_rest = std::log1p(-share);
    return main.b == 1.0 ? std::exp((lower ? log_p : log_rest) / main.a)
                         : -std::expm1((lower ? log_rest : log_p) / main.b);
  }

  // Newton on the logarithm of the tail, which is concave in the logit; bisection whenever a step leaves the bracket.
  double low = -700.0, high = 700.0;
  double logit = std::log(main.a) - std::log(main.b);
  for (int i = 0; i < 300; ++i) {
    double log_tail = -detail::inf, slope = 0.0;
    const auto take = [&](const BetaLaw& law) {
      const BetaTails t = beta_tails(logit, law.a, law.b);
      const double v = lower ? t.log_lower : t.log_upper;
      const double top = std::max(log_tail, v);
      log_tail = std::isinf(top) ? top : top + std::log(std::exp(log_tail - top) + std::exp(v - top));
      slope += std::exp(t.log_density);
    };
    if (one_counts)
      take(one);
    if (two_counts)
      take(two);
    const double excess = lower ? log_tail - log_p : log_p - log_tail;
    if (excess == 0.0)
      break;
    (excess > 0.0 ? high : low) = logit;
    const double step = excess / (slope / std::exp(log_tail)), least = 1e-15 * std::max(1.0, std::fabs(logit));
    double next = logit - step;
    // Where nothing but rounding is left the step may end on the bracket itself. (It is 0 where a tail underflows.)
    const bool settled = step != 0.0 && std::fabs(step) <= least;
    if (!settled && !(next > low && next < high))
      next = 0.5 * (low + high);
    const bool done = settled || std::fabs(next - logit) <= least;
    logit = next;
    if (done)
      break;
  }
  // At the ends of the bracket the quantile is nearer to 0 or 1 than a double can tell.
  return logit < -699.0 ? 0.0 : 1.0 / (1.0 + std::exp(-logit));
}

/// Quantile of one law from the tail given: exact in small tails on either side.
inline double beta_quantile(double p, Tail tail, BetaLaw law) { return beta_quantile(p, tail, law, law); }

} // namespace cryonodes

#endif
