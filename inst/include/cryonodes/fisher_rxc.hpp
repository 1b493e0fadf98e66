#ifndef CRYONODES_FISHER_RXC_HPP
#define CRYONODES_FISHER_RXC_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/exact_cost.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/rxc_half.hpp"
#include "cryonodes/rxc_limits.hpp"
#include "cryonodes/rxc_placing.hpp"

namespace cryonodes {

namespace detail {

/// log of the number of ways to place a column's total in so many rows: choose(total + rows - 1, rows - 1).
inline double log_placings(std::int64_t total, std::size_t rows) {
  double sum = 0.0;
  for (std::size_t i = 1; i < rows; ++i)
    sum += std::log1p(static_cast<double>(total) / static_cast<double>(i));
  return sum;
}

/// Freeman & Halton's p-value, the columns in two halves: the tables of each half by their row totals, and a walk along
/// two sorted lists of costs for each way in which the row totals may be shared. Whatever is known to count, or not to,
/// is not followed any further: bounds from below and above say so.
template <class Real> class RxcNetwork {
public:
  RxcNetwork(const RxcProblem& problem, const RxcLimits& limits, const Poll& poll)
      : p_(problem), budget_(limits, poll), split_(best_split()), a_(p_, part(0, split_), part(split_), budget_),
        b_(p_, part(split_), part(0, split_), budget_), all_(p_, p_.columns), low_(all_.prices) {
    for (const std::int64_t r : p_.rows)
      low_ += all_.of(r);
  }

  /// False: it was given up.
  bool run() {
    if (!a_.build(split_) || (b_.columns() > 1 && !b_.build(b_.columns() - 1)) || !b_.number_states(b_.columns()))
      return false;
    first_.assign(b_.states(), 0);
    RxcPlacing<Real> sharing(p_, budget_, a_.placed(), b_.placed(), a_.bound(), b_.bound(), all_,
                             a_.scale() + b_.scale());
    mass_ = sharing.run(p_.rows.data(), low_, p_.observed, p_.observed,
                        [this](SignedCost, std::uint64_t a, std::uint64_t b, Real ways, Real) {
                          budget_.step(1.0);
                          const std::uint32_t number = a_.find(a);
                          const auto& state = a_.all_states()[number];
                          if (state.begin == state.end && state.beyond == 0)
                            return; // all too probable
                          std::uint32_t& first = first_[b_.find(b)];
                          pairs_.push_back({number, first, ways});
                          first = static_cast<std::uint32_t>(pairs_.size());
                          budget_.held += sizeof(Pair);
                        });
    any_above_ = sharing.any_dropped();
    return !budget_.given_up() && combine();
  }

  /// log of the sum over the tables at most as probable as the observed one of exp(-cost).
  long double log_mass() const { return std::log(mass_) - cost_wide(low_); }
  /// Is there a table that is more probable?
  bool any_above() const { return any_above_ || a_.any_dropped() || b_.any_dropped(); }
  const NetworkBudget& budget() const { return budget_; }

private:
  struct Pair {            ///< states that make a table together
    std::uint32_t a, next; ///< the next one with the same state of b_, from 1
    Real ways;
  };
  RxcTotals part(std::size_t from, std::size_t to) const {
    const auto at = p_.columns.begin();
    return {at + static_cast<std::ptrdiff_t>(from), at + static_cast<std::ptrdiff_t>(to)};
  }
  RxcTotals part(std::size_t from) const { return part(from, p_.columns.size()); }

  /// So that the first columns have 0.44 of the logarithm of the number of tables: the others, being smaller, merge
  /// more. Tried on 120 tables of two to ten rows, where the best was between 0.36 and 0.56.
  std::size_t best_split() const {
    std::vector<double> size(1, 0.0);
    for (const std::int64_t column : p_.columns)
      size.push_back(size.back() + log_placings(column, p_.rows.size()));
    std::size_t best = 1;
    for (std::size_t k = 2; k + 1 < size.size(); ++k)
      if (std::fabs(size[k] - 0.44 * size.back()) < std::fabs(size[best] - 0.44 * size.back()))
        best = k;
    return best;
  }

  /// For each state of b_ its list, and a walk along it with the list of each state of a_ that it belongs to.
  bool combine() {
    const auto& la = a_.lists();
    std::vector<Real> mass_a(la.cost.size());
    for (const auto& s : a_.all_states())
      for (std::size_t i = s.begin; i < s.end; ++i)
        mass_a[i] = la.ways[i] * exp_minus<Real>(la.cost[i] - s.low);
    typename RxcHalf<Real>::List lb;
    b_.start(b_.columns());
    const double begun = budget_.work();
    for (std::size_t state = 0; state < first_.size() && !budget_.given_up(); ++state) {
      budget_.foresee(begun, static_cast<double>(state) / static_cast<double>(first_.size()));
      if (first_[state] == 0)
        continue;
      SignedCost least = 0, most = -1;
      for (std::uint32_t pair = first_[state]; pair > 0; pair = pairs_[pair - 1].next) {
        const auto& sa = a_.all_states()[pairs_[pair - 1].a];
        if (sa.begin < sa.end) {
          least = most < 0 ? la.cost[sa.begin] : std::min(least, la.cost[sa.begin]);
          most = std::max(most, la.cost[sa.end - 1]);
        }
      }
      const std::int64_t* const t = b_.totals(state);
      typename RxcHalf<Real>::State sb;
      sb.low = b_.low(t);
      lb = {};
      if (most >= 0) // else there are only tables beyond the limit
        sb = b_.gather(t, p_.observed - most, p_.observed - least, lb);
      const Real total_b = b_.total(sb, t);
      lb.mass.push_back(sb.beyond);
      for (std::uint32_t pair = first_[state]; pair > 0; pair = pairs_[pair - 1].next) {
        const auto& sa = a_.all_states()[pairs_[pair - 1].a];
        mass_ += pairs_[pair - 1].ways * (sa.beyond * total_b + walk(sa, mass_a, lb)) *
                 exp_minus<Real>(sa.low + sb.low - low_);
      }
    }
    return !budget_.given_up();
  }

  /// Mass of the tables with a cost of the state's list and one of `lb` that together reach the observed one.
  Real walk(const typename RxcHalf<Real>::State& sa, const std::vector<Real>& mass_a,
            const typename RxcHalf<Real>::List& lb) {
    const auto& la = a_.lists();
    std::size_t i = sa.begin, k = lb.cost.size(); // from k on they do
    any_above_ = any_above_ || (i < sa.end && k > 0 && la.cost[i] + lb.cost[0] < p_.observed);
    long double sum = 0.0L;
    for (; i < sa.end; ++i) {
      while (k > 0 && la.cost[i] + lb.cost[k - 1] >= p_.observed)
        --k;
      if (k == 0)
        break;
      sum += mass_a[i] * lb.mass[k];
    }
    if (i < sa.end)
      sum += (la.mass[i] - sa.beyond) * lb.mass[0];
    budget_.step(0.2 + 0.04 * static_cast<double>(lb.cost.size() - k + i - sa.begin));
    return static_cast<Real>(sum);
  }

  const RxcProblem& p_;
  NetworkBudget budget_;
  std::size_t split_;
  RxcHalf<Real> a_, b_;
  RxcBound all_;
  SignedCost low_;
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> first_; // by state of b_: its pairs, from 1
  long double mass_ = 0.0L;
  bool any_above_ = false;
};

/// Largest logarithm of what is added up or multiplied: number of tables, mass of all, of the observed one.
inline double rxc_range(const RxcProblem& p, SignedCost scale) {
  const RxcBound all(p, p.columns);
  SignedCost low = all.prices;
  for (const std::int64_t r : p.rows)
    low += all.of(r);
  double tables = 0.0;
  for (const std::int64_t c : p.columns)
    tables += log_placings(c, p.rows.size());
  return std::max({tables, cost_number(low - scale), cost_number(p.observed - low)});
}

template <class Real>
void run_rxc(const RxcProblem& p, SignedCost scale, const RxcLimits& limits, const Poll& poll, RxcResult& out) {
  RxcNetwork<Real> network(p, limits, poll);
  out.feasible = network.run();
  out.work = network.budget().work();
  out.memory = network.budget().peak();
  if (!out.feasible)
    return;
  const long double log_p = network.any_above() ? cost_wide(scale) + network.log_mass() : 0.0L;
  out.log_p_value = std::min(0.0, static_cast<double>(log_p));
  out.p_value = std::exp(out.log_p_value);
}

} // namespace detail

/// Freeman & Halton's exact p-value of a table with any number of rows and columns: the probability, given all margins,
/// of the tables that are at most as probable as the one observed. Equal probabilities are recognised as such (see
/// detail::log_factorials). The answer is the same to the last bit for every order of rows and columns and for the
/// transposed table.
///
/// Only positive numbers are added and multiplied, long sums in long double: on all tables that were worked out in
/// whole numbers (tests/golden) the relative error of p is below 1e-13.
/// Not feasible, beside what is beyond the limits: tables so improbable, or with so many others of their margins, that
/// some factor would leave the range of a long double (5000 in logarithms).
/// @param counts row after row, each >= 0, no row and no column empty; `rows` * `columns` of them.
/// @throws input_error if the counts do not fit that description.
inline RxcResult fisher_rxc_exact(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
                                  const RxcLimits& limits = {}, const Poll& poll = {}) {
  detail::require(rows >= 2 && columns >= 2 && counts.size() == rows * columns,
                  "a table needs two rows and columns at least");
  std::vector<std::int64_t> r(rows, 0), c(columns, 0);
  std::int64_t n = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    detail::require(counts[k] >= 0, "counts must be >= 0");
    r[k / columns] += counts[k];
    c[k % columns] += counts[k];
    n += counts[k];
  }
  detail::require(*std::min_element(r.begin(), r.end()) > 0 && *std::min_element(c.begin(), c.end()) > 0,
                  "no row and no column may be empty");
  RxcResult out;
  if (n > static_cast<std::int64_t>(detail::most_counted))
    return out;
  detail::RxcProblem p;
  for (const detail::Cost cost : detail::log_factorials(static_cast<std::size_t>(n)))
    p.lf.push_back(static_cast<detail::SignedCost>(cost));
  p.observed = p.cost(counts);
  p.rows = r;
  p.columns = c;
  std::sort(p.rows.rbegin(), p.rows.rend());
  std::sort(p.columns.rbegin(), p.columns.rend());
  if (p.rows.size() > p.columns.size() || (p.rows.size() == p.columns.size() && p.rows > p.columns))
    p.rows.swap(p.columns);
  const auto m = static_cast<double>(p.rows.size()), most = static_cast<double>(p.rows.front());
  if ((most + 1000.0 * m) * static_cast<double>(p.columns.size()) > limits.work)
    return out; // prices and bounds alone would be too much
  detail::set_prices(p);
  const detail::SignedCost scale = p.cost(r) + p.cost(c) - p.cost(n);
  const double range = detail::rxc_range(p, scale);
  RxcLimits half = limits; // a step takes twice as long in numbers of the longer kind
  half.work /= 2.0;
  if (range < 300.0)
    detail::run_rxc<double>(p, scale, limits, poll, out);
  else if (range < 5000.0)
    detail::run_rxc<long double>(p, scale, half, poll, out);
  return out;
}

} // namespace cryonodes

#endif
