#ifndef CRYONODES_FISHER_LIMITS_HPP
#define CRYONODES_FISHER_LIMITS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/fisher_p.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/tilted.hpp"

namespace cryonodes {
namespace detail {

/// Newton's steps end here: the next one would be smaller by this times a number of the order of one.
inline bool last_step(double step, const Tilted::Sums& sums) {
  return std::fabs(step) * (1.0 + std::sqrt(sums.variance)) < 1e-8;
}

/// The log odds ratio at which E(X) = x: the conditional maximum-likelihood estimate. Newton,
/// d E(X) / d theta = Var(X), kept inside a bracket.
inline double conditional_estimate(Tilted& table, double theta) {
  double low = -inf, high = inf;
  for (int i = 0; i < 200; ++i) {
    const auto sums = table.at(theta, table.margins().low() - 1, 1.0);
    (sums.mean > 0.0 ? high : low) = theta;
    double step = std::min(2.0, std::max(-2.0, -sums.mean / sums.variance));
    const bool close = last_step(step, sums);
    if (!close && (theta + step < low || theta + step > high))
      step = 0.5 * (low + high) - theta;
    theta += step;
    if (close)
      break;
  }
  return theta;
}

/// What the limits are those of.
struct LimitRule {
  Sides sides = Sides::two;
  FisherMethod method = FisherMethod::minlike;
  bool mid_p = false;
  double level = 0.95;
  double quantile = 1.96; ///< of the normal distribution, for the start of the search
};

/// The smallest p that counts as 1 - level: 0.05 is not 1 - 0.95 to the last digit.
inline double just_reached(double level) { return 1.0 - level - 1e-12 * std::min(level, 1.0 - level); }

/// An interval of log odds ratios between the limits at which p is below alpha all the same.
using Gap = std::array<double, 2>;

/// The lower limit, on the scale of log odds ratios: the smallest theta at which p(theta) is alpha or more (or the
/// border from which it is so). That of the mirrored table is the upper one, negative.
///
/// As theta grows from far left, x is in the upper tail. p consists of near = P(X >= x), for mid-p without half of
/// P(x), and, two-sided, far = P(X <= y), where y jumps from one count to the next at a sequence of edges: for minlike
/// where P(y) = P(x), for Blaker where P(X <= y) = P(X >= x). Between two edges p is 1 less the mass in between, which
/// first grows, then falls with theta (it is the mean of a function that rises and falls once, and the family has total
/// positivity), so p has its maxima at the edges. Right of an edge p rises from edge to edge: for Blaker it is 2 near;
/// for minlike there is no proof, but no exception among all tables of 44 and thousands of larger ones (test_fisher).
/// Left of an edge it is smaller by P(y). So the limit is the first edge at which p reaches alpha, or lies in the
/// stretch just before it.
class LowerLimit {
public:
  using Int = std::int64_t;

  LowerLimit(Tilted& table, const LimitRule& rule)
      : t_(table), x_(table.margins().x), low_(table.margins().low()),
        minlike_(rule.method == FisherMethod::minlike), weight_(rule.mid_p ? 0.5 : 1.0), rule_(rule),
        alpha_(1.0 - rule.level), reached_(just_reached(rule.level)) {}

  /// @param start a guess, of a one-sided limit or half of a two-sided one.
  double find(double start, std::vector<Gap>* gaps = nullptr) {
    // At the end of the support the near tail is all there is, or for mid-p at least half.
    if (x_ == low_ && !(rule_.mid_p && rule_.sides != Sides::two && alpha_ > 0.5))
      return -inf;
    if (rule_.sides != Sides::two)
      return alpha_ > 0.5 ? tail_limit(weight_, std::log(rule_.level), true, start)
                          : tail_limit(weight_, std::log(alpha_), false, start);
    if (rule_.method == FisherMethod::central)
      return tail_limit(weight_, std::log(0.5 * alpha_), false, start);
    double from = start;
    Int y = minlike_ ? first_tie(start) : first_balance(start, from);
    const double right = edge(y, from);
    double limit = right;
    if (t_.at(right, y - 1, weight_).both() >= alpha_)
      limit = crossing(y - 1, y == low_ ? -inf : edge(y - 1, right), right, true);
    if (gaps)
      find_gaps(y, right, *gaps);
    return limit;
  }

private:
  /// Where the near tail has the probability exp(log_p); if complement, where all but it has. Log P of a tail is
  /// concave in theta (a tail of a log-concave distribution has the smaller variance), so that Newton's steps,
  /// d log P(tail) / d theta = E(X | tail) - E(X), approach the root from one side.
  double tail_limit(double weight, double log_p, bool complement, double theta) {
    double low = -inf, high = inf;
    for (int i = 0; i < 400; ++i) {
      // Only a confidence level next to 0 asks for odds beyond what a double holds.
      if (std::fabs(theta) > 700.0)
        return theta > 0.0 ? inf : -inf;
      const auto sums = t_.at(theta, complement ? x_ - 1 : low_ - 1, weight);
      const double mass = complement ? sums.far + (1.0 - weight) * sums.own : sums.near;
      // X = x adds nothing to a first moment.
      const double mean = complement ? sums.far * sums.far_mean / mass : sums.near_mean;
      const double excess = sums.log_of(mass) - log_p;
      ((excess < 0.0) == complement ? high : low) = theta;
      double step = std::min(8.0, std::max(-8.0, excess / (sums.mean - mean)));
      const bool close = last_step(step, sums);
      // Far out a tail is 0 in doubles.
      if (!close && (!(mass > 0.0) || theta + step <= low || theta + step >= high))
        step = (std::isinf(low) ? high - 8.0 : std::isinf(high) ? low + 8.0 : 0.5 * (low + high)) - theta;
      theta += step;
      if (close)
        break;
    }
    return theta;
  }

  /// The first edge at which p reaches alpha: around the mirror image of x about the mean, and from there on.
  Int first_tie(double start) {
    const auto reaches = [&](Int y) { return t_.at(t_.tie(y), y, weight_).both() >= reached_; };
    const double mirror = static_cast<double>(x_) + 2.0 * t_.at(start, low_ - 1, 1.0).mean;
    const double lowest = static_cast<double>(low_), highest = static_cast<double>(x_ - 1);
    const Int guess = static_cast<Int>(std::min(highest, std::max(lowest, std::nearbyint(mirror))));
    // x - 1 reaches it: all counts are included then.
    Int below = low_ - 1, reached = x_ - 1;
    if (guess == x_ - 1 || reaches(guess)) {
      reached = guess;
      for (Int step = 1; reached - step > below; step *= 2) {
        if (!reaches(reached - step)) {
          below = reached - step;
          break;
        }
        reached -= step;
      }
    } else {
      below = guess;
      for (Int step = 1; below + step < reached; step *= 2) {
        if (reaches(below + step)) {
          reached = below + step;
          break;
        }
        below += step;
      }
    }
    while (reached - below > 1) {
      const Int middle = below + (reached - below) / 2;
      (reaches(middle) ? reached : below) = middle;
    }
    return reached;
  }

  /// At an edge p is 2 near, less half of P(x) for mid-p: that is alpha where P(X > x) + (1 or 3/4) P(x) = alpha / 2.
  Int first_balance(double start, double& from) {
    from = tail_limit(rule_.mid_p ? 0.75 : 1.0, std::log(0.5 * alpha_), false, start);
    return t_.balance(from);
  }

  /// The theta from which y counts; `from`: a guess.
  double edge(Int y, double from) {
    if (minlike_)
      return t_.tie(y);
    double low = -inf, high = inf, theta = from;
    for (int i = 0; i < 400; ++i) {
      const auto sums = t_.at(theta, y, 1.0);
      const double excess = std::log(sums.far / sums.near);
      (excess >= 0.0 ? low : high) = theta;
      double step = std::min(8.0, std::max(-8.0, -excess / (sums.far_mean - sums.near_mean)));
      if (!(sums.far > 0.0))
        step = -1.0;
      const bool close = last_step(step, sums);
      if (!close && (theta + step <= low || theta + step >= high))
        step = 0.5 * (low + high) - theta;
      theta += step;
      if (close || high - low < 1e-15 * (1.0 + std::fabs(theta)))
        break;
    }
    return theta;
  }

  /// Where p, with the far tail up to y, crosses alpha between two log odds ratios, on its only branch that does.
  double crossing(Int y, double left, double right, bool rising) {
    double below = left, above = right, theta = rising || std::isinf(left) ? right : left;
    for (int i = 0; i < 400; ++i) {
      const auto sums = t_.at(theta, y, weight_);
      const double excess = sums.log_of(sums.near + sums.far) - std::log(alpha_);
      ((excess >= 0.0) == rising ? above : below) = theta;
      const double slope = sums.log_slope();
      double next = theta - excess / slope;
      const bool newton = (slope > 0.0) == rising && next > below && next < above;
      if (!newton)
        next = std::isinf(below) ? above - 1.0 : 0.5 * (below + above);
      const double step = next - theta;
      theta = next;
      if ((newton && last_step(step, sums)) || above - below < 1e-15 * (1.0 + std::fabs(theta)))
        break;
    }
    return theta;
  }

  /// From the edge of y on: stretches where p falls below alpha again. No more of them once near alone reaches it.
  void find_gaps(Int y, double left, std::vector<Gap>& gaps) {
    // In wide tables an edge adds more to p than it can lose before the next.
    for (int i = 0; i < 256 && y < x_ - 1; ++i, ++y) {
      const double right = edge(y + 1, left);
      const auto first = t_.at(left, y, weight_), last = t_.at(right, y, weight_);
      if (std::exp(first.log_of(first.near)) >= reached_)
        return;
      if (first.log_slope() < 0.0) {
        double bottom = right;
        const bool turns = last.log_slope() > 0.0;
        if (turns) {
          double falls = left, rises = right;
          while (rises - falls > 1e-12 * (1.0 + std::fabs(left))) {
            bottom = 0.5 * (falls + rises);
            if (!(bottom > falls && bottom < rises))
              break;
            (t_.at(bottom, y, weight_).log_slope() > 0.0 ? rises : falls) = bottom;
          }
        }
        if (t_.at(bottom, y, weight_).both() < reached_)
          gaps.push_back({crossing(y, left, bottom, false),
                          turns && last.both() >= reached_ ? crossing(y, bottom, right, true) : right});
      }
      left = right;
    }
  }

  Tilted& t_;
  const Int x_, low_;
  const bool minlike_;
  const double weight_;
  const LimitRule rule_;
  const double alpha_;
  const double reached_;
};

} // namespace detail
} // namespace cryonodes

#endif
