#ifndef CRYONODES_CLUSTER_BOOTSTRAP_HPP
#define CRYONODES_CLUSTER_BOOTSTRAP_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/cluster_variance.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/threads.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// What is computed of each curve, at each of the numbers given.
enum class CurveStatistic {
  survival,       ///< S(t); NaN beyond the last row, unless S = 0 there
  quantile,       ///< time by which the share p has had the event, as survival's quantile(); +inf when not reached
  restricted_mean ///< area under S from 0 to tau; NaN where tau lies beyond the last row, unless S = 0 there
};

struct ClusterBootstrapOptions {
  CurveStatistic statistic = CurveStatistic::survival;
  std::vector<double> at;        ///< times, shares or taus
  std::size_t replicates = 1000; ///< how often the clusters are drawn anew
  std::uint64_t seed = 0;
  std::size_t threads = 1; ///< the result is the same bits whatever their number
  bool jackknife = false;  ///< also leave out each cluster in turn
};

/// Values of one cohort stand side by side: group by group, within a group by `at`.
struct ClusterBootstrapResult {
  std::vector<double> estimate;   ///< n_group * at
  std::vector<double> replicates; ///< replicates * n_group * at, replicate by replicate; NaN for an absent group
  std::vector<double> jackknife;  ///< n_cluster * n_group * at, or empty
};

/// How often each of n_cluster clusters is drawn in a replicate: n_cluster draws with replacement, from the stream
/// (seed, replicate).
inline void draw_clusters(std::uint64_t seed, std::uint64_t replicate, std::vector<std::uint32_t>& times_drawn) {
  std::fill(times_drawn.begin(), times_drawn.end(), 0U);
  RandomStream random(seed, replicate);
  const auto n = static_cast<std::uint32_t>(times_drawn.size());
  for (std::uint32_t i = 0; i < n; ++i)
    ++times_drawn[random.below(n)];
}

/// A cohort ordered once, whose curves are then computed for any number of copies of its clusters: each O(rows), in the
/// arithmetic of make_risk_table() and kaplan_meier(), so that they are the curves of the copied rows to the last bit.
class ResampledCohort {
public:
  ResampledCohort(const Timeline& timeline, span<const int> event, span<const int> group, std::size_t n_group,
                  span<const int> cluster, std::size_t n_cluster, span<const double> weight = {})
      : delayed_(!timeline.entry_id.empty()), n_cluster_(n_cluster), first_(n_group + 1, 0) {
    const std::size_t n = timeline.exit_id.size();
    detail::require(event.size() == n && group.size() == n && cluster.size() == n,
                    "`event`, `group`, `cluster` and `time` differ in length");
    detail::require(weight.empty() || weight.size() == n, "`weight` and `time` differ in length");
    detail::require(n_cluster < std::numeric_limits<std::uint32_t>::max(), "too many clusters");
    for (int c : cluster)
      detail::require(c >= 0 && static_cast<std::size_t>(c) < n_cluster, "a cluster code is out of range");
    for (int g : group)
      detail::require(g >= 0 && static_cast<std::size_t>(g) < n_group, "a group code is out of range");
    for (double w : weight)
      detail::require(w >= 0.0 && std::isfinite(w), "a weight is negative or not finite");
    const auto visits = detail::visits_by_group(timeline, group, n_group);
    const auto id_of = [&](std::uint32_t v) { return v < n ? timeline.exit_id[v] : timeline.entry_id[v - n]; };
    for (std::size_t g = 0, k = 0; g < n_group; ++g) {
      const std::size_t start = k;
      for (; k < visits.size() && group[visits[k] % n] == static_cast<int>(g); ++k) {
        const std::size_t i = visits[k] % n;
        if (k == start || id_of(visits[k]) != id_of(visits[k - 1])) {
          time_.push_back(timeline.time[id_of(visits[k])]);
          visit_.push_back(cluster_.size());
        }
        cluster_.push_back(static_cast<std::uint32_t>(cluster[i]));
        kind_.push_back(visits[k] >= n ? entry : event[i] > 0 ? death : censoring);
        weight_.push_back(weight.empty() ? 1.0 : weight[i]);
      }
      first_[g + 1] = time_.size();
    }
    visit_.push_back(cluster_.size());
  }

  std::size_t n_group() const { return first_.size() - 1; }
  std::size_t n_cluster() const { return n_cluster_; }

  /// Memory of one thread.
  struct Scratch {
    std::vector<double> n_event, n_leave, n_entry, n_risk;
  };

  /// Writes n_group * at values: the statistic of each group when cluster c is there copies[c] times.
  void evaluate(span<const std::uint32_t> copies, CurveStatistic statistic, span<const double> at, Scratch& scratch,
                double* out) const {
    for (auto* column : {&scratch.n_event, &scratch.n_leave, &scratch.n_entry, &scratch.n_risk})
      column->resize(time_.size());
    for (std::size_t g = 0; g < n_group(); ++g, out += at.size()) {
      count(g, copies, scratch);
      switch (statistic) {
      case CurveStatistic::survival:
        survival(g, at, scratch, out);
        break;
      case CurveStatistic::quantile:
        quantile(g, at, scratch, out);
        break;
      case CurveStatistic::restricted_mean:
        restricted_mean(g, at, scratch, out);
        break;
      }
    }
  }

private:
  static constexpr std::uint8_t censoring = 0, death = 1, entry = 2;

  void count(std::size_t g, span<const std::uint32_t> copies, Scratch& s) const {
    CompensatedSum entered_less_left;
    for (std::size_t j = first_[g]; j < first_[g + 1]; ++j) {
      double by_kind[3] = {0.0, 0.0, 0.0};
      for (std::size_t v = visit_[j]; v < visit_[j + 1]; ++v)
        by_kind[kind_[v]] += weight_[v] * copies[cluster_[v]];
      s.n_event[j] = by_kind[death];
      s.n_leave[j] = by_kind[death] + by_kind[censoring];
      if (!delayed_)
        continue;
      s.n_risk[j] = std::max(entered_less_left.value(), s.n_leave[j]);
      if (s.n_leave[j] > 0.0)
        entered_less_left.add(-s.n_leave[j]);
      entered_less_left.add(by_kind[entry]);
    }
    if (!delayed_) {
      double at_risk = 0.0;
      for (std::size_t j = first_[g + 1]; j-- > first_[g];)
        s.n_risk[j] = at_risk += s.n_leave[j];
    }
  }

  /// The group's last time at which somebody leaves; first_[g + 1] when nobody does.
  std::size_t last_of(std::size_t g, const Scratch& s) const {
    for (std::size_t j = first_[g + 1]; j-- > first_[g];)
      if (s.n_leave[j] > 0.0)
        return j;
    return first_[g + 1];
  }

  /// Times that differ from a time of the curve by rounding only are that time.
  static double slack(double t) {
    static const double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
    return tolerance * std::max(1.0, std::fabs(t));
  }

  void survival(std::size_t g, span<const double> at, const Scratch& s, double* out) const {
    const std::size_t last = last_of(g, s);
    for (std::size_t k = 0; k < at.size(); ++k) {
      CompensatedProduct product;
      if (last == first_[g + 1]) {
        out[k] = nan_;
        continue;
      }
      for (std::size_t j = first_[g]; j <= last && time_[j] <= at[k] + slack(at[k]); ++j)
        if (s.n_event[j] > 0.0)
          product.multiply(s.n_risk[j] - s.n_event[j], s.n_risk[j]);
      const bool known = at[k] - slack(at[k]) <= time_[last] || product.value() == 0.0;
      out[k] = known ? product.value() : nan_;
    }
  }

  void quantile(std::size_t g, span<const double> at, const Scratch& s, double* out) const {
    static const double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
    const std::size_t last = last_of(g, s);
    for (std::size_t k = 0; k < at.size(); ++k) {
      out[k] = last == first_[g + 1] ? nan_ : std::numeric_limits<double>::infinity();
      if (last == first_[g + 1])
        continue;
      CompensatedProduct product;
      double reached = -1.0; // the time at which the curve comes to lie at 1 - p, until it falls further
      for (std::size_t j = first_[g]; j <= last; ++j) {
        if (!(s.n_event[j] > 0.0))
          continue;
        product.multiply(s.n_risk[j] - s.n_event[j], s.n_risk[j]);
        const double gone = 1.0 - product.value();
        if (reached < 0.0 && gone + tolerance >= at[k])
          reached = time_[j];
        if (gone - tolerance >= at[k]) {
          out[k] = 0.5 * reached + 0.5 * time_[j];
          break;
        }
      }
      if (reached >= 0.0 && std::isinf(out[k]))
        out[k] = 0.5 * reached + 0.5 * time_[last];
    }
  }

  void restricted_mean(std::size_t g, span<const double> at, const Scratch& s, double* out) const {
    const std::size_t last = last_of(g, s);
    for (std::size_t k = 0; k < at.size(); ++k) {
      CompensatedProduct product;
      CompensatedSum area;
      double from = 0.0;
      if (last == first_[g + 1]) {
        out[k] = nan_;
        continue;
      }
      for (std::size_t j = first_[g]; j <= last && time_[j] < at[k]; ++j) {
        if (!(s.n_event[j] > 0.0))
          continue;
        if (time_[j] > from) { // not an event at time 0
          area.add(product.value() * (time_[j] - from));
          from = time_[j];
        }
        product.multiply(s.n_risk[j] - s.n_event[j], s.n_risk[j]);
      }
      area.add(product.value() * (at[k] - from));
      const bool known = at[k] - slack(at[k]) <= time_[last] || product.value() == 0.0;
      out[k] = known ? area.value() : nan_;
    }
  }

  static constexpr double nan_ = std::numeric_limits<double>::quiet_NaN();
  bool delayed_;
  std::size_t n_cluster_;
  std::vector<std::size_t> first_;     // per group, into time_
  std::vector<double> time_;           // distinct times of each group
  std::vector<std::size_t> visit_;     // per time, into what follows
  std::vector<std::uint32_t> cluster_; // per exit or entry
  std::vector<std::uint8_t> kind_;
  std::vector<double> weight_;
};

/// Clusters drawn with replacement, as many as there are, from all groups together (Davison & Hinkley 1997, section
/// 3.8); each copy of a cluster brings all its rows. Replicate r uses the stream (seed, r). O(replicates * rows).
/// @throws input_error when a number of `at` is not one the statistic knows.
inline ClusterBootstrapResult cluster_bootstrap(const ResampledCohort& cohort, const ClusterBootstrapOptions& options,
                                                const Poll& poll = {}) {
  detail::require(options.threads >= 1, "threads must be >= 1");
  for (double x : options.at)
    detail::require(x >= 0.0 && std::isfinite(x) && (options.statistic != CurveStatistic::quantile || x <= 1.0),
                    "a time or share is out of range");
  const std::size_t width = cohort.n_group() * options.at.size(), n_cluster = cohort.n_cluster();
  ClusterBootstrapResult out;
  out.estimate.resize(width);
  out.replicates.resize(options.replicates * width);
  out.jackknife.resize(options.jackknife ? n_cluster * width : 0);

  struct Memory {
    std::vector<std::uint32_t> copies;
    ResampledCohort::Scratch scratch;
  };
  std::vector<Memory> memory(options.threads);
  const auto evaluate = [&](Memory& own, std::vector<double>& to, std::size_t at) {
    cohort.evaluate(own.copies, options.statistic, options.at, own.scratch, to.data() + at * width);
  };
  memory[0].copies.assign(n_cluster, 1U);
  evaluate(memory[0], out.estimate, 0);

  constexpr std::size_t block = 16;
  const auto blocks = [](std::size_t n) { return (n + block - 1) / block; };
  const std::size_t drawn = blocks(options.replicates), left_out = options.jackknife ? blocks(n_cluster) : 0;
  for_each_block(
      drawn + left_out, options.threads,
      [&](std::size_t b, std::size_t thread) {
        Memory& own = memory[thread];
        if (b < drawn) {
          own.copies.resize(n_cluster);
          for (std::size_t r = b * block; r < std::min(options.replicates, (b + 1) * block); ++r) {
            draw_clusters(options.seed, r, own.copies);
            evaluate(own, out.replicates, r);
          }
          return;
        }
        own.copies.assign(n_cluster, 1U);
        for (std::size_t c = (b - drawn) * block; c < std::min(n_cluster, (b - drawn + 1) * block); ++c) {
          own.copies[c] = 0U;
          evaluate(own, out.jackknife, c);
          own.copies[c] = 1U;
        }
      },
      poll);
  return out;
}

} // namespace cryonodes

#endif
