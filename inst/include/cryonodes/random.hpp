#ifndef CRYONODES_RANDOM_HPP
#define CRYONODES_RANDOM_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cryonodes {

namespace detail {

/// Ten rounds of two 32-bit multiplications, whose high halves meet the other words and the key. Word w of counter k
/// stands at words[w][k]: the counters wait for nothing of each other, and the processor works on several at once.
template <std::size_t N>
void philox_rounds(std::array<std::array<std::uint32_t, N>, 4>& words, std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    for (std::size_t k = 0; k < N; ++k) {
      const std::uint64_t a = std::uint64_t{0xD2511F53U} * words[0][k], b = std::uint64_t{0xCD9E8D57U} * words[2][k];
      words[0][k] = static_cast<std::uint32_t>(b >> 32) ^ words[1][k] ^ key[0];
      words[1][k] = static_cast<std::uint32_t>(b);
      words[2][k] = static_cast<std::uint32_t>(a >> 32) ^ words[3][k] ^ key[1];
      words[3][k] = static_cast<std::uint32_t>(a);
    }
    key[0] += 0x9E3779B9U; // the golden ratio
    key[1] += 0xBB67AE85U; // sqrt(3) - 1
  }
}

} // namespace detail

/// Four numbers from a counter and a key: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, section 4.3); no state.
inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                               std::array<std::uint32_t, 2> key) noexcept {
  std::array<std::array<std::uint32_t, 1>, 4> words{{{counter[0]}, {counter[1]}, {counter[2]}, {counter[3]}}};
  detail::philox_rounds(words, key);
  return {words[0][0], words[1][0], words[2][0], words[3][0]};
}

/// The numbers of a stream in the order in which they are made fastest, 4 N at a time: number 4 N c + N w + k is word w
/// of counter N c + k.
template <std::size_t N> struct RandomBlocks {
  std::uint64_t seed, stream;

  /// Writes the numbers 4 N c, ..., 4 N c + 4 N - 1.
  void fill(std::uint64_t c, std::uint32_t* to) const noexcept {
    std::array<std::array<std::uint32_t, N>, 4> words;
    for (std::size_t k = 0; k < N; ++k) {
      words[0][k] = static_cast<std::uint32_t>(N * c + k);
      words[1][k] = static_cast<std::uint32_t>((N * c + k) >> 32);
      words[2][k] = static_cast<std::uint32_t>(stream);
      words[3][k] = static_cast<std::uint32_t>(stream >> 32);
    }
    detail::philox_rounds(words, {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    for (std::size_t w = 0; w < 4; ++w)
      std::copy(words[w].begin(), words[w].end(), to + N * w);
  }
  std::uint32_t number(std::uint64_t i) const noexcept {
    const std::uint64_t counter = N * (i / (4 * N)) + i % N;
    return philox4x32({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                       static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)})[i % (4 * N) / N];
  }
};

/// Random numbers of one replicate: they depend on (seed, stream) and nothing else, so that neither threads nor the
/// order of the work can matter.
/// @tparam Ahead how many fours of numbers are made at a time: the numbers are the same, few are made faster by fewer.
template <std::size_t Ahead> class RandomStreamOf {
public:
  RandomStreamOf(std::uint64_t seed, std::uint64_t stream) noexcept
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream_(stream) {}

  /// Uniform on all 32-bit numbers.
  std::uint32_t next() noexcept {
    if (used_ == ahead_.size())
      refill();
    return ahead_[used_++];
  }
  /// Calls `visit` with `count` numbers uniform on 0, ..., n - 1, n > 0, each exactly equally likely: the upper half of
  /// a product, and another try in the few cases that would favour some of them (Lemire 2019, algorithm 5).
  template <class Visit> void each_below(std::uint32_t n, std::size_t count, Visit visit) {
    const std::uint32_t favoured = (0U - n) % n; // 2^32 mod n
    while (count > 0) {
      if (used_ == ahead_.size())
        refill();
      const std::size_t from = used_;
      used_ += std::min(count, ahead_.size() - used_);
      for (std::size_t k = from; k < used_; ++k) {
        const std::uint64_t product = std::uint64_t{ahead_[k]} * n;
        if (static_cast<std::uint32_t>(product) < favoured)
          continue;
        visit(static_cast<std::uint32_t>(product >> 32));
        --count;
      }
    }
  }

private:
  void refill() noexcept {
    std::array<std::array<std::uint32_t, Ahead>, 4> words;
    for (std::size_t k = 0; k < Ahead; ++k, ++counter_) {
      words[0][k] = static_cast<std::uint32_t>(counter_);
      words[1][k] = static_cast<std::uint32_t>(counter_ >> 32);
      words[2][k] = static_cast<std::uint32_t>(stream_);
      words[3][k] = static_cast<std::uint32_t>(stream_ >> 32);
    }
    detail::philox_rounds(words, key_);
    for (std::size_t k = 0; k < Ahead; ++k)
      for (std::size_t w = 0; w < 4; ++w)
        ahead_[4 * k + w] = words[w][k];
    used_ = 0;
  }
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_, counter_ = 0;
  std::array<std::uint32_t, 4 * Ahead> ahead_{};
  std::size_t used_ = ahead_.size();
};

using RandomStream = RandomStreamOf<16>;

} // namespace cryonodes

#endif
