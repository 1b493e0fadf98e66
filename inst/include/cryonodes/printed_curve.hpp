#ifndef CRYONODES_PRINTED_CURVE_HPP
#define CRYONODES_PRINTED_CURVE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
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
  std::size_t max_solutions = 200;    ///< so many are listed; if there are more, so many are drawn instead
  std::size_t max_states = 20000000; ///< bound on what is kept at once, about 100 bytes each
  std::uint64_t max_steps = 0;       ///< give up with a work_error after so many steps; 0: never
  bool values = false;               ///< collect the values of S and its standard error over all solutions
  std::uint64_t seed = 1;            ///< for the draw when there are more solutions than are listed
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
} // namespace cryonodes

#endif
