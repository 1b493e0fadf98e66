#ifndef CRYONODES_FIRST_SOLUTION_HPP
#define CRYONODES_FIRST_SOLUTION_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cryonodes/poll.hpp"
#include "cryonodes/printed_curve.hpp"

namespace cryonodes {
namespace detail {

/// Whether a curve alone can go on from a position to print as published; remembers what it found out.
class CurveOracle {
public:
  CurveOracle(const PrintedCurve& curve, std::size_t landmarks, std::size_t max_states, Meter& meter)
      : curve_(curve), windows_(make_windows(curve, landmarks)), max_events_(max_events(curve, landmarks)),
        max_states_(max_states), meter_(meter) {}

  /// In interval j, with at most `level` at risk, after `events` events that brought S and Greenwood's sum to (s, g).
  bool can_finish(std::size_t j, int level, int events, double s, double g) {
    const Key key = {(static_cast<std::int64_t>(j) << 48) | (static_cast<std::int64_t>(level) << 24) | events,
                     std::llround(s * 1e13), std::isinf(g) ? -1 : std::llround(g * 1e13)};
    const auto found = memory_.find(key);
    if (found != memory_.end())
      return found->second;
    meter_.step();
    require_shallow(events);
    bool answer = ends_here(j, level, events, s, g) &&
                  (j + 1 == windows_.size() || can_finish(j + 1, known(j) < 0 ? level : known(j), events, s, g));
    if (!answer && events < max_events_[j] && s > 0.0)
      answer = next_events(windows_[j], level, s, g, [&](int k, double s_next, double g_next) {
        return can_finish(j, k - 1, events + 1, s_next, g_next);
      });
    if (memory_.size() >= max_states_)
      memory_.clear(); // costs time, not correctness
    memory_.emplace(key, answer);
    return answer;
  }
  bool ends_here(std::size_t j, int level, int events, double s, double g) const {
    return windows_[j].accepts(s, g) && (at_or(curve_.events, j) < 0 || curve_.events[j] == events) &&
           known(j) <= level;
  }
  int known(std::size_t j) const { return at_or(curve_.n_risk, j); } // number at risk, -1: unknown
  const Window& window(std::size_t j) const { return windows_[j]; }
  int most_events(std::size_t j) const { return max_events_[j]; }

private:
  struct Key {
    std::int64_t at, s, g;
    bool operator==(const Key& o) const { return at == o.at && s == o.s && g == o.g; }
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const { return mix({k.at, k.s, k.g}); }
  };

  PrintedCurve curve_;
  std::vector<Window> windows_;
  std::vector<int> max_events_;
  std::size_t max_states_;
  Meter& meter_;
  std::unordered_map<Key, bool, KeyHash> memory_;
};

/// Looks for one solution, depth first. Each of the three curves must be able to finish by itself from
/// wherever the search goes; this is what makes refutations short even where many cells are open.
class FirstSolution {
public:
  FirstSolution(const ReconstructProblem& problem, const ReconstructOptions& options, const Poll& poll)
      : problem_(problem), meter_(poll, options.max_steps), landmarks_(problem.groups[0].estimate.size()),
        max_states_(options.max_states), a_(problem.groups[0], landmarks_, options.max_states, meter_),
        b_(problem.groups.size() > 1 ? problem.groups[1] : no_curve(landmarks_), landmarks_, options.max_states,
           meter_),
        p_(pooled_or_open(problem, landmarks_), landmarks_, options.max_states, meter_) {}

  bool exists() {
    const int na = problem_.groups[0].n, nb = problem_.groups.size() > 1 ? problem_.groups[1].n : 0;
    if (!problem_.has_pooled && problem_.allowed_events.empty())
      return a_.can_finish(0, na, 0, 1.0, 0.0) && b_.can_finish(0, nb, 0, 1.0, 0.0);
    return from({0, {na, 0, 1.0, 0.0}, {nb, 0, 1.0, 0.0}, {na + nb, 0, 1.0, 0.0}});
  }

private:
  struct Place {
    int level, events;
    double s, g;
  };
  struct State {
    std::size_t j;
    Place a, b, p;
  };

  static bool can(CurveOracle& curve, std::size_t j, const Place& at) {
    return at.level >= 0 && curve.can_finish(j, at.level, at.events, at.s, at.g);
  }

  bool from(const State& now) {
    if (!can(a_, now.j, now.a) || !can(b_, now.j, now.b) || !can(p_, now.j, now.p))
      return false;
    const Key key = key_of(now);
    if (failed_.count(key))
      return false;
    meter_.step();
    if (ends_interval(now) || event_of(now, 0) || event_of(now, 1))
      return true;
    if (failed_.size() >= max_states_)
      failed_.clear();
    failed_.insert(key);
    return false;
  }

  bool ends_interval(const State& now) {
    const auto here = [&](const CurveOracle& c, const Place& at) {
      return c.ends_here(now.j, at.level, at.events, at.s, at.g);
    };
    if (!here(a_, now.a) || !here(b_, now.b) || !here(p_, now.p))
      return false;
    if (!problem_.allowed_events.empty() && !problem_.allowed_events[now.j].empty()) {
      const std::size_t width = static_cast<std::size_t>(problem_.groups.size() > 1 ? problem_.groups[1].n : 0) + 1;
      if (!problem_.allowed_events[now.j][static_cast<std::size_t>(now.a.events) * width +
                                          static_cast<std::size_t>(now.b.events)])
        return false;
    }
    State next = now;
    next.j = now.j + 1;
    if (!narrow(a_.known(now.j), b_.known(now.j), p_.known(now.j), next.a.level, next.b.level, next.p.level))
      return false;
    return next.j == landmarks_ || from(next);
  }

  bool event_of(const State& now, int group) {
    CurveOracle &own = group == 0 ? a_ : b_, &other = group == 0 ? b_ : a_;
    const Place &mine = group == 0 ? now.a : now.b, &theirs = group == 0 ? now.b : now.a;
    if (mine.events >= own.most_events(now.j) || now.p.events >= p_.most_events(now.j) || mine.s <= 0.0)
      return false;
    return next_events(own.window(now.j), mine.level, mine.s, mine.g, [&](int r, double s, double g) {
      const Place moved = {r - 1, mine.events + 1, s, g};
      if (!can(own, now.j, moved))
        return false;
      for (int o = std::min(theirs.level, now.p.level - r); o >= 0; --o) {
        const Place stays = {o, theirs.events, theirs.s, theirs.g};
        if (!can(other, now.j, stays))
          break; // nor with fewer
        const int pool = r + o;
        const Place pooled = {pool - 1, now.p.events + 1, pool == 1 ? 0.0 : now.p.s * ((pool - 1.0) / pool),
                              pool == 1 ? inf : now.p.g + 1.0 / (pool * (pool - 1.0))};
        if (pooled.s < p_.window(now.j).s_low - accept_slack)
          break;
        if (from(group == 0 ? State{now.j, moved, stays, pooled} : State{now.j, stays, moved, pooled}))
          return true;
      }
      return false;
    });
  }

  struct Key {
    std::int64_t at, events, as, bs, ps, ag, bg, pg;
    bool operator==(const Key& o) const {
      return at == o.at && events == o.events && as == o.as && bs == o.bs && ps == o.ps && ag == o.ag && bg == o.bg &&
             pg == o.pg;
    }
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const { return mix({k.at, k.events, k.as, k.bs, k.ps, k.ag, k.bg, k.pg}); }
  };
  static std::int64_t fine(double x) { return std::isinf(x) ? -1 : std::llround(x * 1e13); }
  static Key key_of(const State& t) {
    return {(static_cast<std::int64_t>(t.a.level) << 42) | (static_cast<std::int64_t>(t.b.level) << 21) | t.p.level,
            (static_cast<std::int64_t>(t.j) << 48) | (static_cast<std::int64_t>(t.a.events) << 24) | t.b.events,
            fine(t.a.s), fine(t.b.s), fine(t.p.s), fine(t.a.g), fine(t.b.g), fine(t.p.g)};
  }

  const ReconstructProblem& problem_;
  Meter meter_;
  std::size_t landmarks_;
  std::size_t max_states_;
  CurveOracle a_, b_, p_;
  std::unordered_set<Key, KeyHash> failed_;
};

} // namespace detail
} // namespace cryonodes

#endif
