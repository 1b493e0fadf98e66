#ifndef CRYONODES_RXC_HALF_HPP
#define CRYONODES_RXC_HALF_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/exact_cost.hpp"
#include "cryonodes/flat_map.hpp"
#include "cryonodes/rxc_limits.hpp"
#include "cryonodes/rxc_placing.hpp"

namespace cryonodes {

namespace detail {

/// The tables of some of the columns, by the row totals that they have: these are a state, in which the order of rows
/// does not matter, and it has a list of the costs of its tables. From the state's limit on a cost makes a table as
/// extreme as the observed one whatever the other columns are: of such only the mass is kept. Masses are in units of
/// exp(-low).
template <class Real> class RxcHalf {
public:
  struct State {
    std::size_t begin = 0, end = 0; ///< of its list
    SignedCost low = 0, limit = 0;
    Real beyond = 0;
  };
  struct List {
    std::vector<SignedCost> cost;    ///< ascending
    std::vector<Real> ways;          ///< number of tables with each
    std::vector<Real> mass;          ///< of tables with this cost or a greater one, those beyond the limit included
    std::vector<std::uint32_t> rank; ///< of the cost among all; empty: not known
    void append(const List& x) {
      cost.insert(cost.end(), x.cost.begin(), x.cost.end());
      ways.insert(ways.end(), x.ways.begin(), x.ways.end());
      mass.insert(mass.end(), x.mass.begin(), x.mass.end());
    }
  };

  RxcHalf(const RxcProblem& problem, RxcTotals own, const RxcTotals& rest, NetworkBudget& budget)
      : p_(problem), own_(std::move(own)), budget_(budget), m_(p_.rows.size()), d_(m_, 0) {
    for (std::size_t j = 0; j <= own_.size(); ++j) {
      const auto at = own_.begin() + static_cast<std::ptrdiff_t>(j);
      const RxcTotals mine(own_.begin(), at);
      RxcTotals others = rest;
      others.insert(others.end(), at, own_.end());
      bound_.emplace_back(p_, mine);
      bound_of_rest_.emplace_back(p_, others);
      one_.emplace_back(p_, j > 0 ? RxcTotals{own_[j - 1]} : RxcTotals{});
      placed_.push_back(std::accumulate(mine.begin(), mine.end(), std::int64_t{0}));
      total_.push_back(p_.cost(placed_.back()) - p_.cost(mine));
      floor_.push_back(p_.observed);
      for (const std::int64_t c : others)
        floor_.back() -= most_of(c);
    }
  }

  std::size_t columns() const { return own_.size(); }
  std::int64_t placed() const { return placed_.back(); }
  const RxcBound& bound() const { return bound_.back(); }
  SignedCost scale() const { return total_.back(); }
  bool any_dropped() const { return dropped_; }

  /// Numbers the states of the first j columns that have costs below their limits; false: given up.
  bool number_states(std::size_t j) {
    level_ = j;
    index_ = {};
    totals_.clear();
    states_ = 0;
    SignedCost low = bound_of_rest_[0].prices;
    for (const std::int64_t r : p_.rows)
      low += bound_of_rest_[0].of(r);
    return number(0, placed_[j], 0, low);
  }
  std::size_t states() const { return states_; }
  const std::int64_t* totals(std::size_t k) const { return &totals_[k * m_]; }
  /// The number of a state, from 0.
  std::uint32_t find(std::uint64_t key) { return found(index_, key); }

  /// The lists of the first j columns; false: given up.
  bool build(std::size_t j) {
    for (std::size_t level = 1; level <= j; ++level) {
      if (!number_states(level))
        return false;
      if (level == 1 && j > 1)
        continue; // one table each
      start(level);
      List lists, one;
      std::vector<State> state;
      const double begun = budget_.work();
      for (std::size_t k = 0; k < states_; ++k) {
        state.push_back(gather(totals(k), one));
        budget_.foresee(begun, static_cast<double>(k + 1) / static_cast<double>(states_));
        if (budget_.given_up())
          return false;
        state.back().begin = lists.cost.size();
        lists.append(one);
        state.back().end = lists.cost.size();
        budget_.held += one.cost.size() * bytes_of_value;
      }
      budget_.held -= lists_.cost.size() * bytes_of_value + targets_.size() * bytes_of_target +
                      moves_.size() * ranked_ * sizeof(std::uint32_t);
      targets_.clear();
      target_of_ = {};
      reached_.clear();
      moves_.clear();
      move_of_ = {};
      lists_ = std::move(lists);
      state_ = std::move(state);
      built_index_ = index_;
      if (level < own_.size())
        rank_costs(own_[level]);
    }
    return true;
  }
  const List& lists() const { return lists_; }
  const std::vector<State>& all_states() const { return state_; }

  /// Before the lists of a level are gathered.
  void start(std::size_t level) {
    level_ = level;
    if (level > 1)
      placing_ = std::make_unique<RxcPlacing<Real>>(p_, budget_, own_[level - 1], placed_[level - 1], one_[level],
                                                    bound_[level - 1], bound_[level], total_[level - 1]);
  }

  SignedCost low(const std::int64_t* totals) const {
    SignedCost out = bound_[level_].prices;
    for (std::size_t i = 0; i < m_; ++i)
      out += bound_[level_].of(totals[i]);
    return out;
  }

  /// The list of the state with these totals at the level last started.
  State gather(const std::int64_t* totals, List& out) {
    SignedCost limit = p_.observed - bound_of_rest_[level_].prices;
    for (std::size_t i = 0; i < m_; ++i)
      limit -= bound_of_rest_[level_].of(p_.rows[i] - totals[i]);
    return gather(totals, floor_[level_], limit, out);
  }
  /// The same, of costs from `floor` to below `limit`.
  State gather(const std::int64_t* totals, SignedCost floor, SignedCost limit, List& out) {
    now_ = State();
    now_.limit = limit;
    now_floor_ = floor;
    now_.low = low(totals);
    found_.clear();
    if (level_ == 1 && now_.low < limit) // one table
      arrive(now_.low, 0, 1, 1);
    else if (level_ == 1)
      now_.beyond = 1;
    else
      now_.beyond += placing_->run(totals, now_.low, floor, limit,
                                   [this](SignedCost bound, std::uint64_t, std::uint64_t key, Real ways, Real factor) {
                                     arrive(bound, key, ways, factor);
                                   });
    dropped_ = dropped_ || (placing_ && placing_->any_dropped());
    sorted_.clear();
    for (const auto& slot : found_.slots())
      if (slot.used())
        sorted_.emplace_back(static_cast<SignedCost>(slot.key.cost()), slot.value);
    for (const std::uint32_t t : touched_)
      sorted_.emplace_back(targets_[t], std::exchange(reached_[t], Real(0)));
    touched_.clear();
    std::sort(sorted_.begin(), sorted_.end());
    const std::size_t n = sorted_.size();
    out.cost.resize(n);
    out.ways.resize(n);
    out.mass.resize(n);
    long double mass = now_.beyond;
    for (std::size_t k = n; k-- > 0;) {
      out.cost[k] = sorted_[k].first;
      out.ways[k] = sorted_[k].second;
      mass += sorted_[k].second * exp_minus<Real>(sorted_[k].first - now_.low);
      out.mass[k] = static_cast<Real>(mass);
    }
    const std::size_t here = n * (sizeof(sorted_[0]) + sizeof(SignedCost) + 2 * sizeof(Real));
    budget_.held += here;
    budget_.step(1.5 * static_cast<double>(n));
    budget_.held -= here + std::exchange(held_, 0);
    return now_;
  }

  /// Mass of all tables with these totals.
  Real total(const State& state, const std::int64_t* totals) const {
    SignedCost out = -state.low - total_.back();
    for (std::size_t i = 0; i < m_; ++i)
      out += p_.cost(totals[i]);
    return exp_minus<Real>(out);
  }

private:
  static std::uint32_t found(FlatMap<std::uint64_t, std::uint32_t, HashState>& index, std::uint64_t key) {
    const std::uint32_t number = index[key];
    if (number == 0)
      throw error("a state of tables is missing");
    return number - 1;
  }

  /// Small counts have few products of factorials, so that the same costs come again in many lists. Then they are
  /// numbered, and where the cost of a column takes each of them is looked up once.
  void rank_costs(std::int64_t column) {
    std::vector<double> partitions(static_cast<std::size_t>(column) + 1, 0.0); // a bound for the costs of a column
    partitions[0] = 1.0;
    for (std::size_t part = 1; part <= m_; ++part)
      for (std::size_t s = part; s < partitions.size(); ++s)
        partitions[s] += partitions[s - part];
    const double most = std::min(0x1p21, 64.0 * static_cast<double>(lists_.cost.size())) / partitions.back();
    FlatMap<CostKey, std::uint32_t, HashCost> seen;
    std::vector<SignedCost> values;
    for (const SignedCost cost : lists_.cost) {
      std::uint32_t& found = seen[CostKey(static_cast<Cost>(cost))];
      if (found == 0) {
        values.push_back(cost);
        found = static_cast<std::uint32_t>(values.size());
        if (static_cast<double>(values.size()) > most)
          return;
      }
    }
    std::sort(values.begin(), values.end());
    ranked_ = values.size();
    for (std::uint32_t k = 0; k < ranked_; ++k)
      seen[CostKey(static_cast<Cost>(values[k]))] = k + 1;
    lists_.rank.reserve(lists_.cost.size());
    for (const SignedCost cost : lists_.cost)
      lists_.rank.push_back(seen[CostKey(static_cast<Cost>(cost))] - 1);
  }

  /// Tables with the costs [begin, end), and `placed` in the last column.
  void pass_on(std::size_t begin, std::size_t end, SignedCost placed, Real ways) {
    std::uint32_t& found = move_of_[CostKey(static_cast<Cost>(placed))];
    if (found == 0) {
      moves_.emplace_back(ranked_, 0);
      budget_.held += ranked_ * sizeof(std::uint32_t);
      found = static_cast<std::uint32_t>(moves_.size());
    }
    std::uint32_t* const move = moves_[found - 1].data();
    for (std::size_t k = begin; k < end; ++k) {
      std::uint32_t& target = move[lists_.rank[k]];
      if (target == 0) {
        const SignedCost cost = lists_.cost[k] + placed;
        std::uint32_t& number = target_of_[CostKey(static_cast<Cost>(cost))];
        if (number == 0) {
          targets_.push_back(cost);
          reached_.push_back(0);
          number = static_cast<std::uint32_t>(targets_.size());
          budget_.held += bytes_of_target;
        }
        target = number;
      }
      Real& reached = reached_[target - 1];
      if (reached == 0)
        touched_.push_back(target - 1);
      reached += lists_.ways[k] * ways;
    }
  }

  /// The most that a column can cost.
  SignedCost most_of(std::int64_t c) const {
    SignedCost out = 0;
    for (std::size_t i = 0; i < m_ && c > 0; ++i) {
      out += p_.cost(std::min(c, p_.rows[i]));
      c -= std::min(c, p_.rows[i]);
    }
    return out;
  }

  bool number(std::size_t i, std::int64_t left, std::uint64_t key, SignedCost bound) {
    budget_.step(1.0);
    if (budget_.given_up())
      return false;
    if (i == m_) {
      std::uint32_t& found = index_[key];
      if (found != 0)
        return false; // two states with one key: once in 2^64 pairs
      found = static_cast<std::uint32_t>(++states_);
      totals_.insert(totals_.end(), d_.begin(), d_.end());
      budget_.held += 32 + sizeof(std::int64_t) * m_;
      return true;
    }
    std::int64_t to = std::min(p_.rows[i], left);
    if (i > 0)
      to = std::min(to, d_[i - 1]);
    for (std::int64_t d = to; d >= 0; --d) {
      std::int64_t room = 0;
      for (std::size_t k = i + 1; k < m_; ++k)
        room += std::min(d, p_.rows[k]);
      if (room < left - d)
        break;
      const SignedCost here =
          bound + bound_[level_].of(d) + bound_of_rest_[level_].of(p_.rows[i] - d) - bound_of_rest_[0].of(p_.rows[i]);
      d_[i] = d;
      if (here < p_.observed && !number(i + 1, left - d, key + RxcPlacing<Real>::key(d), here))
        return false;
    }
    return true;
  }

  void account(double steps) {
    budget_.held += found_.bytes() - held_;
    held_ = found_.bytes();
    budget_.step(steps);
  }

  /// Tables that end in one way, their bound below the limit.
  void arrive(SignedCost bound, std::uint64_t key, Real ways, Real factor) {
    if (level_ <= 2) { // of one column the bound is the cost
      if (bound < now_floor_)
        dropped_ = true;
      else
        found_[CostKey(static_cast<Cost>(bound))] += ways;
      account(0.6);
      return;
    }
    const State& from = state_[found(built_index_, key)];
    const SignedCost placed = bound - from.low;
    const SignedCost* const cost = lists_.cost.data();
    std::size_t begin = from.begin, end = from.end;
    Real beyond = from.beyond;
    if (begin < end && cost[end - 1] + placed >= now_.limit) {
      end = static_cast<std::size_t>(std::lower_bound(cost + begin, cost + end, now_.limit - placed) - cost);
      beyond = lists_.mass[end];
    }
    now_.beyond += ways * beyond * factor;
    if (begin < end && cost[begin] + placed < now_floor_) {
      begin = static_cast<std::size_t>(std::lower_bound(cost + begin, cost + end, now_floor_ - placed) - cost);
      dropped_ = true;
    }
    const auto passed = static_cast<double>(end - begin);
    if (!lists_.rank.empty()) {
      pass_on(begin, end, placed, ways);
      budget_.step(1.0 + 0.05 * passed);
      return;
    }
    for (std::size_t k = begin; k < end; ++k)
      found_[CostKey(static_cast<Cost>(cost[k] + placed))] += lists_.ways[k] * ways;
    account(1.0 + 0.25 * passed);
  }

  const RxcProblem& p_;
  RxcTotals own_;
  NetworkBudget& budget_;
  std::size_t m_;
  std::vector<RxcBound> bound_, bound_of_rest_, one_; // of the first columns, of all others, of the last of the first
  RxcTotals placed_;                                  // totals of the first columns
  std::vector<SignedCost> total_, floor_; // log of their tables' mass but for the rows; what no less than can count
  bool dropped_ = false;

  std::size_t level_ = 0;
  FlatMap<std::uint64_t, std::uint32_t, HashState> index_, built_index_; // key: number of the state, from 1
  RxcTotals totals_, d_;
  std::size_t states_ = 0;
  List lists_;
  std::vector<State> state_;

  std::unique_ptr<RxcPlacing<Real>> placing_;
  State now_;
  SignedCost now_floor_ = 0;
  FlatMap<CostKey, Real, HashCost> found_;
  std::vector<std::pair<SignedCost, Real>> sorted_;

  static constexpr std::size_t bytes_of_value = sizeof(SignedCost) + 2 * sizeof(Real) + sizeof(std::uint32_t);
  static constexpr std::size_t bytes_of_target = 2 * sizeof(SignedCost) + 2 * sizeof(Real) + 2 * sizeof(std::uint32_t);
  std::size_t ranked_ = 0, held_ = 0;
  std::vector<SignedCost> targets_;
  FlatMap<CostKey, std::uint32_t, HashCost> target_of_, move_of_;
  std::vector<std::vector<std::uint32_t>> moves_;
  std::vector<Real> reached_;
  std::vector<std::uint32_t> touched_;
};

} // namespace detail

} // namespace cryonodes

#endif
