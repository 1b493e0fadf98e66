#ifndef CRYONODES_FISHER_HPP
#define CRYONODES_FISHER_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/fisher_limits.hpp"
#include "cryonodes/fisher_p.hpp"
#include "cryonodes/hypergeometric.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/tilted.hpp"

namespace cryonodes {

struct FisherOptions {
  Sides sides = Sides::two;
  double odds_ratio = 1.0;  ///< null value, finite and > 0; taken as the binary fraction that a double is
  FisherMethod method = FisherMethod::minlike; ///< of the two-sided test; one-sided ones do not look at it
  bool mid_p = false;       ///< count half of the probability of what is exactly as extreme as the table observed
  bool conf_int = true;     ///< compute the confidence limits?
  double conf_level = 0.95; ///< in (0, 1); >= 0.5 for two-sided mid-p other than central
  bool estimate = true;     ///< compute the odds ratio?
  bool gaps = false;        ///< look for odds ratios between the limits that are refused all the same?
};

struct FisherResult {
  double p_value = 1.0;
  double log_p_value = 0.0; ///< natural logarithm; finite however small p is
  double estimate = std::numeric_limits<double>::quiet_NaN(); ///< conditional ML odds ratio; NaN: a margin is 0
  double conf_low = 0.0;    ///< 0 also when not asked for
  double conf_high = std::numeric_limits<double>::infinity(); ///< infinity also when not asked for
  bool decided_exactly = false; ///< did a comparison of two probabilities need integer arithmetic?
  std::vector<std::array<double, 2>> gaps; ///< open intervals of odds ratios, in increasing order
};

/// Fisher's exact test of table after table, with memory of its own. One thread's.
class FisherTest {
public:
  /// @throws input_error for options out of range.
  explicit FisherTest(const FisherOptions& options) : options_(options) {
    detail::require(options.odds_ratio > 0.0 && std::isfinite(options.odds_ratio),
                    "odds_ratio must be finite and > 0");
    const double level = options.conf_level;
    detail::require(level > 0.0 && level < 1.0, "conf_level must lie in (0, 1)");
    const bool two = options.sides == Sides::two;
    detail::require(level >= 0.5 || !options.conf_int || !options.mid_p || !two ||
                        options.method == FisherMethod::central,
                    "conf_level must be 0.5 or more for this mid-p");
    rule_ = {options.sides, options.method, options.mid_p, level, 0.0};
    const double alpha = (two ? 0.5 : 1.0) * (1.0 - level);
    rule_.quantile = alpha > 1e-300 && alpha < 1.0 ? -normal_quantile(alpha) : 0.0;
  }

  /// As fisher().
  FisherResult operator()(const std::array<double, 4>& table, const Poll& poll = {}) {
    detail::require(is_table(table), "counts must be whole numbers in [0, 2^53], not all 0");
    std::array<std::int64_t, 4> whole{};
    for (std::size_t i = 0; i < 4; ++i)
      whole[i] = static_cast<std::int64_t>(table[i]);
    return of_whole(whole, poll);
  }

  /// Of counts in [0, 2^53], not all 0.
  FisherResult of_whole(const std::array<std::int64_t, 4>& table, const Poll& poll = {}) {
    FisherResult out;
    if (table[0] + table[1] == 0 || table[2] + table[3] == 0 || table[0] + table[2] == 0 || table[1] + table[3] == 0)
      return out;
    const Arranged plain(table, options_.odds_ratio == 1.0);
    const Sides sides = turned(options_.sides, plain.inverted);
    detail::LoggedP p;
    if (options_.odds_ratio != 1.0 ||
        !detail::ClosedP::small(plain.margins, sides, options_.method, options_.mid_p, p)) {
      detail::NullP null(plain.margins, options_.odds_ratio, sides, options_.method, options_.mid_p, poll);
      const auto found = null.answer(room_);
      p = found;
      out.decided_exactly = found.decided_exactly;
    }
    out.p_value = p.p;
    out.log_p_value = p.log_p;
    if (!options_.estimate && !options_.conf_int)
      return out;

    const Arranged seen(table, true);
    const auto [a, b, c, d] = seen.cell();
    const double start = std::log((a + 0.5) / (b + 0.5) * ((d + 0.5) / (c + 0.5)));
    const double variance = 1.0 / (a + 0.5) + 1.0 / (b + 0.5) + 1.0 / (c + 0.5) + 1.0 / (d + 0.5); // of its logarithm
    tilted_.reset(seen.margins, start, 1.0 / variance);
    if (options_.estimate) {
      const bool at_low = seen.margins.x == seen.margins.low(), at_high = seen.margins.x == seen.margins.high();
      const double estimate = at_low    ? 0.0
                              : at_high ? detail::inf
                                        : std::exp(detail::conditional_estimate(tilted_, start));
      out.estimate = seen.inverted ? 1.0 / estimate : estimate;
    }
    if (options_.conf_int)
      limits(seen, start, rule_.quantile * std::sqrt(variance), out);
    return out;
  }

  static bool is_table(const std::array<double, 4>& table) {
    for (const double count : table)
      if (!(count >= 0.0 && count <= 9007199254740992.0) ||
          static_cast<double>(static_cast<std::int64_t>(count)) != count)
        return false;
    return table[0] + table[1] + table[2] + table[3] > 0.0;
  }

private:
  /// Tables that differ in the order of rows and columns, or are transposed, come to the same arrangement: their
  /// results agree bit for bit. What turns the odds ratio round is done only if asked for.
  struct Arranged {
    Arranged(const std::array<std::int64_t, 4>& table, bool may_invert) {
      std::int64_t a = std::min(table[0], table[3]), d = std::max(table[0], table[3]);
      std::int64_t b = std::min(table[1], table[2]), c = std::max(table[1], table[2]);
      inverted = may_invert && (a > b || (a == b && d > c));
      if (inverted) {
        std::swap(a, b);
        std::swap(c, d);
      }
      margins = {a + c, b + d, a + b, a};
    }
    std::array<double, 4> cell() const {
      const auto& [m, n, k, x] = margins;
      return {static_cast<double>(x), static_cast<double>(k - x), static_cast<double>(m - x),
              static_cast<double>(n - k + x)};
    }
    detail::Margins margins{};
    bool inverted = false;
  };

  static Sides turned(Sides sides, bool inverted) {
    return !inverted || sides == Sides::two ? sides : sides == Sides::less ? Sides::greater : Sides::less;
  }

  void limits(const Arranged& seen, double start, double half_width, FisherResult& out) {
    const Sides sides = turned(options_.sides, seen.inverted);
    const auto cell = seen.cell();
    std::vector<detail::Gap> found[2];
    const auto limit = [&](bool upper) {
      const auto& [a, b, c, d] = cell;
      if (sides == (upper ? Sides::greater : Sides::less))
        return -detail::inf;
      if (upper)
        tilted_.reset(seen.margins.mirrored(), -start,
                      1.0 / (1.0 / (a + 0.5) + 1.0 / (b + 0.5) + 1.0 / (c + 0.5) + 1.0 / (d + 0.5)));
      return detail::LowerLimit(tilted_, rule_).find((upper ? -start : start) - half_width,
                                                     options_.gaps ? &found[upper] : nullptr);
    };
    double low = limit(false), high = -limit(true);
    if (low > high) // a mid-p interval of a level next to 0 is one point
      std::swap(low, high);
    for (const auto& gap : found[1])
      found[0].push_back({-gap[1], -gap[0]});
    if (seen.inverted) {
      std::swap(low, high);
      low = -low;
      high = -high;
      for (auto& gap : found[0])
        gap = {-gap[1], -gap[0]};
    }
    out.conf_low = std::exp(low);
    out.conf_high = std::exp(high);
    for (const auto& gap : found[0])
      out.gaps.push_back({std::exp(gap[0]), std::exp(gap[1])});
    std::sort(out.gaps.begin(), out.gaps.end());
    // p knows on which side of a limit the null value is; a limit is a rounded number.
    const double null = options_.odds_ratio;
    const bool kept = out.p_value >= detail::just_reached(rule_.level);
    const auto at_null = [&](double value) { return std::fabs(value - null) <= 1e-9 * null; };
    if (at_null(out.conf_low))
      out.conf_low = kept ? std::min(out.conf_low, null) : std::max(out.conf_low, std::nextafter(null, detail::inf));
    if (at_null(out.conf_high))
      out.conf_high = kept ? std::max(out.conf_high, null) : std::min(out.conf_high, std::nextafter(null, 0.0));
  }

  FisherOptions options_;
  detail::LimitRule rule_;
  detail::Tilted tilted_;
  std::vector<double> room_;
};

/// Fisher's exact test of the table {a, b, c, d} with rows (a, b) and (c, d), given its margins.
///
/// - p: for Sides::less P(X <= a), for greater P(X >= a). Two-sided, the probability of all x with T(x) <= T(a), where
///   T is P(x) for minlike (Freeman & Halton 1951) and the smaller of P(X <= x), P(X >= x) for blaker (Blaker 2000);
///   equality is decided exactly. For central twice the smaller tail, at most 1. mid_p takes off half of the
///   probability of T(x) = T(a), one-sided half of P(a). X is hypergeometric, tilted by the null odds ratio (Fisher
///   1935).
/// - estimate: the conditional maximum-likelihood odds ratio, 0 or infinity at an end of the support.
/// - conf_low, conf_high: the ends of the set of odds ratios at which p is 1 - conf_level or more (Cornfield 1956,
///   eq. 4; Fay 2010). At the null value set and p agree to the last bit, a p within 1e-12 of the level taken for it;
///   only in a gap p can be smaller.
///
/// A table with an empty row or column says nothing about the odds ratio: p = 1, estimate NaN, limits 0 and
/// infinity. Relative error about 1e-13 for p and 1e-12 for odds ratios. Cost: O(s) per distribution summed,
/// s the standard deviation of X, up to s of some hundreds, constant beyond; about 20 distributions with
/// limits. Only when two probabilities agree to 1e-13 and yet differ in their factors does the exact
/// comparison cost more, up to the square of their distance; `poll` is asked there.
///
/// @param table four whole numbers in [0, 2^53], not all 0.
/// @throws input_error for other counts or options.
inline FisherResult fisher(const std::array<double, 4>& table, const FisherOptions& options = {},
                           const Poll& poll = {}) {
  return FisherTest(options)(table, poll);
}

} // namespace cryonodes

#endif
