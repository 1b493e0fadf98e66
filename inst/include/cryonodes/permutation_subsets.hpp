#ifndef CRYONODES_PERMUTATION_SUBSETS_HPP
#define CRYONODES_PERMUTATION_SUBSETS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/permutation_dealing.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

namespace detail {

/// How many bits of x are set.
inline std::uint32_t ones(std::uint32_t x) noexcept {
  x -= x >> 1 & 0x55555555U;
  x = (x & 0x33333333U) + (x >> 2 & 0x33333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0fU;
  return x * 0x01010101U >> 24;
}

/// The subsets of m out of up to 30 units, numbered. The units are three blocks of up to ten; a number tells how many
/// of each are in the subset, and which. The subset is written as a word of three fields: the code of each block's
/// part.
class NumberedSubsets {
public:
  static constexpr std::size_t most = 30;
  static constexpr std::array<std::uint32_t, 3> shift{0, 10, 20};
  static constexpr std::uint32_t mask = 0x3ffU;

  NumberedSubsets(std::size_t n, std::size_t m) {
    for (std::size_t b = 0; b < 3; ++b)
      size_[b] = (n + 2 - b) / 3;
    // Codes go by the number of units, then by the pattern: those of a smaller block come first among their likes.
    std::array<std::uint32_t, 11> first{};
    for (std::size_t k = 0; k < size_[0]; ++k)
      first[k + 1] = first[k] + choose(size_[0], k);
    auto next = first;
    pattern_.resize(std::size_t{1} << size_[0]);
    for (std::uint32_t x = 0; x < pattern_.size(); ++x)
      pattern_[next[ones(x)]++] = x;
    for (std::size_t i = 0; i <= std::min(m, size_[0]); ++i)
      for (std::size_t j = 0; j <= std::min(m - i, size_[1]); ++j)
        if (const std::size_t k = m - i - j; k <= size_[2]) {
          const Divisor third(choose(size_[2], k)), others(third.by * choose(size_[1], j));
          split_.push_back({count_, count_ + others.by * choose(size_[0], i), others, third,
                            first[i] << shift[0] | first[j] << shift[1] | first[k] << shift[2]});
          count_ = split_.back().end;
        }
    while (count_ >> step_ >= 1024)
      ++step_;
    for (std::uint32_t b = 0, at = 0; b <= (count_ - 1) >> step_; ++b) {
      while (split_[at].end <= b << step_)
        ++at;
      guide_.push_back(static_cast<std::uint16_t>(at));
    }
    favoured_ = (std::numeric_limits<std::uint64_t>::max() % count_ + 1) % count_; // 2^64 mod count
  }
  std::uint32_t count() const { return count_; }
  std::size_t codes() const { return pattern_.size(); }
  std::size_t size(std::size_t block) const { return size_[block]; }
  std::uint32_t pattern(std::uint32_t code) const { return pattern_[code]; } ///< a bit for each unit of a block

  std::uint32_t operator()(std::uint32_t number) const {
    const Split* split = split_.data() + guide_[number >> step_];
    while (number >= split->end)
      ++split;
    const std::uint32_t rest = number - split->begin, i = split->others.in(rest);
    const std::uint32_t of_others = rest - i * split->others.by, j = split->third.in(of_others);
    return split->first + (i << shift[0]) + (j << shift[1]) + ((of_others - j * split->third.by) << shift[2]);
  }
  /// Subsets, all equally likely, from two random numbers each; `again(k)` gives another number of lane k, for the few
  /// that would favour some of them (Lemire 2019).
  template <std::size_t N, class Again>
  void draw(const std::array<std::uint32_t, N>* random, std::array<std::uint32_t, N>& to, Again& again) const {
    const std::uint64_t count = count_, favoured = favoured_;
    std::array<std::uint32_t, N> number;
    for (std::size_t k = 0; k < N; ++k) {
      std::uint64_t high = random[0][k], low = random[1][k];
      for (;; high = again(k), low = again(k)) {
        low *= count;
        high = high * count + (low >> 32);
        if ((high << 32 | (low & 0xffffffffU)) >= favoured)
          break;
      }
      number[k] = static_cast<std::uint32_t>(high >> 32);
    }
    for (std::size_t k = 0; k < N; ++k)
      to[k] = (*this)(number[k]);
  }

private:
  /// Quotients of whole numbers below 2^30, as products: with 2^s / by, s >= 30 and by <= 2^(s - 30), rounded up
  /// (Granlund & Montgomery 1994, theorem 4.2).
  struct Divisor {
    explicit Divisor(std::uint32_t divisor) : by(divisor) {
      while (by > std::uint64_t{1} << (power - 30))
        ++power;
      factor = static_cast<std::uint32_t>(((std::uint64_t{1} << power) + by - 1) / by);
    }
    std::uint32_t in(std::uint32_t x) const { return static_cast<std::uint32_t>(std::uint64_t{x} * factor >> power); }
    std::uint32_t by, factor = 0, power = 30;
  };
  /// Numbers begin, ..., end - 1: subsets of so many units in each block, the first of which is `first`.
  struct Split {
    std::uint32_t begin, end;
    Divisor others, third;
    std::uint32_t first;
  };
  static std::uint32_t choose(std::size_t n, std::size_t k) { // n <= 10
    std::size_t out = 1;
    for (std::size_t i = 1; i <= k; ++i)
      out = out * (n + 1 - i) / i;
    return static_cast<std::uint32_t>(out);
  }
  std::array<std::size_t, 3> size_{};
  std::vector<std::uint32_t> pattern_;
  std::vector<std::uint16_t> guide_; // for every 2^step_ numbers the split of the first
  std::vector<Split> split_;
  std::uint32_t count_ = 0, step_ = 0;
  std::uint64_t favoured_ = 0;
};

/// Deals units out to two groups within strata, each group keeping its size there, for many replicates side by side. A
/// replicate is a few words, made of fields; the code in a field tells which of a few units are in the second group,
/// so that what they add to a sum can be looked up.
///
/// A stratum of up to 30 units is one word, its subset drawn by number. Of a larger one each bit is a unit, and set
/// with a probability near to the share of the second group; then units drawn at random change sides until the group
/// has its size. Given how many bits are set, all sets of that size are equally likely, and remain so with each change.
class SubsetDealer {
public:
  static constexpr std::size_t lanes = 32;
  using Lanes = std::array<std::uint32_t, lanes>; ///< a word of each of so many replicates
  struct Room {
    std::vector<Lanes> random, words;
  };
  struct Field {
    std::size_t word, from, to; ///< units unit()[from], ..., unit()[to - 1]
    bool first;                 ///< of its stratum
    std::uint32_t shift, mask;  ///< the code is word >> shift & mask
    const NumberedSubsets* numbered;
    std::size_t codes; ///< they are below this; patterns with bits beyond the units do not occur
    /// Bit i is set when unit()[from + i] is in the second group.
    std::uint32_t pattern(std::uint32_t code) const { return numbered != nullptr ? numbered->pattern(code) : code; }
  };

  /// @param order units in the order in which they stand in the words of their strata; empty: that of their numbers.
  explicit SubsetDealer(const DealtScores& dealt, span<const std::size_t> order = {}) : unit_(dealt.group.size()) {
    const std::size_t n = dealt.group.size();
    require(dealt.stratum.empty() ? dealt.n_stratum == 1 : dealt.stratum.size() == n, "a unit has one stratum");
    require(n < std::numeric_limits<std::uint32_t>::max() / 2, "too many units to deal");
    require(order.empty() || order.size() == n, "an order of all units");
    const auto stratum_of = [&](std::size_t i) {
      return dealt.stratum.empty() ? std::size_t{0} : static_cast<std::size_t>(dealt.stratum[i]);
    };
    std::vector<Stratum> strata(dealt.n_stratum);
    for (std::size_t i = 0; i < n; ++i) {
      require(stratum_of(i) < dealt.n_stratum, "a stratum code is out of range");
      require(dealt.group[i] == 0 || dealt.group[i] == 1, "a group code is out of range");
      ++strata[stratum_of(i)].n;
      strata[stratum_of(i)].m += static_cast<std::uint32_t>(dealt.group[i]);
    }
    std::vector<std::size_t> next;
    std::size_t from = 0;
    double expected = 0.0; // random numbers beyond those that every replicate takes
    for (Stratum& s : strata) {
      next.push_back(from);
      s.word = words_;
      words_ += (s.n + 31) / 32;
      if (s.n > NumberedSubsets::most) {
        expected += s.plan();
        planned_ += s.digits * ((s.n + 31) / 32);
        for (std::size_t i = 0; i < s.n; i += 4)
          fields_.push_back({s.word + i / 32, from + i, from + std::min<std::size_t>(i + 4, s.n), i == 0,
                             static_cast<std::uint32_t>(i % 32), 15U, nullptr, 16});
      } else if (s.n > 0) {
        s.numbered = &numbered_.try_emplace({s.n, s.m}, s.n, s.m).first->second;
        planned_ += 2;
        for (std::size_t b = 0, at = from; b < 3; at += s.numbered->size(b++))
          fields_.push_back({s.word, at, at + s.numbered->size(b), b == 0, NumberedSubsets::shift[b],
                             NumberedSubsets::mask, s.numbered, s.numbered->codes()});
      }
      from += s.n;
      if (s.n > 0)
        stratum_.push_back(s);
    }
    at_hand_ = planned_ + static_cast<std::size_t>(expected);
    at_hand_ += at_hand_ % 2; // two rows are made at a time
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t unit = order.empty() ? i : order[i];
      unit_[next[stratum_of(unit)]++] = unit;
    }
  }
  SubsetDealer(const SubsetDealer&) = delete;
  SubsetDealer& operator=(const SubsetDealer&) = delete;

  const std::vector<std::size_t>& unit() const { return unit_; } ///< stratum by stratum
  const std::vector<Field>& fields() const { return fields_; }   ///< in the order of their units
  Room room() const { return {std::vector<Lanes>(at_hand_), std::vector<Lanes>(words_)}; }

  /// Replicates lanes * batch, lanes * batch + 1, ...: of stream (seed, batch) the numbers i * lanes + k are those of
  /// the k-th, i = 0, 1, ...
  void draw(std::uint64_t seed, std::uint64_t batch, Room& room) const {
    Numbers next{room.random, {}, {seed, batch}};
    next.at.fill(planned_);
    for (std::size_t r = 0; r < room.random.size(); r += 2)
      next.stream.fill(r / 2, room.random[r].data());
    const Lanes* random = room.random.data();
    for (const Stratum& s : stratum_)
      if (s.numbered == nullptr) {
        random = s.toss(random, room.words.data());
      } else {
        s.numbered->draw(random, room.words[s.word], next);
        random += 2;
      }
    for (const Stratum& s : stratum_)
      for (std::size_t k = 0; k < lanes && s.numbered == nullptr; ++k)
        s.trim(room.words.data(), k, next);
  }
  /// The groups of one of the replicates.
  void write_groups(const std::vector<Lanes>& words, std::size_t lane, std::vector<int>& group) const {
    for (const Field& f : fields_) {
      const std::uint32_t pattern = f.pattern(words[f.word][lane] >> f.shift & f.mask);
      for (std::size_t i = f.from; i < f.to; ++i)
        group[unit_[i]] = static_cast<int>(pattern >> (i - f.from) & 1U);
    }
  }

private:
  /// The random numbers of each replicate, from its number `at` on. The first are at hand.
  struct Numbers {
    const std::vector<Lanes>& at_hand;
    std::array<std::size_t, lanes> at;
    RandomBlocks<lanes / 2> stream;
    std::uint32_t operator()(std::size_t lane) {
      const std::size_t i = at[lane]++;
      return i < at_hand.size() ? at_hand[i][lane] : stream.number(i * lanes + lane);
    }
  };
  struct Stratum {
    std::uint32_t n = 0, m = 0;
    std::size_t word = 0;
    const NumberedSubsets* numbered = nullptr;
    std::uint32_t digits = 0, share = 0; // bits are set with probability share / 2^digits
    std::uint32_t width = 0, per_number = 1;

    /// Chooses the probability: more digits take more random numbers, fewer leave more units to change sides.
    /// Returns how many numbers are to be at hand for the latter.
    double plan() {
      while ((n - 1) >> width > 0)
        ++width;
      per_number = 32 / width;
      const double drawn = std::ldexp(1.0, static_cast<int>(width)), size = n, in = m;
      double best = inf, tries = 0.0;
      for (std::uint32_t d = 0; d <= 8; ++d)
        for (std::uint32_t j = d == 0 ? 0 : 1; j <= 1U << d; j += d == 0 ? 1 : 2) {
          const double p = std::ldexp(j, -static_cast<int>(d)), aside = 0.4 * std::sqrt(size * p * (1.0 - p));
          const double above = std::max(size * p - in, 0.0) + aside, below = std::max(in - size * p, 0.0) + aside;
          const double now =
              (above > 0.0 ? above * drawn / in : 0.0) + (below > 0.0 ? below * drawn / (size - in) : 0.0);
          const double cost = d * std::ceil(size / 32.0) + 1.5 * now;
          if (cost < best) {
            best = cost;
            tries = now;
            digits = d;
            share = j;
          }
        }
      return 1.5 * tries / per_number + 1.0;
    }
    /// Bits set with that probability: from the last digit on, each halves what there is, and adds its half.
    const Lanes* toss(const Lanes* random, Lanes* words) const {
      for (std::size_t w = 0; 32 * w < n; ++w) {
        Lanes now;
        now.fill(share >> digits != 0U ? ~0U : 0U);
        for (std::uint32_t d = 0; d < digits; ++d, ++random)
          if ((share >> d & 1U) != 0U)
            for (std::size_t k = 0; k < lanes; ++k)
              now[k] |= (*random)[k];
          else
            for (std::size_t k = 0; k < lanes; ++k)
              now[k] &= (*random)[k];
        if (const std::size_t there = n - 32 * w; there < 32)
          for (std::size_t k = 0; k < lanes; ++k)
            now[k] &= (1U << there) - 1U;
        words[word + w] = now;
      }
      return random;
    }
    /// Units change sides until there are m.
    void trim(Lanes* words, std::size_t lane, Numbers& next) const {
      std::uint32_t there = 0;
      for (std::size_t w = 0; 32 * w < n; ++w)
        there += ones(words[word + w][lane]);
      const std::uint32_t turned = there < m ? ~0U : 0U; // bits are cleared, or those of the others are
      for (std::uint32_t off = there < m ? m - there : there - m, number = 0, left = 0; off > 0; --left) {
        if (left == 0) {
          number = next(lane);
          left = per_number;
        }
        std::uint32_t i = number & ((1U << width) - 1U);
        number >>= width;
        std::uint32_t hit = (i - n) >> 31; // i < n, without a branch that nobody can foresee
        i &= 0U - hit;
        std::uint32_t& at = words[word + i / 32][lane];
        hit &= (at ^ turned) >> i % 32;
        at ^= hit << i % 32;
        off -= hit;
      }
    }
  };
  std::vector<std::size_t> unit_;
  std::vector<Stratum> stratum_;
  std::vector<Field> fields_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, NumberedSubsets> numbered_;
  std::size_t words_ = 0, planned_ = 0, at_hand_ = 0;
};

/// Sums over the units of the second group.
class LookedUpSums {
public:
  /// @param part of each unit.
  LookedUpSums(const SubsetDealer& dealer, span<const double> part) {
    std::vector<double> of;
    for (const auto& f : dealer.fields()) {
      of.assign(std::size_t{1} << (f.to - f.from), 0.0);
      for (std::size_t i = f.from; i < f.to; ++i)
        for (std::size_t x = 0, bit = std::size_t{1} << (i - f.from); x < bit; ++x)
          of[bit + x] = of[x] + part[dealer.unit()[i]];
      field_.push_back({f.word, table_.size(), f.shift, f.mask});
      table_.resize(table_.size() + f.codes, 0.0);
      for (std::uint32_t code = 0; code < f.codes; ++code)
        if (const std::uint32_t x = f.pattern(code); x < of.size())
          table_[field_.back().table + code] = of[x];
    }
  }
  std::array<double, SubsetDealer::lanes> operator()(const std::vector<SubsetDealer::Lanes>& words) const {
    std::array<double, SubsetDealer::lanes> sum{};
    for (const auto& f : field_)
      for (std::size_t k = 0; k < sum.size(); ++k)
        sum[k] += table_[f.table + (words[f.word][k] >> f.shift & f.mask)];
    return sum;
  }

private:
  struct Field {
    std::size_t word, table;
    std::uint32_t shift, mask;
  };
  std::vector<Field> field_;
  std::vector<double> table_;
};

/// Calls `compare(words, thread)` with replicates side by side and counts the bits it sets: bit k for replicate k.
template <class Compare>
std::size_t count_subsets(const SubsetDealer& dealer, const DealOptions& options, const Compare& compare,
                          const Poll& poll) {
  constexpr std::size_t lanes = SubsetDealer::lanes, block = 32;
  const std::size_t first = options.first, end = first + options.replicates;
  const std::size_t batch = first / lanes, n_batch = options.replicates > 0 ? (end - 1) / lanes + 1 - batch : 0;
  const std::size_t n_block = (n_batch + block - 1) / block;
  const std::size_t threads = std::min(std::max<std::size_t>(options.threads, 1), std::max<std::size_t>(n_block, 1));
  std::vector<SubsetDealer::Room> rooms(threads, dealer.room());
  std::vector<std::size_t> hits(n_block, 0);
  for_each_block(
      n_block, threads,
      [&](std::size_t at, std::size_t thread) {
        for (std::size_t b = batch + at * block; b < batch + std::min((at + 1) * block, n_batch); ++b) {
          dealer.draw(options.seed, b, rooms[thread]);
          std::uint32_t hit = compare(rooms[thread].words, thread);
          if (b * lanes < first) // begun before
            hit &= ~0U << (first - b * lanes);
          if (end - b * lanes < lanes)
            hit &= (1U << (end - b * lanes)) - 1U;
          hits[at] += ones(hit);
        }
      },
      poll);
  return std::accumulate(hits.begin(), hits.end(), std::size_t{0});
}

} // namespace detail

} // namespace cryonodes

#endif
