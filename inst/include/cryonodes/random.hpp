#ifndef CRYONODES_RANDOM_HPP
#define CRYONODES_RANDOM_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace cryonodes {

/// Four numbers from a counter and a key: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, section 4.3). Ten rounds of
/// two 32-bit multiplications, whose high halves meet the other words and the key; no state.
inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                               std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53U} * counter[0], b = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9U; // the golden ratio
    key[1] += 0xBB67AE85U; // sqrt(3) - 1
  }
  return counter;
}

/// Random numbers of one replicate: they depend on (seed, stream) and nothing else, so that neither threads nor the
/// order of the work can matter.
class RandomStream {
public:
  RandomStream(std::uint64_t seed, std::uint64_t stream) noexcept
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream_(stream) {}

  /// Uniform on all 32-bit numbers.
  std::uint32_t next() noexcept {
    if (used_ == ahead_.size())
      refill();
    return ahead_[used_++];
  }
  /// Uniform on 0, ..., n - 1, n > 0, each exactly equally likely: the upper half of a product, and another try in the
  /// few cases that would favour some of them (Lemire 2019, algorithm 5).
  std::uint32_t below(std::uint32_t n) noexcept {
    std::uint64_t product = std::uint64_t{next()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t favoured = (0U - n) % n; // 2^32 mod n
      while (static_cast<std::uint32_t>(product) < favoured)
        product = std::uint64_t{next()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

private:
  // Blocks wait for no other block: written side by side, the processor works on several at once.
  void refill() noexcept {
    for (std::size_t k = 0; k < ahead_.size(); k += 8, counter_ += 2) {
      const auto block = [&](std::uint64_t counter) {
        return philox4x32({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                           static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                          key_);
      };
      const auto first = block(counter_), second = block(counter_ + 1);
      for (std::size_t i = 0; i < 4; ++i) {
        ahead_[k + i] = first[i];
        ahead_[k + 4 + i] = second[i];
      }
    }
    used_ = 0;
  }
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_, counter_ = 0;
  std::array<std::uint32_t, 32> ahead_{};
  std::size_t used_ = 32;
};

} // namespace cryonodes

#endif
