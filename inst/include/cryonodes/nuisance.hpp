#ifndef CRYONODES_NUISANCE_HPP
#define CRYONODES_NUISANCE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "cryonodes/bernstein.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/proportion.hpp"
#include "cryonodes/score_statistic.hpp"
#include "cryonodes/table_order.hpp"

// The probability of a set of tables when the measure of two proportions is known and they are not: its largest value,
// and the values of the measure at which that passes a border.

namespace cryonodes {
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
inline double value_at(Measure measure, double v) {
  return measure == Measure::difference ? v : std::exp(v);
}
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
  const auto at = [&](double angle) { return f(std::min(to, std::max(from, std::sin(angle) * std::sin(angle)))); };
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
      next = where +
             0.5 * ((r - middle) * (where - left) * (where - left) - (l - middle) * (right - where) * (right - where)) /
                 -bend;
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

/// The least v of [low, high] that is kept. `kept(v)` is true only of such; `refused(a, b)` only where no v of [a, b]
/// is kept. Neither need notice all it could. Left of the answer everything is refused; within 1e-11 right of it (of
/// the larger of |v| and 1) something is kept, or could not be refused.
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

inline std::size_t points(int n) {
  return 12 + 3 * static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
}

constexpr std::size_t looks = 1000;

/// Equal but for rounding: a statistic this near to the observed one counts as tied, which can only widen a set.
inline double slack(double x) {
  return 1e-10 * std::max(1e-3, std::fabs(x));
}

/// Tables with a score statistic of at least `least` under `value`, a difference or ratio. (That of odds ratios makes
/// no staircase: far from the data it rises with fewer events in group 1.)
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

} // namespace detail
} // namespace cryonodes

#endif
