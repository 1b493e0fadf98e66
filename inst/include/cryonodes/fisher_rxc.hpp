#ifndef CRYONODES_FISHER_RXC_HPP
#define CRYONODES_FISHER_RXC_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/exact_cost.hpp"
#include "cryonodes/flat_map.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/rxc_limits.hpp"

namespace cryonodes {

namespace detail {

/// The margins as they are worked on. A table is built column by column; what is left of the rows is a state, in which
/// the order of the rows does not matter. So the shorter margin is the rows, and both are sorted: the largest column
/// comes first, while there are few states.
struct RxcMargins {
  std::vector<std::int64_t> rows, columns;

  RxcMargins(std::vector<std::int64_t> r, std::vector<std::int64_t> c) : rows(std::move(r)), columns(std::move(c)) {
    std::sort(rows.rbegin(), rows.rend());
    std::sort(columns.rbegin(), columns.rend());
    if (rows.size() > columns.size() || (rows.size() == columns.size() && rows > columns))
      rows.swap(columns);
  }
};

/// Freeman & Halton's p-value by a network of states (Mehta & Patel 1983): a state is the multiset of what is left of
/// the rows after some columns, with the list of the values that a path to it can have, the sum of log n! over its
/// cells, and how many paths have each. A path is not followed any further once all its completions are at most as
/// probable as the table observed, or none is: bounds from below (Lagrange) and above (greedy) say so, and the mass of
/// all completions is a product of factorials. Of the last column nothing is left to choose.
class RxcNetwork {
public:
  RxcNetwork(const RxcMargins& margins, Cost observed, const std::vector<Cost>& log_factorial, const RxcLimits& limits,
             const Poll& poll)
      : rows_(margins.rows), columns_(margins.columns), m_(rows_.size()), observed_(observed), lf_(log_factorial),
        budget_(limits, poll), a_(m_, 0), later_(m_ + 1, 0) {
    number_.reserve(lf_.size());
    for (const Cost cost : lf_)
      number_.push_back(cost_number(static_cast<SignedCost>(cost)));
    // Bounds are doubles: what is that near to the observed value is followed to its end, and compared as whole
    // numbers.
    margin_ = 1e-9 * (1.0 + cost_number(static_cast<SignedCost>(observed_)));
    while ((std::int64_t{1} << bits_) <= rows_.front())
      ++bits_;
  }

  /// Can a state be packed into one number, the last row's rest being what the others leave?
  bool fits() const { return bits_ * (m_ - 1) <= 64 && total(rows_) <= static_cast<std::int64_t>(most_counted); }

  /// False: it was given up.
  bool run() {
    level_ = 0;
    std::vector<Node> nodes(1);
    nodes[0].rest = rows_;
    set_bounds(nodes[0]);
    nodes[0].values[CostKey()] = 1.0;
    for (; level_ + 1 < columns_.size(); ++level_) {
      std::vector<Node> next;
      next_ = &next;
      index_ = FlatMap<std::uint64_t, std::uint32_t, HashState>();
      last_ = level_ + 2 == columns_.size();
      start_level(nodes);
      for (Node& node : nodes) {
        if (!node.empty())
          expand(node);
        if (budget_.given_up())
          return false;
        budget_.held -= node.bytes();
        node = Node();
      }
      costs_.clear();
      if (dense_)
        costs_.swap(next_costs_);
      nodes.swap(next);
    }
    return true;
  }

  /// Sum over the tables that are at most as probable as the observed one of P(table) / P(observed).
  long double mass() const { return mass_; }
  /// Is there a table that is more probable?
  bool any_above() const { return any_above_; }
  const NetworkBudget& budget() const { return budget_; }

private:
  struct Node {
    std::vector<std::int64_t> rest; ///< of the rows, descending
    double low = 0.0, high = 0.0;   ///< bounds of the sum of log n! over the cells of the columns that are left
    FlatMap<CostKey, double, HashCost> values; ///< sum of log n! so far: number of paths
    std::vector<double> dense;                 ///< or number of paths by the place of their sum in costs_

    bool empty() const { return values.empty() && dense.empty(); }
    std::size_t bytes() const { return values.bytes() + dense.capacity() * sizeof(double); }
  };

  static std::int64_t total(const std::vector<std::int64_t>& x) {
    return std::accumulate(x.begin(), x.end(), std::int64_t{0});
  }
  double lf(std::int64_t n) const { return number_[static_cast<std::size_t>(n)]; }
  Cost cost(std::int64_t n) const { return lf_[static_cast<std::size_t>(n)]; }

  /// The least of log n! - n log(e) over whole n.
  double least(double e) const {
    const double n = std::floor(e);
    return lf(static_cast<std::int64_t>(n)) - n * std::log(e);
  }

  /// The most that log n! can add up to when `sum` is spread over places of the given sizes, descending.
  double most(const std::vector<std::int64_t>& sizes, std::size_t from, std::int64_t sum) const {
    double out = 0.0;
    for (std::size_t i = from; i < sizes.size() && sum > 0; ++i) {
      const std::int64_t here = std::min(sizes[i], sum);
      out += lf(here);
      sum -= here;
    }
    return out;
  }

  void set_bounds(Node& node) const {
    // From below: for any u and v the sum of log n_ij! is at least sum s_i u_i + sum c_j v_j + sum min(log n! -
    // n (u_i + v_j)); with u_i + v_j = log(s_i c_j / S) that is near the best.
    const std::int64_t all = total(node.rest);
    double low = 0.0, by_rows = 0.0, by_columns = 0.0;
    for (std::size_t j = level_; j < columns_.size(); ++j) {
      const auto c = static_cast<double>(columns_[j]);
      low += c * std::log(c);
      by_columns += most(node.rest, 0, columns_[j]);
    }
    low -= static_cast<double>(all) * std::log(static_cast<double>(all));
    for (const std::int64_t rest : node.rest) {
      if (rest == 0)
        continue;
      const auto s = static_cast<double>(rest);
      low += s * std::log(s);
      by_rows += most(columns_, level_, rest);
      for (std::size_t j = level_; j < columns_.size(); ++j)
        low += least(s * static_cast<double>(columns_[j]) / static_cast<double>(all));
    }
    node.low = low;
    node.high = std::min(by_rows, by_columns);
  }

  std::uint64_t packed(const std::vector<std::int64_t>& rest) const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i + 1 < m_; ++i)
      out = (bits_ < 64 ? out << bits_ : 0) | static_cast<std::uint64_t>(rest[i]);
    return out;
  }

  /// Small counts have few products of factorials, so that the same sums come again at every node of a level. Then they
  /// are numbered over the whole level, and where a share takes each of them is looked up once: passing a path on is
  /// one addition. Where there are too many, or nodes have few of them each, nodes keep tables of their own.
  void start_level(const std::vector<Node>& nodes) {
    budget_.held = 0;
    for (const Node& node : nodes)
      budget_.held += node.bytes();
    order_.clear();
    rank_ = {};
    if (costs_.empty()) {
      for (const Node& node : nodes)
        for (const auto& slot : node.values.slots())
          if (slot.used() && rank_.size() <= most_numbered)
            rank_[slot.key] = 1;
      if (rank_.size() <= most_numbered)
        for (const auto& slot : rank_.slots())
          if (slot.used())
            costs_.push_back(slot.key.cost());
    }
    order_.resize(costs_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t x, std::uint32_t y) { return costs_[x] < costs_[y]; });
    for (std::uint32_t k = 0; k < costs_.size() && !rank_.empty(); ++k)
      rank_[CostKey(costs_[k])] = k + 1;
    dense_ = !costs_.empty() && !last_;
    next_costs_.clear();
    next_rank_ = {};
    moves_of_ = {};
    moves_.clear();
    dense_cells_ = passed_ = 0.0;
  }

  /// The children keep tables of their own from here on.
  void leave_dense() {
    dense_ = false;
    budget_.held -= moves_.size() * costs_.size() * sizeof(std::uint32_t);
    moves_.clear();
    for (Node& child : *next_) {
      budget_.held -= child.bytes();
      for (std::size_t t = 0; t < child.dense.size(); ++t)
        if (child.dense[t] != 0.0)
          child.values[CostKey(next_costs_[t])] = child.dense[t];
      child.dense = {};
      budget_.held += child.bytes();
    }
  }

  /// Values [from, to) go on to `child`, each `ways` times.
  void pass_on(Node& child, std::size_t from, std::size_t to, Cost placed, double ways) {
    const std::size_t before = child.bytes();
    passed_ += static_cast<double>(to - from);
    if (dense_) {
      std::uint32_t& found = moves_of_[CostKey(placed)];
      if (found == 0) {
        moves_.emplace_back(costs_.size(), 0);
        budget_.held += costs_.size() * sizeof(std::uint32_t);
        found = static_cast<std::uint32_t>(moves_.size());
      }
      std::vector<std::uint32_t>& move = moves_[found - 1];
      for (std::size_t k = from; k < to; ++k) {
        std::uint32_t& target = move[number_of_[k]];
        if (target == 0) {
          std::uint32_t& next = next_rank_[CostKey(values_[k].cost + placed)];
          if (next == 0) {
            next_costs_.push_back(values_[k].cost + placed);
            next = static_cast<std::uint32_t>(next_costs_.size());
          }
          target = next;
        }
        if (target > child.dense.size())
          child.dense.resize(next_costs_.size(), 0.0);
        child.dense[target - 1] += values_[k].count * ways;
      }
      dense_cells_ += static_cast<double>(child.bytes() - before) / sizeof(double);
      budget_.step(0.125 * static_cast<double>(to - from));
    } else {
      constexpr std::size_t stretch = 16;
      for (; from < to; from += stretch) {
        const std::size_t end = std::min(from + stretch, to);
        child.values.make_room(end - from);
        for (std::size_t k = from; k < end; ++k)
          child.values.expect(CostKey(values_[k].cost + placed));
        for (std::size_t k = from; k < end; ++k)
          child.values[CostKey(values_[k].cost + placed)] += values_[k].count * ways;
        budget_.step(static_cast<double>(end - from));
      }
    }
    budget_.held += child.bytes() - before;
    if (dense_ && (next_costs_.size() > most_numbered || dense_cells_ > 16.0 * passed_ + 65536.0 ||
                   moves_.size() * costs_.size() > most_moves))
      leave_dense();
  }

  /// Places the next column in all ways, for all paths to `node` together.
  void expand(const Node& node) {
    node_ = &node;
    sort_values(node);
    const std::int64_t column = columns_[level_], all = total(node.rest);
    gain_.assign(m_, {});
    for (std::size_t i = m_; i-- > 0;) {
      later_[i] = later_[i + 1] + node.rest[i];
      const double e = static_cast<double>(node.rest[i]) * static_cast<double>(column) / static_cast<double>(all);
      const double best = node.rest[i] > 0 ? least(e) : 0.0, slope = node.rest[i] > 0 ? std::log(e) : 0.0;
      for (std::int64_t a = 0; a <= std::min(node.rest[i], column); ++a)
        gain_[i].push_back(lf(a) - static_cast<double>(a) * slope - best);
    }
    // The mass of what is left after this column is exp(after_ - sum log s_i!).
    after_ = static_cast<SignedCost>(cost(all - column));
    for (std::size_t j = level_ + 1; j < columns_.size(); ++j)
      after_ -= static_cast<SignedCost>(cost(columns_[j]));
    tail_.assign(m_ + 1, 0);
    for (std::size_t i = m_; i-- > 0;)
      tail_[i] = tail_[i + 1] + cost(node.rest[i]);
    place(0, column, 0, 0, node.low, 1.0, 1, 1);
  }

  /// The values of the node, ascending, and what is needed of them: by how much each is below the observed, and the
  /// sums of exp(-value) from each to the last, in units of that of the last.
  void sort_values(const Node& node) {
    values_.clear();
    number_of_.clear();
    for (const auto& slot : node.values.slots())
      if (slot.used())
        values_.push_back({slot.key.cost(), slot.value});
    std::sort(values_.begin(), values_.end(), [](const Value& x, const Value& y) { return x.cost < y.cost; });
    if (dense_)
      for (const Value& value : values_)
        number_of_.push_back(rank_[CostKey(value.cost)] - 1);
    if (!node.dense.empty())
      for (const std::uint32_t k : order_)
        if (k < node.dense.size() && node.dense[k] != 0.0) {
          values_.push_back({costs_[k], node.dense[k]});
          number_of_.push_back(k);
        }
    const std::size_t n = values_.size();
    slack_.resize(n);
    sums_.assign(n + 1, 0.0L);
    for (std::size_t k = n; k-- > 0;) {
      slack_[k] = cost_number(static_cast<SignedCost>(observed_) - static_cast<SignedCost>(values_[k].cost));
      const long double lead = cost_wide(static_cast<SignedCost>(values_[n - 1].cost - values_[k].cost));
      sums_[k] = sums_[k + 1] + static_cast<long double>(values_[k].count) * exponential(lead);
    }
    budget_.step(static_cast<double>(n));
  }

  static long double exponential(long double x) {
    return std::fabs(x) < 700.0L ? static_cast<long double>(std::exp(static_cast<double>(x))) : std::exp(x);
  }

  /// Adds the paths from value k on, each times `ways` and times exp(what) in units of the observed table.
  void accept(std::size_t k, double ways, SignedCost what) {
    const auto lead = static_cast<SignedCost>(observed_) - static_cast<SignedCost>(values_.back().cost);
    mass_ += sums_[k] * static_cast<long double>(ways) * exponential(cost_wide(lead + what));
  }

  /// Rows before i have their share: `placed` is the sum of log a!, `kept` that of log (s - a)!, `bound` a bound from
  /// below of all that is placed now and later. Equal rows take descending shares, and `ways` counts the orders.
  void place(std::size_t i, std::int64_t left, Cost placed, Cost kept, double bound, double ways, int position,
             int run) {
    const std::vector<std::int64_t>& s = node_->rest;
    budget_.step(1.0);
    if (budget_.given_up())
      return;
    const bool same = i > 0 && i < m_ && s[i] == s[i - 1];
    if (!same && bound - margin_ >= slack_.front()) {
      const Cost ahead = cost(later_[i]) - cost(left) - cost(later_[i] - left);
      accept(0, ways, after_ + static_cast<SignedCost>(ahead) - static_cast<SignedCost>(placed + kept + tail_[i]));
      return;
    }
    if (i == m_) {
      arrive(placed, kept, ways);
      return;
    }
    const std::int64_t from = std::max<std::int64_t>(0, left - later_[i + 1]);
    std::int64_t to = std::min(s[i], left);
    if (same)
      to = std::min(to, a_[i - 1]);
    for (std::int64_t a = from; a <= to; ++a) {
      a_[i] = a;
      const int place_in_group = same ? position + 1 : 1;
      const int equal = same && a == a_[i - 1] ? run + 1 : 1;
      place(i + 1, left - a, placed + cost(a), kept + cost(s[i] - a), bound + gain_[i][static_cast<std::size_t>(a)],
            ways * place_in_group / equal, place_in_group, equal);
      if (budget_.given_up())
        return;
    }
  }

  void arrive(Cost placed, Cost kept, double ways) {
    if (last_) { // what is kept is the last column
      const Cost here = placed + kept;
      const auto at = here >= observed_
                          ? values_.begin()
                          : std::lower_bound(values_.begin(), values_.end(), observed_ - here,
                                             [](const Value& x, Cost y) { return x.cost < y; });
      const auto k = static_cast<std::size_t>(at - values_.begin());
      any_above_ = any_above_ || k > 0;
      if (k < values_.size())
        accept(k, ways, -static_cast<SignedCost>(here));
      return;
    }
    rest_.resize(m_);
    for (std::size_t i = 0; i < m_; ++i) {
      const std::int64_t rest = node_->rest[i] - a_[i];
      std::size_t k = i;
      for (; k > 0 && rest_[k - 1] < rest; --k)
        rest_[k] = rest_[k - 1];
      rest_[k] = rest;
    }
    std::uint32_t& found = index_[packed(rest_)];
    if (found == 0) {
      next_->emplace_back();
      next_->back().rest = rest_;
      ++level_;
      set_bounds(next_->back());
      --level_;
      found = static_cast<std::uint32_t>(next_->size());
    }
    Node& child = (*next_)[found - 1];
    const double own = cost_number(static_cast<SignedCost>(placed));
    // Slacks descend: first those that no completion takes to the observed value, last those that every one does.
    const auto above = [](double x, double limit) { return x > limit; };
    const auto first = std::lower_bound(slack_.begin(), slack_.end(), own + child.high + margin_, above);
    const auto end = std::lower_bound(first, slack_.end(), own + child.low - margin_, above);
    any_above_ = any_above_ || first != slack_.begin();
    if (end != slack_.end())
      accept(static_cast<std::size_t>(end - slack_.begin()), ways, after_ - static_cast<SignedCost>(placed + kept));
    if (first != end)
      pass_on(child, static_cast<std::size_t>(first - slack_.begin()), static_cast<std::size_t>(end - slack_.begin()),
              placed, ways);
  }

  struct Value {
    Cost cost;
    double count;
  };

  std::vector<std::int64_t> rows_, columns_;
  std::size_t m_;
  Cost observed_;
  const std::vector<Cost>& lf_;
  NetworkBudget budget_;
  std::vector<double> number_; // log n! as doubles
  double margin_ = 0.0;
  std::size_t bits_ = 1;

  std::size_t level_ = 0; // columns placed
  bool last_ = false;     // of the columns one is left after this
  const Node* node_ = nullptr;
  std::vector<Node>* next_ = nullptr;
  FlatMap<std::uint64_t, std::uint32_t, HashState> index_; // state: its number in *next_, from 1
  std::vector<Value> values_;            // of the node
  std::vector<std::uint32_t> number_of_; // their places in costs_
  std::vector<double> slack_;
  std::vector<long double> sums_;
  std::vector<std::int64_t> a_, later_, rest_;
  std::vector<std::vector<double>> gain_; // by row and share: what that share adds to the bound
  std::vector<Cost> tail_;
  SignedCost after_ = 0;

  static constexpr std::size_t most_numbered = 50000, most_moves = std::size_t{1} << 24U;
  bool dense_ = false;              // do the children number their values over the level?
  std::vector<Cost> costs_;         // the values of this level; empty: too many
  std::vector<std::uint32_t> order_; // of costs_, ascending
  FlatMap<CostKey, std::uint32_t, HashCost> rank_, next_rank_; // place in costs_ and in next_costs_, from 1
  std::vector<Cost> next_costs_;
  FlatMap<CostKey, std::uint32_t, HashCost> moves_of_; // sum of log n! of a column: its place in moves_, from 1
  std::vector<std::vector<std::uint32_t>> moves_;      // from a place in costs_ to one in next_costs_, from 1
  double dense_cells_ = 0.0, passed_ = 0.0;

  long double mass_ = 0.0L;
  bool any_above_ = false;
};

} // namespace detail

/// Freeman & Halton's exact p-value of a table with any number of rows and columns: the probability, given all margins,
/// of the tables that are at most as probable as the one observed. Equal probabilities are recognised as such (see
/// detail::log_factorials). The answer is the same to the last bit for every order of rows and columns and for the
/// transposed table.
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
  const std::vector<detail::Cost> lf = detail::log_factorials(static_cast<std::size_t>(n));
  const auto sum = [&](const std::vector<std::int64_t>& x) {
    detail::Cost all = 0;
    for (const std::int64_t count : x)
      all += lf[static_cast<std::size_t>(count)];
    return all;
  };
  const detail::Cost observed = sum(counts);
  detail::RxcNetwork network(detail::RxcMargins(r, c), observed, lf, limits, poll);
  if (!detail::run_within_limits(network, out))
    return out;
  const auto own = static_cast<detail::SignedCost>(sum(r) + sum(c)) -
                   static_cast<detail::SignedCost>(lf[static_cast<std::size_t>(n)] + observed);
  const long double log_p = network.any_above() ? detail::cost_wide(own) + std::log(network.mass()) : 0.0L;
  out.log_p_value = std::min(0.0, static_cast<double>(log_p));
  out.p_value = std::exp(out.log_p_value);
  return out;
}

} // namespace cryonodes

#endif
