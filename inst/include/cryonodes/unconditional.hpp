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

/// Where the two probabilities may lie.
struct Box {
  double low1 = 0.0, high1 = 1.0, low2 = 0.0, high2 = 1.0;
  Box swapped() const { return {low2, high2, low1, high1}; }
};

/// Part of the curve on which the measure is constant, from end to end: both probabilities are linear on it, or, for
/// odds, quotients of linear functions whose denominators are in the ratio 1 to `weight` at the ends for group 1 and
/// constant for group 2.
struct Segment {
  double from1 = 0.0, to1 = 1.0, from2 = 0.0, to2 = 1.0, weight = 1.0;
};

inline Box box_of(const TwoCounts& t, double gamma) {
  Box out;
  if (gamma > 0.0) {
    ProportionOptions options;
    options.conf_level = 1.0 - 0.5 * gamma;
    const ProportionLimits one = proportion(t.x1, t.n1, options), two = proportion(t.x2, t.n2, options);
    out = {one.low, one.high, two.low, two.high};
  }
  return out;
}

/// p1 at which the measure of p1 and p2 is `value`; beyond 1 where there is none.
inline double partner(double p2, Measure measure, double value) {
  if (measure == Measure::difference)
    return p2 + value;
  if (measure == Measure::ratio)
    return p2 == 0.0 ? 0.0 : p2 * value;
  return p2 == 0.0 ? 0.0 : p2 == 1.0 ? 1.0 : value * p2 / (1.0 - p2 + value * p2);
}

/// The curve within a box. p1 beyond the box stands at its border: for a set that grows in p1 and shrinks in p2 the
/// largest probability under all smaller values of the measure is then on these segments too. `clipped`: may it?
/// Empty where curve and box do not meet.
inline std::vector<Segment> curve(const Box& box, Measure measure, double value, bool clipped) {
  const Measure back = measure;
  const auto other = [&](double p1) { // p2 from p1
    if (back == Measure::difference)
      return p1 - value;
    if (back == Measure::ratio)
      return value > 0.0 ? p1 / value : inf;
    return p1 == 0.0 ? 0.0 : p1 == 1.0 ? 1.0 : p1 / (p1 + value * (1.0 - p1));
  };
  // For odds p1 = 1 goes with p2 = 1 and p1 = 0 with p2 = 0 only; the box cuts nothing off there.
  const double low2 = std::max(box.low2, box.low1 > 0.0 || measure == Measure::difference ? other(box.low1) : 0.0);
  const double high2 = std::min(box.high2, box.high1 < 1.0 || measure != Measure::odds_ratio ? other(box.high1) : 1.0);
  if (low2 > box.high2)
    return {};
  if (high2 < low2) {
    if (clipped)
      return {{box.high1, box.high1, low2, low2, 1.0}};
    return {};
  }
  const auto p1_of = [&](double p2) { return std::min(box.high1, std::max(box.low1, partner(p2, measure, value))); };
  if (measure != Measure::odds_ratio || value == 1.0)
    return {{p1_of(low2), p1_of(high2), low2, high2, 1.0}};
  // Weights that change by a factor of 8 at most, so that their n1-th powers do not overflow.
  std::vector<Segment> out;
  double from = low2;
  const auto weight_of = [&](double p2) { return 1.0 - p2 + value * p2; };
  while (true) {
    double to = high2;
    const double w = weight_of(from);
    if (weight_of(high2) > 8.0 * w)
      to = std::min(high2, (8.0 * w - 1.0) / (value - 1.0));
    else if (weight_of(high2) < w / 8.0)
      to = std::min(high2, (w / 8.0 - 1.0) / (value - 1.0));
    if (!(to > from))
      to = high2;
    out.push_back({p1_of(from), p1_of(to), from, to, weight_of(to) / w});
    if (!(to < high2))
      return out;
    from = to;
  }
}

/// The probability of a staircase along a segment. First the tensor of the coefficients in both probabilities, then
/// along the diagonal: C(n1, i) C(n2, j) / C(n, s) of each (i, j) go to s = i + j.
inline Quotient along(const Tables& tables, const Staircase& set, const Segment& segment, const Poll& poll = {}) {
  const auto rows = static_cast<std::size_t>(tables.n1()) + 1, columns = static_cast<std::size_t>(tables.n2()) + 1;
  Quotient out;
  const bool all = segment.from1 == 0.0 && segment.to1 == 1.0 && segment.from2 == 0.0 && segment.to2 == 1.0;
  if (all && segment.weight == 1.0) {
    out.over = under_equality(tables, set);
    return out;
  }
  // P(X2 <= j) restricted to the segment, for each j: columns of a matrix, of which the set's rows are copies.
  std::vector<double> tail(columns * columns);
  for (std::size_t k = 0; k < columns; ++k)
    for (std::size_t j = 0; j < columns; ++j)
      tail[k * columns + j] = k <= j ? 1.0 : 0.0;
  restrict_rows(tail, columns, segment.from2, segment.to2, poll);
  std::vector<double> tensor(rows * columns, 0.0);
  for (std::size_t i = 0; i < rows; ++i)
    if (set[i] >= 0)
      for (std::size_t k = 0; k < columns; ++k)
        tensor[i * columns + k] = tail[k * columns + static_cast<std::size_t>(set[i])];
  restrict_rows(tensor, rows, segment.from1, segment.to1, poll);
  out.over.assign(rows + columns - 1, 0.0);
  const bool weighted = segment.weight != 1.0;
  if (weighted)
    out.under.assign(rows + columns - 1, 0.0);
  double weight = 1.0;
  for (std::size_t i = 0; i < rows; ++i, weight *= segment.weight) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double given = weight * tables.given(static_cast<int>(i), static_cast<int>(j));
      out.over[i + j] += given * tensor[i * columns + j];
      if (weighted)
        out.under[i + j] += given;
    }
  }
  return out;
}

inline void add(Quotient& to, const Quotient& more) {
  for (std::size_t s = 0; s < to.over.size(); ++s)
    to.over[s] += more.over[s];
}

/// The largest probability of a staircase along the curve; stops when it is above `enough`.
inline Maximum largest_on_curve(const Tables& tables, const Staircase& set, const Box& box, Measure measure,
                                double value, bool clipped, double enough, const Poll& poll) {
  std::vector<Quotient> parts;
  for (const Segment& segment : curve(box, measure, value, clipped))
    parts.push_back(along(tables, set, segment, poll));
  return largest(std::move(parts), 1e-11, enough, poll);
}

/// The odds or ratio of a coordinate on which the search for limits runs: all of [-1, 1] for differences, logarithms
/// for the others, up to e^40.
inline double value_at(Measure measure, double v) { return measure == Measure::difference ? v : std::exp(v); }
constexpr double widest_log = 40.0;

/// Binomial probabilities of 0..n: outwards from the mode.
inline void binomial(int n, double p, std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(n) + 1, 0.0);
  if (p <= 0.0 || p >= 1.0) {
    (p <= 0.0 ? out.front() : out.back()) = 1.0;
    return;
  }
  const int mode = std::min(n, static_cast<int>((n + 1.0) * p));
  const double odds = p / (1.0 - p);
  const auto at = [&](int k) -> double& { return out[static_cast<std::size_t>(k)]; };
  at(mode) = std::exp(log_choose(n, mode) + mode * std::log(p) + (n - mode) * std::log1p(-p));
  for (int k = mode + 1; k <= n; ++k)
    at(k) = at(k - 1) * odds * (n - k + 1) / k;
  for (int k = mode - 1; k >= 0; --k)
    at(k) = at(k + 1) * (k + 1) / (odds * (n - k));
}

/// The probability of a staircase under two probabilities, one at a time: O(n1 + n2). For a first look; what it finds
/// above a border is above it.
class AtPoints {
public:
  AtPoints(int n1, int n2) : n1_(n1), n2_(n2) {}
  double operator()(const Staircase& set, double p1, double p2) {
    binomial(n1_, p1, one_);
    binomial(n2_, p2, two_);
    double sum = 0.0, tail = 0.0;
    int j = -1;
    for (std::size_t i = 0; i < one_.size(); ++i) {
      while (j < set[i])
        tail += two_[static_cast<std::size_t>(++j)];
      sum += one_[i] * tail;
    }
    return sum;
  }

private:
  int n1_, n2_;
  std::vector<double> one_, two_;
};

/// The largest of f over [from, to] as far as some points show it: equal steps in arcsin sqrt, then the best of them
/// closer and closer. Ends once a value is above `enough`.
template <class F> double glance(double from, double to, std::size_t points, double enough, F f) {
  const double a = std::asin(std::sqrt(std::max(0.0, from))), b = std::asin(std::sqrt(std::min(1.0, to)));
  const auto at = [&](double angle) {
    return f(std::min(to, std::max(from, std::sin(angle) * std::sin(angle))));
  };
  double best = at(a), where = a, step = (b - a) / static_cast<double>(points);
  for (std::size_t g = 1; g <= points && !(best > enough); ++g) {
    const double value = at(a + step * static_cast<double>(g));
    if (value > best) {
      best = value;
      where = a + step * static_cast<double>(g);
    }
  }
  // The vertex of the parabola through three points, ever narrower.
  for (int i = 0; i < 6 && !(best > enough) && step > 1e-9; ++i) {
    const double left = std::max(a, where - step), right = std::min(b, where + step);
    const double l = at(left), r = at(right), middle = best;
    const double bend = (l - middle) * (right - where) + (r - middle) * (where - left);
    double next = where;
    if (l > best || r > best)
      next = l > r ? left : right;
    else if (bend < 0.0)
      next = where + 0.5 * ((r - middle) * (where - left) * (where - left) -
                            (l - middle) * (right - where) * (right - where)) / -bend;
    const double value = at(next);
    if (value > best || l > best || r > best) {
      best = std::max({value, l, r});
      where = value >= std::max(l, r) ? next : l > r ? left : right;
    }
    step *= 0.1;
  }
  return best;
}

enum class Verdict { below, above, open };

/// Does f stay at or below `enough` on [from, to]? `bound(a, b)` is at least f on [a, b]: halves are looked at as long
/// as it takes, up to `most` looks. Quick where f stays clear of the border.
template <class F, class Bound>
Verdict stays_below(double from, double to, double enough, std::size_t most, F f, Bound bound) {
  std::vector<std::pair<double, double>> ahead{{from, to}};
  for (std::size_t looks = 0; !ahead.empty(); ++looks) {
    const auto [a, b] = ahead.back();
    ahead.pop_back();
    if (bound(a, b) <= enough)
      continue;
    const double middle = a + 0.5 * (b - a);
    if (f(middle) > enough)
      return Verdict::above;
    if (looks > most || !(middle > a && middle < b))
      return Verdict::open;
    ahead.push_back({a, middle});
    ahead.push_back({middle, b});
  }
  return Verdict::below;
}

/// The least v of [low, high] that is kept. `kept(v)` is true only of such; `refused(a, b)` only where no v of [a, b] is
/// kept. Neither need notice all it could. Left of the answer everything is refused; within 1e-11 right of it (of the
/// larger of |v| and 1) something is kept, or could not be refused.
template <class Kept, class Refused> double first_kept(double low, double high, Kept kept, Refused refused) {
  struct Part {
    double low, high;
    bool border; // something near its left end is kept
  };
  const auto least = [](double v) { return 1e-11 * std::max(1.0, std::fabs(v)); };
  std::vector<Part> ahead{{low, high, false}};
  while (!ahead.empty()) {
    const Part part = ahead.back();
    ahead.pop_back();
    double middle = part.low + 0.5 * (part.high - part.low);
    if (part.border || part.high - part.low <= least(part.low) || !(middle > part.low && middle < part.high)) {
      if (!part.border && refused(part.low, part.high))
        continue;
      return part.low;
    }
    if (!kept(part.high)) {
      if (refused(part.low, part.high))
        continue;
      ahead.push_back({middle, part.high, false});
    } else {
      // Towards a border of what is kept; all left of it is then refused at one go, most often.
      double left = part.low, right = part.high;
      if (kept(left))
        right = left;
      while (right - left > 0.5 * least(right)) {
        const double between = left + 0.5 * (right - left);
        if (!(between > left && between < right))
          break;
        (kept(between) ? right : left) = between;
      }
      middle = std::max(part.low, right - least(right));
      ahead.push_back({middle, part.high, true});
    }
    if (middle > part.low)
      ahead.push_back({part.low, middle, false});
  }
  return high;
}

inline std::size_t points(int n) { return 12 + 3 * static_cast<std::size_t>(std::sqrt(static_cast<double>(n))); }

constexpr std::size_t looks = 1000;

/// Equal but for rounding: a statistic this near to the observed one counts as tied, which can only widen a set.
inline double slack(double x) { return 1e-10 * std::max(1e-3, std::fabs(x)); }

/// Tables with a score statistic of at least `least` under `value`, a difference or ratio. (That of odds ratios makes no
/// staircase: far from the data it rises with fewer events in group 1.)
inline Staircase score_region(const Tables& tables, Measure measure, double value, double least) {
  return walk_edge(tables.n1(), tables.n2(), [&](int i, int j) {
    const double z = score_statistic({static_cast<double>(i), static_cast<double>(tables.n1()), static_cast<double>(j),
                                      static_cast<double>(tables.n2())},
                                     measure, value);
    return z >= least;
  });
}

/// Tables whose one-sided Fisher p under some odds ratio of [low, high] is at most that of (x1, x2): the p of others is
/// taken at `low`, its own at `high`, between which each only grows.
inline Staircase fisher_region(const Tables& tables, int x1, int x2, double low, double high) {
  const auto tail_of = [&](int s, double odds, auto each) {
    // Weights relative to the largest, from the top down.
    const int first = tables.first(s), last = tables.last(s);
    std::vector<double> weight(static_cast<std::size_t>(last - first) + 1);
    double top = -inf, sum = 0.0, tail = 0.0;
    for (int i = first; i <= last; ++i) {
      double& w = weight[static_cast<std::size_t>(i - first)];
      w = std::log(tables.given(i, s - i)) + i * std::log(odds);
      top = std::max(top, w);
    }
    for (double& w : weight)
      sum += w = std::exp(w - top);
    for (int i = last; i >= first; --i) {
      tail += weight[static_cast<std::size_t>(i - first)];
      if (!each(i, tail / sum))
        return;
    }
  };
  double observed = 1.0;
  tail_of(x1 + x2, high, [&](int i, double p) {
    observed = p;
    return i > x1;
  });
  Staircase out(static_cast<std::size_t>(tables.n1()) + 1, -1);
  for (int s = 0; s <= tables.n(); ++s)
    tail_of(s, low, [&](int i, double p) {
      const bool in = p <= observed * (1.0 + 1e-10);
      int& most = out[static_cast<std::size_t>(i)];
      if (in)
        most = std::max(most, s - i);
      return in;
    });
  // Under-flows could leave a dent.
  for (std::size_t i = 1; i < out.size(); ++i)
    out[i] = std::max(out[i], out[i - 1]);
  return out;
}

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
    const auto below = walk_edge(n2, n1, [&](int j, int i) {
      return pooled_at_least(n1 - i, n2 - j, a1, a2, n1, n2);
    });
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
    const double v = first_kept(-widest, widest, kept,
                                [&](double low, double high) { return refused(value_at(m, low), value_at(m, high), enough); });
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
      const Verdict verdict = stays_below(piece.above.from2, piece.above.to2, enough, looks,
                                          [&](double p2) { return bound(p2, p2); }, bound);
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
///   ratio, of its logarithm), certain likewise. Of order score under each value by its own score statistic (Chan & Zhang
///   1999; joint: Agresti & Min 2001), of boschloo by Fisher's p under each odds ratio, of csm by the order under
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
  detail::require(!limits || boschloo == odds || (csm && odds), "limits of an odds ratio are ordered by boschloo or csm");
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
