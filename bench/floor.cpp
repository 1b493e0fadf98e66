// The floor: plain C++ that only puts the same rows in order and scans them once. No checks, no near-ties, no groups, no
// curve: what an answer costs before it is one. Times must be > 0.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include <R.h>
#include <Rinternals.h>

namespace {

double scan(const std::vector<std::uint64_t>& keys) {
  double at_risk = static_cast<double>(keys.size()), s = 1.0;
  for (const std::uint64_t key : keys) {
    s *= 1.0 - static_cast<double>(key & 1) / at_risk;
    at_risk -= 1.0;
  }
  return s;
}

// Three passes over the leading 33 bits: enough to order all but a few neighbours.
double ordered(const double* time, const int* event, std::size_t n) {
  std::vector<std::uint64_t> keys(n), spare(n);
  std::uint64_t least = ~std::uint64_t{0}, greatest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(&keys[i], &time[i], sizeof(double));
    keys[i] = keys[i] << 1 | static_cast<std::uint64_t>(event[i] != 0);
    least = std::min(least, keys[i]);
    greatest = std::max(greatest, keys[i]);
  }
  unsigned width = 0;
  for (std::uint64_t range = greatest - least; range != 0; range >>= 1)
    ++width;
  const unsigned shift = width > 33 ? width - 33 : 0;
  for (unsigned pass = 0; pass < 3; ++pass) {
    std::vector<std::size_t> at(2049, 0);
    const auto digit = [&](std::uint64_t key) { return ((key - least) >> (shift + 11 * pass)) % 2048; };
    for (const std::uint64_t key : keys)
      ++at[digit(key) + 1];
    for (std::size_t d = 0; d < 2048; ++d)
      at[d + 1] += at[d];
    for (const std::uint64_t key : keys)
      spare[at[digit(key)]++] = key;
    keys.swap(spare);
  }
  return scan(keys);
}

// Whole days: counted by day.
double counted(const double* time, const int* event, std::size_t n) {
  int last = 0;
  for (std::size_t i = 0; i < n; ++i)
    last = std::max(last, static_cast<int>(time[i]));
  std::vector<std::uint32_t> count(2 * static_cast<std::size_t>(last) + 2, 0);
  for (std::size_t i = 0; i < n; ++i)
    ++count[2 * static_cast<std::size_t>(static_cast<int>(time[i])) + static_cast<std::size_t>(event[i] != 0)];
  double at_risk = static_cast<double>(n), s = 1.0;
  for (std::size_t day = 0; 2 * day < count.size(); ++day) {
    const double events = count[2 * day + 1], censored = count[2 * day];
    if (events > 0.0)
      s *= 1.0 - events / at_risk;
    at_risk -= events + censored;
  }
  return s;
}

} // namespace

extern "C" SEXP floor_km(SEXP time, SEXP event, SEXP whole) {
  const std::size_t n = static_cast<std::size_t>(XLENGTH(time));
  return Rf_ScalarReal(Rf_asLogical(whole) ? counted(REAL(time), LOGICAL(event), n)
                                           : ordered(REAL(time), LOGICAL(event), n));
}
