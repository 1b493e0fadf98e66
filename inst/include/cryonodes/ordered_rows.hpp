#ifndef CRYONODES_ORDERED_ROWS_HPP
#define CRYONODES_ORDERED_ROWS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/memory.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sort_keys.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Rows in the order of their times, one number each: how far the time is above the least one, in steps of the last
/// bit; group; event. Near-ties are found but not merged yet.
class OrderedRows {
public:
  /// The rows of order_rows(), which says what they can be.
  OrderedRows(span<const double> time, span<const int> event, span<const int> group, std::size_t n_group,
              std::size_t n_cause, int first_group = 0)
      : n_cause_(n_cause), size_(time.size()), first_group_(first_group), end_(n_group + 1, 0),
        event_bits_(detail::bit_width(n_cause)),
        low_(event_bits_ + (n_group > 1 ? detail::bit_width(n_group - 1) : 0)) {
    // Doubles >= 0 are in the order of their bits; a sign bit or an exponent of ones makes a larger number than all
    // these.
    std::uint64_t least = ~std::uint64_t{0}, greatest = 0;
    for (const double t : time) {
      const std::uint64_t bits = detail::bits_of(t);
      least = std::min(least, bits - 1); // zero goes to the far end
      greatest = std::max(greatest, bits);
    }
    greatest_ = greatest;
    // The first bit of `bad` is set by a code that is negative or too large.
    std::uint32_t bad = 0;
    const auto most = static_cast<std::uint32_t>(n_cause);
    in_blocks(size_, [&, event = event.data()](std::size_t start, auto rows) {
      std::uint32_t events = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        const auto code = static_cast<std::uint32_t>(event[start + i]);
        bad |= code | (most - code);
        events += code != 0 ? 1U : 0U;
      }
      n_event_ += events;
    });
    detail::require(bad >> 31 == 0, detail::bad_event_code);
    if (n_group > 2) {
      for (const int g : group) {
        detail::require(code_of(g) < n_group, detail::bad_group_code);
        ++end_[code_of(g) + 1];
      }
    } else { // without waiting for the count before
      std::size_t second = 0;
      std::uint32_t together = 0;
      in_blocks(group.size(), [&, group = group.data(), from = code_of(0)](std::size_t start, auto rows) {
        std::uint32_t codes = 0;
        for (std::size_t i = 0; i < rows; ++i) {
          const std::uint32_t code = static_cast<std::uint32_t>(group[start + i]) + from;
          codes += code;
          together |= code;
        }
        second += codes;
      });
      detail::require(together < n_group, detail::bad_group_code);
      end_[1] = size_ - second;
      end_[n_group] += n_group == 2 ? second : 0;
    }
    for (std::size_t g = 0; g < n_group; ++g)
      end_[g + 1] += end_[g];
    base_ = greatest_ == 0 ? 0 : least;
  }
  /// Are all times finite and >= 0, and do time, group and event fit into 64 bits together?
  bool fit() const {
    return greatest_ < detail::bits_of(std::numeric_limits<double>::infinity()) && width() <= 64;
  }

  void order(span<const double> time, span<const int> event, span<const int> group, Ties ties, const Poll& poll,
             std::size_t threads) {
    bool sorted = true;
    for (std::size_t i = 1; i < size_ && sorted; ++i)
      sorted = time[i - 1] <= time[i];
    keys_ = detail::make_keys(size_);
    spare_ = detail::make_keys(size_);
    // Copies of what the keys are made of: the compiler cannot know that writing keys leaves the members as they are.
    const auto place = [t = time.data(), base = base_](std::size_t i) {
      const std::uint64_t bits = detail::bits_of(t[i]);
      return bits == 0 ? 0 : bits - base;
    };
    const auto event_of = [e = event.data()](std::size_t i) { return static_cast<std::uint64_t>(e[i]); };
    if (group.empty())
      detail::sorted_keys(keys_, spare_, size_, width() - low_, low_, sorted, place, event_of, poll, threads);
    else
      detail::sorted_keys(
          keys_, spare_, size_, width() - low_, low_, sorted, place,
          [event_of, g = group.data(), from = static_cast<std::uint32_t>(first_group_), bits = event_bits_](
              std::size_t i) { return event_of(i) | std::uint64_t{static_cast<std::uint32_t>(g[i]) - from} << bits; },
          poll, threads);
    if (poll)
      poll(-1.0);
    n_time_ = size_ > 0 ? 1 : 0;
    if (ties == Ties::near && size_ > 0) {
      detail::NearTies near;
      const unsigned low = low_;
      const std::uint64_t base = base_;
      const std::uint64_t* const keys = keys_.get();
      std::uint64_t before = keys[0] >> low;
      double last = time_of(before, base), least = std::numeric_limits<double>::infinity();
      std::size_t n_time = 1;
      near.add(last);
      for (std::size_t i = 1; i < size_; ++i) {
        const std::uint64_t step = keys[i] >> low;
        if (step == before)
          continue;
        const double t = detail::from_bits(step + base), gap = t - last; // 0 is the first
        near.add(t);
        least = gap < least ? gap : least;
        last = t;
        before = step;
        ++n_time;
      }
      n_time_ = n_time;
      gap_ = near.widest_gap();
      near_ties_ = least <= gap_;
    } else {
      for (std::size_t i = 1; i < size_; ++i)
        n_time_ += keys_[i] >> low_ != keys_[i - 1] >> low_ ? 1U : 0U;
    }
    if (poll)
      poll(-1.0);
  }

  std::size_t size() const { return size_; }
  std::size_t n_group() const { return end_.size() - 1; }
  std::size_t n_cause() const { return n_cause_; }
  std::size_t n_event() const { return n_event_; }
  /// Once they are ordered: different times, before near-ties are merged.
  std::size_t n_time() const { return n_time_; }
  double in_group(std::size_t g) const { return static_cast<double>(end_[g + 1] - end_[g]); }
  std::size_t n_time_merged() const { return n_time_merged_; }

  /// Calls visit(new_time, time, group, event) for each row in the order of the times; `time` is the one that stands
  /// for its near-ties, `new_time` says whether it is another than that of the row before.
  /// @return the visitor, which is a copy: what it counts can stay in registers.
  template <class Visit> Visit each(Visit visit, const Poll& poll) {
    if (!near_ties_)
      return each_step(visit, poll, [low = low_](std::uint64_t key) { return key >> low; });
    Steps steps(*this);
    const Visit seen = each_step(visit, poll, steps);
    n_time_merged_ = steps.merged;
    return seen;
  }

  /// The same group by group: calls walk.begin(group), then walk(new_time, time, event) for each of its rows, of the
  /// walk that make_walk() makes when half of their memory is free again. The rows are gone then, with all of it; how
  /// many there were is still known.
  template <class MakeWalk> auto each_by_group(MakeWalk make_walk, const Poll& poll) && {
    part_groups(poll);
    spare_.reset();
    const auto walk = walk_groups(make_walk());
    keys_.reset();
    return walk;
  }

  /// Counts the rows by group and time. The memory of the rows is used again, so they are gone.
  CountedRows counted(const Poll& poll) && {
    part_groups(poll);
    CountedRows out;
    out.n_cause = n_cause_;
    if (n_cause_ > 1)
      out.cause_events = make_memory<std::uint32_t>(size_ * n_cause_);
    for (std::size_t g = 0; g < n_group(); ++g)
      out.n.push_back(in_group(g));
    // A row of the result is never later than the rows it counts, so the memory of both arrays is used again.
    out.time = reuse_memory<double>(std::move(spare_));
    const std::size_t rows = walk_groups(CountWalk(out, keys_.get())).rows;
    out.first.push_back(rows);
    out.leaving = std::move(keys_);
    out.n_time_merged = n_time_merged_;
    return out;
  }

private:
  // Calls see(start, rows); the compiler knows the length of all but the last block, and takes several rows at once.
  template <class See> static void in_blocks(std::size_t size, See see) {
    constexpr std::size_t block = 64;
    std::size_t start = 0;
    for (; start + block <= size; start += block)
      see(start, std::integral_constant<std::size_t, block>());
    see(start, size - start);
  }
  std::uint32_t code_of(int group) const {
    return static_cast<std::uint32_t>(group) - static_cast<std::uint32_t>(first_group_);
  }
  // `step`: the upper bits of a key.
  static double time_of(std::uint64_t step, std::uint64_t base) {
    return detail::from_bits(step == 0 ? 0 : step + base);
  }
  unsigned width() const { return low_ + (greatest_ == 0 ? 1 : detail::bit_width(greatest_ - base_)); }

  /// A time no further than the gap from the one before it shares the row of that one: `stands` for both. Asked for the
  /// keys in order.
  struct Steps {
    explicit Steps(const OrderedRows& rows) : low(rows.low_), base(rows.base_), gap(rows.gap_) {}
    std::uint64_t operator()(std::uint64_t key) {
      const std::uint64_t step = key >> low;
      if (step != before) {
        const double t = time_of(step, base);
        if (t - last <= gap)
          ++merged;
        else
          stands = step;
        before = step;
        last = t;
      }
      return stands;
    }
    const unsigned low;
    const std::uint64_t base;
    const double gap;
    std::uint64_t before = ~std::uint64_t{0}, stands = 0;
    double last = -std::numeric_limits<double>::infinity();
    std::size_t merged = 0;
  };

  // Several groups: the rows of each side by side, near-ties at one step.
  void part_groups(const Poll& poll) {
    if (n_group() == 1)
      return;
    Steps step_of(*this);
    const unsigned low = low_, event_bits = event_bits_;
    const std::uint64_t mask = (std::uint64_t{1} << low) - 1;
    const std::uint64_t* const from = keys_.get();
    std::uint64_t* const to = spare_.get();
    const auto part = [&](auto key) {
      if (n_group() == 2) { // where a row goes does not wait for the row before to be told in memory
        std::size_t firsts = 0;
        for (std::size_t i = 0, second = end_[1]; i < size_; ++i) {
          const std::size_t g = (from[i] & mask) >> event_bits; // 0 or 1, chosen by it without a jump
          to[firsts ^ ((firsts ^ (second + i - firsts)) & (0 - g))] = key(from[i]);
          firsts += 1 - g;
        }
        return;
      }
      std::vector<std::size_t> at(end_.begin(), end_.end() - 1);
      for (std::size_t i = 0; i < size_; ++i)
        to[at[(from[i] & mask) >> event_bits]++] = key(from[i]);
    };
    if (near_ties_)
      part([&](std::uint64_t key) { return step_of(key) << low | (key & mask); });
    else
      part([](std::uint64_t key) { return key; });
    keys_.swap(spare_);
    n_time_merged_ = step_of.merged;
    if (poll)
      poll(-1.0);
  }
  template <class Visit, class StepOf> Visit each_step(Visit visit, const Poll& poll, StepOf&& step_of) {
    const unsigned low = low_, event_bits = event_bits_;
    const std::uint64_t base = base_, event_mask = (std::uint64_t{1} << event_bits) - 1;
    const std::uint64_t group_mask = (std::uint64_t{1} << (low - event_bits)) - 1;
    const std::uint64_t* const keys = keys_.get();
    std::uint64_t before = ~std::uint64_t{0};
    double time = 0.0;
    for (std::size_t start = 0; start < size_; start += PollRows::stretch) {
      const std::size_t end = std::min(size_, start + PollRows::stretch);
      for (std::size_t i = start; i < end; ++i) {
        const std::uint64_t key = keys[i], step = step_of(key);
        const bool new_time = step != before;
        if (new_time)
          time = time_of(step, base);
        before = step;
        visit(new_time, time, static_cast<std::size_t>(key >> event_bits & group_mask), key & event_mask);
      }
      if (poll)
        poll(-1.0);
    }
    return visit;
  }
  // The walk is a copy, as the visitor of each().
  template <class Walk> Walk walk_groups(Walk walk) {
    if (!near_ties_ || n_group() > 1) // parted rows are at one step already
      return walk_steps(walk, [low = low_](std::uint64_t key) { return key >> low; });
    Steps steps(*this);
    const Walk seen = walk_steps(walk, steps);
    n_time_merged_ = steps.merged;
    return seen;
  }
  template <class Walk, class StepOf> Walk walk_steps(Walk walk, StepOf&& step_of) {
    const std::uint64_t base = base_, event_mask = (std::uint64_t{1} << event_bits_) - 1;
    const std::uint64_t* const keys = keys_.get();
    double time = 0.0;
    for (std::size_t g = 0; g < n_group(); ++g) {
      walk.begin(g);
      std::uint64_t before = ~std::uint64_t{0};
      for (std::size_t i = end_[g], end = end_[g + 1]; i < end; ++i) {
        const std::uint64_t key = keys[i], step = step_of(key);
        const bool new_time = step != before;
        if (new_time)
          time = time_of(step, base);
        before = step;
        walk(new_time, time, key & event_mask);
      }
    }
    return walk;
  }

  struct CountWalk {
    CountWalk(CountedRows& out, std::uint64_t* keys)
        : first(&out.first), time_of_row(out.time.get()), leaving(keys), cause_events(out.cause_events.get()),
          n_cause(out.n_cause) {}
    void begin(std::size_t) { first->push_back(rows); }
    void operator()(bool new_time, double time, std::uint64_t event) {
      const std::uint64_t one = event != 0 ? std::uint64_t{1} : std::uint64_t{1} << 32;
      if (new_time) {
        time_of_row[rows] = time;
        for (std::size_t k = 0; k < n_cause && n_cause > 1; ++k) // no jump on which cause it is
          cause_events[rows * n_cause + k] = event == k + 1 ? 1U : 0U;
        leaving[rows++] = one;
      } else {
        leaving[rows - 1] += one;
        if (n_cause > 1 && event != 0)
          ++cause_events[(rows - 1) * n_cause + event - 1];
      }
    }
    std::vector<std::size_t>* first;
    double* time_of_row;
    std::uint64_t* leaving;
    std::uint32_t* cause_events;
    std::size_t n_cause, rows = 0;
  };

  std::size_t n_cause_, size_, n_event_ = 0, n_time_ = 0, n_time_merged_ = 0;
  int first_group_;
  std::vector<std::size_t> end_; // rows of group g are those from end_[g] to before end_[g + 1], once they are apart
  unsigned event_bits_, low_;
  std::uint64_t base_ = 0, greatest_ = 0;
  double gap_ = 0.0;
  bool near_ties_ = false; // times that are merged
  detail::Keys keys_, spare_;
};

/// Rows counted without being ordered, or in their order, or neither.
struct RowsInOrder {
  std::optional<CountedRows> counted;
  std::optional<OrderedRows> ordered;

  /// Counted in either case; nothing where they are neither.
  std::optional<CountedRows> all_counted(const Poll& poll) && {
    if (ordered)
      return std::move(*ordered).counted(poll);
    return std::move(counted);
  }
};

/// Whole numbers of small range are counted without being ordered, other times are ordered, by the rules of
/// make_timeline() and make_risk_table() and to the same bits. O(rows), unless very many times agree in their leading
/// bits.
/// @param event per row 0 for censored, 1 to n_cause for an event. @param group n_group codes from `first_group` on;
/// may be empty when n_group is 1. A time of -0 is 0.
/// @param threads up to so many share the ordering; the result is the same for any number.
/// @return neither when a time is negative or not finite, or when time, group and event do not fit into 64 bits
/// together, as they do unless times span hundreds of orders of magnitude.
/// @throws input_error when lengths or codes do not fit.
inline RowsInOrder order_rows(span<const double> time, span<const int> event, span<const int> group,
                              std::size_t n_group, Ties ties, const Poll& poll = {}, std::size_t n_cause = 1,
                              std::size_t threads = 1, int first_group = 0) {
  using detail::require;
  const std::size_t n = time.size();
  require(n < std::numeric_limits<std::uint32_t>::max() / 2, "too many rows for one timeline");
  require(n_group > 0 && event.size() == n && (group.size() == n || (group.empty() && n_group == 1)),
          "`event`, `group` and `time` differ in length");
  if (n_group == 1 && !group.empty()) {
    std::uint32_t code = 0;
    for (const int g : group)
      code |= static_cast<std::uint32_t>(g) - static_cast<std::uint32_t>(first_group);
    require(code == 0, detail::bad_group_code);
    group = {};
  }
  RowsInOrder out;
  {
    WholeCells cells(n, n_group, n_cause);
    if (cells.count(time, event, group, first_group)) {
      out.counted = cells.rows();
      return out;
    }
  }
  OrderedRows rows(time, event, group, n_group, n_cause, first_group);
  if (rows.fit()) {
    rows.order(time, event, group, ties, poll, threads);
    out.ordered = std::move(rows);
  }
  return out;
}

/// Orders and counts in one go what make_timeline() and make_risk_table() do in two; see order_rows().
inline std::optional<CountedRows> count_rows(span<const double> time, span<const int> event, span<const int> group,
                                             std::size_t n_group, Ties ties, const Poll& poll = {},
                                             std::size_t n_cause = 1, std::size_t threads = 1) {
  return order_rows(time, event, group, n_group, ties, poll, n_cause, threads).all_counted(poll);
}

} // namespace cryonodes

#endif
