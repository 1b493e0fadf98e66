#ifndef CRYONODES_GROUP_GRAPH_HPP
#define CRYONODES_GROUP_GRAPH_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/printed_curve.hpp"

namespace cryonodes {
namespace detail {

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

} // namespace detail
} // namespace cryonodes

#endif
