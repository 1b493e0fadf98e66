#ifndef CRYONODES_GRAY_PERMUTATION_HPP
#define CRYONODES_GRAY_PERMUTATION_HPP

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/gray.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/threads.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Rows for a permutation of Gray's test, and the units that are dealt out: each row by itself, or clusters of rows.
struct GrayRows {
  const Timeline& timeline; ///< without entries
  span<const int> event;    ///< per row, 0 for censored, else the cause
  std::size_t cause;        ///< of interest
  span<const int> cluster;  ///< per row, the unit it belongs to; empty: row i is unit i
  span<const int> group;    ///< per unit, codes in [0, n_group)
  std::size_t n_group;
  span<const int> stratum;  ///< per unit, codes in [0, n_stratum), or empty: all are of one
  std::size_t n_stratum = 1;
};

/// Of so many ways of dealing, how many have a statistic as large as the one that was found. Statistics that differ
/// from it by less than 1e-9 of it count as equal, undefined ones as larger: p is never too small for them.
struct GrayTail {
  double as_large = 0.0;
  double undefined = 0.0; ///< among those
  double ways = 0.0;
};

namespace detail {

/// The statistic of any way of dealing, without ordering anything again.
class GrayDealer {
public:
  GrayDealer(const GrayRows& rows, double rho, const Poll& poll) : rows_(rows), rho_(rho) {
    const std::size_t n = rows.timeline.exit_id.size(), n_unit = rows.group.size();
    require(rows.timeline.entry_id.empty(), "who enters late cannot be dealt out");
    require(rows.event.size() == n && rows.cause >= 1, "one event code for each row");
    require(rows.cluster.empty() ? n_unit == n : rows.cluster.size() == n, "one unit for each row");
    require(rows.stratum.empty() ? rows.n_stratum == 1 : rows.stratum.size() == n_unit, "one stratum for each unit");
    for (std::size_t i = 0; i < n; ++i) {
      require(rows.event[i] >= 0, bad_event_code);
      require(unit_of(i) < n_unit, "a cluster code is out of range");
    }
    for (std::size_t u = 0; u < n_unit; ++u) {
      require(rows.group[u] >= 0 && static_cast<std::size_t>(rows.group[u]) < rows.n_group, bad_group_code);
      require(stratum_of(u) < rows.n_stratum, "a stratum code is out of range");
    }
    std::vector<std::uint32_t> order(n);
    for (std::size_t i = 0; i < n; ++i)
      order[i] = static_cast<std::uint32_t>(i);
    order = counting_order(order, rows.timeline.time.size(),
                           [&](std::uint32_t i) -> std::size_t { return rows.timeline.exit_id[i]; }, poll);
    order = counting_order(order, rows.n_stratum, [&](std::uint32_t i) { return stratum_of(unit_of(i)); }, poll);
    first_.assign(rows.n_stratum + 1, 0);
    for (std::size_t at = 0; at < n; ++at) {
      const std::size_t i = order[at];
      const auto code = static_cast<std::size_t>(rows.event[i]);
      const bool last = at + 1 == n || rows.timeline.exit_id[order[at + 1]] != rows.timeline.exit_id[i] ||
                        stratum_of(unit_of(order[at + 1])) != stratum_of(unit_of(i));
      ordered_.push_back({static_cast<std::uint32_t>(unit_of(i)),
                          static_cast<std::uint8_t>(code == 0 ? 0 : code == rows.cause ? 1 : 2), last});
      ++first_[stratum_of(unit_of(i)) + 1];
    }
    for (std::size_t s = 0; s < rows.n_stratum; ++s)
      first_[s + 1] += first_[s];
  }

  /// The memory of one thread.
  struct Room {
    Room(std::size_t k, double rho) : sums(k, 2, {1}, rho), cells(k, 2), n_risk(k), leaving(k) {}
    GraySums sums;
    EventCells cells;
    std::vector<double> n_risk, leaving;
  };
  Room room() const { return {rows_.n_group, rho_}; }

  /// `group` per unit. NaN: undefined.
  template <class Groups> double statistic(const Groups& group, Room& room) const {
    room.sums.clear();
    for (std::size_t s = 0; s + 1 < first_.size(); ++s) {
      room.sums.start_stratum();
      for (auto* column : {&room.n_risk, &room.leaving})
        std::fill(column->begin(), column->end(), 0.0);
      for (std::size_t i = first_[s]; i < first_[s + 1]; ++i)
        room.n_risk[static_cast<std::size_t>(group[ordered_[i].unit])] += 1.0;
      for (std::size_t i = first_[s]; i < first_[s + 1]; ++i) {
        const Row& row = ordered_[i];
        const auto g = static_cast<std::size_t>(group[row.unit]);
        room.leaving[g] += 1.0;
        room.cells.add(g, row.code);
        if (!row.last)
          continue;
        room.cells.close(s, room.n_risk.data(), [&](const CauseTime& time) { room.sums.at(time); });
        for (std::size_t j = 0; j < room.n_risk.size(); ++j) {
          room.n_risk[j] -= room.leaving[j];
          room.leaving[j] = 0.0;
        }
      }
    }
    return room.sums.result().statistic;
  }

private:
  struct Row {
    std::uint32_t unit;
    std::uint8_t code; // 0 censored, 1 the cause of interest, 2 any other
    bool last;         // of its time
  };
  std::size_t unit_of(std::size_t i) const {
    return rows_.cluster.empty() ? i : static_cast<std::size_t>(rows_.cluster[i]);
  }
  std::size_t stratum_of(std::size_t u) const {
    return rows_.stratum.empty() ? 0 : static_cast<std::size_t>(rows_.stratum[u]);
  }
  GrayRows rows_;
  double rho_;
  std::vector<Row> ordered_; // stratum by stratum, in order of time
  std::vector<std::size_t> first_;
};

/// Counts in whole numbers, which threads may add to in any order.
class GrayCounter {
public:
  GrayCounter(const GrayDealer& dealer, span<const int> group, std::size_t threads, const Poll& poll)
      : dealer_(dealer), rooms_(std::max<std::size_t>(threads, 1), dealer.room()), poll_(poll) {
    found_ = dealer_.statistic(group, rooms_[0]);
  }
  double found() const { return found_; }
  double undefined() const { return static_cast<double>(undefined_.load()); }
  /// On the caller's thread; what is told is the share of the work that is known to be done.
  void ask(double share) {
    share_ = std::max(share_, share);
    if (poll_)
      poll_(share_);
  }
  Poll poll() {
    return [this](double share) { ask(share); };
  }
  template <class Groups> bool as_large(const Groups& group, std::size_t thread) {
    if (thread == 0) // the caller's: of many rows, one way of dealing takes long
      ask(0.0);
    const double x = dealer_.statistic(group, rooms_[thread]);
    if (std::isnan(x))
      ++undefined_;
    return std::isnan(x) || x >= found_ * (1.0 - 1e-9);
  }

private:
  const GrayDealer& dealer_;
  std::vector<GrayDealer::Room> rooms_;
  const Poll& poll_;
  double found_, share_ = 0.0;
  std::atomic<std::uint64_t> undefined_{0};
};

} // namespace detail

/// Draws options.replicates ways of dealing the units out to groups of the same sizes, within strata, and counts those
/// with a statistic as large as the one that was found. O(replicates * (rows + event times * n_group^2)).
/// @throws input_error when lengths or codes do not fit, or the statistic of the groups as they are is undefined.
inline GrayTail approximate_gray_tail(const GrayRows& rows, const GrayOptions& options, const DealOptions& deal,
                                      const Poll& poll = {}) {
  const detail::GrayDealer dealer(rows, options.rho, poll);
  detail::GrayCounter counter(dealer, rows.group, deal.threads, poll);
  detail::require(!std::isnan(counter.found()), "the statistic is undefined");
  GrayTail out;
  out.as_large = static_cast<double>(count_dealt(
      {{}, rows.group, rows.n_group, rows.stratum, rows.n_stratum}, deal,
      [&](const std::vector<int>& group, std::size_t thread) { return counter.as_large(group, thread); },
      counter.poll()));
  out.undefined = counter.undefined();
  out.ways = static_cast<double>(deal.replicates);
  return out;
}

/// The same of every way of dealing, two groups in one stratum.
/// @throws memory_error when there are more than `max_ways`, up to 2^53; input_error as above.
inline GrayTail exact_gray_tail(const GrayRows& rows, const GrayOptions& options, std::size_t max_ways,
                                std::size_t threads = 1, const Poll& poll = {}) {
  detail::require(rows.n_group == 2 && rows.n_stratum == 1, "all ways are those of two groups in one stratum");
  const detail::GrayDealer dealer(rows, options.rho, poll);
  const std::size_t n = rows.group.size();
  std::size_t in_second = 0;
  for (int g : rows.group)
    in_second += static_cast<std::size_t>(g);
  const int chosen = in_second <= n - in_second ? 1 : 0;
  const std::size_t m = std::min(in_second, n - in_second);
  double all_ways = 1.0;
  for (std::size_t i = 1; i <= m; ++i) {
    all_ways = std::round(all_ways * static_cast<double>(n + 1 - i) / static_cast<double>(i));
    if (all_ways > static_cast<double>(max_ways))
      throw memory_error(detail::too_many_ways);
  }
  detail::GrayCounter counter(dealer, rows.group, threads, poll);
  detail::require(!std::isnan(counter.found()), "the statistic is undefined");

  // Ways in the order of their smallest members, next smallest, ...: a block starts at any of them (Lehmer 1964).
  const auto ways = static_cast<std::size_t>(all_ways);
  const auto choose = [](std::size_t from, std::size_t some) {
    double out = some > from ? 0.0 : 1.0;
    for (std::size_t i = 1; i <= some && out > 0.0; ++i)
      out = std::round(out * static_cast<double>(from + 1 - i) / static_cast<double>(i));
    return static_cast<std::size_t>(out);
  };
  constexpr std::size_t block = 256;
  const std::size_t n_block = (ways + block - 1) / block;
  std::vector<std::size_t> hits(n_block, 0);
  for_each_block(
      n_block, threads,
      [&](std::size_t b, std::size_t thread) {
        std::vector<std::size_t> set(m);
        std::size_t rank = b * block, unit = 0;
        for (std::size_t i = 0; i < m; ++i, ++unit) {
          for (std::size_t with; rank >= (with = choose(n - unit - 1, m - i - 1)); ++unit)
            rank -= with;
          set[i] = unit;
        }
        std::vector<int> group(n);
        for (std::size_t way = b * block; way < std::min(ways, (b + 1) * block); ++way) {
          std::fill(group.begin(), group.end(), 1 - chosen);
          for (std::size_t u : set)
            group[u] = chosen;
          hits[b] += counter.as_large(group, thread) ? 1U : 0U;
          // The next one: the last member that can move does, and those behind it follow.
          std::size_t i = m;
          while (i > 0 && set[i - 1] == n - m + i - 1)
            --i;
          if (i == 0)
            break;
          ++set[i - 1];
          for (; i < m; ++i)
            set[i] = set[i - 1] + 1;
        }
      },
      counter.poll());
  GrayTail out;
  for (std::size_t h : hits)
    out.as_large += static_cast<double>(h);
  out.undefined = counter.undefined();
  out.ways = all_ways;
  return out;
}

} // namespace cryonodes

#endif
