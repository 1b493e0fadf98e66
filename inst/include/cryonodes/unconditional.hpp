#ifndef CRYONODES_UNCONDITIONAL_HPP
#define CRYONODES_UNCONDITIONAL_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "cryonodes/bernstein.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/nuisance.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/proportion.hpp"
#include "cryonodes/score_statistic.hpp"
#include "cryonodes/table_order.hpp"

namespace cryonodes {

/// By what tables are called more extreme.
enum class TableOrder {
  score,   ///< the score statistic, at equality the pooled z (Suissa & Shuster 1985)
  csm,     ///< Barnard's (1947)
  boschloo ///< Fisher's p (Boschloo 1970)
};

/// Two-sided p: twice the smaller one-sided p, which agrees with limits that each leave alpha / 2; or of tables ordered
/// in both directions at once: by z^2, by Barnard's symmetric order, by Fisher's two-sided p.
enum class TwoSided { central, joint };

struct UnconditionalOptions {
  TableOrder order = TableOrder::score;
  Sides sides = Sides::two;
  TwoSided two_sided = TwoSided::central;
  Measure measure = Measure::difference; ///< of the limits; score: difference or ratio, boschloo: odds ratio
  double gamma = 0.0;       ///< Berger & Boos (1994): in [0, 1); error spent on where the probabilities are
  bool conf_int = true;     ///< compute limits? Only for one-sided and central tests, and for joint score tests
  double conf_level = 0.95; ///< in (0, 1); coverage of the two limits, or of the one of a one-sided alternative
};

struct UnconditionalResult {
  double p_value = 1.0, log_p_value = 0.0;
  double statistic = 0.0; ///< score: z; csm: how many tables are as extreme; boschloo: Fisher's p
  double nuisance = 0.0;  ///< the common probability at which the tail is largest
  double conf_low = std::numeric_limits<double>::quiet_NaN(); ///< NaN: not computed
  double conf_high = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

/// One direction of a test: group 1 has more events.
class OneSided {
public:
  OneSided(const TwoCounts& t, const UnconditionalOptions& options, const Poll& poll)
      : t_(t), options_(options), poll_(poll), tables_(static_cast<int>(t.n1), static_cast<int>(t.n2)),
        box_(box_of(t, options.gamma)), x1_(static_cast<int>(t.x1)), x2_(static_cast<int>(t.x2)) {
    if (options.order == TableOrder::csm) {
      CsmRegion region = csm_region(tables_, x1_, x2_, false, poll);
      set_ = std::move(region.set);
      extreme_ = static_cast<double>(region.tables);
    } else if (options.order == TableOrder::boschloo) {
      set_ = boschloo_region(tables_, x1_, x2_);
    } else {
      const int n1 = tables_.n1(), n2 = tables_.n2();
      set_ = walk_edge(n1, n2, [&](int i, int j) { return pooled_at_least(i, j, x1_, x2_, n1, n2); });
    }
  }

  const Tables& tables() const { return tables_; }
  const Staircase& set() const { return set_; }
  double extreme() const { return extreme_; }
  double fisher_p() const { return std::min(1.0, fisher_tail(tables_, x1_, x2_).p); }

  /// sup P + gamma under equality, and where.
  Maximum p() const {
    const double low = std::max(box_.low1, box_.low2), high = std::min(box_.high1, box_.high2);
    Maximum out;
    if (low <= high) {
      out = largest_on_curve(tables_, set_, box_, Measure::difference, 0.0, false, inf, poll_);
      out.at = low + out.at * (high - low);
    }
    out.value = std::min(1.0, out.value + options_.gamma);
    return out;
  }

  /// The least value of the measure that the test at level alpha of "no greater" does not refuse.
  double limit(double alpha) const {
    const Measure m = options_.measure;
    const bool nothing = x1_ == 0 && m != Measure::difference;
    if (options_.gamma >= alpha || nothing || (m == Measure::odds_ratio && t_.x2 == t_.n2))
      return m == Measure::difference ? -1.0 : 0.0;
    const double enough = alpha - options_.gamma;
    const double widest = m == Measure::difference ? 1.0 : widest_log;
    const auto region = [&](double low, double high) {
      if (options_.order == TableOrder::score) {
        const double observed = score_statistic(t_, m, high);
        return score_region(tables_, m, low, observed - slack(observed));
      }
      return options_.order == TableOrder::boschloo ? fisher_region(tables_, x1_, x2_, low, high) : set_;
    };
    AtPoints at(tables_.n1(), tables_.n2());
    const auto kept = [&](double v) {
      if (poll_)
        poll_(-1.0);
      const double value = value_at(m, v);
      const Staircase set = region(value, value);
      for (const Segment& part : curve(box_, m, value, false)) {
        const double found = glance(part.from2, part.to2, points(tables_.n()), enough, [&](double p2) {
          return at(set, std::min(1.0, std::max(0.0, partner(p2, m, value))), p2);
        });
        if (found > enough)
          return true;
      }
      return false;
    };
    const double v = first_kept(-widest, widest, kept, [&](double low, double high) {
      if (poll_)
        poll_(-1.0);
      const double to = value_at(m, high);
      const Staircase set = region(value_at(m, low), to);
      const auto p1_of = [&](double p2) { return std::min(box_.high1, std::max(box_.low1, partner(p2, m, to))); };
      bool open = false;
      for (const Segment& part : curve(box_, m, to, true)) {
        const Verdict verdict = stays_below(
            part.from2, part.to2, enough, looks, [&](double p2) { return at(set, p1_of(p2), p2); },
            [&](double a, double b) { return at(set, p1_of(b), a); });
        if (verdict == Verdict::above)
          return false;
        open = open || verdict == Verdict::open;
      }
      return !open || !(largest_on_curve(tables_, set, box_, m, to, true, enough, poll_).bound > enough);
    });
    if (m != Measure::difference && std::fabs(v) >= widest)
      return v > 0.0 ? inf : 0.0;
    return value_at(m, v);
  }

private:
  TwoCounts t_;
  UnconditionalOptions options_;
  const Poll& poll_;
  Tables tables_;
  Box box_;
  int x1_, x2_;
  Staircase set_;
  double extreme_ = 0.0;
};

/// The same in both directions at once, ordered by z^2 (Suissa & Shuster 1985; limits: Agresti & Min 2001).
class BothScores {
public:
  BothScores(const TwoCounts& t, const UnconditionalOptions& options, const Poll& poll)
      : t_(t), options_(options), poll_(poll), tables_(static_cast<int>(t.n1), static_cast<int>(t.n2)),
        turned_(static_cast<int>(t.n2), static_cast<int>(t.n1)), box_(box_of(t, options.gamma)),
        at_(tables_.n1(), tables_.n2()), turned_at_(tables_.n2(), tables_.n1()) {}

  /// The coefficients, under equality, of all tables with z^2 at least the observed one.
  Bernstein under_equality() const {
    const int n1 = tables_.n1(), n2 = tables_.n2(), x1 = static_cast<int>(t_.x1), x2 = static_cast<int>(t_.x2);
    const bool up = t_.x1 * t_.n2 >= t_.x2 * t_.n1;
    // |z| of the observed table, in either direction: that of its image, with events and others exchanged.
    const int a1 = up ? x1 : n1 - x1, a2 = up ? x2 : n2 - x2;
    const auto above = walk_edge(n1, n2, [&](int i, int j) { return pooled_at_least(i, j, a1, a2, n1, n2); });
    // (j, i) of the groups exchanged: its image (n1 - i, n2 - j) is above.
    const auto below = walk_edge(n2, n1, [&](int j, int i) { return pooled_at_least(n1 - i, n2 - j, a1, a2, n1, n2); });
    Bernstein out = detail::under_equality(tables_, above);
    const Bernstein more = detail::under_equality(turned_, below);
    for (std::size_t s = 0; s < out.size(); ++s)
      out[s] = std::min(1.0, out[s] + more[s]);
    return out;
  }

  /// The least value of the measure with p > alpha.
  double limit(double alpha) const {
    const Measure m = options_.measure;
    if (options_.gamma >= alpha)
      return m == Measure::difference ? -1.0 : 0.0;
    const double enough = alpha - options_.gamma;
    const double widest = m == Measure::difference ? 1.0 : widest_log;
    const auto kept = [&](double v) {
      if (poll_)
        poll_(-1.0);
      const double value = value_at(m, v), z = std::fabs(score_statistic(t_, m, value));
      const Staircase above = score_region(tables_, m, value, z - slack(z));
      const Staircase below = score_region(turned_, m, m == Measure::difference ? -value : 1.0 / value, z - slack(z));
      for (const Segment& part : curve(box_, m, value, false)) {
        const double found = glance(part.from2, part.to2, points(tables_.n()), enough, [&](double p2) {
          const double p1 = std::min(1.0, std::max(0.0, partner(p2, m, value)));
          return at_(above, p1, p2) + turned_at_(below, p2, p1);
        });
        if (found > enough)
          return true;
      }
      return false;
    };
    const double v = first_kept(-widest, widest, kept, [&](double low, double high) {
      return refused(value_at(m, low), value_at(m, high), enough);
    });
    if (m != Measure::difference && std::fabs(v) >= widest)
      return v > 0.0 ? inf : 0.0;
    return value_at(m, v);
  }

private:
  // Over values of [low, high]: z^2 of the data is at least `square`; tables above in z at `low` and below in z at
  // `high` are all that can be as extreme. Those above are likeliest at `high`, those below at `low`, p2 being equal.
  bool refused(double low, double high, double enough) const {
    const Measure m = options_.measure;
    const double at_low = score_statistic(t_, m, low), at_high = score_statistic(t_, m, high);
    double least = at_high >= 0.0 ? at_high : at_low <= 0.0 ? -at_low : 0.0;
    least = std::max(0.0, least - slack(least));
    const Staircase above = score_region(tables_, m, low, least);
    const double back = m == Measure::difference ? -high : 1.0 / high;
    const Staircase below = score_region(turned_, m, back, least);
    const auto p1_of = [&](double p2, double value) {
      return std::min(box_.high1, std::max(box_.low1, partner(p2, m, value)));
    };
    bool open = false;
    const auto cut_up = pieces(low, high);
    for (const auto& piece : cut_up) {
      const auto bound = [&](double a, double b) {
        return at_(above, p1_of(b, high), a) + turned_at_(below, b, p1_of(a, low));
      };
      const Verdict verdict = stays_below(
          piece.above.from2, piece.above.to2, enough, looks, [&](double p2) { return bound(p2, p2); }, bound);
      if (verdict == Verdict::above)
        return false;
      open = open || verdict == Verdict::open;
    }
    if (!open)
      return true;
    std::vector<Quotient> parts;
    for (const auto& piece : cut_up) {
      Quotient sum = along(tables_, above, piece.above, poll_);
      add(sum, along(turned_, below, piece.below, poll_));
      parts.push_back(std::move(sum));
    }
    return !(largest(std::move(parts), 1e-11, enough, poll_).bound > enough);
  }

  struct Piece {
    Segment above, below;
  };

  // Pieces of p2 on which both p1 are linear: cut where either leaves the box.
  std::vector<Piece> pieces(double low, double high) const {
    const Measure m = options_.measure;
    const auto to_p2 = [&](double p1, double value) {
      return m == Measure::difference ? p1 - value : value > 0.0 ? p1 / value : inf;
    };
    // A p2 is of interest where some value of [low, high] has its p1 in the box.
    const double from = std::max(box_.low2, m == Measure::ratio && box_.low1 == 0.0 ? 0.0 : to_p2(box_.low1, high));
    const double to = std::min(box_.high2, to_p2(box_.high1, low));
    std::vector<Piece> out;
    if (!(from <= to))
      return out;
    std::vector<double> cuts{from, to};
    for (const double cut : {to_p2(box_.high1, high), to_p2(box_.low1, low)})
      if (cut > from && cut < to)
        cuts.push_back(cut);
    std::sort(cuts.begin(), cuts.end());
    const auto p1_of = [&](double p2, double value) {
      return std::min(box_.high1, std::max(box_.low1, partner(p2, m, value)));
    };
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
      const double a = cuts[k], b = cuts[k + 1];
      out.push_back({{p1_of(a, high), p1_of(b, high), a, b, 1.0}, {a, b, p1_of(a, low), p1_of(b, low), 1.0}});
    }
    return out;
  }

  TwoCounts t_;
  UnconditionalOptions options_;
  const Poll& poll_;
  Tables tables_, turned_;
  Box box_;
  mutable AtPoints at_, turned_at_; // room to compute in
};

} // namespace detail

/// The largest n1 + n2, and for Barnard's order the largest n1 n2.
constexpr double most_unconditional = 2000.0, most_csm = 40000.0;

/// Unconditional exact test of equal probabilities, of two binomial counts whose sizes n1, n2 alone are fixed (the rows
/// of the table): the largest probability, over the unknown common p, of all tables at least as extreme as the observed
/// one.
///
/// - p: for Sides::greater of tables ordered towards p1 > p2; for two see TwoSided. Within 1e-10 of its size, with
///   certainty: no p is passed over. Ties of the orders score and boschloo are decided in whole numbers.
/// - limits: the ends of the values that the test does not refuse, within 1e-10 (of the value or, for ratio and odds
///   ratio, of its logarithm), certain likewise. Of order score under each value by its own score statistic (Chan &
///   Zhang 1999; joint: Agresti & Min 2001), of boschloo by Fisher's p under each odds ratio, of csm by the order under
///   equality (Buehler 1957).
///
/// With gamma both probabilities lie in their Clopper-Pearson intervals of level 1 - gamma / 2, and gamma is added to
/// the largest probability.
///
/// Cost: O(n^2) some 60 times for p; O(n1 n2 n) some 80 times a limit; csm n1 n2 times O(n^2) some tens of times.
/// @throws input_error for counts or options out of range; memory_error beyond most_unconditional and most_csm.
inline UnconditionalResult unconditional(const TwoCounts& t, const UnconditionalOptions& options = {},
                                         const Poll& poll = {}) {
  for (const double x : {t.x1, t.n1 - t.x1, t.x2, t.n2 - t.x2})
    detail::require(x >= 0.0 && x == std::floor(x), "counts must be whole numbers >= 0");
  detail::require(t.n1 > 0.0 && t.n2 > 0.0, "both groups must have observations");
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  detail::require(options.gamma >= 0.0 && options.gamma < 1.0, "gamma must lie in [0, 1)");
  const bool boschloo = options.order == TableOrder::boschloo, csm = options.order == TableOrder::csm;
  const bool joint = options.sides == Sides::two && options.two_sided == TwoSided::joint;
  const bool limits = options.conf_int && !(joint && (boschloo || csm));
  const bool odds = options.measure == Measure::odds_ratio;
  detail::require(!limits || boschloo == odds || (csm && odds),
                  "limits of an odds ratio are ordered by boschloo or csm");
  if (t.n1 + t.n2 > most_unconditional || (csm && t.n1 * t.n2 > most_csm))
    throw memory_error(csm ? "Barnard's order is for n1 * n2 up to 40000" : "unconditional tests are for n up to 2000");

  UnconditionalResult out;
  const auto finish = [&](double p, double at) {
    out.p_value = std::min(1.0, p);
    out.log_p_value = std::log(out.p_value);
    out.nuisance = at;
  };
  const double alpha = 1.0 - options.conf_level;
  const auto turned_limit = [&](double low) {
    return options.measure == Measure::difference ? -low : low == 0.0 ? detail::inf : std::isinf(low) ? 0.0 : 1.0 / low;
  };

  if (joint) {
    const detail::Tables tables(static_cast<int>(t.n1), static_cast<int>(t.n2));
    detail::Bernstein probability;
    const int x1 = static_cast<int>(t.x1), x2 = static_cast<int>(t.x2);
    const detail::BothScores both(t, options, poll), back(t.swapped(), options, poll);
    if (boschloo) {
      probability = detail::boschloo_two_sided(tables, x1, x2, out.statistic);
    } else if (csm) {
      detail::CsmRegion region = detail::csm_region(tables, x1, x2, true, poll);
      out.statistic = static_cast<double>(region.tables);
      probability = std::move(region.probability);
    } else {
      out.statistic = score_statistic(t, Measure::difference, 0.0);
      probability = both.under_equality();
    }
    const detail::Box box = detail::box_of(t, options.gamma);
    const double low = std::max(box.low1, box.low2), high = std::min(box.high1, box.high2);
    double p = options.gamma, at = low;
    if (low <= high) {
      detail::restrict_rows(probability, probability.size(), low, high);
      const detail::Maximum m = detail::largest({{probability, {}}}, 1e-11, detail::inf, poll);
      p += m.value;
      at = low + m.at * (high - low);
    }
    finish(p, at);
    if (limits) {
      out.conf_low = both.limit(alpha);
      out.conf_high = turned_limit(back.limit(alpha));
    }
    return out;
  }

  const bool less = options.sides == Sides::less, greater = options.sides == Sides::greater;
  const double share = less || greater ? alpha : 0.5 * alpha;
  double p = 2.0, at = 0.0;
  for (const bool up : {true, false}) {
    if (up ? less : greater)
      continue;
    const detail::OneSided side(up ? t : t.swapped(), options, poll);
    const detail::Maximum m = side.p();
    if (m.value < p) {
      p = m.value;
      at = m.at;
      out.statistic = csm ? side.extreme() : boschloo ? side.fisher_p() : 0.0;
    }
    if (limits && up)
      out.conf_low = side.limit(share);
    else if (limits)
      out.conf_high = turned_limit(side.limit(share));
  }
  if (options.order == TableOrder::score)
    out.statistic = score_statistic(t, Measure::difference, 0.0);
  finish(less || greater ? p : 2.0 * p, at);
  if (limits && less)
    out.conf_low = options.measure == Measure::difference ? -1.0 : 0.0;
  if (limits && greater)
    out.conf_high = options.measure == Measure::difference ? 1.0 : detail::inf;
  return out;
}

} // namespace cryonodes

#endif
