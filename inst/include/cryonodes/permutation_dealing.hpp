#ifndef CRYONODES_PERMUTATION_DEALING_HPP
#define CRYONODES_PERMUTATION_DEALING_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

/// Units with a score each are dealt out to groups, every way of dealing being equally likely; within strata if there
/// are any. The statistic of two groups is the sum of the scores of the second, less its mean.
struct DealtScores {
  span<const double> score; ///< finite
  span<const int> group;    ///< codes in [0, n_group)
  std::size_t n_group;
  span<const int> stratum; ///< codes in [0, n_stratum), or empty: all are of one
  std::size_t n_stratum = 1;
};

/// @param replicates how many ways of dealing are drawn, from number `first` on. @param seed replicate i is a matter of
/// (seed, i) alone, whatever the number of threads.
struct DealOptions {
  std::size_t replicates = 9999;
  std::size_t first = 0;
  std::uint64_t seed = 0;
  std::size_t threads = 1;
};

namespace detail {

/// Deals units out within strata, each group keeping its size there. The largest group of a stratum takes whom the
/// others leave: it need not be dealt to.
class Dealer {
public:
  explicit Dealer(const DealtScores& dealt) : unit_(dealt.group.size()) {
    const std::size_t n = dealt.group.size(), k = dealt.n_group;
    require(dealt.stratum.empty() ? dealt.n_stratum == 1 : dealt.stratum.size() == n, "a unit has one stratum");
    require(n < std::numeric_limits<std::uint32_t>::max(), "too many units to deal");
    const auto stratum_of = [&](std::size_t i) {
      return dealt.stratum.empty() ? std::size_t{0} : static_cast<std::size_t>(dealt.stratum[i]);
    };
    // Units of a stratum side by side, and how many of them go to each group.
    std::vector<std::size_t> first(dealt.n_stratum + 1, 0), places(dealt.n_stratum * k, 0);
    for (std::size_t i = 0; i < n; ++i) {
      require(stratum_of(i) < dealt.n_stratum, "a stratum code is out of range");
      require(dealt.group[i] >= 0 && static_cast<std::size_t>(dealt.group[i]) < k, "a group code is out of range");
      ++first[stratum_of(i) + 1];
      ++places[stratum_of(i) * k + static_cast<std::size_t>(dealt.group[i])];
    }
    for (std::size_t s = 0; s < dealt.n_stratum; ++s)
      first[s + 1] += first[s];
    std::vector<std::size_t> at(first.begin(), first.end() - 1);
    left_.resize(n);
    for (std::size_t i = 0; i < n; ++i)
      unit_[at[stratum_of(i)]++] = static_cast<std::uint32_t>(i);
    for (std::size_t s = 0; s < dealt.n_stratum; ++s) {
      const auto from = places.begin() + static_cast<std::ptrdiff_t>(s * k);
      const int largest = static_cast<int>(std::max_element(from, from + static_cast<std::ptrdiff_t>(k)) - from);
      const std::size_t before = cards_.size();
      for (std::size_t g = 0; g < k; ++g)
        if (static_cast<int>(g) != largest)
          cards_.insert(cards_.end(), places[s * k + g], static_cast<int>(g));
      for (std::size_t i = first[s]; i < first[s + 1]; ++i)
        left_[i] = largest;
      plan(first[s], first[s + 1], cards_.size() - before);
    }
  }
  const std::vector<std::uint32_t>& unit() const { return unit_; } ///< stratum by stratum
  const std::vector<int>& cards() const { return cards_; }         ///< the groups of those that are drawn, in turn
  const std::vector<int>& left() const { return left_; }           ///< for each of unit() the group of who is not drawn

  /// Calls `visit` with each value drawn; `values` go with unit(), and are used up.
  template <class T, class Visit> void draw(std::uint64_t seed, std::uint64_t replicate, T* values, Visit visit) const {
    if (batches_.size() <= 4)
      draw_from(RandomStreamOf<1>(seed, replicate), values, visit);
    else if (batches_.size() <= 16)
      draw_from(RandomStreamOf<4>(seed, replicate), values, visit);
    else
      draw_from(RandomStreamOf<16>(seed, replicate), values, visit);
  }

private:
  static constexpr std::uint32_t most = 8;
  /// Draws that share a random number x: with the product P of their ranges the digits of x P / 2^32 in these ranges,
  /// all equally likely when x is drawn again for remainders below 2^32 mod P (Brackett-Rozinsky & Lemire 2024).
  struct Batch {
    std::uint32_t from, range, count, favoured;
  };
  void plan(std::size_t from, std::size_t to, std::size_t drawn) {
    const std::size_t end = from + drawn;
    while (from < end) {
      Batch batch{static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from), 0, 0};
      std::uint64_t product = 1;
      do {
        product *= to - from++;
        ++batch.count;
      } while (from < end && batch.count < most && product * (to - from) <= std::uint64_t{1} << 30);
      batch.favoured = static_cast<std::uint32_t>((std::uint64_t{1} << 32) % product);
      batches_.push_back(batch);
    }
  }
  template <class Stream, class T, class Visit> void draw_from(Stream random, T* values, Visit visit) const {
    std::array<std::uint32_t, most> digit;
    for (const Batch& batch : batches_) {
      std::uint32_t rest;
      do {
        rest = random.next();
        for (std::uint32_t c = 0; c < batch.count; ++c) {
          const std::uint64_t product = std::uint64_t{rest} * (batch.range - c);
          digit[c] = static_cast<std::uint32_t>(product >> 32);
          rest = static_cast<std::uint32_t>(product);
        }
      } while (rest < batch.favoured);
      for (std::uint32_t c = 0; c < batch.count; ++c) {
        T& chosen = values[batch.from + c + digit[c]];
        visit(chosen);
        chosen = values[batch.from + c];
      }
    }
  }
  std::vector<std::uint32_t> unit_;
  std::vector<int> cards_, left_;
  std::vector<Batch> batches_;
};

/// Counts the replicates for which `hit(replicate, thread)` is true.
template <class Hit> std::size_t count_replicates(const DealOptions& options, const Hit& hit, const Poll& poll) {
  constexpr std::size_t block = 256;
  const std::size_t n_block = (options.replicates + block - 1) / block;
  std::vector<std::size_t> hits(n_block, 0);
  for_each_block(
      n_block, std::max<std::size_t>(options.threads, 1),
      [&](std::size_t b, std::size_t thread) {
        for (std::size_t r = b * block; r < std::min((b + 1) * block, options.replicates); ++r)
          hits[b] += hit(options.first + r, thread) ? 1U : 0U;
      },
      poll);
  std::size_t all = 0;
  for (std::size_t h : hits)
    all += h;
  return all;
}

} // namespace detail

/// Calls `compare(groups, thread)` with the groups of each replicate and counts how often it says true. Groups are
/// dealt within strata, each group keeping its size there. O(replicates * n).
template <class Compare>
std::size_t count_dealt(const DealtScores& dealt, const DealOptions& options, const Compare& compare,
                        const Poll& poll = {}) {
  const detail::Dealer dealer(dealt);
  const std::size_t n = dealt.group.size(), threads = std::max<std::size_t>(options.threads, 1);
  std::vector<int> undealt(n);
  for (std::size_t i = 0; i < n; ++i)
    undealt[dealer.unit()[i]] = dealer.left()[i];
  std::vector<std::vector<std::uint32_t>> turn(threads, dealer.unit());
  std::vector<std::vector<int>> groups(threads, undealt);
  const auto hit = [&](std::size_t replicate, std::size_t thread) {
    std::copy(dealer.unit().begin(), dealer.unit().end(), turn[thread].begin());
    std::copy(undealt.begin(), undealt.end(), groups[thread].begin());
    auto card = dealer.cards().begin();
    dealer.draw(options.seed, replicate, turn[thread].data(),
                [&](std::uint32_t unit) { groups[thread][unit] = *card++; });
    return compare(groups[thread], thread);
  };
  return detail::count_replicates(options, hit, poll);
}

} // namespace cryonodes

#endif
