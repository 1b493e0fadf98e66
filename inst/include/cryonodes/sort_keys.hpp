#ifndef CRYONODES_SORT_KEYS_HPP
#define CRYONODES_SORT_KEYS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "cryonodes/poll.hpp"

namespace cryonodes {
namespace detail {

using Keys = std::unique_ptr<std::uint64_t[]>;

/// Memory that is written before it is read: no time is spent on setting it to zero.
inline Keys make_keys(std::size_t n) { return Keys(new std::uint64_t[n]); }

inline unsigned bit_width(std::uint64_t x) {
  unsigned width = 0;
  for (; x != 0; x >>= 1)
    ++width;
  return width;
}

inline std::uint64_t bits_of(double t) {
  t += 0.0; // -0 becomes 0
  std::uint64_t bits;
  std::memcpy(&bits, &t, sizeof bits);
  return bits;
}

inline double from_bits(std::uint64_t bits) {
  double t;
  std::memcpy(&t, &bits, sizeof t);
  return t;
}

/// Sorts keys by everything above their lowest `ignored` bits; below that they keep the order they come in,
/// or are sorted too. `spare` has room for as many.
/// Radix passes over the leading bits of the `width` leave neighbours that agree in those, few unless the times are of
/// very unlike density; they are compared.
inline void sort_keys(Keys& keys, Keys& spare, std::size_t n, unsigned width, unsigned ignored, bool sorted,
                      const Poll& poll) {
  constexpr unsigned digit = 11, n_digit = 1U << digit;
  if (sorted || n < 2)
    return;
  const unsigned passes = n < 300 ? 0 : n < 30000 ? 2 : 3;
  if (passes == 0) {
    std::sort(keys.get(), keys.get() + n);
    return;
  }
  const unsigned lead = std::min(passes * digit, width - ignored), shift = width - lead;
  std::array<std::array<std::uint32_t, n_digit>, 3> at{};
  for (std::size_t i = 0; i < n; ++i)
    for (unsigned p = 0; p < passes; ++p)
      ++at[p][(keys[i] >> (shift + p * digit)) % n_digit];
  for (unsigned p = 0; p < passes; ++p) {
    if (poll)
      poll(-1.0);
    std::uint32_t start = 0;
    bool one_digit = false;
    for (std::uint32_t& place : at[p]) {
      one_digit = one_digit || place == n;
      start += std::exchange(place, start);
    }
    if (one_digit)
      continue;
    for (std::size_t i = 0; i < n; ++i)
      spare[at[p][(keys[i] >> (shift + p * digit)) % n_digit]++] = keys[i];
    keys.swap(spare);
  }
  if (poll)
    poll(-1.0);
  if (shift <= ignored)
    return;
  for (std::size_t i = 1; i < n; ++i) {
    if (keys[i - 1] >> ignored <= keys[i] >> ignored)
      continue;
    // Out of order only among those that agree in the leading bits.
    const std::uint64_t same = keys[i] >> shift;
    std::size_t from = i, to = i + 1;
    while (from > 0 && keys[from - 1] >> shift == same)
      --from;
    while (to < n && keys[to] >> shift == same)
      ++to;
    std::sort(keys.get() + from, keys.get() + to);
    i = to - 1;
  }
}

} // namespace detail
} // namespace cryonodes

#endif
