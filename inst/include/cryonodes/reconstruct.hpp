#ifndef CRYONODES_RECONSTRUCT_HPP
#define CRYONODES_RECONSTRUCT_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/tails.hpp"

// Printed Kaplan-Meier rates read backwards.
//
// What a curve prints at its landmarks depends on its events only through the numbers at risk
// r1 > r2 > ... >= 1 at which they happen: S is the product of (1 - 1/r) and Greenwood's sum is that of
// 1 / (r (r - 1)). A tie of d events at r counts as d events at r, r - 1, ..., r - d + 1, because both
// expressions telescope. Any strictly decreasing sequence can occur: those who leave between two
// events are censored. With two groups, an event of either is an event of the pooled curve, at the
// sum a + b of the numbers at risk (a in group A, b in group B), and neither a nor b ever rises.
//
// The search is exhaustive. A value that lies within rounding error of a limit is accepted, so that
// "there is none" never rests on the last bit of a double.

namespace cryonodes {

/// What a printed number allows: a closed interval, or anything.
struct PrintedCell {
  bool given = false;
  double low = 0.0;
  double high = 0.0;
};

/// One printed curve: a cell for S and one for its standard error at each landmark, as proportions.
struct PrintedCurve {
  int n = 0; ///< subjects at time zero, >= 0
  std::vector<PrintedCell> estimate;
  std::vector<PrintedCell> std_error;
  std::vector<int> n_risk; ///< known number at risk at each landmark, -1 where unknown; or empty
  std::vector<int> events; ///< known events up to each landmark, -1 where unknown; or empty
  int total_events = -1;   ///< known events over the whole follow-up, -1 if unknown: an upper bound here
};

struct ReconstructProblem {
  std::vector<PrintedCurve> groups; ///< one or two
  bool has_pooled = false;          ///< two groups only; pooled.n is ignored: it is the sum
  PrintedCurve pooled;
  /// Per landmark, 1 where (events in A, events in B) are allowed, A running slowest, sizes
  /// (n_A + 1) x (n_B + 1); an empty entry allows all.
  std::vector<std::vector<char>> allowed_events;
};

struct ReconstructOptions {
  std::size_t max_solutions = 1000;   ///< so many are listed; if there are more, so many are drawn instead
  std::size_t max_states = 20000000; ///< bound on what is kept at once, about 100 bytes each
  std::uint64_t max_steps = 0;       ///< give up with a work_error after so many steps; 0: never
  bool values = false;               ///< collect the values of S and its standard error over all solutions
  std::uint64_t seed = 1;            ///< for the draw when there are more solutions than are listed
};

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

constexpr double accept_slack = 1e-11; // on proportions; a printed half is a half

inline std::uint64_t add_saturated(std::uint64_t x, std::uint64_t y) {
  return x > std::numeric_limits<std::uint64_t>::max() - y ? std::numeric_limits<std::uint64_t>::max() : x + y;
}

/// Limits that the cells of one curve set at a landmark, tightened by the other landmarks: S never
/// rises and Greenwood's sum never falls.
struct Window {
  double s_low = 0.0, s_high = 1.0;
  double g_low = 0.0, g_high = inf;
  PrintedCell std_error;

  bool accepts(double s, double g) const {
    if (s < s_low - accept_slack || s > s_high + accept_slack)
      return false;
    if (!std_error.given)
      return true;
    if (s <= 0.0) // the standard error is undefined; some software prints it as 0
      return std_error.low <= 0.0;
    const double se = s * std::sqrt(g);
    return se >= std_error.low - accept_slack && se <= std_error.high + accept_slack;
  }
};

inline std::vector<Window> make_windows(const PrintedCurve& curve, std::size_t landmarks) {
  std::vector<Window> w(landmarks);
  for (std::size_t j = 0; j < landmarks; ++j) {
    w[j].std_error = curve.std_error[j];
    if (curve.estimate[j].given) {
      w[j].s_low = curve.estimate[j].low;
      w[j].s_high = curve.estimate[j].high;
    }
  }
  // An event at k adds S^2 (k - 1) / k^3 to the variance and shrinks what was there. Over all k that is
  // less than S^2 (zeta(2) - zeta(3)), so a variance that rises later needs an S that is not too small now.
  constexpr double most_gain = 0.442878;
  for (std::size_t j = 0; j < landmarks; ++j)
    for (std::size_t k = j + 1; k < landmarks; ++k)
      if (w[j].std_error.given && w[k].std_error.given && w[k].std_error.low > w[j].std_error.high)
        w[j].s_low = std::max(w[j].s_low, std::sqrt((std::pow(w[k].std_error.low - accept_slack, 2) -
                                                     std::pow(w[j].std_error.high + accept_slack, 2)) / most_gain));
  for (std::size_t j = landmarks; j-- > 1;)
    w[j - 1].s_low = std::max(w[j - 1].s_low, w[j].s_low);
  for (std::size_t j = 1; j < landmarks; ++j)
    w[j].s_high = std::min(w[j].s_high, w[j - 1].s_high);
  for (std::size_t j = 0; j < landmarks; ++j) {
    if (!w[j].std_error.given)
      continue;
    if (w[j].s_high > 0.0 && w[j].std_error.low > 0.0)
      w[j].g_low = std::pow(std::max(0.0, w[j].std_error.low - accept_slack) / (w[j].s_high + accept_slack), 2);
    if (w[j].s_low > 2 * accept_slack)
      w[j].g_high = std::pow((w[j].std_error.high + accept_slack) / (w[j].s_low - accept_slack), 2);
  }
  for (std::size_t j = 1; j < landmarks; ++j)
    w[j].g_low = std::max(w[j].g_low, w[j - 1].g_low);
  for (std::size_t j = landmarks; j-- > 1;)
    w[j - 1].g_high = std::min(w[j - 1].g_high, w[j].g_high);
  return w;
}

/// A curve of nobody, about which nothing is printed.
inline PrintedCurve no_curve(std::size_t landmarks) {
  PrintedCurve c;
  c.estimate.resize(landmarks);
  c.std_error.resize(landmarks);
  return c;
}

/// The pooled curve with its size filled in; without one, a curve that allows everything.
inline PrintedCurve pooled_or_open(const ReconstructProblem& problem, std::size_t landmarks) {
  PrintedCurve c = problem.has_pooled ? problem.pooled : no_curve(landmarks);
  c.n = 0;
  for (const PrintedCurve& group : problem.groups)
    c.n += group.n;
  return c;
}

inline std::size_t mix(std::initializer_list<std::int64_t> parts) {
  std::uint64_t h = 0x9e3779b97f4a7c15ULL;
  for (std::int64_t part : parts) {
    h ^= static_cast<std::uint64_t>(part);
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 32;
  }
  return static_cast<std::size_t>(h);
}

inline int at_or(const std::vector<int>& v, std::size_t j) { return v.empty() ? -1 : std::max(v[j], -1); }

/// The searches call themselves once per event. Longer sequences than this end in an error before the stack does.
constexpr int most_nested = 3000;

inline void require_shallow(int events) {
  if (events > most_nested)
    throw memory_error("the search met a sequence of more than 3000 events; the printed values allow too many");
}

/// Narrows the numbers at risk that can be at a landmark, at most `a` and `b` and at most `p` of both, to what is
/// known of them (-1: nothing). False if nothing is left.
inline bool narrow(int known_a, int known_b, int known_p, int& a, int& b, int& p) {
  if (known_a > a || known_b > b)
    return false;
  a = known_a >= 0 ? known_a : a;
  b = known_b >= 0 ? known_b : b;
  p = std::min(p, a + b);
  if (known_p > p)
    return false;
  p = known_p >= 0 ? known_p : p;
  // Whoever is known to be there takes room from the other group.
  const int room_a = known_b >= 0 ? p - b : p, room_b = known_a >= 0 ? p - a : p;
  a = std::min(a, room_a);
  b = std::min(b, room_b);
  if (a < std::max(known_a, 0) || b < std::max(known_b, 0))
    return false;
  p = std::min(p, a + b);
  return p >= known_p;
}

/// Most events that facts allow up to each landmark.
inline std::vector<int> max_events(const PrintedCurve& curve, std::size_t landmarks) {
  std::vector<int> most(landmarks, curve.total_events < 0 ? curve.n : std::min(curve.n, curve.total_events));
  for (std::size_t j = landmarks; j-- > 0;) {
    if (at_or(curve.events, j) >= 0)
      most[j] = std::min(most[j], curve.events[j]);
    if (j + 1 < landmarks)
      most[j] = std::min(most[j], most[j + 1]);
  }
  return most;
}

/// Calls `next(k, s, g)` for the events that may follow in a curve at (s, g) with at most `level` at risk,
/// by falling number at risk k, until `next` returns true or the window is out of reach.
template <class Next> bool next_events(const Window& w, int level, double s, double g, const Next& next) {
  const double s_floor = w.s_low - accept_slack, g_ceiling = w.g_high * (1.0 + 1e-12);
  // To come down from S to the window takes log(S / s_low) at most; an event at k adds to Greenwood's
  // sum at most ratio(k) per unit of it, a falling function of k, and no k below this one is allowed.
  if (w.g_low > 0.0 && s_floor > 0.0 && s > s_floor) {
    const double k = 1.0 / (1.0 - s_floor / s);
    if (k > 1.0 &&
        g + std::log(s / s_floor) / (k * (k - 1.0) * -std::log1p(-1.0 / k)) * (1.0 + 1e-9) < w.g_low * (1.0 - 1e-9))
      return false;
  }
  // To multiply S by f costs Greenwood's sum (1/f - 1) / level at least (everybody observed to the end), so
  // the variance becomes at least S^2 (f^2 (g - 1/level) + f/level). As a function of f that is smallest at
  // an end of the range that the window leaves.
  if (w.std_error.given && level > 0 && s > 0.0 && s_floor > 0.0) {
    const double f_low = std::min(1.0, s_floor / s), f_high = std::min(1.0, (w.s_high + accept_slack) / s);
    const auto variance = [&](double f) { return s * s * f * (f * g + (1.0 - f) / level); };
    const double most = std::pow(w.std_error.high + accept_slack, 2) * (1.0 + 1e-9);
    if (variance(f_low) > most && variance(f_high) > most)
      return false;
  }
  for (int k = level; k >= 1; --k) {
    const double s_next = k == 1 ? 0.0 : s * ((k - 1.0) / k);
    const double g_next = k == 1 ? inf : g + 1.0 / (k * (k - 1.0));
    // Both only get worse as k falls.
    if (s_next < s_floor || (k > 1 ? g_next > g_ceiling : s_floor > 0.0))
      return false;
    if (next(k, s_next, g_next))
      return true;
  }
  return false;
}

/// Counts its calls and lets the caller's poll look in now and then.
class Meter {
public:
  Meter(const Poll& poll, std::uint64_t most) : poll_(poll), most_(most) {}
  void step() {
    if ((++steps_ & 0x3fff) != 0)
      return;
    if (poll_)
      poll_(share);
    if (most_ > 0 && steps_ > most_)
      throw work_error("the search was given up after `max_steps` steps");
  }
  std::uint64_t steps() const { return steps_; }
  double share = -1.0;

private:
  const Poll& poll_;
  std::uint64_t most_;
  std::uint64_t steps_ = 0;
};

/// Every sequence of one group that prints as published, as a graph. Sequences that reach a landmark
/// with the same number at risk, events, S and Greenwood sum share everything after it.
class GroupGraph {
public:
  /// A position reached by an event (or a landmark: then r is meaningless). Children are the possible next events.
  struct Node {
    int r;            ///< number at risk at the event that led here
    int first_child;  ///< -1: none; children run by falling r
    int next_sibling; ///< -1: none
    int exit;         ///< index of the landmark at which the interval can end here; -1: it cannot
    int need;         ///< smallest number at risk with which some continuation is still possible
  };
  struct Landmark {
    int level; ///< at risk after the last event, or less if a number at risk is known here
    int events;
    double s, g;
    int root; ///< node from which the next interval starts
  };

  GroupGraph(const PrintedCurve& curve, std::size_t landmarks, std::size_t max_states, Meter& meter)
      : curve_(curve), windows_(make_windows(curve, landmarks)), max_states_(max_states), meter_(meter),
        layers_(landmarks + 1) {
    max_events_ = max_events(curve, landmarks);
    layers_[0].push_back({curve.n, 0, 1.0, 0.0, -1});
    for (std::size_t j = 0; j < landmarks; ++j) {
      index_.clear();
      // layers_[j] does not grow here, but nodes_ and layers_[j + 1] do.
      for (std::size_t i = 0; i < layers_[j].size(); ++i) {
        const Landmark from = layers_[j][i];
        layers_[j][i].root = expand(j, -1, from.level, from.s, from.g, from.events);
      }
    }
    prune(landmarks);
  }

  bool empty() const { return layers_[0][0].root < 0; }
  const Node& node(int i) const { return nodes_[static_cast<std::size_t>(i)]; }
  const Landmark& landmark(std::size_t layer, int i) const { return layers_[layer][static_cast<std::size_t>(i)]; }

private:
  /// Builds the subtree below an event at `r` (or below a landmark); -1 if nothing there can print as published.
  int expand(std::size_t j, int r, int level, double s, double g, int events) {
    meter_.step();
    require_shallow(events);
    const Window& w = windows_[j];
    int exit = -1;
    if (w.accepts(s, g) && (at_or(curve_.events, j) < 0 || curve_.events[j] == events)) {
      const int known = at_or(curve_.n_risk, j);
      if (known < 0)
        exit = landmark_at(j + 1, {level, events, s, g, -1});
      else if (known <= level)
        exit = landmark_at(j + 1, {known, events, s, g, -1});
    }
    int first = -1, last = -1;
    if (events < max_events_[j] && s > 0.0) {
      next_events(w, level, s, g, [&](int k, double s_next, double g_next) {
        const int child = expand(j, k, k - 1, s_next, g_next, events + 1);
        if (child >= 0) {
          (first < 0 ? first : nodes_[static_cast<std::size_t>(last)].next_sibling) = child;
          last = child;
        }
        return false;
      });
    }
    if (exit < 0 && first < 0)
      return -1;
    if (nodes_.size() >= max_states_)
      throw memory_error("the search needs more than `max_states` states; give more facts or raise the limit");
    nodes_.push_back({r, first, -1, exit, 0});
    return static_cast<int>(nodes_.size() - 1);
  }

  int landmark_at(std::size_t layer, const Landmark& at) {
    const std::uint64_t key = hash(at);
    auto& bucket = index_[key];
    for (int i : bucket) {
      const Landmark& other = layers_[layer][static_cast<std::size_t>(i)];
      if (other.level == at.level && other.events == at.events && same(other.s, at.s) && same(other.g, at.g))
        return i;
    }
    layers_[layer].push_back(at);
    bucket.push_back(static_cast<int>(layers_[layer].size() - 1));
    return bucket.back();
  }
  static bool same(double x, double y) { return x == y || std::fabs(x - y) <= 1e-13 * std::fabs(x); }
  static std::uint64_t hash(const Landmark& at) {
    const auto s = static_cast<std::uint64_t>(std::llround(at.s * 1e9));
    const auto level = static_cast<std::uint64_t>(at.level), events = static_cast<std::uint64_t>(at.events);
    return (s * std::uint64_t{1099511628211}) ^ (level << 20) ^ events;
  }

  /// Drops what reaches its next landmark but none of the later ones, and computes `need`.
  void prune(std::size_t landmarks) {
    for (std::size_t j = landmarks; j-- > 0;)
      for (Landmark& at : layers_[j])
        if (at.root >= 0 && !alive(at.root, j + 1, landmarks))
          at.root = -1;
  }
  bool alive(int i, std::size_t layer, std::size_t landmarks) {
    int need = std::numeric_limits<int>::max();
    {
      Node& node = nodes_[static_cast<std::size_t>(i)];
      if (node.exit >= 0) {
        const int root = layer == landmarks ? 0 : layers_[layer][static_cast<std::size_t>(node.exit)].root;
        if (root < 0)
          node.exit = -1;
        else
          need = layer == landmarks ? 0 : nodes_[static_cast<std::size_t>(root)].need;
      }
    }
    int first = -1, last = -1;
    for (int c = nodes_[static_cast<std::size_t>(i)].first_child; c >= 0;) {
      const int next = nodes_[static_cast<std::size_t>(c)].next_sibling;
      if (alive(c, layer, landmarks)) {
        (first < 0 ? first : nodes_[static_cast<std::size_t>(last)].next_sibling) = c;
        nodes_[static_cast<std::size_t>(c)].next_sibling = -1;
        last = c;
        need = std::min(need, nodes_[static_cast<std::size_t>(c)].r);
      }
      c = next;
    }
    Node& node = nodes_[static_cast<std::size_t>(i)];
    node.first_child = first;
    node.need = need;
    return first >= 0 || node.exit >= 0;
  }

  const PrintedCurve& curve_;
  std::vector<Window> windows_;
  std::size_t max_states_;
  Meter& meter_;
  std::vector<int> max_events_;
  std::vector<Node> nodes_;
  std::vector<std::vector<Landmark>> layers_;
  std::unordered_map<std::uint64_t, std::vector<int>> index_; // of the layer being filled
};

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

  struct Layer {
    std::vector<State> states;
    std::unordered_map<Key, std::size_t, KeyHash> index;
  };

  /// States of one layer that share graphs and numbers at risk differ in the pooled values only and
  /// are walked together.
  std::vector<std::vector<std::size_t>> bundles(const Layer& layer) const {
    std::unordered_map<Key, std::vector<std::size_t>, KeyHash> by;
    std::vector<Key> order;
    for (std::size_t i = 0; i < layer.states.size(); ++i) {
      Key k = key_of(layer.states[i]);
      k.s = k.g = 0;
      auto& members = by[k];
      if (members.empty())
        order.push_back(k);
      members.push_back(i);
    }
    std::vector<std::vector<std::size_t>> out;
    for (const Key& k : order)
      out.push_back(std::move(by[k]));
    return out;
  }

  /// Walks interval j from every state of its layer; `visit(state, to, walk)` for every arrival.
  template <class Visit> void sweep(std::size_t j, double share_from, double share_to, const Visit& visit) {
    const auto groups = bundles(layers_[j]);
    for (std::size_t k = 0; k < groups.size(); ++k) {
      meter_.share = share_from + (share_to - share_from) * static_cast<double>(k) / static_cast<double>(groups.size());
      double s_low = inf, s_high = 0.0, g_low = inf;
      for (std::size_t i : groups[k]) {
        s_low = std::min(s_low, layers_[j].states[i].s);
        s_high = std::max(s_high, layers_[j].states[i].s);
        g_low = std::min(g_low, layers_[j].states[i].g);
      }
      const State lead = layers_[j].states[groups[k][0]];
      const int ra = a_.landmark(j, lead.a_mark).root, rb = b_.landmark(j, lead.b_mark).root;
      if (ra < 0 || rb < 0)
        continue;
      Walk w = make_walk(j, s_low, s_high, g_low);
      walk(w, ra, rb, lead.a, lead.b, lead.p, 1.0, 0.0,
           [&](int ea, int eb, int a, int b, int p, double f, double h) {
             State to;
             for (std::size_t i : groups[k])
               if (arrive(j, layers_[j].states[i], ea, eb, a, b, p, f, h, to))
                 visit(i, to, w);
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
              const auto found = next.index.emplace(key_of(to), next.states.size());
              if (!found.second)
                return;
              if (next.states.size() >= options_.max_states)
                throw memory_error("the search needs more than `max_states` states; "
                                   "give more facts or raise the limit");
              next.states.push_back(to);
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
          const State& target = layers_[j + 1].states[layers_[j + 1].index.at(key_of(to))];
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
      list_from(0, layers_[0].states[0], path, out);
      return;
    }
    out.drawn = true;
    for (std::size_t i = 0; i < options_.max_solutions; ++i) {
      // Each draw has a generator of its own, seeded by (seed, i): draws do not depend on one another.
      std::seed_seq seq{static_cast<std::uint32_t>(options_.seed), static_cast<std::uint32_t>(options_.seed >> 32),
                        static_cast<std::uint32_t>(i)};
      std::mt19937_64 random(seq);
      path.clear();
      draw_from(0, layers_[0].states[0], path, random);
      out.solutions.push_back(path);
    }
  }

  /// Walks interval j from one live state, with its path, over the arrivals that can be completed:
  /// `land(to, ways)`. States that were merged on the way are met as the one that stands for them all.
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
             return land(to, std::uint64_t{1});
           const State& stored = layers_[j + 1].states[layers_[j + 1].index.at(key_of(to))];
           return stored.ways > 0 && land(stored, stored.ways);
         });
  }

  void list_from(std::size_t j, const State& from, std::vector<StructureEvent>& path, ReconstructResult& out) {
    if (j == landmarks_) {
      out.solutions.push_back(path);
      return;
    }
    walk_one(j, from, path, [&](const State& to, std::uint64_t) {
      list_from(j + 1, to, path, out);
      return false;
    });
  }

  void draw_from(std::size_t j, const State& from, std::vector<StructureEvent>& path, std::mt19937_64& random) {
    if (j == landmarks_)
      return;
    std::uint64_t left = std::uniform_int_distribution<std::uint64_t>(0, from.ways - 1)(random);
    State chosen = from;
    walk_one(j, from, path, [&](const State& to, std::uint64_t w) {
      if (left >= w) {
        left -= w;
        return false;
      }
      chosen = to;
      return true;
    });
    draw_from(j + 1, chosen, path, random);
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

inline void check_problem(const ReconstructProblem& problem) {
  require(problem.groups.size() == 1 || problem.groups.size() == 2, "one or two groups can be reconstructed together");
  require(!problem.has_pooled || problem.groups.size() == 2, "a pooled curve needs two groups");
  const std::size_t landmarks = problem.groups[0].estimate.size();
  require(landmarks > 0, "there are no landmarks");
  const auto fits = [&](const PrintedCurve& c) {
    require(c.n >= 0 && c.n < (1 << 20), "n is out of range");
    require(c.estimate.size() == landmarks && c.std_error.size() == landmarks, "curves differ in landmarks");
    require(c.n_risk.empty() || c.n_risk.size() == landmarks, "n_risk and landmarks differ in length");
    require(c.events.empty() || c.events.size() == landmarks, "events and landmarks differ in length");
    for (const auto* cells : {&c.estimate, &c.std_error})
      for (const PrintedCell& cell : *cells)
        require(!cell.given || (!std::isnan(cell.low) && !std::isnan(cell.high)), "a limit of a printed cell is NaN");
  };
  for (const PrintedCurve& c : problem.groups)
    fits(c);
  if (problem.has_pooled)
    fits(problem.pooled);
  require(problem.allowed_events.empty() || problem.allowed_events.size() == landmarks,
          "allowed_events and landmarks differ in length");
  std::size_t size = 1;
  for (const PrintedCurve& c : problem.groups)
    size *= static_cast<std::size_t>(c.n) + 1;
  for (const auto& allowed : problem.allowed_events)
    require(allowed.empty() || allowed.size() == size, "allowed_events has the wrong size");
}

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
