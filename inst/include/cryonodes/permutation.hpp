#ifndef CRYONODES_PERMUTATION_HPP
#define CRYONODES_PERMUTATION_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/memory.hpp"
#include "cryonodes/permutation_dealing.hpp"
#include "cryonodes/permutation_subsets.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// The probability that the sum is as far from its mean as it was found, or farther.
struct ExactTail {
  double p_value; ///< sums within `tolerance` of the observed distance count as equal to it
  double farther; ///< without those: p_value less the probability of the observed distance itself
  double tolerance;
  double ways;  ///< how many ways of dealing there are
  double error; ///< bounds the rounding errors of either probability; 0 up to 2^53 ways, which are counted exactly
};

namespace detail {

constexpr const char* too_many_ways = "there are more ways of dealing than can be counted exactly";

/// Scores whose sizes add up to `size` are told apart by steps of 2^-42 of the power of two above it: coarser than the
/// rounding errors of their sums. A power of two, so that to divide by it is exact.
inline double step_of_scores(double size) {
  require(std::isfinite(size), "the sum of the scores' sizes overflows");
  int exponent = 0;
  (void)std::frexp(size, &exponent);
  return std::ldexp(1.0, std::max(exponent - 42, -1022));
}

/// The sums of all subsets of some numbers, by size of the subset: sorted, equal ones counted. Loops over them have no
/// jump that hangs on which of two sums is larger, because nobody can foresee it.
class SubsetSums {
public:
  struct Sum {
    std::int64_t value;
    double count; ///< whole, exact below 2^53
  };
  using Sums = span<const Sum>;

  SubsetSums(span<const std::int64_t> numbers, std::size_t most_in, std::size_t max_states, const Poll& poll) {
    const std::size_t largest = std::min(most_in, numbers.size());
    const std::size_t subsets = std::size_t{1} << std::min<std::size_t>(numbers.size(), 62);
    const std::size_t most = std::min(max_states, subsets);
    now_.make_room(1, most);
    now_.sum[0] = {0, 1.0};
    now_.first = {0, 1};
    Lists next;
    for (std::size_t used = 0; used < numbers.size(); ++used) {
      next.make_room(2 * now_.first.back(), most);
      next.first.assign(1, 0);
      for (std::size_t size = 0; size <= std::min(used + 1, largest); ++size) {
        const std::size_t at = next.first.back();
        const Sums with = size > 0 ? of_size(size - 1) : Sums(), without = size < sizes() ? of_size(size) : Sums();
        next.first.push_back(at + merge(without, with, numbers[used], &next.sum[at]));
        if (next.first.back() > max_states)
          throw memory_error("the sums of all subsets do not fit into the memory allowed");
        if (poll)
          poll(-1.0);
      }
      std::swap(now_, next);
    }
  }
  std::size_t sizes() const { return now_.first.size() - 1; }
  Sums of_size(std::size_t size) const {
    return {&now_.sum[now_.first[size]], now_.first[size + 1] - now_.first[size]};
  }

private:
  /// Lists of sums one after the other, first[size] to first[size + 1] - 1 those of a size.
  struct Lists {
    Memory<Sum> sum;
    std::size_t room = 0;
    std::vector<std::size_t> first;

    /// What stood there is lost. New memory takes longer than what is done in it: there is some for all rounds, where
    /// it can be had.
    void make_room(std::size_t states, std::size_t most) {
      if (states <= room)
        return;
      constexpr std::size_t few = 65536;
      room = std::max(states, states <= few ? few : most);
      sum.reset();
      try {
        sum = make_memory<Sum>(room);
      } catch (const std::bad_alloc&) {
        room = states;
        sum = make_memory<Sum>(room);
      }
    }
  };

  /// The sums of `with`, each plus `number`, among those of `without`. Returns how many there are.
  static std::size_t merge(const Sums& without, const Sums& with, std::int64_t number, Sum* to) {
    std::size_t i = 0, j = 0, k = 0;
    while (i < without.size() && j < with.size()) {
      const std::int64_t x = without[i].value, y = with[j].value + number;
      const bool take_x = x <= y, take_y = y <= x;
      to[k++] = {std::min(x, y),
                 static_cast<double>(take_x) * without[i].count + static_cast<double>(take_y) * with[j].count};
      i += static_cast<std::size_t>(take_x);
      j += static_cast<std::size_t>(take_y);
    }
    for (; i < without.size(); ++i)
      to[k++] = without[i];
    for (; j < with.size(); ++j)
      to[k++] = {with[j].value + number, with[j].count};
    return k;
  }
  Lists now_;
};

/// Pairs of one sum each.
struct PairsBeyond {
  double all = 0.0, near = 0.0;
};
/// How many pairs have a total >= `least`, and of these, how many one < `far`; or, `mirrored`, with the opposite of
/// each total. Few are near.
template <bool mirrored>
PairsBeyond pairs_beyond(const SubsetSums::Sums& a, const SubsetSums::Sums& b, std::int64_t least, std::int64_t far) {
  const auto place = [](const SubsetSums::Sums& sums, std::size_t i) { return mirrored ? sums.size() - 1 - i : i; };
  const auto value = [&](const SubsetSums::Sums& sums, std::size_t i) {
    return mirrored ? -sums[place(sums, i)].value : sums[place(sums, i)].value;
  };
  PairsBeyond out;
  double above = 0.0; // of b, those from j on, which reach `least` with the i-th of a
  for (std::size_t i = 0, j = b.size(); i < a.size();) {
    const std::int64_t x = value(a, i);
    const bool one_more = j > 0 && x + value(b, j - 1) >= least;
    const auto more = static_cast<double>(one_more), done = static_cast<double>(!one_more);
    above += more * b[place(b, j > 0 ? j - 1 : 0)].count;
    const double here = a[place(a, i)].count;
    out.all += done * (here * above);
    if (!one_more && j < b.size() && x + value(b, j) < far)
      for (std::size_t k = j; k < b.size() && x + value(b, k) < far; ++k)
        out.near += here * b[place(b, k)].count;
    j -= static_cast<std::size_t>(one_more);
    i += static_cast<std::size_t>(!one_more);
  }
  return out;
}

} // namespace detail

/// The exact distribution of the sum of two groups' scores, one stratum, for as many units as memory allows: the sums
/// of the subsets of either half of the units, sorted, and counted against each other (van de Wiel 2001, split-up).
/// Equal scores are counted together, so that ties make it easier.
///
/// Scores are rounded to steps of 2^-42 of the power of two above the sum of their sizes, which swallows the rounding
/// errors that sums like these bring along, and the rest is arithmetic of whole numbers. Sums nearer to each other than
/// n + 2 steps cannot be told apart; they are taken as equal.
/// @param max_states sums that either half may have.
/// @throws input_error when lengths or codes do not fit; memory_error when more than max_states would be held, or the
/// ways of dealing are more than 1e300. O(2^(n/2)) at worst.
inline ExactTail exact_tail(const DealtScores& dealt, std::size_t max_states = std::size_t{1} << 23,
                            const Poll& poll = {}) {
  const std::size_t n = dealt.score.size();
  detail::require(dealt.group.size() == n && dealt.n_group == 2 && dealt.n_stratum == 1,
                  "exact sums are those of two groups in one stratum");
  double size = 0.0;
  for (double a : dealt.score) {
    detail::require(std::isfinite(a), "a score is not finite");
    size += std::fabs(a);
  }
  std::size_t in_second = 0;
  for (int g : dealt.group) {
    detail::require(g == 0 || g == 1, "a group code is out of range");
    in_second += static_cast<std::size_t>(g);
  }
  // A whole number as long as it can be one: below 2^53 all counts are exact.
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  std::uint64_t counted = 1;
  double ways = 1.0;
  for (std::size_t i = 1; i <= std::min(in_second, n - in_second); ++i) {
    counted = counted <= most && n < (std::size_t{1} << 11) ? counted * (n + 1 - i) / i : most + 1;
    ways =
        counted <= most ? static_cast<double>(counted) : ways * static_cast<double>(n + 1 - i) / static_cast<double>(i);
    if (ways > 1e300)
      throw memory_error(detail::too_many_ways);
  }

  const double step = detail::step_of_scores(size);
  const auto steps = [&](double a) { return std::int64_t{std::llround(a / step)}; };
  struct Unit {
    std::int64_t score;
    int group;
  };
  std::vector<Unit> units;
  // The sum of the smaller group, as far on one side as that of the other is on the other side.
  const int chosen = in_second <= n - in_second ? 1 : 0;
  std::int64_t total = 0, observed = 0;
  for (std::size_t i = 0; i < n; ++i) {
    units.push_back({steps(dealt.score[i]), dealt.group[i]});
    total += units.back().score;
    observed += dealt.group[i] == chosen ? units.back().score : 0;
  }
  std::sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) { return a.score < b.score; });
  const std::size_t m = std::min(in_second, n - in_second);
  std::vector<std::int64_t> low, high;
  for (std::size_t i = 0; i < n; ++i)
    (i < n / 2 ? low : high).push_back(units[i].score);

  // Distances are taken from the mean m * total / n, which the rounding of the scores can move by some steps.
  const double per_unit = static_cast<double>(total) / static_cast<double>(std::max<std::size_t>(n, 1));
  const std::int64_t mean = std::llround(static_cast<double>(m) * per_unit);
  const auto slack = static_cast<std::int64_t>(n + 2);
  const std::int64_t distance = std::llabs(observed - mean);
  const detail::SubsetSums of_low(low, m, max_states, poll), of_high(high, m, max_states, poll);
  double as_far = 0.0, farther = 0.0;
  std::size_t states = 0;
  for (std::size_t in_low = 0; in_low < of_low.sizes(); ++in_low) {
    if (in_low > m || m - in_low >= of_high.sizes())
      continue;
    const auto a = of_low.of_size(in_low), b = of_high.of_size(m - in_low);
    states += a.size() + b.size();
    double pairs = 0.0, others = 0.0;
    for (const auto& sum : a)
      pairs += sum.count;
    for (const auto& sum : b)
      others += sum.count;
    pairs *= others;
    const std::int64_t least = distance - slack, far = distance + slack + 1;
    const auto above = detail::pairs_beyond<false>(a, b, mean + least, mean + far);
    const auto below = detail::pairs_beyond<true>(a, b, least - mean, far - mean);
    as_far += distance > slack ? above.all + below.all : pairs;
    farther += (above.all - above.near) + (below.all - below.near);
    if (poll)
      poll(static_cast<double>(in_low + 1) / static_cast<double>(of_low.sizes()));
  }
  // Each count is a sum of no more terms than these, all >= 0, and what is taken from all pairs is less than they are.
  const double error = ways <= static_cast<double>(most) ? 0.0 : 4.0 * static_cast<double>(n + states) * 1.2e-16;
  return {std::min(as_far / ways, 1.0), std::min(std::max(farther, 0.0) / ways, 1.0), static_cast<double>(slack) * step,
          ways, error};
}

namespace detail {

/// Two groups: as far from the mean as the second group's sum was found, or farther.
inline std::size_t approximate_tail_of_two(const DealtScores& dealt, double mean, double equal,
                                           const DealOptions& options, const Poll& poll) {
  std::vector<double> part;
  double found = 0.0;
  for (std::size_t i = 0; i < dealt.score.size(); ++i) {
    part.push_back(dealt.score[i] - mean);
    found += dealt.group[i] == 1 ? part[i] : 0.0;
  }
  const double least = std::fabs(found) - equal;
  const SubsetDealer dealer(dealt);
  const LookedUpSums sums(dealer, part);
  const auto as_far = [&](const std::vector<SubsetDealer::Lanes>& words, std::size_t) {
    const auto sum = sums(words);
    std::uint32_t hit = 0;
    for (std::size_t k = 0; k < sum.size(); ++k)
      hit |= (std::fabs(sum[k]) >= least ? 1U : 0U) << k;
    return hit;
  };
  return count_subsets(dealer, options, as_far, poll);
}

} // namespace detail

/// How many of the replicates have scores as unevenly spread over the groups as they were found, or more: the sum over
/// strata of group sums U_g, in the form sum_g U_g^2 / n_g, which for two groups orders as the distance from the mean
/// does. Sums that exact_tail() takes as equal are so here.
inline std::size_t approximate_tail(const DealtScores& dealt, const DealOptions& options, const Poll& poll = {}) {
  const std::size_t n = dealt.score.size(), k = dealt.n_group;
  detail::require(dealt.group.size() == n && k > 0, "one group for each score");
  std::vector<double> size(k, 0.0);
  double scale = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    detail::require(std::isfinite(dealt.score[i]), "a score is not finite");
    detail::require(dealt.group[i] >= 0 && static_cast<std::size_t>(dealt.group[i]) < k,
                    "a group code is out of range");
    size[static_cast<std::size_t>(dealt.group[i])] += 1.0;
    scale += std::fabs(dealt.score[i]);
  }
  CompensatedSum total;
  for (double a : dealt.score)
    total.add(a);
  const double mean = n > 0 ? total.value() / static_cast<double>(n) : 0.0;
  const double equal = static_cast<double>(n + 2) * detail::step_of_scores(scale);
  if (k == 2)
    return detail::approximate_tail_of_two(dealt, mean, equal, options, poll);
  const auto unevenness = [&](const auto& groups, std::vector<double>& sum) {
    std::fill(sum.begin(), sum.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i)
      sum[static_cast<std::size_t>(groups[i])] += dealt.score[i] - mean;
    double out = 0.0;
    for (std::size_t g = 0; g < k; ++g)
      out += size[g] > 0.0 ? sum[g] * sum[g] / size[g] : 0.0;
    return out;
  };
  std::vector<std::vector<double>> sums(std::max<std::size_t>(options.threads, 1), std::vector<double>(k));
  const double found = unevenness(dealt.group, sums[0]);
  double slack = 0.0; // what `found` loses when each of its sums is nearer to 0 by as much
  for (std::size_t g = 0; g < k; ++g)
    slack += size[g] > 0.0 ? equal * (2.0 * std::fabs(sums[0][g]) + equal) / size[g] : 0.0;
  const auto as_uneven = [&](const std::vector<int>& groups, std::size_t thread) {
    return unevenness(groups, sums[thread]) >= found - slack;
  };
  return count_dealt(dealt, options, as_uneven, poll);
}

} // namespace cryonodes

#endif
