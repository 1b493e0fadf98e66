#ifndef CRYONODES_TAILS_HPP
#define CRYONODES_TAILS_HPP

#include <cmath>
#include <limits>

#include "cryonodes/error.hpp"

namespace cryonodes {

namespace detail {

constexpr double log_sqrt_2pi = 0.918938533204672741780329736406;
constexpr double inf = std::numeric_limits<double>::infinity();

/// Stirling's log Gamma(a), a > 0: (a - 1/2) log a - a + log sqrt(2 pi).
inline double stirling(double a) { return (a - 0.5) * std::log(a) - a + log_sqrt_2pi; }

/// log Gamma(a) less Stirling's. Not by std::lgamma, which writes the global signgam: threads would race for it.
inline double stirling_error(double a) {
  if (a < 10.0)
    return std::log(std::tgamma(a + 1.0)) - std::log(a) - stirling(a);
  const double r = 1.0 / a, r2 = r * r;
  return r * (1.0 / 12 +
              r2 * (-1.0 / 360 +
                    r2 * (1.0 / 1260 + r2 * (-1.0 / 1680 + r2 * (1.0 / 1188 + r2 * (-691.0 / 360360 + r2 / 156))))));
}

/// log of the upper tail Q(a, x) = Gamma(a, x) / Gamma(a), for a > 0 and x >= 0.
/// Below a + 1 the power series of P converges fast and Q = 1 - P is not small; above it Legendre's
/// continued fraction gives Q on its own side (Abramowitz & Stegun 6.5.29 and 6.5.31).
inline double log_gamma_upper(double a, double x) {
  if (x <= 0.0)
    return 0.0;
  if (std::isinf(x))
    return -inf;
  const double log_front = a * std::log(x) - x - (stirling(a) + stirling_error(a));
  if (x < a + 1.0) {
    double term = 1.0 / a, sum = term;
    for (int i = 1; i < 10000 && term > sum * 1e-17; ++i) {
      term *= x / (a + i);
      sum += term;
    }
    return std::log1p(-std::exp(log_front + std::log(sum)));
  }
  // Lentz's evaluation of the continued fraction, with the modification against zero denominators.
  constexpr double tiny = 1e-300;
  double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, h = d;
  for (int i = 1; i < 10000; ++i) {
    const double an = -i * (i - a);
    b += 2.0;
    d = an * d + b;
    if (std::fabs(d) < tiny)
      d = tiny;
    c = b + an / c;
    if (std::fabs(c) < tiny)
      c = tiny;
    d = 1.0 / d;
    const double delta = d * c;
    h *= delta;
    if (std::fabs(delta - 1.0) < 1e-16)
      break;
  }
  return log_front + std::log(h);
}

/// log of a + b from their logarithms.
inline double log_add(double a, double b) {
  const double larger = a < b ? b : a;
  return std::isinf(larger) ? larger : larger + std::log1p(std::exp((a < b ? a : b) - larger));
}

} // namespace detail

/// log P(X > x) for a chi-square variable with df > 0 degrees of freedom; finite for every finite x.
inline double log_chisq_upper(double x, double df) {
  detail::require(df > 0.0, "degrees of freedom must be > 0");
  return detail::log_gamma_upper(0.5 * df, 0.5 * x);
}

/// log P(Z > z) for a standard normal variable; finite for every finite z.
inline double log_normal_upper(double z) {
  if (z < 0.0)
    return std::log1p(-0.5 * std::erfc(-z / std::sqrt(2.0))); // near 0, where a log of the tail has no digits left
  if (z < 30.0)
    return std::log(0.5 * std::erfc(z / std::sqrt(2.0)));
  // Two-sided chi-square tail on one degree of freedom, halved: erfc underflows near z = 38.
  return detail::log_gamma_upper(0.5, 0.5 * z * z) - std::log(2.0);
}

/// The z with P(Z <= z) = p, 0 < p < 1. Halley steps on erfc from a rational start; accurate to a few
/// units in the last place because the residual is taken on the smaller tail.
inline double normal_quantile(double p) {
  detail::require(p > 0.0 && p < 1.0, "a probability must lie in (0, 1)");
  const bool lower = p < 0.5;
  const double tail = lower ? p : 1.0 - p;
  // Start: Abramowitz & Stegun 26.2.22, |error| < 3e-3.
  const double t = std::sqrt(-2.0 * std::log(tail));
  double z = t - (2.30753 + 0.27061 * t) / (1.0 + t * (0.99229 + 0.04481 * t));
  for (int i = 0; i < 4; ++i) {
    const double density = std::exp(-0.5 * z * z - detail::log_sqrt_2pi);
    const double step = (0.5 * std::erfc(z / std::sqrt(2.0)) - tail) / density;
    z += step / (1.0 - 0.5 * z * step);
  }
  return lower ? -z : z;
}

} // namespace cryonodes

#endif
