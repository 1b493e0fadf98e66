#ifndef CRYONODES_TABLE_ORDER_HPP
#define CRYONODES_TABLE_ORDER_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cryonodes/bernstein.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/proportion.hpp"
#include "cryonodes/score_statistic.hpp"
#include "cryonodes/whole.hpp"

namespace cryonodes {
namespace detail {

/// All tables (i of n1, j of n2), with the probability of i given i + j = s under equality (hypergeometric).
class Tables {
public:
  Tables(int n1, int n2) : n1_(n1), n2_(n2), given_(size_of(n1, n2)) {
    for (int s = 0; s <= n(); ++s) {
      // Outwards from the mode, so that nothing under- or overflows that matters; then to the sum 1.
      const int low = first(s), high = last(s);
      int mode = static_cast<int>((static_cast<double>(s) + 1.0) * (n1 + 1.0) / (n() + 2.0));
      mode = std::min(high, std::max(low, mode));
      const auto ratio = [&](int i) { // P(i) / P(i - 1)
        return static_cast<double>(n1 - i + 1) * (s - i + 1) / (static_cast<double>(i) * (n2 - s + i));
      };
      at(mode, s - mode) = 1.0;
      double sum = 1.0;
      for (int i = mode + 1; i <= high; ++i)
        sum += at(i, s - i) = at(i - 1, s - i + 1) * ratio(i);
      for (int i = mode - 1; i >= low; --i)
        sum += at(i, s - i) = at(i + 1, s - i - 1) / ratio(i + 1);
      for (int i = low; i <= high; ++i)
        at(i, s - i) /= sum;
    }
  }

  int n1() const { return n1_; }
  int n2() const { return n2_; }
  int n() const { return n1_ + n2_; }
  int first(int s) const { return std::max(0, s - n2_); }
  int last(int s) const { return std::min(n1_, s); }
  double given(int i, int j) const { return given_[index(i, j)]; }

  /// sum over `set` of C(n1, i) C(n2, s - i), the numerator of a conditional probability with denominator C(n, s).
  Whole numerator(int s, const std::vector<int>& set) const {
    Whole sum;
    for (const int i : set)
      sum = sum + Whole::choose(word(n1_), word(i)) * Whole::choose(word(n2_), word(s - i));
    return sum;
  }
  Whole denominator(int s) const { return Whole::choose(word(n()), word(s)); }

private:
  static std::uint32_t word(int x) { return static_cast<std::uint32_t>(x); }
  static std::size_t size_of(int n1, int n2) {
    return (static_cast<std::size_t>(n1) + 1) * (static_cast<std::size_t>(n2) + 1);
  }
  std::size_t index(int i, int j) const {
    return static_cast<std::size_t>(i) * (static_cast<std::size_t>(n2_) + 1) + static_cast<std::size_t>(j);
  }
  double& at(int i, int j) { return given_[index(i, j)]; }
  int n1_, n2_;
  std::vector<double> given_;
};

/// A set of tables in which more events in group 1 and fewer in group 2 make a table no less extreme (Barnard 1947,
/// "convexity"): of each i the largest j that belongs to it, -1 for none; never falling.
using Staircase = std::vector<int>;

/// The coefficients, in the common probability p from 0 to 1, of the probability of a staircase: the conditional
/// probabilities given the sum.
inline Bernstein under_equality(const Tables& tables, const Staircase& set) {
  Bernstein out(static_cast<std::size_t>(tables.n()) + 1, 0.0);
  for (int i = 0; i <= tables.n1(); ++i)
    for (int j = 0; j <= set[static_cast<std::size_t>(i)]; ++j)
      out[static_cast<std::size_t>(i + j)] += tables.given(i, j);
  for (double& x : out)
    x = std::min(x, 1.0);
  return out;
}

/// The tables whose statistic is at least that of t, for a statistic that makes a staircase: one walk along its edge.
/// `belongs(i, j)` decides.
template <class Belongs> Staircase walk_edge(int n1, int n2, Belongs belongs) {
  Staircase out(static_cast<std::size_t>(n1) + 1, -1);
  int j = -1;
  for (int i = 0; i <= n1; ++i) {
    while (j < n2 && belongs(i, j + 1))
      ++j;
    out[static_cast<std::size_t>(i)] = j;
  }
  return out;
}

/// Is the pooled z of (i, j) at least that of the table (x1, x2)? Decided in whole numbers, of at most 2^60 where
/// n1 + n2 <= 2000: z has the sign of d = i n2 - j n1, and z^2 is d^2 / (s (n - s)) times what is the same for all.
inline bool pooled_at_least(int i, int j, int x1, int x2, int n1, int n2) {
  using Int = std::int64_t;
  const auto difference = [&](int a, int b) { return Int{a} * n2 - Int{b} * n1; };
  const auto spread = [&](int a, int b) { return Int{a + b} * (n1 + n2 - a - b); };
  const Int d = difference(i, j), d0 = difference(x1, x2);
  if ((d >= 0) != (d0 >= 0) || d == 0 || d0 == 0)
    return d == 0 && d0 == 0 ? true : d > d0;
  const Int v = spread(i, j), v0 = spread(x1, x2);
  return d > 0 ? d * d * v0 >= d0 * d0 * v : d * d * v0 <= d0 * d0 * v;
}

/// Fisher's p of a table as a fraction that is never written out unless it must be: the tables of its sum that count.
struct FisherTail {
  int s = 0;
  std::vector<int> set; ///< which i
  double p = 1.0;       ///< their probability given s
  double rest = 0.0;    ///< that of all others, summed on its own
};

/// Is Fisher's p of `a` at most that of `b`? Decided by doubles where their rounding allows it, else in whole numbers.
/// Of one s, one set holds the other.
inline bool at_most(const Tables& tables, const FisherTail& a, const FisherTail& b) {
  if (a.s == b.s)
    return a.set.size() <= b.set.size();
  if (std::fabs(a.p - b.p) > 1e-10 * std::max(a.p, b.p))
    return a.p < b.p;
  if (std::fabs(a.rest - b.rest) > 1e-10 * std::max(a.rest, b.rest))
    return a.rest > b.rest;
  const Whole left = tables.numerator(a.s, a.set) * tables.denominator(b.s);
  const Whole right = tables.numerator(b.s, b.set) * tables.denominator(a.s);
  return compare(left, right) <= 0;
}

/// Calls each(tail) for the growing sets of the first tables of `order`, all with sum s, until it answers false.
/// `same(a, b)`: do a and b come together?
template <class Each, class Same>
void grow_tail(const Tables& tables, int s, const std::vector<int>& order, Each each, Same same) {
  std::vector<double> rest(order.size() + 1, 0.0);
  for (std::size_t k = order.size(); k-- > 0;)
    rest[k] = rest[k + 1] + tables.given(order[k], s - order[k]);
  FisherTail tail{s, {}, 0.0, 1.0};
  for (std::size_t k = 0; k < order.size();) {
    const std::size_t start = k;
    for (; k < order.size() && (k == start || same(order[start], order[k])); ++k) {
      tail.set.push_back(order[k]);
      tail.p += tables.given(order[k], s - order[k]);
    }
    tail.rest = rest[k];
    if (!each(tail))
      return;
  }
}

/// Calls each(tail) for P(X1 >= i) given s, i from the largest down, until it answers false.
template <class Each> void upper_tails(const Tables& tables, int s, Each each) {
  std::vector<int> order;
  for (int i = tables.last(s); i >= tables.first(s); --i)
    order.push_back(i);
  grow_tail(tables, s, order, each, [](int, int) { return false; });
}

/// Fisher's one-sided p of (x1, x2).
inline FisherTail fisher_tail(const Tables& tables, int x1, int x2) {
  FisherTail out;
  upper_tails(tables, x1 + x2, [&](const FisherTail& tail) {
    out = tail;
    return tail.set.back() > x1;
  });
  return out;
}

/// The tables whose one-sided Fisher p is at most that of (x1, x2): Boschloo's region (1970).
inline Staircase boschloo_region(const Tables& tables, int x1, int x2) {
  const FisherTail observed = fisher_tail(tables, x1, x2);
  Staircase out(static_cast<std::size_t>(tables.n1()) + 1, -1);
  for (int s = 0; s <= tables.n(); ++s)
    upper_tails(tables, s, [&](const FisherTail& tail) {
      const bool in = at_most(tables, tail, observed);
      int& most = out[static_cast<std::size_t>(tail.set.back())];
      if (in)
        most = std::max(most, s - tail.set.back());
      return in;
    });
  return out;
}

/// The same for a two-sided p, the sum of all conditional probabilities no larger than the table's own (Freeman &
/// Halton 1951). Not a staircase: the coefficients themselves, as in under_equality().
inline Bernstein boschloo_two_sided(const Tables& tables, int x1, int x2, double& fisher_p) {
  // Sets that grow by one tie at a time, the least probable first.
  const auto grow = [&](int s, const auto& each) {
    const auto given = [&](int i) { return tables.given(i, s - i); };
    std::vector<int> order;
    for (int i = tables.first(s); i <= tables.last(s); ++i)
      order.push_back(i);
    std::sort(order.begin(), order.end(), [&](int a, int b) { return given(a) < given(b); });
    grow_tail(tables, s, order, each, [&](int a, int b) {
      return std::fabs(given(a) - given(b)) <= 1e-10 * std::max(given(a), given(b)) &&
             compare(tables.numerator(s, {a}), tables.numerator(s, {b})) == 0;
    });
  };
  FisherTail observed;
  grow(x1 + x2, [&](const FisherTail& tail) {
    observed = tail;
    return std::find(tail.set.begin(), tail.set.end(), x1) == tail.set.end();
  });
  fisher_p = std::min(1.0, observed.p);
  Bernstein out(static_cast<std::size_t>(tables.n()) + 1, 0.0);
  for (int s = 0; s <= tables.n(); ++s)
    grow(s, [&](const FisherTail& tail) {
      const bool in = at_most(tables, tail, observed);
      if (in)
        out[static_cast<std::size_t>(s)] = std::min(1.0, tail.p);
      return in;
    });
  return out;
}

/// Barnard's CSM order (1947), as far as the table (x1, x2): beginning with the most extreme table, the one is added,
/// among those that keep the convexity, with which the largest probability of the set over p is least. Tables whose
/// largest probabilities agree to 1e-10 of their size are added together. With `symmetric` each table (i, j) comes with
/// (n1 - i, n2 - j), the same difference in the other direction: the two-sided order.
///
/// The maxima are compared with certainty down to those 1e-10. Cost: of each table added O(n^2) some tens of times.
struct CsmRegion {
  Staircase set;
  std::size_t tables = 0; ///< how many belong to it, those of the other direction included
  Bernstein probability;  ///< coefficients in the common p
};

inline CsmRegion csm_region(const Tables& tables, int x1, int x2, bool symmetric, const Poll& poll = {}) {
  const int n1 = tables.n1(), n2 = tables.n2(), n = tables.n();
  const auto index = [](int i) { return static_cast<std::size_t>(i); };
  CsmRegion out;
  out.set.assign(index(n1) + 1, -1);
  out.probability.assign(index(n) + 1, 0.0);

  // A first look at the maxima, on a grid of equal steps in arcsin sqrt(p), in which all terms are equally wide.
  const std::size_t points = 16 + 6 * static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
  std::vector<std::vector<double>> one(index(n1) + 1, std::vector<double>(points)),
      two(index(n2) + 1, std::vector<double>(points));
  for (const bool first : {true, false}) {
    const int m = first ? n1 : n2;
    auto& rows = first ? one : two;
    for (std::size_t g = 0; g < points; ++g) {
      const double angle = 1.5707963267948966 * (static_cast<double>(g) + 0.5) / static_cast<double>(points);
      const double up = std::sin(angle) * std::sin(angle), down = std::cos(angle) * std::cos(angle);
      for (int i = 0; i <= m; ++i)
        rows[index(i)][g] = std::exp(i * std::log(up) + (m - i) * std::log(down) + log_choose(m, i));
    }
  }
  std::vector<double> seen(points, 0.0);

  struct Candidate {
    int i, j;
    double low, high; // the largest probability lies between
    Bernstein probability;
  };
  const auto with = [&](int i, int j) {
    Bernstein c = out.probability;
    const auto add = [&](int a, int b) {
      double& x = c[index(a + b)];
      x = std::min(1.0, x + tables.given(a, b));
    };
    add(i, j);
    if (symmetric && !(2 * i == n1 && 2 * j == n2))
      add(n1 - i, n2 - j);
    return c;
  };
  // In the symmetric order the lower half of the tables comes with the upper one. On the border a table and its image
  // are both at hand: the first of them stands for both.
  const auto in_half = [&](int i, int j) {
    const std::int64_t d = std::int64_t{i} * n2 - std::int64_t{j} * n1;
    return !symmetric || d > 0 || (d == 0 && 2 * i >= n1);
  };
  const auto add = [&](const Candidate& best) {
    const auto on_grid = [&](int i, int j) {
      ++out.tables;
      for (std::size_t g = 0; g < points; ++g)
        seen[g] += one[index(i)][g] * two[index(j)][g];
    };
    out.probability = with(best.i, best.j);
    out.set[index(best.i)] = best.j;
    on_grid(best.i, best.j);
    if (symmetric && !(2 * best.i == n1 && 2 * best.j == n2))
      on_grid(n1 - best.i, n2 - best.j);
  };
  const bool mirrored = symmetric && (std::int64_t{x1} * n2 < std::int64_t{x2} * n1 ||
                                      (std::int64_t{x1} * n2 == std::int64_t{x2} * n1 && 2 * x1 < n1));
  const int at_i = mirrored ? n1 - x1 : x1, at_j = mirrored ? n2 - x2 : x2;

  std::vector<Candidate> candidates;
  while (out.set[index(at_i)] < at_j) {
    if (poll)
      poll(static_cast<double>(out.tables) / ((n1 + 1.0) * (n2 + 1.0)));
    candidates.clear();
    for (int i = 0; i <= n1; ++i) {
      const int j = out.set[index(i)] + 1;
      const bool corner = j <= n2 && (i == n1 || out.set[index(i) + 1] >= j);
      if (!corner || !in_half(i, j))
        continue;
      double most = 0.0;
      const bool twice = symmetric && !(2 * i == n1 && 2 * j == n2);
      for (std::size_t g = 0; g < points; ++g) {
        double p = seen[g] + one[index(i)][g] * two[index(j)][g];
        if (twice)
          p += one[index(n1 - i)][g] * two[index(n2 - j)][g];
        most = std::max(most, p);
      }
      candidates.push_back({i, j, most * (1.0 - 1e-9), 1.0 + 1e-9, {}});
    }
    // Closer and closer, until only those are left that are least or tied.
    for (const double tolerance : {1e-2, 1e-4, 1e-7, 1e-11}) {
      std::sort(candidates.begin(), candidates.end(),
                [](const Candidate& a, const Candidate& b) { return a.low < b.low; });
      double least = 2.0;
      for (auto& c : candidates) {
        if (candidates.size() == 1 || c.low > least)
          break;
        if (c.probability.empty())
          c.probability = with(c.i, c.j);
        const Maximum m = largest({{c.probability, {}}}, tolerance);
        c.low = std::max(c.low, m.value);
        c.high = m.bound;
        least = std::min(least, c.high);
      }
      least = std::min(least, 1.0 + 1e-9);
      candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                      [&](const Candidate& c) { return c.low > least * (1.0 + 1e-10); }),
                       candidates.end());
    }
    if (candidates.empty())
      throw error("the order of tables broke off");
    for (const auto& c : candidates)
      add(c);
  }
  return out;
}

} // namespace detail
} // namespace cryonodes

#endif
