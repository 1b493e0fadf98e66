#ifndef CRYONODES_SORT_KEYS_HPP
#define CRYONODES_SORT_KEYS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "cryonodes/memory.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {
namespace detail {

using Keys = Memory<std::uint64_t>;

inline Keys make_keys(std::size_t n) {
  return make_memory<std::uint64_t>(n);
}

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

/// What little is out of order is put in order, key by key.
inline void insert_keys(std::uint64_t* keys, std::size_t n) {
  for (std::size_t i = 1; i < n; ++i) {
    const std::uint64_t key = keys[i];
    if (keys[i - 1] <= key)
      continue;
    std::size_t j = i;
    for (; j > 0 && keys[j - 1] > key; --j)
      keys[j] = keys[j - 1];
    keys[j] = key;
  }
}

/// Keys near their places, at least two, go to `to` in order. The two greatest so far are held back, so that a key may
/// pass two others without a jump that nobody can foresee; the few that have to pass more are inserted.
inline void settle_keys(const std::uint64_t* from, std::uint64_t* to, std::size_t n) {
  std::uint64_t second = from[0], greatest = from[1];
  if (greatest < second)
    std::swap(second, greatest);
  for (std::size_t i = 2; i < n; ++i) { // choices of values, not std::min(): compilers make jumps of that
    const std::uint64_t key = from[i];
    const std::uint64_t lower = key < greatest ? key : greatest, higher = key < greatest ? greatest : key;
    const std::uint64_t out = lower < second ? lower : second, stays = lower < second ? second : lower;
    to[i - 2] = out;
    second = stays;
    greatest = higher;
  }
  to[n - 2] = second;
  to[n - 1] = greatest;
  insert_keys(to, n);
}

/// Keys that agree in all above their `top` lowest bits, put in their order; `spare` has room for as many, `place` is
/// memory to be used again. One pass by the next leading bits leaves each key near its place; places with more than a
/// few keys, of equal times or of very unlike density, are first ordered in the same way.
inline void sort_bucket(std::uint64_t* keys, std::uint64_t* spare, std::size_t n, unsigned top,
                        std::vector<std::uint32_t>& place) {
  constexpr unsigned most = 22;     // larger tables of places leave the cache
  constexpr std::uint32_t few = 31; // all ones: the bits of all counts together tell whether one is greater
  if (n <= few)
    return insert_keys(keys, n);
  const unsigned lead = std::min({bit_width(n), most, top}), shift = top - lead;
  const std::size_t places = std::size_t{1} << lead, mask = places - 1;
  if (place.size() < places)
    place.resize(places);
  std::uint32_t* const at = place.data();
  std::fill(at, at + places, std::uint32_t{0});
  for (std::size_t i = 0; i < n; ++i)
    ++at[(keys[i] >> shift) & mask];
  std::uint32_t before = 0, bits = 0;
  for (std::size_t d = 0; d < places; ++d) {
    const std::uint32_t here = at[d];
    bits |= here;
    at[d] = before;
    before += here;
  }
  for (std::size_t i = 0; i < n; ++i)
    spare[at[(keys[i] >> shift) & mask]++] = keys[i];
  if (shift == 0) {
    std::copy(spare, spare + n, keys);
    return;
  }
  if (bits > few) {
    std::vector<std::uint32_t> room; // `at` now says where each place ends
    for (std::size_t d = 0, start = 0; d < places; start = at[d++]) {
      const std::size_t here = at[d] - start;
      if (here <= few)
        continue;
      std::uint64_t unlike = 0;
      for (std::size_t i = start; i < at[d]; ++i)
        unlike |= spare[i] ^ spare[start];
      if (unlike != 0)
        sort_bucket(spare + start, keys + start, here, bit_width(unlike), room);
    }
  }
  settle_keys(spare, keys, n);
}

/// Fills `keys` with the keys of rows 0 to n - 1 in increasing order: place(i), below 2^width, with the `low` bits of
/// code(i) after it. `spare` has room for as many. `sorted`: they come in an order that will do, and are left in it.
/// Keys go straight into buckets by the leading bits of their places, each small enough to be sorted in the cache.
/// O(n), unless very many places agree in their leading bits.
/// @param threads up to so many share the work; the keys are the same for any number.
template <class Place, class Code>
void sorted_keys(Keys& keys, Keys& spare, std::size_t n, unsigned width, unsigned low, bool sorted, const Place& place,
                 const Code& code, const Poll& poll, std::size_t threads = 1) {
  const auto key = [place, code, low](std::size_t i) { return place(i) << low | code(i); };
  if (sorted) {
    for (std::size_t i = 0; i < n; ++i)
      keys[i] = key(i);
    return;
  }
  const unsigned lead = std::min(width, n < 100000 ? 0 : n < 5000000 ? 12U : 13U), rest = width - lead;
  if (lead == 0) {
    std::vector<std::uint32_t> room;
    for (std::size_t i = 0; i < n; ++i)
      keys[i] = key(i);
    sort_bucket(keys.get(), spare.get(), n, width + low, room);
    return;
  }
  // Each part of the keys counts, and then has places of its own in each bucket, after those of the parts before it.
  threads = std::max<std::size_t>(threads, 1);
  const std::size_t n_bucket = std::size_t{1} << lead, parts = n < 200000 ? 1 : threads;
  const auto begin_of = [&](std::size_t part) { return n * part / parts; };
  std::vector<std::vector<std::uint32_t>> room(std::max(threads, parts));
  for_each_block(parts, threads, [&](std::size_t part, std::size_t) {
    room[part].assign(n_bucket, 0);
    std::uint32_t* const count = room[part].data();
    for (std::size_t i = begin_of(part); i < begin_of(part + 1); ++i)
      ++count[place(i) >> rest];
  });
  if (poll)
    poll(-1.0);
  std::vector<std::uint32_t> end(n_bucket);
  std::uint32_t before = 0;
  for (std::size_t b = 0; b < n_bucket; ++b) {
    for (std::size_t part = 0; part < parts; ++part)
      before += std::exchange(room[part][b], before);
    end[b] = before;
  }
  for_each_block(parts, threads, [&](std::size_t part, std::size_t) {
    std::uint32_t* const at = room[part].data();
    std::uint64_t* const to = keys.get();
    for (std::size_t i = begin_of(part); i < begin_of(part + 1); ++i) {
      const std::uint64_t here = place(i);
      to[at[here >> rest]++] = here << low | code(i);
    }
  });
  if (poll)
    poll(-1.0);
  // Buckets in blocks of some ten thousand keys: a thread takes one after the other.
  constexpr std::size_t block = 1 << 14;
  std::vector<std::size_t> first_bucket{0};
  for (std::size_t b = 0, start = 0; b < n_bucket; ++b)
    if (end[b] - start >= block || b + 1 == n_bucket) {
      first_bucket.push_back(b + 1);
      start = end[b];
    }
  for_each_block(
      first_bucket.size() - 1, threads,
      [&](std::size_t k, std::size_t thread) {
        for (std::size_t b = first_bucket[k]; b < first_bucket[k + 1]; ++b) {
          const std::size_t start = b == 0 ? 0 : end[b - 1];
          sort_bucket(keys.get() + start, spare.get() + start, end[b] - start, rest + low, room[thread]);
        }
      },
      poll ? Poll([&](double) { poll(-1.0); }) : Poll());
}

} // namespace detail
} // namespace cryonodes

#endif
