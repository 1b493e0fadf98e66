#ifndef CRYONODES_CONFIDENCE_BAND_HPP
#define CRYONODES_CONFIDENCE_BAND_HPP

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

enum class BandType { hall_wellner, equal_precision };

struct ConfidenceBandOptions {
  BandType type = BandType::hall_wellner;
  ConfType conf_type = ConfType::log_log; ///< plain, log, log_log or arcsin
  double conf_level = 0.95;               ///< simultaneous coverage, in (0, 1)
};

namespace detail {

constexpr double pi = 3.14159265358979323846264338327950;

/// P(|B(u)| <= k for all u in [low, high]) of a Brownian bridge B, 0 <= low < high <= 1: the heat equation on (-k, k)
/// with walls that absorb, from the law of B(low) to that of B(high),
///   sqrt(2 pi) / k * sum over odd m of A_m(low) A_m(1 - high) exp(-w^2 (high - low) / 2),  w = m pi / (2 k),
/// where A_m(v) is the integral of the normal density of variance v times cos(w x) over (-k, k), and A_m(0) = 1.
/// For (0, 1) it is Kolmogorov's distribution.
inline double bridge_within(double k, double low, double high) {
  const double width = high - low, unit = pi / (2.0 * k);
  const std::size_t terms = static_cast<std::size_t>(std::sqrt(80.0 / width) / unit / 2.0) + 2;
  // Composite Gauss-Legendre of eight points; each panel holds less than a quarter of the fastest wave and half of the
  // narrower normal law's standard deviation.
  constexpr double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
  constexpr double share[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
  const auto coefficients = [&](double variance) {
    std::vector<double> out(terms, 1.0);
    if (variance <= 0.0)
      return out;
    std::fill(out.begin(), out.end(), 0.0);
    const double sd = std::sqrt(variance), reach = std::min(k, 9.0 * sd);
    const double fastest = unit * (2.0 * static_cast<double>(terms) - 1.0);
    const auto panels = static_cast<std::size_t>(std::max(reach / (0.5 * sd), reach * fastest / 1.5)) + 1;
    const double half = 0.5 * reach / static_cast<double>(panels);
    for (std::size_t p = 0; p < panels; ++p)
      for (int j = 0; j < 8; ++j) {
        const double x = half * (2.0 * static_cast<double>(p) + 1.0 + (j < 4 ? node[j] : -node[j - 4]));
        const double mass =
            2.0 * half * share[j % 4] * std::exp(-0.5 * x * x / variance - log_sqrt_2pi) / sd;
        // cos((2m + 1) angle) by its three-term recurrence.
        const double step = 2.0 * std::cos(2.0 * unit * x);
        double before = std::cos(unit * x), here = before;
        for (std::size_t m = 0; m < terms; ++m) {
          out[m] += mass * here;
          const double next = step * here - before;
          before = here;
          here = next;
        }
      }
    return out;
  };
  const std::vector<double> start = coefficients(low), finish = coefficients(1.0 - high);
  double sum = 0.0;
  for (std::size_t m = 0; m < terms; ++m) {
    const double w = unit * (2.0 * static_cast<double>(m) + 1.0);
    sum += start[m] * finish[m] * std::exp(-0.5 * w * w * width);
  }
  return std::exp(log_sqrt_2pi) / k * sum;
}

/// P(|X(t)| <= c for all t in [0, length]) of a stationary Ornstein-Uhlenbeck process with covariance exp(-|t|): a
/// Brownian bridge over its standard deviation. Its Laplace transform in `length` is
///   (1/s) [ P(|Z| <= c) - 2 phi(c) R(s) / s ],  R = f'(c) / f(c),  f'' - x f' = s f,  f(0) = 1, f'(0) = 0,
/// inverted along Weideman's cotangent contour (Weideman & Trefethen 2007, Parabolic and hyperbolic contours, and
/// Trefethen, Weideman & Schmelzer 2006, Talbot quadratures, eq. 3.2).
inline double ornstein_uhlenbeck_within(double c, double length) {
  using complex = std::complex<double>;
  constexpr int points = 24;
  const double phi = std::exp(-0.5 * c * c - log_sqrt_2pi), inside = std::erf(c / std::sqrt(2.0));
  double sum = 0.0;
  for (int j = 0; j < points / 2; ++j) {
    const double theta = pi * (2.0 * j + 1.0) / points, cot = 1.0 / std::tan(0.6407 * theta);
    const complex z = double(points) * complex(0.5017 * theta * cot - 0.6122, 0.2645 * theta);
    const double sine = std::sin(0.6407 * theta);
    const complex dz = double(points) * complex(0.5017 * cot - 0.5017 * 0.6407 * theta / (sine * sine), 0.2645);
    const complex s = z / length;
    // Taylor steps from 0 to c, each short against the wave length; f is scaled back, only the ratio counts.
    const int steps = 1 + static_cast<int>(c * (1.0 + std::sqrt(std::abs(s)) + 0.5 * c));
    const double h = c / steps;
    complex f = 1.0, g = 0.0;
    for (int i = 0; i < steps; ++i) {
      const double x = h * i;
      // f = sum of q_k, q_k the k-th Taylor term; (k+2)(k+1) a_{k+2} = x (k+1) a_{k+1} + (k + s) a_k.
      complex before = f, here = g * h, value = before + here, slope = here;
      for (int k = 0; k < 60; ++k) {
        const complex next = (x * h * (k + 1.0) * here + h * h * (double(k) + s) * before) / ((k + 2.0) * (k + 1.0));
        value += next;
        slope += (k + 2.0) * next;
        if (std::abs(next) + std::abs(here) <= 1e-18 * std::abs(value))
          break;
        before = here;
        here = next;
      }
      f = 1.0;
      g = slope / h / value;
    }
    const complex transform = (inside - 2.0 * phi * g / s) / s;
    // dz/dtheta of the contour; its other half is the complex conjugate.
    sum += (std::exp(z) * transform * dz / length).imag();
  }
  return 2.0 * sum / points;
}

/// The x in (low, inf) at which the increasing f reaches p: a bracket, then Illinois' regula falsi.
template <class F> double solve_increasing(F f, double low, double start, double p) {
  double a = low, fa = -p, b = start, fb = f(b) - p;
  while (fb < 0.0) {
    a = b;
    fa = fb;
    b *= 1.25;
    fb = f(b) - p;
  }
  for (int i = 0, side = 0; i < 200 && b - a > 1e-13 * b && fb != 0.0; ++i) {
    double x = (a * fb - b * fa) / (fb - fa);
    if (!(x > a && x < b))
      x = 0.5 * (a + b);
    const double fx = f(x) - p;
    if (std::fabs(fx) < 1e-14)
      return x;
    if (fx < 0.0) {
      a = x;
      fa = fx;
      if (side == -1)
        fb *= 0.5;
      side = -1;
    } else {
      b = x;
      fb = fx;
      if (side == 1)
        fa *= 0.5;
      side = 1;
    }
  }
  return 0.5 * (a + b);
}

} // namespace detail

/// Shortest stretch that a critical value is computed for; shorter ones get that of this length, which is a little
/// wider.
constexpr double shortest_band = 1e-5;

/// Hall & Wellner (1980): the k with P(|B(u)| <= k, low <= u <= high) = level for a Brownian bridge B.
/// At a single point it is the normal quantile times sqrt(low (1 - low)).
inline double hall_wellner_critical(double low, double high, double level) {
  detail::require(level > 0.0 && level < 1.0, "conf_level must lie in (0, 1)");
  detail::require(low >= 0.0 && low <= high && high <= 1.0 && high > 0.0 && low < 1.0,
                  "0 <= low <= high <= 1, and not at one end of it");
  const double point = normal_quantile(0.5 + 0.5 * level) *
                       std::sqrt(std::max(low * (1.0 - low), high * (1.0 - high)));
  if (low == high)
    return point;
  const double far = std::max(high, std::min(1.0, low + shortest_band)),
               near = std::min(low, far - shortest_band);
  return detail::solve_increasing([&](double k) { return detail::bridge_within(k, near, far); }, 0.0,
                                  std::max(point, 0.2), level);
}

/// Nair (1984): the c with P(|B(u)| <= c sqrt(u (1 - u)), low <= u <= high) = level; 0 < low <= high < 1. It depends on
/// length = log[ high (1 - low) / (low (1 - high)) ] / 2 only, half the logarithm of the ratio of Greenwood's sums.
inline double equal_precision_critical(double length, double level) {
  detail::require(level > 0.0 && level < 1.0, "conf_level must lie in (0, 1)");
  detail::require(length >= 0.0 && std::isfinite(length), "the stretch of a band must be finite");
  const double point = normal_quantile(0.5 + 0.5 * level);
  if (length == 0.0)
    return point;
  const double stretch = std::max(length, shortest_band);
  return detail::solve_increasing([&](double c) { return detail::ornstein_uhlenbeck_within(c, stretch); }, 0.0,
                                  point, level);
}

/// One curve's band over the rows handed over.
struct ConfidenceBand {
  double a_low = 0.0;  ///< n v / (1 + n v) with Greenwood's sum v at the first row; equal precision: see critical
  double a_high = 0.0; ///< at the last row
  double critical = 0.0;
  std::vector<double> conf_low; ///< NaN where S = 1 and the scale is not plain
  std::vector<double> conf_high;
};

/// @param estimate S at rows of increasing time, > 0. @param std_error_log Greenwood's standard error of log S there;
/// for equal precision > 0. @param n subjects of the curve.
/// Half width on the scale of log S: k (1 + n v) / sqrt(n) for Hall & Wellner, c sqrt(v) for equal precision.
inline ConfidenceBand confidence_band(span<const double> estimate, span<const double> std_error_log, double n,
                                      const ConfidenceBandOptions& options = {}) {
  detail::require(!estimate.empty() && estimate.size() == std_error_log.size() && n > 0.0, "a band needs rows");
  detail::require(is_transformed(options.conf_type) && options.conf_type != ConfType::logit,
                  "a band is plain, log, log-log or arcsin");
  const bool equal = options.type == BandType::equal_precision;
  for (std::size_t i = 0; i < estimate.size(); ++i)
    detail::require(estimate[i] > 0.0 && std::isfinite(std_error_log[i]) && (std_error_log[i] > 0.0 || !equal) &&
                        (i == 0 || std_error_log[i] >= std_error_log[i - 1]),
                    "a band needs S > 0, standard errors that do not fall and, at equal precision, an event");
  const double first = std_error_log[0], last = std_error_log[std_error_log.size() - 1];
  ConfidenceBand out;
  out.a_low = n * first * first / (1.0 + n * first * first);
  out.a_high = n * last * last / (1.0 + n * last * last);
  if (equal)
    out.critical = equal_precision_critical(std::max(0.0, std::log(last / first)), options.conf_level);
  else if (last > 0.0)
    out.critical = hall_wellner_critical(out.a_low, out.a_high, options.conf_level);
  else
    out.critical = std::numeric_limits<double>::quiet_NaN(); // no event: nothing to build on
  for (std::size_t i = 0; i < estimate.size(); ++i) {
    const double s = estimate[i], se = std_error_log[i];
    const double half = out.critical * (equal ? se : (1.0 + n * se * se) / std::sqrt(n));
    Limits limits{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    if (s < 1.0 || options.conf_type == ConfType::plain)
      limits = transformed_limits(options.conf_type, s, half, half);
    if (std::isnan(half))
      limits = {half, half};
    out.conf_low.push_back(limits.low);
    out.conf_high.push_back(limits.high);
  }
  return out;
}

} // namespace cryonodes

#endif
