#ifndef CRYONODES_RESTRICTED_MEAN_HPP
#define CRYONODES_RESTRICTED_MEAN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

struct RestrictedMeanOptions {
  double tau = 0.0;         ///< end of the area, > 0, at most largest_tau() of each group
  double conf_level = 0.95; ///< two-sided coverage, in (0, 1)
};

/// One group. NaN is what has no answer: see restricted_mean().
struct RestrictedMean {
  double estimate = 0.0;  ///< area under S from 0 to tau
  double std_error = 0.0; ///< of the area, and of the time lost
  double conf_low = 0.0, conf_high = 0.0;
  double lost = 0.0; ///< tau less the area: area above S
  double lost_conf_low = 0.0, lost_conf_high = 0.0;
  double n_event = 0.0;   ///< up to and including tau
  double n_cluster = 0.0; ///< clusters with rows in the group; 0 without clusters
};

/// One group against group 0.
struct RestrictedMeanContrast {
  double estimate;
  double std_error; ///< of a difference; for ratios, of the logarithm
  double conf_low, conf_high;
  double statistic;   ///< normal deviate
  double log_p_value; ///< natural logarithm of the two-sided p-value
};

struct RestrictedMeanResult {
  std::vector<RestrictedMean> group;
  std::vector<double> survival; ///< S, one entry per fall
  /// Group after group against group 0: entry k is for group k + 1.
  std::vector<RestrictedMeanContrast> difference, ratio, lost_ratio;
};

/// Where each group's curve falls, and where it ends: the rows with events, and the last row of the group.
struct Falls {
  std::vector<std::size_t> first; ///< n_group + 1 offsets: group g owns falls [first[g], first[g + 1])
  std::vector<double> time, n_risk, n_event;
  std::vector<char> reaches_0; ///< per group: is S 0 from some time on?

  std::size_t n_group() const { return first.size() - 1; }
};

namespace detail {

/// What falls_of() reads of a row: a risk table has at hand what counted rows add up on the way.
class TableWalk {
public:
  explicit TableWalk(const RiskTable& rows) : rows_(rows) {}
  void start(std::size_t) {}
  bool has_event(std::size_t i) const { return rows_.n_event[i] > 0.0; }
  double n_event(std::size_t i) const { return rows_.n_event[i]; }
  double n_risk(std::size_t i) { return rows_.n_risk[i]; }

private:
  const RiskTable& rows_;
};
class CountedWalk {
public:
  explicit CountedWalk(const CountedRows& rows) : rows_(rows) {}
  void start(std::size_t g) { at_risk_ = static_cast<std::uint64_t>(rows_.n[g]); }
  bool has_event(std::size_t i) const { return static_cast<std::uint32_t>(rows_.leaving[i]) != 0; }
  double n_event(std::size_t i) const { return static_cast<std::uint32_t>(rows_.leaving[i]); }
  /// To be asked for each row in turn.
  double n_risk(std::size_t i) {
    const auto here = static_cast<double>(at_risk_);
    at_risk_ -= static_cast<std::uint32_t>(rows_.leaving[i]) + (rows_.leaving[i] >> 32);
    return here;
  }

private:
  const CountedRows& rows_;
  std::uint64_t at_risk_ = 0;
};
inline TableWalk walk_over(const RiskTable& rows) { return TableWalk(rows); }
inline CountedWalk walk_over(const CountedRows& rows) { return CountedWalk(rows); }

} // namespace detail

/// @param rows a RiskTable or CountedRows; of those that are moved here, memory is given back on the way.
/// @param poll asked now and then; see poll.hpp.
/// @throws input_error when a time is negative.
template <class Rows> Falls falls_of(Rows&& rows, const Poll& poll = {}) {
  auto walk = detail::walk_over(rows);
  PollRows ask(poll);
  Falls out;
  out.first.push_back(0);
  for (std::size_t g = 0; g + 1 < rows.first.size(); ++g) {
    const std::size_t begin = rows.first[g], end = rows.first[g + 1];
    std::size_t falls = begin < end && !walk.has_event(end - 1) ? 1 : 0;
    for (std::size_t i = begin; i < end; ++i)
      falls += static_cast<std::size_t>(walk.has_event(i));
    out.first.push_back(out.first.back() + falls);
    detail::require(begin == end || rows.time[begin] >= 0.0, "a time is negative");
  }
  // One place more: each row is written where the next fall goes, and stays there if it is one.
  const auto each = [&](auto write) {
    for (std::size_t g = 0; g + 1 < rows.first.size(); ++g) {
      walk.start(g);
      for (std::size_t i = rows.first[g], k = out.first[g]; i < rows.first[g + 1]; ++i, ask()) {
        write(i, k);
        k += static_cast<std::size_t>(walk.has_event(i));
      }
    }
  };
  out.time.resize(out.first.back() + 1);
  each([&](std::size_t i, std::size_t k) { out.time[k] = rows.time[i]; });
  if constexpr (std::is_same_v<Rows, CountedRows>) // moved
    rows.time.reset();
  out.n_event.resize(out.first.back() + 1);
  out.n_risk.resize(out.first.back() + 1);
  each([&](std::size_t i, std::size_t k) {
    out.n_event[k] = walk.n_event(i);
    out.n_risk[k] = walk.n_risk(i);
  });
  for (std::size_t g = 0; g < out.n_group(); ++g) {
    bool reaches = false; // with entries, somebody may follow
    for (std::size_t k = out.first[g]; k < out.first[g + 1]; ++k)
      reaches |= out.n_event[k] >= out.n_risk[k];
    out.reaches_0.push_back(reaches);
  }
  for (auto* column : {&out.time, &out.n_risk, &out.n_event})
    column->pop_back();
  return out;
}

namespace detail {

/// The falls of ordered rows. Each time is written where the next fall goes, and stays there if it is one.
struct FallsWalk {
  FallsWalk(const OrderedRows& from, Falls& falls)
      : rows(&from), first(&falls.first), time(falls.time.data()), n_risk(falls.n_risk.data()),
        n_event(falls.n_event.data()) {}
  void begin(std::size_t g) {
    end_group();
    left = rows->in_group(g);
    any = left > 0.0;
    events = 0;
  }
  void end_group() { // its last time stays in any case
    k += any ? 1U : 0U;
    first->push_back(k);
  }
  void operator()(bool new_time, double t, std::uint64_t event) {
    if (new_time) {
      k += static_cast<std::size_t>(events != 0);
      time[k] = t;
      n_risk[k] = left;
      events = 0;
    }
    events += static_cast<std::uint32_t>(event != 0);
    n_event[k] = events;
    left -= 1.0;
  }
  const OrderedRows* rows;
  std::vector<std::size_t>* first;
  double *time, *n_risk, *n_event;
  std::size_t k = 0;
  double left = 0.0;
  std::uint32_t events = 0; // a whole number: of it no jump is made
  bool any = false;
};

} // namespace detail

/// The same of rows in their order, which need not be counted first, and are gone then.
inline Falls falls_of(OrderedRows&& rows, const Poll& poll = {}) {
  Falls out;
  // A fall needs an event and a time, but the last of each group; one place more, as above.
  const std::size_t most = std::min(rows.n_event(), rows.n_time() * rows.n_group()) + rows.n_group() + 1;
  auto walk = std::move(rows).each_by_group(
      [&] {
        for (auto* column : {&out.time, &out.n_risk, &out.n_event})
          column->resize(most);
        return detail::FallsWalk(rows, out);
      },
      poll);
  walk.end_group();
  for (auto* column : {&out.time, &out.n_risk, &out.n_event}) {
    column->resize(walk.k);
    if (walk.k < most / 2)
      column->shrink_to_fit();
  }
  for (std::size_t g = 0; g < out.n_group(); ++g) { // nobody comes in later: where S reaches 0 is the last fall
    const std::size_t k = out.first[g + 1];
    out.reaches_0.push_back(k > out.first[g] && out.n_event[k - 1] >= out.n_risk[k - 1]);
  }
  return out;
}

/// How far the area of each group is known: its last time, or without end where S has reached 0. A group of nobody is
/// known up to 0.
inline std::vector<double> largest_tau(const Falls& falls) {
  detail::require(falls.reaches_0.size() == falls.n_group(), "the falls do not say which groups reach 0");
  std::vector<double> out(falls.n_group(), 0.0);
  for (std::size_t g = 0; g < out.size(); ++g)
    if (falls.first[g] < falls.first[g + 1])
      out[g] = falls.reaches_0[g] ? std::numeric_limits<double>::infinity() : falls.time[falls.first[g + 1] - 1];
  return out;
}

/// The tau that is used. NaN asks for the default: the largest that all groups allow, or the last time of all where
/// every curve reaches 0. A tau beyond the largest by rounding only is the largest.
/// @param limits largest_tau() of the falls.
inline double choose_tau(const Falls& falls, double tau, const std::vector<double>& limits) {
  const double limit = limits.empty() ? 0.0 : *std::min_element(limits.begin(), limits.end());
  if (std::isnan(tau))
    return std::isfinite(limit) ? limit : *std::max_element(falls.time.begin(), falls.time.end());
  return tau > limit && tau * (1.0 - 1e-8) <= limit ? limit : tau;
}

namespace detail {

/// What the variance of the areas needs, on the scale in which tau lies in [1/2, 1): squares of times cannot overflow.
struct AreaParts {
  std::vector<double> after;                 ///< per fall, area from its time to tau
  std::vector<double> variance, covariance0; ///< per group; covariance with group 0
};

/// The derivative of the area in the weight of row i is sum_j A_j (Y_ij d_j / (n_j (n_j - d_j)) - dN_ij / (n_j - d_j)),
/// over the times its group has. The first part is a running sum read off at the row's exit and entry, so that
/// all rows together take one walk along the time axis. Summed within clusters and squared, these are the
/// infinitesimal jackknife. O(n + rows + clusters).
inline void cluster_variance(const RiskTable& table, const Falls& falls, const ClusteredRows& rows, AreaParts& parts,
                             std::vector<RestrictedMean>& group, const Poll& poll) {
  PollRows ask(poll);
  const std::size_t n = rows.timeline.exit_id.size(), n_group = table.n_group();
  require(rows.event.size() == n && rows.group.size() == n && rows.cluster.size() == n &&
              (rows.weight.empty() || rows.weight.size() == n),
          "the columns of the clustered rows differ in length");
  for (std::size_t i = 0; i < n; ++i, ask()) {
    require(rows.cluster[i] >= 0 && static_cast<std::size_t>(rows.cluster[i]) < rows.n_cluster,
            "a cluster code is out of range");
    require(rows.group[i] >= 0 && static_cast<std::size_t>(rows.group[i]) < n_group, "a group code is out of range");
  }
  const auto group_of = [&](std::size_t i) { return static_cast<std::size_t>(rows.group[i]); };
  const auto weight_of = [&](std::size_t i) { return rows.weight.empty() ? 1.0 : rows.weight[i]; };

  // Per row of the table: the area after it, 0 without events, and the sum of A d / (n (n - d)) up to it.
  std::vector<double> after(table.rows(), 0.0), running(table.rows(), 0.0);
  for (std::size_t g = 0; g < n_group; ++g) {
    CompensatedSum sum;
    std::size_t fall = falls.first[g];
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i, ask()) {
      if (table.n_event[i] > 0.0)
        after[i] = parts.after[fall++];
      if (after[i] > 0.0)
        sum.add(after[i] * (table.n_event[i] / table.n_risk[i]) / (table.n_risk[i] - table.n_event[i]));
      running[i] = sum.value();
    }
  }

  // Rows sorted by a code, by counting.
  std::vector<std::size_t> order(n), at;
  const auto sort_by = [&](auto code, std::size_t n_code) {
    at.assign(n_code + 1, 0);
    for (std::size_t i = 0; i < n; ++i, ask())
      ++at[static_cast<std::size_t>(code[i]) + 1];
    for (std::size_t k = 1; k < at.size(); ++k)
      at[k] += at[k - 1];
    for (std::size_t i = 0; i < n; ++i, ask())
      order[at[static_cast<std::size_t>(code[i])]++] = i;
  };
  // `here` is the first row of the group's table that lies beyond the time walked to.
  std::vector<std::size_t> here(n_group);
  const auto walk = [&](const std::vector<std::uint32_t>& id, auto visit) {
    sort_by(id, rows.timeline.time.size());
    here.assign(table.first.begin(), table.first.end() - 1);
    for (const std::size_t i : order) {
      ask();
      const std::size_t g = group_of(i);
      while (here[g] < table.first[g + 1] && table.time_id[here[g]] <= id[i])
        ++here[g];
      if (here[g] > table.first[g])
        visit(i, here[g] - 1);
    }
  };
  std::vector<double> influence(n, 0.0), size(n, 0.0);
  walk(rows.timeline.exit_id, [&](std::size_t i, std::size_t row) {
    influence[i] = size[i] = running[row];
    if (rows.event[i] > 0 && after[row] > 0.0) {
      const double drop = after[row] / (table.n_risk[row] - table.n_event[row]);
      influence[i] -= drop;
      size[i] += drop;
    }
  });
  if (!rows.timeline.entry_id.empty())
    walk(rows.timeline.entry_id, [&](std::size_t i, std::size_t row) {
      influence[i] -= running[row];
      size[i] += running[row];
    });

  std::vector<CompensatedSum> variance(n_group), covariance0(n_group);
  std::vector<CompensatedSum> sum(n_group);
  std::vector<double> total(n_group), rounding(n_group, 0.0);
  std::vector<char> seen(n_group, 0);
  std::vector<std::size_t> touched;
  sort_by(rows.cluster, rows.n_cluster);
  for (std::size_t k = 0; k < n;) {
    const int cluster = rows.cluster[order[k]];
    for (; k < n && rows.cluster[order[k]] == cluster; ++k, ask()) {
      const std::size_t i = order[k], g = group_of(i);
      if (weight_of(i) <= 0.0)
        continue;
      if (!seen[g]) {
        seen[g] = 1;
        touched.push_back(g);
      }
      sum[g].add(weight_of(i) * influence[i]);
      rounding[g] += weight_of(i) * size[i];
    }
    for (const std::size_t g : touched) {
      // A sum that is rounding only is 0: rows of one patient may cancel.
      const double value = sum[g].value();
      total[g] = std::fabs(value) <= 64.0 * std::numeric_limits<double>::epsilon() * rounding[g] ? 0.0 : value;
      group[g].n_cluster += 1.0;
      variance[g].add(total[g] * total[g]);
    }
    for (const std::size_t g : touched) {
      if (seen[0])
        covariance0[g].add(total[g] * total[0]);
    }
    for (const std::size_t g : touched) {
      seen[g] = 0;
      sum[g] = CompensatedSum();
      rounding[g] = 0.0;
    }
    touched.clear();
  }
  for (std::size_t g = 0; g < n_group; ++g) {
    // One patient alone says nothing of the spread between patients.
    parts.variance[g] = group[g].n_cluster > 1.0 ? variance[g].value() : 0.0;
    parts.covariance0[g] = covariance0[g].value();
  }
}

} // namespace detail

/// Restricted mean survival time: the area under the Kaplan-Meier curve from 0 to tau, with Var = sum over event times
/// of A_j^2 d_j / (n_j (n_j - d_j)), A_j the area from the time to tau (Klein & Moeschberger 2003, eq. 4.5.1-4.5.2);
/// with clusters, the infinitesimal jackknife summed within them, and differences and ratios between groups from the
/// joint influence. Normal intervals within [0, tau]; those of ratios on the log scale. A group whose standard error is
/// 0 (no event, one cluster) has no interval, nor has any comparison with it. O(falls), with clusters O(n).
/// @param table,clustered the table that the falls are of and its rows, where these belong to clusters; or neither.
/// @param poll asked twice a group, and now and then with clusters; see poll.hpp.
/// @throws input_error when tau is not in (0, largest_tau()], or lengths and codes do not fit.
inline RestrictedMeanResult restricted_mean(const Falls& falls, const RestrictedMeanOptions& options,
                                            const RiskTable* table = nullptr, const ClusteredRows* clustered = nullptr,
                                            const Poll& poll = {}) {
  detail::require(options.conf_level > 0.0 && options.conf_level < 1.0, "conf_level must lie in (0, 1)");
  detail::require(options.tau > 0.0 && std::isfinite(options.tau), "tau must be finite and > 0");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double z = normal_quantile(0.5 + 0.5 * options.conf_level);
  const std::size_t n_group = falls.n_group();
  detail::require(falls.reaches_0.size() == n_group, "the falls do not say which groups reach 0");

  int exponent = 0;
  const double tau = std::frexp(options.tau, &exponent);
  // By two powers of two, each of which a double holds.
  const double down = std::ldexp(1.0, -exponent / 2), rest = std::ldexp(1.0, -exponent + exponent / 2);
  const auto scaled = [&](double time) { return time * down * rest; };
  const auto unscaled = [&](double x) { return std::ldexp(x, exponent); };

  RestrictedMeanResult out; // areas of groups on the scale of `tau` until the last loop
  out.group.resize(n_group);
  out.survival.resize(falls.time.size());
  detail::AreaParts parts;
  parts.after.assign(falls.time.size(), 0.0);
  parts.variance.assign(n_group, 0.0);
  parts.covariance0.assign(n_group, 0.0);
  const double *const time = falls.time.data(), *const n_risk = falls.n_risk.data(),
               *const n_event = falls.n_event.data();
  for (std::size_t g = 0; g < n_group; ++g) {
    const std::size_t first = falls.first[g], last = falls.first[g + 1]; // as largest_tau() has it
    detail::require(last > first && (falls.reaches_0[g] || options.tau <= time[last - 1]),
                    "tau lies beyond the follow-up");
    CompensatedProduct survival;
    for (std::size_t k = first; k < last; ++k) {
      survival.multiply(n_risk[k] - n_event[k], n_risk[k]);
      out.survival[k] = survival.value();
    }
    if (poll)
      poll(-1.0);
    // One at tau counts, but has no area after it.
    const auto end = static_cast<std::size_t>(std::lower_bound(time + first, time + last, options.tau) - time);
    const auto counted = static_cast<std::size_t>(std::upper_bound(time + end, time + last, options.tau) - time);
    out.group[g].n_event = std::accumulate(n_event + first, n_event + counted, 0.0);
    CompensatedSum below, above, variance;
    double right = tau;
    for (std::size_t k = end; k-- > first;) {
      const double left = scaled(time[k]), width = right - left, s = out.survival[k], d = n_event[k];
      below.add(s * width);
      above.add((1.0 - s) * width);
      const double after = parts.after[k] = below.value();
      // Once S = 0 nothing follows that could vary.
      if (after > 0.0)
        variance.add(after * after * d / (n_risk[k] * (n_risk[k] - d)));
      right = left;
    }
    if (poll)
      poll(-1.0);
    below.add(right);
    out.group[g].estimate = std::min(below.value(), tau);
    out.group[g].lost = std::min(above.value(), tau);
    parts.variance[g] = variance.value();
  }
  if (clustered != nullptr)
    detail::cluster_variance(*table, falls, *clustered, parts, out.group, poll);

  // Variance of a * x_g - b * x_0; NaN where either group has none, or nothing is left of both but rounding.
  const auto spread = [&](std::size_t g, double a, double b) {
    const double own = a * a * parts.variance[g], reference = b * b * parts.variance[0];
    const double joint = own + reference - 2.0 * a * b * parts.covariance0[g];
    return own > 0.0 && reference > 0.0 && joint > 1e-12 * (own + reference) ? std::sqrt(joint) : nan;
  };
  const auto contrast = [&](double estimate, double center, double se) {
    const double deviate = center / se;
    const double log_p =
        std::isnan(deviate) ? nan : std::min(0.0, std::log(2.0) + log_normal_upper(std::fabs(deviate)));
    return RestrictedMeanContrast{estimate, se, center - z * se, center + z * se, deviate, log_p};
  };
  for (auto* contrasts : {&out.difference, &out.ratio, &out.lost_ratio})
    contrasts->reserve(n_group);
  for (std::size_t g = 1; g < n_group; ++g) {
    const RestrictedMean &of = out.group[g], &reference = out.group[0];
    const double difference = of.estimate - reference.estimate;
    auto apart = contrast(difference, difference, spread(g, 1.0, 1.0));
    for (double* limit : {&apart.conf_low, &apart.conf_high})
      *limit = std::isnan(*limit) ? nan : std::min(std::max(*limit, -tau), tau);
    for (double* x : {&apart.estimate, &apart.std_error, &apart.conf_low, &apart.conf_high})
      *x = unscaled(*x);
    out.difference.push_back(apart);
    const auto ratio = [&](double x, double x0) {
      if (!(x > 0.0 && x0 > 0.0))
        return contrast(nan, nan, nan);
      auto of_logs = contrast(x / x0, std::log(x) - std::log(x0), spread(g, 1.0 / x, 1.0 / x0));
      of_logs.conf_low = std::exp(of_logs.conf_low);
      of_logs.conf_high = std::exp(of_logs.conf_high);
      return of_logs;
    };
    out.ratio.push_back(ratio(of.estimate, reference.estimate));
    out.lost_ratio.push_back(ratio(of.lost, reference.lost));
  }

  for (std::size_t g = 0; g < n_group; ++g) {
    RestrictedMean& of = out.group[g];
    const double se = std::sqrt(parts.variance[g]), half = se > 0.0 ? z * se : nan;
    const auto within = [&](double x) { return std::isnan(x) ? x : unscaled(std::min(std::max(x, 0.0), tau)); };
    of.std_error = unscaled(se);
    of.conf_low = within(of.estimate - half);
    of.conf_high = within(of.estimate + half);
    of.lost_conf_low = within(of.lost - half);
    of.lost_conf_high = within(of.lost + half);
    of.estimate = unscaled(of.estimate);
    of.lost = unscaled(of.lost);
  }
  return out;
}

} // namespace cryonodes

#endif
