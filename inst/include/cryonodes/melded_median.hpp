#ifndef CRYONODES_MELDED_MEDIAN_HPP
#define CRYONODES_MELDED_MEDIAN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/beta.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// A discrete distribution: P(X <= at[i]) = upto[i], increasing; the rest of the mass is at infinity.
struct TimeLaw {
  std::vector<double> at, upto;

  double below(double time) const { // P(X <= time)
    const auto i = std::upper_bound(at.begin(), at.end(), time) - at.begin();
    return i == 0 ? 0.0 : upto[static_cast<std::size_t>(i) - 1];
  }
  /// The smallest time with P(X <= time) > p; infinity where there is none.
  double quantile(double p) const {
    for (std::size_t i = 0; i < at.size(); ++i)
      if (upto[i] > p)
        return at[i];
    return std::numeric_limits<double>::infinity();
  }
};

/// What is known of the time at which S falls to `prob`: quantiles of `lower` are lower limits of it, those of `upper`
/// upper ones.
struct TimeLaws {
  TimeLaw lower, upper;
};

struct MeldedTimesResult {
  double conf_low = 0.0, conf_high = 0.0; ///< of the second time less the first
  double log_p_value = 0.0;               ///< two-sided, of equal times
};

/// That the time lies beyond t is concluded when the lower limit of S(t) is above prob, that it does not when the upper
/// limit is below: so P(lower <= t) = P(L(t) <= prob) and P(upper <= t) = P(U(t) <= prob) with the beta product laws of
/// Fay, Brittain & Proschan (2013) at t. Without censoring these are the limits of the sign test.
/// @param prob in (0, 1). O(rows of the group) incomplete beta functions.
inline TimeLaws quantile_laws(const RiskTable& table, std::size_t g, double prob, const Poll& poll = {}) {
  detail::require(prob > 0.0 && prob < 1.0, "prob must lie in (0, 1)");
  detail::require(!table.delayed_entry, "the beta product is not for delayed entry");
  const double logit = std::log(prob) - std::log1p(-prob);
  const auto below = [&](const BetaLaw& law) {
    if (law.a <= 0.0)
      return 1.0;
    if (law.b <= 0.0)
      return 0.0;
    return std::exp(beta_tails(logit, law.a, law.b).log_lower);
  };
  TimeLaws out;
  BetaProduct product;
  const auto add = [](TimeLaw& law, double time, double upto) {
    // Matching moments can make it fall by a trifle.
    if (!law.upto.empty())
      upto = std::max(upto, law.upto.back());
    if (upto > 0.0 && (law.upto.empty() || upto > law.upto.back())) {
      law.at.push_back(time);
      law.upto.push_back(std::min(1.0, upto));
    }
  };
  const std::size_t first = table.first[g], end = table.first[g + 1];
  if (first < end && table.time[first] > 0.0)
    add(out.lower, 0.0, below(product.lower(table.n_risk[first])));
  bool dead = false;
  for (std::size_t i = first; i < end; ++i) {
    if (poll && i % 256 == 0)
      poll(-1.0);
    product.add(table.n_risk[i], table.n_event[i]);
    dead = dead || table.n_event[i] >= table.n_risk[i];
    add(out.lower, table.time[i], dead ? 1.0 : below(product.lower(i + 1 < end ? table.n_risk[i + 1] : 0.0)));
    add(out.upper, table.time[i], below(product.upper()));
  }
  return out;
}

namespace detail {

/// P(X - Y <= shift) for independent times; X - infinity is below everything.
inline double probability_of_difference(const TimeLaw& x, const TimeLaw& y, double shift) {
  CompensatedSum sum;
  double before = 0.0;
  for (std::size_t i = 0; i < y.at.size(); ++i) {
    sum.add((y.upto[i] - before) * x.below(y.at[i] + shift));
    before = y.upto[i];
  }
  sum.add(1.0 - before);
  return std::min(1.0, sum.value());
}

/// The smallest shift, a difference of two of the times, at which that probability is more than p.
inline double quantile_of_difference(const TimeLaw& x, const TimeLaw& y, double p, const Poll& poll) {
  if (1.0 - (y.upto.empty() ? 0.0 : y.upto.back()) > p)
    return -inf;
  double largest = 0.0;
  for (const auto* law : {&x, &y})
    if (!law->at.empty())
      largest = std::max(largest, law->at.back());
  double low = -largest, high = largest; // the probability is <= p at low, less what is there, and > p at high
  if (!(probability_of_difference(x, y, high) > p))
    return inf;
  for (int i = 0; i < 80 && high - low > 1e-13 * largest; ++i) {
    if (poll)
      poll(-1.0);
    const double middle = 0.5 * (low + high);
    (probability_of_difference(x, y, middle) > p ? high : low) = middle;
  }
  // The difference itself: bisection only comes close.
  double best = high, gap = inf;
  for (double at : y.at) {
    const auto next = std::lower_bound(x.at.begin(), x.at.end(), at + low - 1e-12 * largest);
    for (auto i = next; i != x.at.end() && *i - at <= high + 1e-12 * largest; ++i)
      if (std::fabs(*i - at - high) < gap) {
        gap = std::fabs(*i - at - high);
        best = *i - at;
      }
  }
  return best;
}

} // namespace detail

/// Melded test and interval for the difference of two such times (Fay, Proschan & Brittain 2015, section 3): p of "the
/// second is larger" is P(lower law of the second <= upper law of the first). Differences closer than 1e-12 of the
/// largest time are equal. O(rows log rows).
inline MeldedTimesResult melded_times(const TimeLaws& one, const TimeLaws& two, double conf_level,
                                      const Poll& poll = {}) {
  detail::require(conf_level > 0.0 && conf_level < 1.0, "conf_level must lie in (0, 1)");
  const double half_alpha = 0.5 * (1.0 - conf_level);
  MeldedTimesResult out;
  out.conf_low = detail::quantile_of_difference(two.lower, one.upper, half_alpha, poll);
  out.conf_high = -detail::quantile_of_difference(one.lower, two.upper, half_alpha, poll);
  const double greater = detail::probability_of_difference(two.lower, one.upper, 0.0);
  const double less = detail::probability_of_difference(one.lower, two.upper, 0.0);
  out.log_p_value = std::min(0.0, std::log(2.0 * std::min(greater, less)));
  return out;
}

} // namespace cryonodes

#endif
