#ifndef CRYONODES_RXC_PLACING_HPP
#define CRYONODES_RXC_PLACING_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/exact_cost.hpp"
#include "cryonodes/flat_map.hpp"
#include "cryonodes/rxc_limits.hpp"

namespace cryonodes {

namespace detail {

using RxcTotals = std::vector<std::int64_t>;

/// A table of counts: its totals, and its cost, the sum of log n! over the cells. The greater it is, the less probable
/// is the table.
struct RxcProblem {
  RxcTotals rows, columns; ///< descending
  SignedCost observed = 0;
  std::vector<SignedCost> lf;    ///< log n!
  std::vector<SignedCost> price; ///< of a count in a column, by the column's total: see RxcBound

  SignedCost cost(std::int64_t n) const { return lf[static_cast<std::size_t>(n)]; }
  SignedCost cost(const RxcTotals& x) const {
    SignedCost out = 0;
    for (const std::int64_t n : x)
      out += cost(n);
    return out;
  }
};

/// exp(-cost) for a difference of costs.
template <class Real> Real exp_minus(SignedCost x) {
  constexpr unsigned dropped = 46; // 54 binary places are left
  const SignedCost rest = x >> dropped;
  const auto low = static_cast<std::int64_t>(rest);
  return std::exp(low == rest ? -static_cast<Real>(low) * static_cast<Real>(0x1p-54)
                              : -static_cast<Real>(cost_wide(x)));
}

/// The least cost of some columns as a sum over the rows. With a price for each count in a column, a row of s buys its
/// counts where they cost least: whatever the prices, no table costs less than `prices` + sum of of(s_i). of() is
/// convex, so that the bound is least where the rows are least unequal.
class RxcBound {
public:
  SignedCost prices = 0;

  RxcBound(const RxcProblem& p, const RxcTotals& columns) : least_(1, 0), most_(1, 0) {
    const auto rows = static_cast<std::size_t>(p.rows.front()) + 1;
    RxcTotals x(columns.size(), 0), descending = columns;
    std::sort(descending.rbegin(), descending.rend());
    SignedCost full = 0;
    for (const std::int64_t c : descending) {
      for (std::int64_t a = 1; a <= c && most_.size() < rows; ++a)
        most_.push_back(full + p.cost(a));
      full += p.cost(c);
    }
    std::vector<std::pair<SignedCost, std::size_t>> offer; // what one more in a column costs: the least comes first
    const auto put = [&](std::size_t j) {
      if (x[j] == columns[j])
        return;
      offer.emplace_back(p.cost(x[j] + 1) - p.cost(x[j]) - p.price[static_cast<std::size_t>(columns[j])], j);
      std::push_heap(offer.begin(), offer.end(), std::greater<>());
    };
    for (std::size_t j = 0; j < columns.size(); ++j) {
      prices += p.price[static_cast<std::size_t>(columns[j])] * columns[j];
      put(j);
    }
    while (least_.size() < rows && !offer.empty()) {
      std::pop_heap(offer.begin(), offer.end(), std::greater<>());
      const auto [cost, j] = offer.back();
      offer.pop_back();
      least_.push_back(least_.back() + cost);
      ++x[j];
      put(j);
    }
  }
  SignedCost of(std::int64_t s) const {
    return static_cast<std::size_t>(s) < least_.size() ? least_[static_cast<std::size_t>(s)] : too_much;
  }

  /// The most that a row of s can cost.
  SignedCost most(std::int64_t s) const {
    return static_cast<std::size_t>(s) < most_.size() ? most_[static_cast<std::size_t>(s)] : too_much;
  }

private:
  static constexpr SignedCost too_much = SignedCost{1} << 124U;
  std::vector<SignedCost> least_, most_;
};

/// Prices for which the bound of the whole table is near the best. A table of least cost has, of each row, the counts
/// up to which a further one costs less than its price and something for the row: midway between log x and log(x + 1).
/// These are fitted to the totals in turn.
inline void set_prices(RxcProblem& p) {
  const auto fit = [](const RxcTotals& totals, const RxcTotals& others, std::vector<double>& own,
                      const std::vector<double>& other) { // sum over the others of max(0, own * other - 1/2) = total
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto total = static_cast<double>(totals[i]);
      for (int step = 0; step < 30; ++step) { // Newton's, exact once the same terms are positive
        double sum = 0.0, slope = 0.0;
        for (std::size_t j = 0; j < others.size(); ++j)
          if (own[i] * other[j] > 0.5) {
            sum += own[i] * other[j] - 0.5;
            slope += other[j];
          }
        if (slope == 0.0) {
          own[i] *= 2.0;
          continue;
        }
        const double next = own[i] + (total - sum) / slope;
        if (next == own[i])
          break;
        own[i] = next;
      }
    }
  };
  std::vector<double> row, column;
  const auto n = static_cast<double>(std::accumulate(p.rows.begin(), p.rows.end(), std::int64_t{0}));
  for (const std::int64_t r : p.rows)
    row.push_back(static_cast<double>(r) / n);
  for (const std::int64_t c : p.columns)
    column.push_back(static_cast<double>(c));
  for (int sweep = 0; sweep < 30; ++sweep) {
    fit(p.columns, p.rows, column, row);
    fit(p.rows, p.columns, row, column);
  }
  p.price.assign(static_cast<std::size_t>(p.columns.front()) + 1, 0);
  for (std::size_t j = 0; j < column.size(); ++j)
    p.price[static_cast<std::size_t>(p.columns[j])] = static_cast<SignedCost>(std::log(column[j]) * 0x1p60) << 40U;
}

/// All ways in which each row gives a share to some columns and leaves the others the rest, but for those that are
/// known to lead to tables as extreme as the observed one, however they end: of these the mass is added up, which is a
/// product of factorials.
template <class Real> class RxcPlacing {
public:
  /// @param amount,others what the rows give together, and what they keep; @param first,rest,both bounds for the
  /// columns that it is given to, for those that the rest is left to, and for both; @param scale log of the factor of
  /// the tables' mass that does not depend on the rows.
  RxcPlacing(const RxcProblem& problem, NetworkBudget& budget, std::int64_t amount, std::int64_t others,
             const RxcBound& first, const RxcBound& rest, const RxcBound& both, SignedCost scale)
      : p_(problem), budget_(budget), amount_(amount), first_(first), rest_(rest), both_(both), scale_(scale),
        tilt_(log_of(problem, amount) - log_of(problem, others)), m_(p_.rows.size()),
        shares_(static_cast<std::size_t>(p_.rows.front()) + 1), a_(m_, 0), later_(m_ + 1, 0), row_(m_),
        none_(m_ + 1, Share{0, 0, 0, 0, 1, 1}), alike_(m_ + 1, 0),
        ahead_((m_ + 1) * (static_cast<std::size_t>(amount) + 1)) {
    hold(ahead_.size() * sizeof(Real) + shares_.size() * sizeof(Shares));
  }
  RxcPlacing(const RxcPlacing&) = delete;
  RxcPlacing& operator=(const RxcPlacing&) = delete;
  ~RxcPlacing() { budget_.held -= held_; }

  /// A row's part in the key of a state, which is the sum of them: the order of rows does not matter.
  static std::uint64_t key(std::int64_t s) {
    return mix_bits(0x5851f42d4c957f2dU + static_cast<std::uint64_t>(s) * 0x9e3779b97f4a7c15U);
  }

  /// Calls arrive(bound, key of the shares, key of the rests, ways, exp(low - bound)) for each way whose bound from
  /// below is less than `limit`, and that from above no less than `floor`; `ways` counts the orders of equal rows.
  /// @param s totals of the rows; @param low their bound.
  /// @return mass of those beyond the limit, in units of exp(-low).
  template <class Arrive>
  Real run(const std::int64_t* s, SignedCost low, SignedCost floor, SignedCost limit, const Arrive& arrive) {
    s_ = s;
    limit_ = limit;
    floor_ = floor;
    SignedCost top = 0;
    beyond_ = 0;
    base_ = low + scale_;
    for (std::size_t i = m_; i-- > 0;) {
      later_[i] = later_[i + 1] + s[i];
      row_[i] = &shares(s[i]);
      base_ -= p_.cost(s[i]);
      top += both_.most(s[i]);
      const Share &none = row_[i]->of.front(), &after = none_[i + 1];
      none_[i] = {none.gain + after.gain,     none.loss + after.loss,
                  none.key + after.key,       none.key_of_rest + after.key_of_rest,
                  none.factor * after.factor, none.pair * after.pair};
      alike_[i] = i + 1 < m_ && s[i + 1] == s[i] ? alike_[i + 1] + 1 : 0;
    }
    std::fill(ahead_.begin(), ahead_.end(), Real(-1));
    budget_.step(0.003 * static_cast<double>(ahead_.size()));
    if (top < floor)
      dropped_ = true;
    else if (low >= limit)
      accept(0, amount_, 1, 1);
    else
      place(0, amount_, {low, top, 0, 0, 1, 1, 1, 1, 1}, arrive);
    return static_cast<Real>(beyond_);
  }
  /// Was there anything below a floor?
  bool any_dropped() const { return dropped_; }

private:
  static SignedCost log_of(const RxcProblem& p, std::int64_t n) { return p.cost(n) - p.cost(n - 1); }

  struct Share {
    SignedCost gain, loss; ///< of the bound from below, and from above
    std::uint64_t key, key_of_rest;
    Real factor, pair; ///< exp(-gain); odds^a / (a! (s - a)!) in units of the largest
  };
  struct Shares {
    std::vector<Share> of; ///< by their size
    SignedCost best = 0;   ///< log of the unit of `pair`
  };
  struct Path {
    SignedCost bound, top;
    std::uint64_t key, key_of_rest;
    Real ways, factor, pair;
    int position, run; ///< in its group of equal rows, and among those with equal shares
  };

  const Shares& shares(std::int64_t s) {
    Shares& out = shares_[static_cast<std::size_t>(s)];
    if (!out.of.empty())
      return out;
    const std::int64_t most = std::min(s, amount_);
    const auto log_pair = [&](std::int64_t x) { return tilt_ * x - p_.cost(x) - p_.cost(s - x); };
    hold((static_cast<std::size_t>(most) + 1) * sizeof(Share));
    budget_.step(0.3 * static_cast<double>(most));
    out.of.reserve(static_cast<std::size_t>(most) + 1);
    out.best = log_pair(0);
    for (std::int64_t a = 1; a <= most; ++a)
      out.best = std::max(out.best, log_pair(a));
    for (std::int64_t a = 0; a <= most; ++a) {
      const SignedCost gain = first_.of(a) + rest_.of(s - a) - both_.of(s);
      const SignedCost loss = both_.most(s) - first_.most(a) - rest_.most(s - a);
      out.of.push_back(
          {gain, loss, key(a), key(s - a), exp_minus<Real>(gain), exp_minus<Real>(out.best - log_pair(a))});
    }
    return out;
  }

  void hold(std::size_t bytes) {
    held_ += bytes;
    budget_.held += bytes;
  }

  /// Mass of all ways to go on from row i.
  void accept(std::size_t i, std::int64_t left, Real ways, Real pair) {
    Real& ahead = ahead_[i * (static_cast<std::size_t>(amount_) + 1) + static_cast<std::size_t>(left)];
    if (ahead < 0) {
      SignedCost x = base_ + p_.cost(later_[i]) - p_.cost(left) - p_.cost(later_[i] - left) - tilt_ * (amount_ - left);
      for (std::size_t k = 0; k < i; ++k)
        x += p_.cost(s_[k]) + row_[k]->best;
      ahead = exp_minus<Real>(-x);
    }
    beyond_ += ways * pair * ahead;
    budget_.step(0.2);
  }

  /// Rows before i have their share. Equal rows take descending ones.
  template <class Arrive> void place(std::size_t i, std::int64_t left, const Path& path, const Arrive& arrive) {
    const bool same = i > 0 && s_[i] == s_[i - 1], end_of_group = alike_[i] == 0;
    const std::int64_t from = std::max<std::int64_t>(0, left - later_[i + 1]);
    std::int64_t to = std::min(s_[i], left);
    if (same)
      to = std::min(to, a_[i - 1]);
    for (std::int64_t a = from; a <= to; ++a) {
      const Share& share = row_[i]->of[static_cast<std::size_t>(a)];
      a_[i] = a;
      const int position = same ? path.position + 1 : 1, run = same && a == a_[i - 1] ? path.run + 1 : 1;
      const SignedCost bound = path.bound + share.gain, top = path.top - share.loss;
      if (top < floor_) {
        dropped_ = true;
        continue;
      }
      const Real ways = position == run ? path.ways : path.ways * static_cast<Real>(position) / static_cast<Real>(run);
      if (a == left && i + 1 < m_) { // nothing is left for the others
        const Share& none = none_[i + 1];
        Real orders = ways; // those of the group that have nothing
        for (int k = 1; k <= alike_[i]; ++k)
          orders = orders * static_cast<Real>(position + k) / static_cast<Real>(k);
        if (top - none.loss < floor_)
          dropped_ = true;
        else if (bound + none.gain >= limit_)
          accept(m_, 0, orders, path.pair * share.pair * none.pair);
        else
          arrive(bound + none.gain, path.key + share.key + none.key,
                 path.key_of_rest + share.key_of_rest + none.key_of_rest, orders,
                 path.factor * share.factor * none.factor);
      } else if (end_of_group && bound >= limit_)
        accept(i + 1, left - a, ways, path.pair * share.pair);
      else if (i + 1 < m_)
        place(i + 1, left - a,
              {bound, top, path.key + share.key, path.key_of_rest + share.key_of_rest, ways, path.factor * share.factor,
               path.pair * share.pair, position, run},
              arrive);
      else
        arrive(bound, path.key + share.key, path.key_of_rest + share.key_of_rest, ways, path.factor * share.factor);
      if (budget_.given_up())
        return;
    }
  }

  const RxcProblem& p_;
  NetworkBudget& budget_;
  std::int64_t amount_;
  const RxcBound &first_, &rest_, &both_;
  SignedCost scale_, tilt_; // log of the odds of being given, so that no product of pairs is beyond what a number holds
  std::size_t m_;
  std::vector<Shares> shares_; // by total of the row
  const std::int64_t* s_ = nullptr;
  SignedCost floor_ = 0, limit_ = 0, base_ = 0;
  RxcTotals a_, later_;
  std::vector<const Shares*> row_;
  std::vector<Share> none_; // rows from i on have nothing
  std::size_t held_ = 0;    // bytes of shares_ and ahead_
  std::vector<int> alike_;  // rows after i with the same total
  std::vector<Real> ahead_; // by row and what is left: mass of all that may follow, -1: not known yet
  long double beyond_ = 0.0L;
  bool dropped_ = false;
};

} // namespace detail

} // namespace cryonodes

#endif
