#ifndef CRYONODES_TABLE_NETWORK_HPP
#define CRYONODES_TABLE_NETWORK_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/exact_cost.hpp"
#include "cryonodes/fisher_rxc.hpp"
#include "cryonodes/flat_map.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/rxc_limits.hpp"
#include "cryonodes/table_lines.hpp"
#include "cryonodes/table_statistic.hpp"

namespace cryonodes {

namespace detail {

/// The law of a sum over lines by a network of states: a state is what is left of the crossed margin after some lines,
/// with the sums that the paths to it have and the probability of each. A path is not followed any further once all its
/// completions count, or none does; those that all count have its own probability together. Of the last line nothing
/// is left to choose.
class LineNetwork {
public:
  LineNetwork(const TableLines& lines, const RxcLimits& limits, const Poll& poll)
      : lines_(lines), m_(lines.cross.size()), budget_(limits, poll), later_(m_ + 1, 0), x_(m_, 0), rest_(m_, 0),
        ways_(m_), term_(m_) {
    while ((std::int64_t{1} << bits_) <= *std::max_element(lines.cross.begin(), lines.cross.end()))
      ++bits_;
    left_ = std::accumulate(lines.line.begin(), lines.line.end(), std::int64_t{0});
    scale_ = static_cast<double>(lines.f[0]) * static_cast<double>(lines.line[0]);
  }

  /// Can a state be packed into one number, the last one's rest being what the others leave?
  bool fits() const { return bits_ * (m_ - 1) <= 64 && left_ <= static_cast<std::int64_t>(most_counted); }

  /// False: it was given up.
  bool run() {
    lf_ = log_factorials(static_cast<std::size_t>(left_));
    std::vector<Node> nodes(1);
    nodes[0].rest = lines_.cross;
    nodes[0].values[CostKey()] = 1.0L;
    for (level_ = 0; level_ + 1 < lines_.line.size(); ++level_) {
      std::vector<Node> next;
      next_ = &next;
      index_ = {};
      last_ = level_ + 2 == lines_.line.size();
      for (Node& node : nodes) {
        if (!node.values.empty())
          expand(node);
        if (budget_.given_up())
          return false;
        budget_.held -= std::min(budget_.held, node.bytes());
        node = Node();
      }
      left_ -= lines_.line[level_];
      nodes.swap(next);
    }
    return true;
  }

  /// Probability of the tables that count; of those that do not, whether there are any.
  long double mass() const { return mass_; }
  bool any_dropped() const { return any_dropped_; }
  const NetworkBudget& budget() const { return budget_; }

private:
  struct Node {
    std::vector<std::int64_t> rest;
    SignedCost low = 0, high = 0; // bounds of what the lines that are left add
    FlatMap<CostKey, long double, HashCost> values; // sum so far: its probability
    std::size_t bytes() const { return values.bytes() + rest.capacity() * sizeof(std::int64_t) + sizeof(Node); }
  };
  struct Value {
    SignedCost sum;
    long double weight;
  };

  /// No sum w_i x_i^2 over 0 <= x_i <= cap_i that add up to `sum` is larger: x_i^2 <= cap_i x_i, spent where that gains
  /// most (gain_i = w_i cap_i).
  double most_of_squares(std::vector<std::pair<double, double>>& gain_and_cap, double sum) const {
    std::sort(gain_and_cap.rbegin(), gain_and_cap.rend());
    double out = 0.0;
    for (const auto& [gain, cap] : gain_and_cap) {
      const double here = std::min(cap, sum);
      out += gain * here;
      sum -= here;
    }
    return out;
  }

  /// What lines from `from` on add to a path whose state this is, at least and at most.
  void set_bounds(Node& node, std::size_t from) const {
    const std::vector<std::int64_t>& s = node.rest;
    const std::size_t n_line = lines_.line.size();
    if (lines_.statistic == TableStatistic::linear) {
      node.low = matched(s, from, false);
      node.high = matched(s, from, true);
      return;
    }
    const double all = static_cast<double>(std::accumulate(s.begin(), s.end(), std::int64_t{0}));
    double low = 0.0, high = 0.0;
    if (lines_.statistic == TableStatistic::kruskal) {
      // Rank sums in proportion to the sizes of the groups; each group at the end of all ranks that are left.
      for (std::size_t i = 0; i < m_; ++i)
        low += static_cast<double>(lines_.term(i, s[i]));
      low *= low;
      for (std::size_t k = from; k < n_line; ++k) {
        double ends[2] = {0.0, 0.0};
        for (int end = 0; end < 2; ++end) {
          std::int64_t sum = lines_.line[k];
          for (std::size_t i = 0; i < m_ && sum > 0; ++i) {
            const std::size_t at = end == 0 ? i : m_ - 1 - i;
            ends[end] += static_cast<double>(lines_.term(at, std::min(s[at], sum)));
            sum -= std::min(s[at], sum);
          }
        }
        high += static_cast<double>(lines_.f[k]) * std::max(ends[0] * ends[0], ends[1] * ends[1]);
      }
    } else {
      // Counts in proportion to both margins; squares line by line, or the other way round.
      double by_line = 0.0, by_cross = 0.0;
      std::vector<std::pair<double, double>> gain;
      const auto offer = [&](double factor, std::int64_t a, std::int64_t b) {
        const auto cap = static_cast<double>(std::min(a, b));
        gain.emplace_back(factor * cap, cap);
      };
      for (std::size_t k = from; k < n_line; ++k) {
        gain.clear();
        for (std::size_t i = 0; i < m_; ++i)
          offer(static_cast<double>(lines_.g[i]), s[i], lines_.line[k]);
        by_line += static_cast<double>(lines_.f[k]) * most_of_squares(gain, static_cast<double>(lines_.line[k]));
      }
      for (std::size_t i = 0; i < m_; ++i) {
        gain.clear();
        for (std::size_t k = from; k < n_line; ++k)
          offer(static_cast<double>(lines_.f[k]), s[i], lines_.line[k]);
        by_cross += static_cast<double>(lines_.g[i]) * most_of_squares(gain, static_cast<double>(s[i]));
        low += static_cast<double>(lines_.term(i, s[i]));
      }
      high = std::min(by_line, by_cross);
    }
    // Bounds are doubles: what is that near to the observed value is followed to its end, in whole numbers.
    node.low = static_cast<SignedCost>(scale_ * low / all * (1.0 - 1e-12));
    node.high = static_cast<SignedCost>(high * (1.0 + 1e-12)) + 1;
  }

  /// The largest sum f g x is that of largest with largest, the smallest that of largest with smallest.
  SignedCost matched(const std::vector<std::int64_t>& s, std::size_t from, bool alike) const {
    SignedCost out = 0;
    std::size_t k = from;
    std::int64_t room = lines_.line[k];
    for (std::size_t i = 0; i < m_; ++i) {
      const std::size_t at = alike ? i : m_ - 1 - i;
      for (std::int64_t rest = s[at]; rest > 0;) {
        while (room == 0)
          room = lines_.line[++k];
        const std::int64_t here = std::min(rest, room);
        out += lines_.f[k] * lines_.g[at] * here;
        rest -= here;
        room -= here;
      }
    }
    return out;
  }

  /// Places the next line in all ways, for all paths to `node` together.
  void expand(const Node& node) {
    node_ = &node;
    values_.clear();
    for (const auto& slot : node.values.slots())
      if (slot.used())
        values_.push_back({static_cast<SignedCost>(slot.key.cost()), slot.value});
    std::sort(values_.begin(), values_.end(), [](const Value& a, const Value& b) { return a.sum < b.sum; });
    const std::size_t n = values_.size();
    before_.assign(n + 1, 0.0L);
    from_.assign(n + 1, 0.0L);
    for (std::size_t k = 0; k < n; ++k)
      before_[k + 1] = before_[k] + values_[k].weight;
    for (std::size_t k = n; k-- > 0;)
      from_[k] = from_[k + 1] + values_[k].weight;

    // A line is a draw without replacement: prod C(s_i, x_i) / C(S, c). Each factor in units of its largest, with
    // odds^x beside it, so that none is beyond what a number holds.
    const std::int64_t c = lines_.line[level_];
    const long double log_odds = std::log(static_cast<long double>(c)) - std::log(static_cast<long double>(left_ - c));
    const auto log_choose = [&](std::int64_t a, std::int64_t b) {
      return static_cast<SignedCost>(lf(a)) - static_cast<SignedCost>(lf(b)) - static_cast<SignedCost>(lf(a - b));
    };
    SignedCost unit = -log_choose(left_, c);
    std::int64_t modes = 0;
    for (std::size_t i = m_; i-- > 0;) {
      const std::int64_t s = node.rest[i], most = std::min(s, c);
      const std::int64_t mode = std::min(most, static_cast<std::int64_t>(
          static_cast<double>(s + 1) * static_cast<double>(c) / static_cast<double>(left_)));
      later_[i] = later_[i + 1] + s;
      ways_[i].clear();
      term_[i].clear();
      for (std::int64_t x = 0; x <= most; ++x) {
        ways_[i].push_back(std::exp(cost_wide(log_choose(s, x) - log_choose(s, mode)) +
                                    static_cast<long double>(x - mode) * log_odds));
        term_[i].push_back(lines_.term(i, x));
      }
      unit += log_choose(s, mode);
      modes += mode;
      budget_.step(static_cast<double>(most + 1));
    }
    budget_.step(static_cast<double>(n));
    place(0, c, 0, std::exp(cost_wide(unit) + static_cast<long double>(modes - c) * log_odds));
  }
  Cost lf(std::int64_t n) const { return lf_[static_cast<std::size_t>(n)]; }

  void place(std::size_t i, std::int64_t left, SignedCost sum, long double ways) {
    budget_.step(1.0);
    if (budget_.given_up())
      return;
    if (i == m_) {
      arrive(lines_.of_line(level_, sum), ways);
      return;
    }
    const std::int64_t to = std::min(node_->rest[i], left);
    for (std::int64_t x = std::max<std::int64_t>(0, left - later_[i + 1]); x <= to && !budget_.given_up(); ++x) {
      const auto k = static_cast<std::size_t>(x);
      x_[i] = x;
      place(i + 1, left - x, sum + term_[i][k], ways * ways_[i][k]);
    }
  }

  void arrive(SignedCost placed, long double ways) {
    for (std::size_t i = 0; i < m_; ++i)
      rest_[i] = node_->rest[i] - x_[i];
    Node* child = nullptr;
    SignedCost low = placed, high = placed;
    if (last_) {
      SignedCost sum = 0;
      for (std::size_t i = 0; i < m_; ++i)
        sum += lines_.term(i, rest_[i]);
      low = high = placed + lines_.of_line(level_ + 1, sum);
    } else {
      child = &child_of_rest();
      low += child->low;
      high += child->high;
    }
    // Sums ascend: all of [0, a) and of [d, end) count whatever comes, none of [b, c) does.
    const auto below = [&](SignedCost limit) {
      return static_cast<std::size_t>(
          std::lower_bound(values_.begin(), values_.end(), limit,
                           [](const Value& value, SignedCost at) { return value.sum < at; }) -
          values_.begin());
    };
    const std::size_t a = below(lines_.down - high + 1), b = below(lines_.down - low + 1), c = below(lines_.up - high),
                      d = below(lines_.up - low);
    mass_ += (before_[a] + from_[d]) * ways;
    any_dropped_ = any_dropped_ || b < c;
    if (b < c) {
      pass_on(child, a, b, placed, ways);
      pass_on(child, c, d, placed, ways);
    } else
      pass_on(child, a, d, placed, ways);
  }

  Node& child_of_rest() {
    if (lines_.statistic == TableStatistic::chisq) // those with equal totals are alike
      for (std::size_t i = 0, end = 0; i < m_; i = end) {
        while (end < m_ && lines_.cross[end] == lines_.cross[i])
          ++end;
        std::sort(rest_.begin() + static_cast<std::ptrdiff_t>(i), rest_.begin() + static_cast<std::ptrdiff_t>(end));
      }
    std::uint64_t packed = 0;
    for (std::size_t i = 0; i + 1 < m_; ++i)
      packed = (bits_ < 64 ? packed << bits_ : 0) | static_cast<std::uint64_t>(rest_[i]);
    std::uint32_t& found = index_[packed];
    if (found == 0) {
      next_->emplace_back();
      next_->back().rest = rest_;
      set_bounds(next_->back(), level_ + 1);
      budget_.held += next_->back().bytes();
      found = static_cast<std::uint32_t>(next_->size());
      budget_.step(static_cast<double>(m_ * (lines_.line.size() - level_)));
    }
    return (*next_)[found - 1];
  }

  void pass_on(Node* child, std::size_t from, std::size_t to, SignedCost placed, long double ways) {
    if (from == to)
      return;
    const std::size_t held = child->bytes();
    constexpr std::size_t stretch = 1024; // between looks at the limits
    for (; from < to && !budget_.given_up(); from += stretch) {
      const std::size_t end = std::min(from + stretch, to);
      for (std::size_t k = from; k < end; ++k) {
        const long double weight = values_[k].weight * ways;
        if (weight > 0.0L) // else it is beyond the smallest number
          child->values[CostKey(static_cast<Cost>(values_[k].sum + placed))] += weight;
      }
      budget_.step(static_cast<double>(end - from));
    }
    budget_.held += child->bytes() - held;
  }

  const TableLines& lines_;
  std::size_t m_;
  NetworkBudget budget_;
  std::size_t bits_ = 1;
  std::int64_t left_ = 0; // in this line and the later ones
  double scale_ = 0.0;    // the factor of a line times its total, which is the same for all
  std::vector<Cost> lf_;

  std::size_t level_ = 0; // lines placed
  bool last_ = false;     // of the lines one is left after this
  const Node* node_ = nullptr;
  std::vector<Node>* next_ = nullptr;
  FlatMap<std::uint64_t, std::uint32_t, HashState> index_; // state: its number in *next_, from 1
  std::vector<Value> values_;                              // of the node
  std::vector<long double> before_, from_;                 // sums of their weights before, and from, each
  std::vector<std::int64_t> later_, x_, rest_;
  std::vector<std::vector<long double>> ways_; // by place and count
  std::vector<std::vector<SignedCost>> term_;

  long double mass_ = 0.0L;
  bool any_dropped_ = false;
};

} // namespace detail

/// The probability, given all margins, of the tables whose statistic is as extreme as that of the observed one, or
/// more. Ties are exact: statistics are compared as whole numbers, over the least common multiples of row and of column
/// totals. The same to the last bit for any order of rows and columns that means the same (see sample_tables()), and
/// for chisq and linear for the transposed table.
///
/// Not feasible, beside what is beyond the limits: a statistic of more than 120 bits (totals in the thousands, many of
/// them without common divisors), counts that add up to more than 2^20, a p-value below what a long double holds.
/// @param counts row after row, each >= 0, no row and no column empty; `rows` * `columns` of them.
/// @param scores for linear, whole numbers of at most 2^52 that are not all equal.
/// @throws input_error if the counts or scores do not fit that description.
inline RxcResult exact_tables(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
                              TableStatistic statistic, TableScores scores = {}, const RxcLimits& limits = {},
                              const Poll& poll = {}) {
  if (statistic == TableStatistic::probability)
    return fisher_rxc_exact(counts, rows, columns, limits, poll);
  detail::require(statistic != TableStatistic::linear ||
                      (scores.row.size() == rows && scores.column.size() == columns),
                  "one score for each row and column");
  detail::CountTable table = detail::canonical({counts, rows, columns}, statistic, scores);
  const detail::TableLines lines = detail::table_lines(std::move(table), statistic, std::move(scores));
  RxcResult out;
  if (!lines.whole)
    return out;
  if (lines.down >= lines.up) { // observed is the mean itself
    out.feasible = true;
    out.p_value = 1.0;
    out.log_p_value = 0.0;
    return out;
  }
  detail::LineNetwork network(lines, limits, poll);
  if (!detail::run_within_limits(network, out))
    return out;
  const long double mass = network.mass();
  out.feasible = mass > std::numeric_limits<long double>::min() / std::numeric_limits<long double>::epsilon();
  if (!out.feasible)
    return out;
  out.log_p_value = network.any_dropped() ? std::min(0.0, static_cast<double>(std::log(mass))) : 0.0;
  out.p_value = network.any_dropped() ? static_cast<double>(std::min(1.0L, mass)) : 1.0;
  return out;
}

} // namespace cryonodes

#endif
