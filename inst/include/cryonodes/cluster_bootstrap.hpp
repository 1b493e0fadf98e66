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
inline void draw_clusters(std::uint64_t seed, std::uint64_t replicate, std::vector<std::uint32_t>& times_drawn,
                          const Poll& poll = {}) {
  std::fill(times_drawn.begin(), times_drawn.end(), 0U);
  RandomStream random(seed, replicate);
  const std::size_t n = times_drawn.size();
  std::uint32_t* const drawn = times_drawn.data();
  for (std::size_t done = 0; done < n; done += PollRows::stretch) {
    if (done > 0 && poll)
      poll(-1.0);
    random.each_below(static_cast<std::uint32_t>(n), std::min(PollRows::stretch, n - done),
                      [drawn](std::uint32_t c) { ++drawn[c]; });
  }
}

/// A cohort ordered once, whose curves are then computed for any number of copies of its clusters: each O(rows), in the
/// arithmetic of make_risk_table() and kaplan_meier(), so that they are the curves of the copied rows to the last bit.
class ResampledCohort {
public:
  ResampledCohort(const Timeline& timeline, span<const int> event, span<const int> group, std::size_t n_group,
                  span<const int> cluster, std::size_t n_cluster, span<const double> weight = {},
                  const Poll& poll = {})
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
    const auto visits = detail::visits_by_group(timeline, group, n_group, poll);
    const auto id_of = [&](std::uint32_t v) { return v < n ? timeline.exit_id[v] : timeline.entry_id[v - n]; };
    PollRows ask(poll);
    for (std::size_t g = 0, k = 0; g < n_group; ++g) {
      const std::size_t start = k;
      for (; k < visits.size() && group[visits[k] % n] == static_cast<int>(g); ++k, ask()) {
        const std::size_t i = visits[k] % n;
        if (k == start || id_of(visits[k]) != id_of(visits[k - 1])) {
          time_.push_back(timeline.time[id_of(visits[k])]);
          visit_.push_back(cluster_.size());
        }
        cluster_.push_back(static_cast<std::uint32_t>(cluster[i]));
        kind_.push_back(visits[k] >= n ? entry : event[i] > 0 ? death : censoring);
        if (!weight.empty())
          weight_.push_back(weight[i]);
      }
      first_[g + 1] = time_.size();
    }
    visit_.push_back(cluster_.size());
  }

  std::size_t n_group() const { return first_.size() - 1; }
  std::size_t n_cluster() const { return n_cluster_; }
  std::size_t n_visit() const { return cluster_.size(); } // exits and entries: the work of one replicate

  /// Memory of one thread: counts of one group.
  struct Scratch {
    struct Fall {
      std::size_t time; ///< index into the times of the cohort
      double n_risk, n_event;
    };
    std::vector<Fall> falls; ///< times with events, the last first
    std::size_t n_fall = 0;
    double last = 0.0; ///< time of the last row; NaN without rows
  };

  /// Writes n_group * at values: the statistic of each group when cluster c is there copies[c] times.
  /// @param poll asked now and then; see poll.hpp.
  void evaluate(span<const std::uint32_t> copies, CurveStatistic statistic, span<const double> at, Scratch& scratch,
                double* out, const Poll& poll = {}) const {
    scratch.falls.resize(time_.size() + 1);
    for (std::size_t g = 0; g < n_group(); ++g, out += at.size()) {
      count(g, copies, scratch, poll);
      for (std::size_t k = 0; k < at.size(); ++k)
        out[k] = std::isnan(scratch.last) ? nan_
                 : statistic == CurveStatistic::survival ? survival(at[k], scratch)
                 : statistic == CurveStatistic::quantile ? quantile(at[k], scratch)
                                                         : restricted_mean(at[k], scratch);
    }
  }

private:
  static constexpr std::uint8_t censoring = 0, death = 1, entry = 2;

  void count(std::size_t g, span<const std::uint32_t> copies, Scratch& s, const Poll& poll) const {
    s.n_fall = 0;
    s.last = nan_;
    PollRows ask(poll);
    if (!delayed_ && weight_.empty()) {
      // Whole counts, from the end; no branch depends on who was drawn, since none could be foreseen. They are less
      // than 2^32, and signed since these become doubles in one step.
      std::int64_t at_risk = 0;
      std::size_t behind = 0; // times after which nobody leaves
      for (std::size_t end = first_[g + 1]; end > first_[g];) {
        // As many times as hold a stretch of rows, at least one.
        const auto times = visit_.begin() + static_cast<std::ptrdiff_t>(first_[g]);
        const std::size_t rows = std::min(visit_[end] - *times, PollRows::stretch);
        const auto from =
            std::lower_bound(times, visit_.begin() + static_cast<std::ptrdiff_t>(end - 1), visit_[end] - rows);
        const auto start = static_cast<std::size_t>(from - visit_.begin());
        if (poll && start > first_[g])
          poll(-1.0);
        for (std::size_t j = end; j-- > start;) {
          std::int64_t events = 0;
          for (std::size_t v = visit_[j]; v < visit_[j + 1]; ++v) {
            const std::uint32_t times = copies[cluster_[v]];
            at_risk += times;
            events += times & (0U - kind_[v]); // all bits for a death, none for a censoring
          }
          behind += at_risk == 0;
          s.falls[s.n_fall] = {j, static_cast<double>(at_risk), static_cast<double>(events)};
          s.n_fall += events > 0;
        }
        end = start;
      }
      if (at_risk > 0)
        s.last = time_[first_[g + 1] - 1 - behind];
      return;
    }
    CompensatedSum entered_less_left;
    double at_risk = 0.0;
    for (std::size_t k = first_[g]; k < first_[g + 1]; ++k) {
      // Without delayed entry from the end, as in make_risk_table().
      const std::size_t j = delayed_ ? k : first_[g] + (first_[g + 1] - 1 - k);
      double by_kind[3] = {0.0, 0.0, 0.0};
      for (std::size_t v = visit_[j]; v < visit_[j + 1]; ++v, ask())
        by_kind[kind_[v]] += (weight_.empty() ? 1.0 : weight_[v]) * copies[cluster_[v]];
      const double leave = by_kind[death] + by_kind[censoring];
      if (leave > 0.0 && (delayed_ || std::isnan(s.last)))
        s.last = time_[j];
      if (delayed_) {
        s.falls[s.n_fall] = {j, std::max(entered_less_left.value(), leave), by_kind[death]};
        if (leave > 0.0)
          entered_less_left.add(-leave);
        entered_less_left.add(by_kind[entry]);
      } else {
        s.falls[s.n_fall] = {j, at_risk += leave, by_kind[death]};
      }
      s.n_fall += by_kind[death] > 0.0;
    }
    if (delayed_)
      std::reverse(s.falls.begin(), s.falls.begin() + static_cast<std::ptrdiff_t>(s.n_fall));
  }

  /// Times that differ from a time of the curve by rounding only are that time.
  static double slack(double t) {
    return tolerance_ * std::max(1.0, std::fabs(t));
  }

  double survival(double t, const Scratch& s) const {
    CompensatedProduct product;
    const double until = t + slack(t);
    for (std::size_t k = s.n_fall; k-- > 0 && time_[s.falls[k].time] <= until;)
      fall(product, s.falls[k]);
    return t - slack(t) <= s.last || product.value() == 0.0 ? product.value() : nan_;
  }

  /// A plain product is several times as fast, and wrong by less than half an epsilon for each rounding. Where that
  /// leaves a doubt, the compensated one decides.
  double quantile(double p, const Scratch& s) const {
    const double doubt = 2.0 * std::numeric_limits<double>::epsilon() * static_cast<double>(s.n_fall + 2);
    bool in_doubt = false;
    double product = 1.0;
    const double found = quantile(p, s, [&](const Scratch::Fall& at) {
      product *= (at.n_risk - at.n_event) / at.n_risk;
      const double from_p = std::fabs(1.0 - product - p);
      in_doubt |= std::fabs(from_p - tolerance_) <= doubt;
      return product;
    });
    if (!in_doubt)
      return found;
    CompensatedProduct exact;
    return quantile(p, s, [&](const Scratch::Fall& at) {
      fall(exact, at);
      return exact.value();
    });
  }

  /// @param survival S after each fall, asked for one after the other.
  template <class Survival> double quantile(double p, const Scratch& s, Survival survival) const {
    bool flat = false;
    double reached = 0.0; // the time at which the curve comes to lie at 1 - p, until it falls further
    for (std::size_t k = s.n_fall; k-- > 0;) {
      const double gone = 1.0 - survival(s.falls[k]);
      if (gone + tolerance_ < p)
        continue;
      const double time = time_[s.falls[k].time];
      if (!flat) {
        flat = true;
        reached = time;
      }
      if (gone - tolerance_ >= p)
        return 0.5 * reached + 0.5 * time;
    }
    return flat ? 0.5 * reached + 0.5 * s.last : std::numeric_limits<double>::infinity();
  }

  double restricted_mean(double tau, const Scratch& s) const {
    CompensatedProduct product;
    CompensatedSum area;
    double from = 0.0;
    for (std::size_t k = s.n_fall; k-- > 0 && time_[s.falls[k].time] < tau;) {
      const double time = time_[s.falls[k].time];
      if (time > from) { // not an event at time 0
        area.add(product.value() * (time - from));
        from = time;
      }
      fall(product, s.falls[k]);
    }
    area.add(product.value() * (tau - from));
    return tau - slack(tau) <= s.last || product.value() == 0.0 ? area.value() : nan_;
  }

  static void fall(CompensatedProduct& product, const Scratch::Fall& at) {
    product.multiply(at.n_risk - at.n_event, at.n_risk);
  }

  static constexpr double tolerance_ = 0x1p-26; // the root of epsilon
  static constexpr double nan_ = std::numeric_limits<double>::quiet_NaN();
  bool delayed_;
  std::size_t n_cluster_;
  std::vector<std::size_t> first_;     // per group, into time_
  std::vector<double> time_;           // distinct times of each group
  std::vector<std::size_t> visit_;     // per time, into what follows
  std::vector<std::uint32_t> cluster_; // per exit or entry
  std::vector<std::uint8_t> kind_;
  std::vector<double> weight_; // empty: one each
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
  // Within a replicate, which may have very many rows, only the caller's thread asks.
  const BlockPoll polls(poll);
  const auto evaluate = [&](std::size_t thread, std::vector<double>& to, std::size_t at) {
    Memory& own = memory[thread];
    cohort.evaluate(own.copies, options.statistic, options.at, own.scratch, to.data() + at * width,
                    polls.within(thread));
  };
  memory[0].copies.assign(n_cluster, 1U);
  evaluate(0, out.estimate, 0);

  // `poll` is asked between blocks: with many rows they are short, so that an interrupt is not kept waiting.
  const std::size_t row_limit = std::size_t{1} << 20U;
  const std::size_t block = std::clamp<std::size_t>(row_limit / std::max<std::size_t>(cohort.n_visit(), 1), 1, 16);
  const auto blocks = [block](std::size_t n) { return (n + block - 1) / block; };
  const std::size_t drawn = blocks(options.replicates), left_out = options.jackknife ? blocks(n_cluster) : 0;
  for_each_block(
      drawn + left_out, options.threads,
      [&](std::size_t b, std::size_t thread) {
        Memory& own = memory[thread];
        if (b < drawn) {
          own.copies.resize(n_cluster);
          for (std::size_t r = b * block; r < std::min(options.replicates, (b + 1) * block); ++r) {
            draw_clusters(options.seed, r, own.copies, polls.within(thread));
            evaluate(thread, out.replicates, r);
          }
          return;
        }
        own.copies.assign(n_cluster, 1U);
        for (std::size_t c = (b - drawn) * block; c < std::min(n_cluster, (b - drawn + 1) * block); ++c) {
          own.copies[c] = 0U;
          evaluate(thread, out.jackknife, c);
          own.copies[c] = 1U;
        }
      },
      polls.between());
  return out;
}

} // namespace cryonodes

#endif
