#ifndef CRYONODES_SCORE_STATISTIC_HPP
#define CRYONODES_SCORE_STATISTIC_HPP

#include <algorithm>
#include <cmath>

#include "cryonodes/error.hpp"
#include "cryonodes/melded.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

// The measures of p1 against p2 are those of melded.hpp: p1 - p2, p1 / p2, p1 (1 - p2) / (p2 (1 - p1)).

/// Two binomial counts: x1 events of n1, x2 of n2; n1, n2 > 0.
struct TwoCounts {
  double x1 = 0.0, n1 = 1.0, x2 = 0.0, n2 = 1.0;
  TwoCounts swapped() const { return {x2, n2, x1, n1}; }
};

/// The two probabilities.
struct TwoProbabilities {
  double p1 = 0.0, p2 = 0.0;
};

namespace detail {

/// The value of a measure under which the probabilities are equal.
inline double equality(Measure measure) {
  return measure == Measure::difference ? 0.0 : 1.0;
}

inline TwoProbabilities likeliest_difference(const TwoCounts& t, double d) {
  const double n = t.n1 + t.n2, s = t.x1 + t.x2, low = std::max(0.0, -d), high = std::min(1.0, 1.0 - d);
  // The cubic of Miettinen & Nurminen (1985, appendix I), of which the likelihood's root is the middle one.
  const double c2 = (t.n1 + 2.0 * t.n2) * d - n - s, c1 = (t.n2 * d - n - 2.0 * t.x2) * d + s,
               c0 = t.x2 * d * (1.0 - d);
  const double third = c2 / (3.0 * n);
  const double q = third * third * third - c1 * c2 / (6.0 * n * n) + c0 / (2.0 * n);
  const double square = std::max(0.0, third * third - c1 / (3.0 * n)), r = std::copysign(std::sqrt(square), q);
  const double cosine = r == 0.0 ? 0.0 : std::min(1.0, std::max(-1.0, q / (r * r * r)));
  double p2 = 2.0 * r * std::cos((3.14159265358979323846 + std::acos(cosine)) / 3.0) - third;
  // Where roots lie close together the cosine has lost half of the digits. So Newton's steps follow, on the slope of
  // the likelihood, which falls from end to end; at an end where it does not change sign the end is the answer.
  const auto slope_of = [](double x, double m, double p) {
    return (x > 0.0 ? x / p : 0.0) - (m > x ? (m - x) / (1.0 - p) : 0.0);
  };
  const auto curvature = [](double x, double m, double p) {
    return (x > 0.0 ? x / (p * p) : 0.0) + (m > x ? (m - x) / ((1.0 - p) * (1.0 - p)) : 0.0);
  };
  const auto slope_at = [&](double p) { return slope_of(t.x1, t.n1, p + d) + slope_of(t.x2, t.n2, p); };
  if (!(high > low) || slope_at(low) <= 0.0)
    return {std::max(0.0, low + d), low};
  if (slope_at(high) >= 0.0)
    return {std::min(1.0, high + d), high};
  double below = low, above = high;
  for (int i = 0; i < 100; ++i) {
    if (!(p2 > below && p2 < above))
      p2 = below + 0.5 * (above - below);
    if (!(p2 > below && p2 < above))
      break;
    const double slope = slope_at(p2);
    if (slope == 0.0)
      break;
    (slope > 0.0 ? below : above) = p2;
    const double step = slope / (curvature(t.x1, t.n1, p2 + d) + curvature(t.x2, t.n2, p2));
    p2 += step;
    if (std::fabs(step) <= 2e-16 * p2)
      break;
  }
  return {p2 + d, p2};
}

/// The same for an odds ratio w, by way of the odds u of p2, which solve
///   w (n - s) u^2 + (n1 w + n2 - s (1 + w)) u - s = 0;
/// so p and 1 - p are had without subtraction.
struct LikeliestOdds {
  LikeliestOdds(const TwoCounts& t, double w) {
    const double s = t.x1 + t.x2, rest = t.n1 + t.n2 - s;
    const double b = (t.n1 - s) * w + (t.n2 - s), root = std::sqrt(b * b + 4.0 * w * rest * s);
    // p2 = u / (1 + u) with u = above / below
    const double above = b >= 0.0 ? 2.0 * s : root - b, below = b >= 0.0 ? b + root : 2.0 * w * rest;
    p2 = above / (above + below);
    q2 = below / (above + below);
    p1 = w * above / (w * above + below);
    q1 = below / (w * above + below);
  }
  double p1, q1, p2, q2;
};

} // namespace detail

/// The likeliest probabilities among those whose measure is `value`: closed forms of Miettinen & Nurminen (1985) and
/// Farrington & Manning (1990).
/// @param value in [-1, 1] for a difference, > 0 and finite for the others.
inline TwoProbabilities likeliest(const TwoCounts& t, Measure measure, double value) {
  const double s = t.x1 + t.x2, n = t.n1 + t.n2;
  if (value == detail::equality(measure))
    return {s / n, s / n};
  if (measure == Measure::difference)
    return detail::likeliest_difference(t, value);
  if (measure == Measure::ratio) {
    // n r p^2 - (n1 r + x1 + n2 + x2 r) p + s = 0, the lesser root.
    const double b = t.n1 * value + t.x1 + t.n2 + t.x2 * value;
    const double root = std::sqrt(std::max(0.0, b * b - 4.0 * n * value * s));
    const double p2 = std::min(1.0, 2.0 * s / (b + root));
    return {std::min(1.0, value * p2), p2};
  }
  const detail::LikeliestOdds odds(t, value);
  return {odds.p1, odds.p2};
}

/// The score statistic of the hypothesis that the measure is `value`, positive where the data show more; it falls in
/// `value`. At equality it is the pooled z. 0 where the data say nothing (0 / 0). Without the factor n / (n - 1) of
/// Miettinen & Nurminen in its variance.
inline double score_statistic(const TwoCounts& t, Measure measure, double value) {
  double over = 0.0, variance = 0.0;
  if (measure == Measure::odds_ratio) {
    // (x1 - n1 p1) sqrt(1 / (n1 p1 q1) + 1 / (n2 p2 q2)); nothing is known where nobody or everybody has an event.
    if (t.x1 + t.x2 == 0.0 || t.x1 + t.x2 == t.n1 + t.n2)
      return 0.0;
    const detail::LikeliestOdds p(t, value);
    over = t.x1 * p.q1 - (t.n1 - t.x1) * p.p1;
    return std::fabs(over) <= 4e-16 * t.x1 * p.q1
               ? 0.0
               : over * std::sqrt(1.0 / (t.n1 * p.p1 * p.q1) + 1.0 / (t.n2 * p.p2 * p.q2));
  }
  const TwoProbabilities p = likeliest(t, measure, value);
  const double v1 = std::max(0.0, p.p1 * (1.0 - p.p1)), v2 = std::max(0.0, p.p2 * (1.0 - p.p2));
  if (measure == Measure::ratio) {
    over = t.x1 / t.n1 - value * (t.x2 / t.n2);
    variance = v1 / t.n1 + value * value * v2 / t.n2;
  } else {
    over = t.x1 / t.n1 - t.x2 / t.n2 - value;
    variance = v1 / t.n1 + v2 / t.n2;
  }
  // What rounding leaves of nothing.
  if (std::fabs(over) <= 4e-16 * std::max({t.x1 / t.n1, t.x2 / t.n2, std::fabs(value) * 1e-3}))
    return 0.0;
  return variance > 0.0 ? over / std::sqrt(variance) : std::copysign(detail::inf, over);
}

} // namespace cryonodes

#endif
