#ifndef CRYONODES_RECONSTRUCT_HPP
#define CRYONODES_RECONSTRUCT_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/first_solution.hpp"
#include "cryonodes/group_graph.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/printed_curve.hpp"

namespace cryonodes {

/// An event: the interval it falls in, its group (0 or 1), and the numbers at risk just before it.
struct StructureEvent {
  int interval;
  int group;
  int a;
  int b;
};

struct Range {
  int low = std::numeric_limits<int>::max();
  int high = std::numeric_limits<int>::min();
  void add(int x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
};

/// The different values a number takes over all solutions, to 1e-9; not collected beyond `most` of them.
struct Values {
  static constexpr std::size_t most = 20000;
  std::set<std::int64_t> billionths;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool all = true; ///< false: too many, only low and high are known
  void add(double x) {
    if (std::isnan(x))
      return;
    low = std::min(low, x);
    high = std::max(high, x);
    if (all && billionths.insert(std::llround(x * 1e9)).second && billionths.size() > most) {
      all = false;
      billionths.clear();
    }
  }
};

struct ReconstructResult {
  std::uint64_t n_solutions = 0; ///< event sequences; the largest value means "that many or more"
  bool drawn = false;            ///< solutions are a uniform draw with replacement, not the whole list
  std::vector<std::vector<StructureEvent>> solutions;
  /// Over all solutions, per landmark and curve (A, B, pooled): events so far and numbers at risk.
  std::vector<std::array<Range, 3>> events;
  std::vector<std::array<Range, 3>> n_risk;
  /// S and its standard error as proportions, where options.values asks for them.
  std::vector<std::array<Values, 3>> estimate;
  std::vector<std::array<Values, 3>> std_error;
  std::uint64_t steps = 0; ///< events tried, a measure of the work
};

namespace detail {

/// The search over both groups at once. A single group is the case of an empty second one.
class JointSearch {
public:
  JointSearch(const ReconstructProblem& problem, const ReconstructOptions& options, const Poll& poll)
      : problem_(problem), options_(options), meter_(poll, options.max_steps),
        landmarks_(problem.groups[0].estimate.size()),
        pooled_(problem.has_pooled ? make_windows(problem.pooled, landmarks_) : std::vector<Window>(landmarks_)),
        none_(no_curve(landmarks_)), a_(problem.groups[0], landmarks_, options.max_states, meter_),
        b_(problem.groups.size() > 1 ? problem.groups[1] : none_, landmarks_, options.max_states, meter_),
        layers_(landmarks_) {
    const int na = problem.groups[0].n, nb = problem.groups.size() > 1 ? problem.groups[1].n : 0;
    start_ = {0, 0, na, nb, na + nb, 1.0, 0.0, 0, {}, false};
  }

  ReconstructResult solve() {
    ReconstructResult out;
    out.events.resize(landmarks_);
    out.n_risk.resize(landmarks_);
    out.estimate.resize(landmarks_);
    out.std_error.resize(landmarks_);
    if (!a_.empty() && !b_.empty()) {
      count_all(out);
      if (out.n_solutions > 0)
        collect(out);
    }
    out.steps = meter_.steps();
    return out;
  }

private:
  struct State {
    int a_mark, b_mark;       ///< landmarks of the two graphs
    int a, b;                 ///< at risk after the last event
    int p;                    ///< upper limit of the pooled number at risk: a + b unless a smaller one is known
    double s, g;              ///< pooled S and Greenwood sum
    std::uint64_t ways;       ///< number of completions
    std::array<int, 3> low;   ///< smallest numbers at risk that a completion allows right after the landmark
    bool counted;
  };
  /// What a walk through one interval carries.
  struct Walk {
    std::size_t interval;
    double f_low, f_high, h_high; ///< limits on the pooled factor and sum of this interval
    int first_a = -1, first_b = -1;
    std::vector<StructureEvent>* path = nullptr;
  };

  /// Limits for states that start the interval with pooled S in [s_low, s_high] and sum >= g_low.
  Walk make_walk(std::size_t j, double s_low, double s_high, double g_low) const {
    Walk w;
    w.interval = j;
    const bool open = s_low <= 0.0;
    w.f_low = s_high > 0.0 ? (pooled_[j].s_low - accept_slack) / s_high : 0.0;
    w.f_high = open ? inf : (pooled_[j].s_high + accept_slack) / s_low;
    w.h_high = pooled_[j].g_high * (1.0 + 1e-12) - g_low;
    return w;
  }

  /// Visits every order and choice of numbers at risk in one interval. `land(a_exit, b_exit, a, b, p, f, h)`
  /// is called where both groups can end the interval; it returns true to stop the walk.
  template <class Land>
  bool walk(Walk& w, int ia, int ib, int a, int b, int p, double f, double h, const Land& land) {
    meter_.step();
    const GroupGraph::Node &na = a_.node(ia), &nb = b_.node(ib);
    if (na.exit >= 0 && nb.exit >= 0 && f <= w.f_high && land(na.exit, nb.exit, a, b, p, f, h))
      return true;
    for (int c = na.first_child; c >= 0; c = a_.node(c).next_sibling) {
      const int r = a_.node(c).r;
      if (r <= a && events_at(w, 0, r, c, ib, b, nb.need, p, f, h, land))
        return true;
    }
    for (int c = nb.first_child; c >= 0; c = b_.node(c).next_sibling) {
      const int r = b_.node(c).r;
      if (r <= b && events_at(w, 1, r, ia, c, a, na.need, p, f, h, land))
        return true;
    }
    return false;
  }

  /// An event of `group` at its number at risk `r`, which leads to the nodes `ia` and `ib`, with every
  /// number at risk of the other group from `other` down to `need`.
  template <class Land>
  bool events_at(Walk& w, int group, int r, int ia, int ib, int other, int need, int p, double f, double h,
                 const Land& land) {
    const bool first = w.first_a < 0;
    int top = std::min(other, p - r);
    // If nothing can follow in this interval, this event must bring the factor into its window.
    if (a_.node(ia).first_child < 0 && b_.node(ib).first_child < 0 && w.f_high < f) {
      const double r_most = 1.0 / (1.0 - w.f_high / f);
      if (r_most < 1e9)
        top = std::min(top, static_cast<int>(std::floor(r_most * (1.0 + 1e-9))) - r);
    }
    for (int o = top; o >= need; --o) {
      const int pool = r + o;
      const double f_next = pool == 1 ? 0.0 : f * ((pool - 1.0) / pool);
      const double h_next = pool == 1 ? inf : h + 1.0 / (pool * (pool - 1.0));
      // Both only get worse as the pool shrinks.
      if (f_next < w.f_low || (pool > 1 ? h_next > w.h_high : w.f_low > 0.0))
        break;
      const int a_at = group == 0 ? r : o, b_at = group == 0 ? o : r;
      if (first) {
        w.first_a = a_at;
        w.first_b = b_at;
      }
      if (w.path)
        w.path->push_back({static_cast<int>(w.interval), group, a_at, b_at});
      const bool stop = group == 0 ? walk(w, ia, ib, r - 1, o, pool - 1, f_next, h_next, land)
                                   : walk(w, ia, ib, o, r - 1, pool - 1, f_next, h_next, land);
      if (stop)
        return true;
      if (w.path)
        w.path->pop_back();
      if (first)
        w.first_a = w.first_b = -1;
    }
    return false;
  }

  /// The state after the landmark that ends interval j, if the pooled cells and the facts allow it.
  bool arrive(std::size_t j, const State& from, int a_exit, int b_exit, int a, int b, int p, double f, double h,
              State& to) const {
    const double s = from.s * f, g = from.g + h;
    if (problem_.has_pooled && !pooled_[j].accepts(s, g))
      return false;
    const auto &ma = a_.landmark(j + 1, a_exit), &mb = b_.landmark(j + 1, b_exit);
    if (!problem_.allowed_events.empty() && !problem_.allowed_events[j].empty()) {
      const std::size_t width = static_cast<std::size_t>(problem_.groups.size() > 1 ? problem_.groups[1].n : 0) + 1;
      const auto& allowed = problem_.allowed_events[j];
      if (!allowed[static_cast<std::size_t>(ma.events) * width + static_cast<std::size_t>(mb.events)])
        return false;
    }
    if (problem_.has_pooled) {
      const int known = at_or(problem_.pooled.events, j);
      if (known >= 0 && ma.events + mb.events != known)
        return false;
      if (problem_.pooled.total_events >= 0 && ma.events + mb.events > problem_.pooled.total_events)
        return false;
    }
    if (!narrow(a_known(j), b_known(j), p_known(j), a, b, p))
      return false;
    to = {a_exit, b_exit, a, b, p, s, g, 0, {}, false};
    return true;
  }
  int a_known(std::size_t j) const { return at_or(problem_.groups[0].n_risk, j); }
  int b_known(std::size_t j) const { return problem_.groups.size() > 1 ? at_or(problem_.groups[1].n_risk, j) : -1; }
  int p_known(std::size_t j) const { return problem_.has_pooled ? at_or(problem_.pooled.n_risk, j) : -1; }

  /// Smallest numbers at risk at the landmark that ends interval j and led to `at`, from the smallest that what
  /// follows asks for. Where the pooled number is known, few in one group are many in the other.
  std::array<int, 3> lowest(std::size_t j, const State& at, std::array<int, 3> low) const {
    const int a = a_known(j), b = b_known(j), p = p_known(j);
    low[0] = std::max(a >= 0 ? a : low[0], p - at.b);
    low[1] = std::max(b >= 0 ? b : low[1], p - at.a);
    low[2] = p >= 0 ? p : a >= 0 || b >= 0 ? low[0] + low[1] : low[2];
    return low;
  }

  struct Key {
    std::int64_t marks, levels, s, g;
    bool operator==(const Key& o) const { return marks == o.marks && levels == o.levels && s == o.s && g == o.g; }
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const { return mix({k.marks, k.levels, k.s, k.g}); }
  };
  /// Pooled values that agree to 1e-12 have the same future: cells are accepted with a larger slack.
  static Key key_of(const State& t) {
    return {(static_cast<std::int64_t>(t.a_mark) << 32) | t.b_mark,
            (static_cast<std::int64_t>(t.a) << 42) | (static_cast<std::int64_t>(t.b) << 21) | t.p,
            std::llround(t.s * 1e12), std::isinf(t.g) ? -1 : std::llround(t.g * 1e12)};
  }

  /// The states after one landmark, each once. Found by open addressing: most of the work on large problems is here.
  class Layer {
  public:
    std::vector<State> states;

    /// Position of the state with this key, or of the empty slot where it belongs.
    std::size_t slot_of(const Key& key) {
      if (2 * (states.size() + 1) > slots_.size())
        grow();
      const std::size_t hash = KeyHash{}(key), mask = slots_.size() - 1;
      for (std::size_t at = hash & mask;; at = (at + 1) & mask)
        if (slots_[at].index == none || (slots_[at].tag == tag_of(hash) && key_of(states[slots_[at].index]) == key))
          return at;
    }
    bool holds(std::size_t slot) const { return slots_[slot].index != none; }
    State& at(std::size_t slot) { return states[slots_[slot].index]; }
    std::size_t index_of(const State& t) { return slots_[slot_of(key_of(t))].index; }
    void put(std::size_t slot, const Key& key, const State& t) {
      slots_[slot] = {tag_of(KeyHash{}(key)), static_cast<std::uint32_t>(states.size())};
      states.push_back(t);
    }
    static constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max() - 1;

  private:
    struct Slot {
      std::uint32_t tag, index;
    };
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    static std::uint32_t tag_of(std::size_t hash) { return static_cast<std::uint32_t>(std::uint64_t{hash} >> 32); }
    void grow() {
      slots_.assign(std::max<std::size_t>(1024, 2 * slots_.size()), {0, none});
      const std::size_t mask = slots_.size() - 1;
      for (std::size_t i = 0; i < states.size(); ++i) {
        const std::size_t hash = KeyHash{}(key_of(states[i]));
        std::size_t at = hash & mask;
        while (slots_[at].index != none)
          at = (at + 1) & mask;
        slots_[at] = {tag_of(hash), static_cast<std::uint32_t>(i)};
      }
    }
    std::vector<Slot> slots_;
  };

  /// States of one layer that share graphs and numbers at risk differ in the pooled values only and
  /// are walked together. By rising S.
  static std::vector<std::vector<std::size_t>> bundles(const Layer& layer) {
    std::unordered_map<Key, std::size_t, KeyHash> by;
    std::vector<std::vector<std::size_t>> out;
    for (std::size_t i = 0; i < layer.states.size(); ++i) {
      Key k = key_of(layer.states[i]);
      k.s = k.g = 0;
      const auto found = by.emplace(k, out.size());
      if (found.second)
        out.emplace_back();
      out[found.first->second].push_back(i);
    }
    for (auto& members : out)
      std::sort(members.begin(), members.end(),
                [&](std::size_t x, std::size_t y) { return layer.states[x].s < layer.states[y].s; });
    return out;
  }

  /// Walks interval j from every state of its layer; `visit(state, to, walk)` for every arrival.
  template <class Visit> void sweep(std::size_t j, double share_from, double share_to, const Visit& visit) {
    const auto groups = bundles(layers_[j]);
    const std::vector<State>& states = layers_[j].states;
    for (std::size_t k = 0; k < groups.size(); ++k) {
      meter_.share = share_from + (share_to - share_from) * static_cast<double>(k) / static_cast<double>(groups.size());
      const std::vector<std::size_t>& members = groups[k];
      double g_low = inf;
      for (std::size_t i : members)
        g_low = std::min(g_low, states[i].g);
      const State& lead = states[members[0]];
      const int ra = a_.landmark(j, lead.a_mark).root, rb = b_.landmark(j, lead.b_mark).root;
      if (ra < 0 || rb < 0)
        continue;
      Walk w = make_walk(j, lead.s, states[members.back()].s, g_low);
      walk(w, ra, rb, lead.a, lead.b, lead.p, 1.0, 0.0,
           [&](int ea, int eb, int a, int b, int p, double f, double h) {
             // Only an S that f brings into the window can arrive.
             const double least = (pooled_[j].s_low - 2 * accept_slack) / (f > 0.0 ? f : 1.0);
             auto i = std::lower_bound(members.begin(), members.end(), f > 0.0 ? least : 0.0,
                                       [&](std::size_t x, double s) { return states[x].s < s; });
             State to;
             for (; i != members.end() && states[*i].s * f <= pooled_[j].s_high + 2 * accept_slack; ++i)
               if (arrive(j, states[*i], ea, eb, a, b, p, f, h, to))
                 visit(*i, to, w);
             return false;
           });
    }
  }

  void count_all(ReconstructResult& out) {
    layers_[0].states.push_back(start_);
    const double n = static_cast<double>(landmarks_);
    for (std::size_t j = 0; j + 1 < landmarks_; ++j) {
      Layer& next = layers_[j + 1];
      sweep(j, 0.3 * static_cast<double>(j) / n, 0.3 * static_cast<double>(j + 1) / n,
            [&](std::size_t, const State& to, const Walk&) {
              const Key key = key_of(to);
              const std::size_t slot = next.slot_of(key);
              if (next.holds(slot))
                return;
              if (next.states.size() >= std::min(options_.max_states, Layer::most))
                throw memory_error("the search needs more than `max_states` states; "
                                   "give more facts or raise the limit");
              next.put(slot, key, to);
            });
    }
    // Backwards: completions of each state, and the smallest numbers at risk they allow after it.
    for (std::size_t j = landmarks_; j-- > 0;) {
      const double from = 1.0 - 0.7 * static_cast<double>(j + 1) / n, to_share = 1.0 - 0.7 * static_cast<double>(j) / n;
      sweep(j, from, to_share, [&](std::size_t i, const State& to, const Walk& w) {
        State& state = layers_[j].states[i];
        std::uint64_t ways = 1;
        std::array<int, 3> after = {0, 0, 0};
        if (j + 1 < landmarks_) {
          const State& target = layers_[j + 1].at(layers_[j + 1].slot_of(key_of(to)));
          ways = target.ways;
          after = target.low;
        }
        after = lowest(j, to, after);
        if (ways == 0)
          return;
        state.ways = add_saturated(state.ways, ways);
        const std::array<int, 3> low =
            w.first_a >= 0 ? std::array<int, 3>{w.first_a, w.first_b, w.first_a + w.first_b} : after;
        for (std::size_t c = 0; c < 3; ++c)
          state.low[c] = state.counted ? std::min(state.low[c], low[c]) : low[c];
        state.counted = true;
        if (j + 1 == landmarks_)
          note(out, j, to, {0, 0, 0});
      });
      if (j > 0)
        for (const State& state : layers_[j].states)
          if (state.ways > 0)
            note(out, j - 1, state, state.low);
    }
    out.n_solutions = layers_[0].states[0].ways;
  }

  void note(ReconstructResult& out, std::size_t j, const State& at, const std::array<int, 3>& low) const {
    const auto &ma = a_.landmark(j + 1, at.a_mark), &mb = b_.landmark(j + 1, at.b_mark);
    if (options_.values) {
      const std::array<double, 3> s = {ma.s, mb.s, at.s}, g = {ma.g, mb.g, at.g};
      for (std::size_t c = 0; c < 3; ++c) {
        out.estimate[j][c].add(s[c]);
        out.std_error[j][c].add(s[c] * std::sqrt(g[c]));
      }
    }
    const std::array<int, 3> least = lowest(j, at, low), events = {ma.events, mb.events, ma.events + mb.events};
    const std::array<int, 3> most = {std::min(at.a, at.p - least[1]), std::min(at.b, at.p - least[0]), at.p};
    for (std::size_t c = 0; c < 3; ++c) {
      out.events[j][c].add(events[c]);
      out.n_risk[j][c].add(least[c]);
      out.n_risk[j][c].add(most[c]);
    }
  }

  void collect(ReconstructResult& out) {
    std::vector<StructureEvent> path;
    if (out.n_solutions <= options_.max_solutions) {
      list_from(0, 0, path, out);
      return;
    }
    out.drawn = true;
    draw(out);
  }

  /// Walks interval j from one live state, with its path, over the arrivals that can be completed:
  /// `land(index of the state, ways)`. States that were merged on the way are met as the one that stands for them all.
  template <class Land>
  void walk_one(std::size_t j, const State& from, std::vector<StructureEvent>& path, const Land& land) {
    Walk w = make_walk(j, from.s, from.s, from.g);
    w.path = &path;
    walk(w, a_.landmark(j, from.a_mark).root, b_.landmark(j, from.b_mark).root, from.a, from.b, from.p, 1.0, 0.0,
         [&](int ea, int eb, int a, int b, int p, double f, double h) {
           State to;
           if (!arrive(j, from, ea, eb, a, b, p, f, h, to))
             return false;
           if (j + 1 == landmarks_)
             return land(std::size_t{0}, std::uint64_t{1});
           const std::size_t index = layers_[j + 1].index_of(to);
           const std::uint64_t ways = layers_[j + 1].states[index].ways;
           return ways > 0 && land(index, ways);
         });
  }

  void list_from(std::size_t j, std::size_t index, std::vector<StructureEvent>& path, ReconstructResult& out) {
    if (j == landmarks_) {
      out.solutions.push_back(path);
      return;
    }
    walk_one(j, layers_[j].states[index], path, [&](std::size_t to, std::uint64_t) {
      list_from(j + 1, to, path, out);
      return false;
    });
  }

  /// Uniform draws, all of them in one walk per state that they pass. Draw i takes its numbers from (seed, i) alone.
  void draw(ReconstructResult& out) {
    const std::size_t n = options_.max_solutions;
    out.solutions.assign(n, {});
    std::vector<std::size_t> at(n, 0), order(n);
    std::vector<std::uint64_t> left(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<StructureEvent> path;
    for (std::size_t j = 0; j < landmarks_; ++j) {
      for (std::size_t i = 0; i < n; ++i) {
        std::seed_seq seq{static_cast<std::uint32_t>(options_.seed), static_cast<std::uint32_t>(options_.seed >> 32),
                          static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j)};
        std::mt19937_64 random(seq);
        left[i] = std::uniform_int_distribution<std::uint64_t>(0, layers_[j].states[at[i]].ways - 1)(random);
      }
      std::sort(order.begin(), order.end(),
                [&](std::size_t x, std::size_t y) { return std::tie(at[x], left[x]) < std::tie(at[y], left[y]); });
      for (std::size_t first = 0, end = 0; first < n; first = end) {
        const std::size_t from = at[order[first]];
        while (end < n && at[order[end]] == from)
          ++end;
        std::size_t k = first;
        std::uint64_t passed = 0;
        path.clear();
        walk_one(j, layers_[j].states[from], path, [&](std::size_t to, std::uint64_t ways) {
          for (; k < end && left[order[k]] - passed < ways; ++k) {
            at[order[k]] = to;
            auto& solution = out.solutions[order[k]];
            solution.insert(solution.end(), path.begin(), path.end());
          }
          passed += ways;
          return k == end;
        });
      }
    }
  }

  const ReconstructProblem& problem_;
  ReconstructOptions options_;
  Meter meter_;
  std::size_t landmarks_;
  std::vector<Window> pooled_;
  PrintedCurve none_;
  GroupGraph a_, b_;
  State start_;
  std::vector<Layer> layers_;
};

} // namespace detail

/// All event structures that print as the problem says: counted exactly, listed (or drawn uniformly
/// where there are more than options.max_solutions), with the range of events and numbers at risk
/// over all of them. Exponential in the number of events at worst; the printed cells prune it.
/// @throws input_error for a malformed problem, memory_error beyond options.max_states.
inline ReconstructResult reconstruct(const ReconstructProblem& problem, const ReconstructOptions& options = {},
                                     const Poll& poll = {}) {
  detail::check_problem(problem);
  return detail::JointSearch(problem, options, poll).solve();
}

/// Whether any structure prints as the problem says; stops at the first one. Few events are tried
/// before many: where there is a solution, there mostly is a short one. The last round is exhaustive.
inline bool reconstructible(const ReconstructProblem& problem, const ReconstructOptions& options = {},
                            const Poll& poll = {}) {
  detail::check_problem(problem);
  int n = 0;
  for (const PrintedCurve& curve : problem.groups)
    n += curve.n;
  for (int most = 2; ; most *= 2) {
    ReconstructProblem limited = problem;
    for (PrintedCurve& curve : limited.groups)
      curve.total_events = curve.total_events < 0 ? most : std::min(curve.total_events, most);
    if (detail::FirstSolution(limited, options, poll).exists())
      return true;
    if (most >= n)
      return false;
  }
}

} // namespace cryonodes

#endif
