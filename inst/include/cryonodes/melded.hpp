#ifndef CRYONODES_MELDED_HPP
#define CRYONODES_MELDED_HPP

#include <algorithm>
#include <cmath>
#include <limits>

#include "cryonodes/beta.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// What of two probabilities p1 and p2 is compared: p2 - p1, log(p2 / p1), or the logarithm of the odds ratio.
enum class Measure { difference, ratio, odds_ratio };

/// What is known of a probability after an experiment: its lower limits are quantiles of `lower`, its upper ones of
/// `upper` (for x of n these are Beta(x, n - x + 1) and Beta(x + 1, n - x), Clopper and Pearson's).
struct ConfidenceLaws {
  BetaLaw lower, upper;
};

namespace detail {

inline bool is_at_0(const BetaLaw& law) { return law.a <= 0.0 || std::isinf(law.b); }
inline bool is_at_1(const BetaLaw& law) { return law.b <= 0.0 || std::isinf(law.a); }
inline bool is_point(const BetaLaw& law) { return is_at_0(law) || is_at_1(law); }

/// log P(X <= x) or log P(X > x), x given by log x and log(1 - x).
inline double log_beta_tail(const BetaLaw& law, double log_x, double log_rest, Tail tail) {
  const double nothing = -inf;
  if (is_at_0(law))
    return tail == Tail::lower ? 0.0 : nothing;
  if (is_at_1(law))
    return (tail == Tail::lower) == (log_rest == nothing) ? 0.0 : nothing;
  if (log_x == nothing)
    return tail == Tail::lower ? nothing : 0.0;
  if (log_rest == nothing)
    return tail == Tail::lower ? 0.0 : nothing;
  const BetaTails tails = beta_tails(log_x - log_rest, law.a, law.b);
  return tail == Tail::lower ? tails.log_lower : tails.log_upper;
}

/// Integral of exp(log_f) over the real line, as a logarithm. log_f has one maximum, near `from` or `to` or between
/// them, and falls away on both sides at least as fast as a multiple of -|t|. The trapezoidal rule converges
/// exponentially for what is analytic; its step is halved until nothing changes but by the relative `rounding` of f.
template <class Function>
double log_integral(Function log_f, double from, double to, double rounding, const Poll& poll) {
  double low = std::min(from, to), high = std::max(from, to);
  double peak = 0.5 * (low + high), top = log_f(peak);
  const auto look = [&](double t) {
    const double value = log_f(t);
    if (value > top) {
      top = value;
      peak = t;
    }
    return value;
  };
  look(low);
  look(high);
  // Golden section; a maximum beyond an end is looked for in steps that grow.
  for (double step = std::max(1e-3, high - low); step < 2000.0 && peak <= low; step *= 2.0)
    look(low -= step);
  for (double step = std::max(1e-3, high - low); step < 2000.0 && peak >= high; step *= 2.0)
    look(high += step);
  constexpr double golden = 0.618033988749894848204586834366;
  double a = low, b = high;
  double left = b - golden * (b - a), right = a + golden * (b - a), at_left = look(left), at_right = look(right);
  for (int i = 0; i < 60 && b - a > 1e-9 * (1.0 + std::fabs(a)); ++i) {
    if (at_left > at_right) {
      b = right;
      right = left;
      at_right = at_left;
      at_left = look(left = b - golden * (b - a));
    } else {
      a = left;
      left = right;
      at_left = at_right;
      at_right = look(right = a + golden * (b - a));
    }
  }
  if (std::isinf(top))
    return top;
  // Where the integrand has fallen to e^-44 of its top, within a factor of 2 of the distance.
  const auto edge = [&](double direction) {
    double near = 0.0, far = 1e-6;
    while (far < 1e4 && log_f(peak + direction * far) > top - 44.0) {
      near = far;
      far *= 2.0;
    }
    for (int i = 0; i < 4; ++i) {
      const double middle = 0.5 * (near + far);
      (log_f(peak + direction * middle) > top - 44.0 ? near : far) = middle;
    }
    return far;
  };
  const double begin = peak - edge(-1.0), end = peak + edge(1.0);
  std::size_t n = 32;
  double width = (end - begin) / static_cast<double>(n);
  CompensatedSum sum;
  for (std::size_t i = 0; i <= n; ++i)
    sum.add(std::exp(log_f(begin + width * static_cast<double>(i)) - top));
  for (double before = 0.0;;) {
    const double now = sum.value() * width;
    if (std::fabs(now - before) <= std::max(1e-13, rounding) * now || n > 100000)
      return top + std::log(now);
    before = now;
    if (poll)
      poll(-1.0);
    for (std::size_t i = 0; i < n; ++i)
      sum.add(std::exp(log_f(begin + width * (static_cast<double>(i) + 0.5)) - top));
    n *= 2;
    width *= 0.5;
  }
}

/// v -> v + shift, v exp(shift), or the v of a logit larger by shift; `lo` and `hi` bound the v that it maps into
/// (0, 1). All is kept as sums of terms >= 0, so that v, 1 - v and what they are mapped to lose no digits.
struct Shifted {
  Shifted(Measure m, double shift) : measure(m), by(shift) {
    if (measure == Measure::difference) {
      lo = std::max(0.0, -by);
      hi_rest = std::max(0.0, by);
    } else if (measure == Measure::ratio) {
      hi_rest = by > 0.0 ? -std::expm1(-by) : 0.0;
    }
    width = std::max(0.0, 1.0 - lo - hi_rest);
  }
  Measure measure;
  double by;
  double lo = 0.0, hi_rest = 0.0; ///< hi = 1 - hi_rest
  double width = 1.0;

  struct Point {
    double log_v, log_v_rest; ///< log v, log(1 - v)
    double log_k, log_k_rest; ///< of what it is mapped to
    double log_slope;         ///< log of dv / dt over v (1 - v)
  };
  /// v = lo + width / (1 + exp(-t)).
  Point at(double t) const {
    const double log_s = t > 0.0 ? -std::log1p(std::exp(-t)) : t - std::log1p(std::exp(t)), log_r = log_s - t;
    Point out;
    if (measure == Measure::odds_ratio) {
      const double k = t + by;
      out.log_v = log_s;
      out.log_v_rest = log_r;
      out.log_k = k > 0.0 ? -std::log1p(std::exp(-k)) : k - std::log1p(std::exp(k));
      out.log_k_rest = out.log_k - k;
      out.log_slope = 0.0;
      return out;
    }
    const double ws = width * std::exp(log_s), wr = width * std::exp(log_r);
    out.log_v = lo > 0.0 ? std::log(lo + ws) : std::log(width) + log_s;
    out.log_v_rest = hi_rest > 0.0 ? std::log(hi_rest + wr) : std::log(width) + log_r;
    if (measure == Measure::difference) {
      const double floor = std::max(0.0, by), ceiling = std::max(0.0, -by);
      out.log_k = floor > 0.0 ? std::log(floor + ws) : std::log(width) + log_s;
      out.log_k_rest = ceiling > 0.0 ? std::log(ceiling + wr) : std::log(width) + log_r;
    } else {
      out.log_k = out.log_v + by;
      out.log_k_rest = by < 0.0 ? std::log(-std::expm1(by) + std::exp(by) * wr) : log_r;
    }
    out.log_slope = std::log(width) + log_s + log_r - out.log_v - out.log_v_rest;
    return out;
  }
  /// The t that is mapped to about the mean of a law on v's own side, or on the side it is mapped to.
  double t_of(double value) const {
    const double s = std::min(1.0 - 1e-12, std::max(1e-12, (value - lo) / width));
    return std::log(s) - std::log1p(-s);
  }
  double back(double k) const {
    return measure == Measure::difference ? k - by
           : measure == Measure::ratio    ? k * std::exp(-by)
                                          : 1.0 / (1.0 + std::exp(by) * (1.0 - k) / k);
  }
};

/// Densities of laws from very many subjects are the exponential of large numbers.
inline double rounding_of(const BetaLaw& law) { return 1e-15 * (law.a + law.b); }

/// Integral over v of the density of `main` times the tail of `other` at what v is mapped to.
inline double log_mixed_tail(const BetaLaw& main, const BetaLaw& other, Tail tail, const Shifted& map,
                             const Poll& poll) {
  double out = -inf;
  // Where v is mapped to 1 or more the lower tail is all of the law; where to 0 or less, the upper one.
  if (tail == Tail::lower && map.hi_rest > 0.0)
    out = log_beta_tail(main, std::log1p(-map.hi_rest), std::log(map.hi_rest), Tail::upper);
  if (tail == Tail::upper && map.lo > 0.0)
    out = log_beta_tail(main, std::log(map.lo), std::log1p(-map.lo), Tail::lower);
  if (!(map.width > 0.0))
    return out;
  const auto log_f = [&](double t) {
    const Shifted::Point p = map.at(t);
    return beta_log_density(p.log_v - p.log_v_rest, main.a, main.b) + p.log_slope +
           log_beta_tail(other, p.log_k, p.log_k_rest, tail);
  };
  const double start = map.t_of(main.a / (main.a + main.b));
  const double end = map.t_of(map.back(other.a / (other.a + other.b)));
  return log_add(out, log_integral(log_f, start, end, rounding_of(main) + rounding_of(other), poll));
}

inline double spread(const BetaLaw& law) {
  const double n = law.a + law.b;
  return law.a / n * (law.b / n) / (n + 1.0);
}

/// log P(g(Y) - g(X) <= shift) for independent beta variables; g is p, log p or logit p. Right in small tails.
inline double log_probability(Measure measure, const BetaLaw& y, const BetaLaw& x, double shift, const Poll& poll) {
  if (std::isinf(shift))
    return shift > 0.0 ? 0.0 : -inf;
  const bool difference = measure == Measure::difference;
  if (is_point(y) || is_point(x)) {
    // g is infinite at 0 (and at 1 for odds).
    if (is_at_0(y) && !is_at_0(x))
      return difference ? log_beta_tail(x, std::log(std::max(0.0, -shift)), std::log1p(-std::max(0.0, -shift)),
                                        Tail::upper)
                        : 0.0;
    if (is_at_0(x))
      return !difference ? (is_at_0(y) ? 0.0 : -inf)
                         : log_beta_tail(y, std::log(std::max(0.0, shift)), std::log1p(-std::min(1.0, shift)),
                                         Tail::lower);
    if (is_at_1(x) && !(is_at_1(y) && measure == Measure::odds_ratio)) {
      if (measure == Measure::odds_ratio)
        return 0.0;
      const double at = std::min(1.0, std::max(0.0, difference ? 1.0 + shift : std::exp(shift)));
      return log_beta_tail(y, std::log(at), std::log1p(-at), Tail::lower);
    }
    if (measure == Measure::odds_ratio)
      return is_at_1(x) ? 0.0 : -inf;
    const double at = difference ? 1.0 - shift : std::exp(-shift); // Y = 1
    if (at <= 0.0)
      return 0.0;
    return at >= 1.0 ? -inf : log_beta_tail(x, std::log(at), std::log1p(-at), Tail::upper);
  }
  // The tail of the wider law is smooth where the narrower one has its mass.
  if (spread(x) <= spread(y))
    return log_mixed_tail(x, y, Tail::lower, Shifted(measure, shift), poll);
  return log_mixed_tail(y, x, Tail::upper, Shifted(measure, -shift), poll);
}

/// The same of the laws of two groups: the lower law of y and the upper one of x; or, for mid-p, of variables that
/// follow either law of their group with probability 1/2.
inline double log_probability(Measure measure, const ConfidenceLaws& y, const ConfidenceLaws& x, double shift,
                              bool mid_p, const Poll& poll) {
  if (!mid_p)
    return log_probability(measure, y.lower, x.upper, shift, poll);
  double sum = -inf;
  for (const auto* of_y : {&y.lower, &y.upper})
    for (const auto* of_x : {&x.lower, &x.upper})
      sum = log_add(sum, log_probability(measure, *of_y, *of_x, shift, poll));
  return sum - std::log(4.0);
}

/// The shift at which that probability is p < 1/2; minus infinity where it is more for every shift.
inline double shift_of_probability(Measure measure, const ConfidenceLaws& of_y, const ConfidenceLaws& of_x, double p,
                                   bool mid_p, const Poll& poll) {
  const BetaLaw &y = of_y.lower, &x = of_x.upper;
  const double log_p = std::log(p);
  const bool difference = measure == Measure::difference;
  const double least = difference ? -1.0 : -800.0, most = difference ? 1.0 : 800.0;
  double rounding = 1e-13;
  for (const auto* law : {&of_y.lower, &of_y.upper, &of_x.lower, &of_x.upper})
    if (!is_point(*law))
      rounding = std::max(rounding, rounding_of(*law));
  const auto excess = [&](double shift) { return log_probability(measure, of_y, of_x, shift, mid_p, poll) - log_p; };
  const auto centre = [&](const BetaLaw& law) {
    const double mean = is_at_0(law) ? 0.0 : is_at_1(law) ? 1.0 : law.a / (law.a + law.b);
    const double inside = std::min(1.0 - 1e-9, std::max(1e-9, mean));
    return difference ? mean
                      : measure == Measure::ratio ? std::log(inside) : std::log(inside) - std::log1p(-inside);
  };
  double low = least, high = most, at_low = -inf, at_high = -log_p;
  double at = std::min(most, std::max(least, centre(y) - centre(x)));
  double step = difference ? 0.05 : 0.5;
  // A bracket that is not wider than it must be.
  double value = excess(at);
  if (value == 0.0)
    return at;
  if (value > 0.0) {
    high = at;
    at_high = value;
    for (; at > least; step *= 2.0) {
      at = std::max(least, at - step);
      value = excess(at);
      if (value <= 0.0) {
        low = at;
        at_low = value;
        break;
      }
      high = at;
      at_high = value;
    }
    if (value > 0.0)
      return difference ? least : -inf;
  } else {
    low = at;
    at_low = value;
    for (; at < most; step *= 2.0) {
      at = std::min(most, at + step);
      value = excess(at);
      if (value >= 0.0) {
        high = at;
        at_high = value;
        break;
      }
      low = at;
      at_low = value;
    }
    if (value < 0.0)
      return difference ? most : inf;
  }
  // Regula falsi with the Illinois rule; halving where an end is infinite or progress is slow.
  int same = 0;
  for (int i = 0; i < 200; ++i) {
    if (high - low <= 4e-16 * std::max(std::fabs(low), std::fabs(high)) + 1e-300)
      break;
    const bool halve = std::isinf(at_low) || i % 8 == 7;
    double next = halve ? 0.5 * (low + high) : low - at_low * (high - low) / (at_high - at_low);
    if (!(next > low && next < high))
      next = 0.5 * (low + high);
    value = excess(next);
    if (std::fabs(value) <= rounding)
      return next;
    if (value < 0.0) {
      low = next;
      at_low = value;
      if (same < 0)
        at_high *= 0.5;
      same = -1;
    } else {
      high = next;
      at_high = value;
      if (same > 0)
        at_low *= 0.5;
      same = 1;
    }
    if (i % 8 == 7) { // the halved values were no values
      same = 0;
      at_low = excess(low);
      at_high = excess(high);
    }
  }
  return 0.5 * (low + high);
}

} // namespace detail

struct MeldedResult {
  double log_less = 0.0;    ///< log p against "p2 is not less than p1"
  double log_greater = 0.0; ///< log p against "p2 is not greater than p1"
  double log_p_value = 0.0; ///< two-sided: twice the smaller of both, at most 1
};

/// Are two probabilities equal, each known by its confidence laws only? Melded test (Fay, Proschan & Brittain 2015,
/// Biometrics 71:146, section 3): p of "p2 greater" is P(lower law of p2 <= upper law of p1), independent of each
/// other. For two binomial experiments it is the central version of Fisher's exact test. Relative error some 1e-12,
/// however small p is.
/// @param mid_p the mid-p version: what is known of a probability is a mixture of both laws in equal parts.
inline MeldedResult melded_test(const ConfidenceLaws& one, const ConfidenceLaws& two, bool mid_p = false,
                                const Poll& poll = {}) {
  MeldedResult out;
  // For equal parameters any measure will do; that of odds has no ends where a density may be infinite.
  const auto no_more = [&](const ConfidenceLaws& y, const ConfidenceLaws& x) {
    return std::min(0.0, detail::log_probability(Measure::odds_ratio, y, x, 0.0, mid_p, poll));
  };
  out.log_greater = no_more(two, one);
  out.log_less = no_more(one, two);
  out.log_p_value = std::min(0.0, std::log(2.0) + std::min(out.log_greater, out.log_less));
  return out;
}

/// Melded interval for p2 - p1, log(p2 / p1) or the log odds ratio.
struct MeldedLimits {
  double low, high;
};
inline MeldedLimits melded_limits(Measure measure, const ConfidenceLaws& one, const ConfidenceLaws& two,
                                  double conf_level, bool mid_p = false, const Poll& poll = {}) {
  detail::require(conf_level > 0.0 && conf_level < 1.0, "conf_level must lie in (0, 1)");
  const double half_alpha = 0.5 * (1.0 - conf_level);
  return {detail::shift_of_probability(measure, two, one, half_alpha, mid_p, poll),
          -detail::shift_of_probability(measure, one, two, half_alpha, mid_p, poll)};
}

} // namespace cryonodes

#endif
