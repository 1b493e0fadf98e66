#ifndef CRYONODES_EXACT_COST_HPP
#define CRYONODES_EXACT_COST_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cryonodes {

namespace detail {

/// Sums of logarithms of factorials as whole numbers, in units of 2^-100.
__extension__ using Cost = unsigned __int128;
__extension__ using SignedCost = __int128;

/// The logarithm of a factorial, in these units, must stay below 2^127: for counts up to 2^20 it is 2^124.
constexpr std::size_t most_counted = std::size_t{1} << 20U;

inline double cost_number(SignedCost cost) noexcept { return static_cast<double>(cost) * 0x1p-100; }
inline long double cost_wide(SignedCost cost) noexcept { return static_cast<long double>(cost) * 0x1p-100L; }

/// A cost as the key of a table, half as large as the number itself would be with its padding.
struct CostKey {
  std::uint64_t high = 0, low = 0;
  CostKey() = default;
  explicit CostKey(Cost cost) noexcept
      : high(static_cast<std::uint64_t>(cost >> 64U)), low(static_cast<std::uint64_t>(cost)) {}
  Cost cost() const noexcept { return static_cast<Cost>(high) << 64U | low; }
  friend bool operator==(CostKey x, CostKey y) noexcept { return x.low == y.low && x.high == y.high; }
};

struct HashCost {
  std::uint64_t operator()(CostKey key) const noexcept {
    const std::uint64_t x = key.low ^ (key.high * 0x9e3779b97f4a7c15U);
    return x ^ (x >> 32U);
  }
};

/// log(n!) for n = 0, ..., most, each as the sum over the primes of n! of a whole number that stands for log(prime).
/// So sums of logarithms of factorials whose products are equal are equal to the last bit, in whichever order they were
/// added, and others differ: of two products that are not equal the greater has the greater sum as long as their
/// logarithms differ by more than 1e-23 (2^20 primes in all, each within 2^-97 of its logarithm), which is not a
/// tolerance that a table could fall into by rounding but a distance a thousand million times below that of neighbours
/// among 1e14 products.
inline std::vector<Cost> log_factorials(std::size_t most) {
  // log n = log(n - 1) + 2 atanh(1 / (2n - 1)), in units of 2^-120.
  std::vector<Cost> log_of(most + 1, 0);
  std::vector<std::size_t> divisor(most + 1, 0); // the smallest prime divisor
  for (std::size_t n = 2; n <= most; ++n) {
    const Cost q = 2 * static_cast<Cost>(n) - 1;
    Cost power = (static_cast<Cost>(1) << 121U) / q, sum = 0;
    for (Cost odd = 1; power > 0; odd += 2, power /= q * q)
      sum += power / odd;
    log_of[n] = log_of[n - 1] + sum;
    if (divisor[n] == 0)
      for (std::size_t multiple = n; multiple <= most; multiple += n)
        if (divisor[multiple] == 0)
          divisor[multiple] = n;
  }
  std::vector<Cost> out(most + 1, 0);
  for (std::size_t n = 2; n <= most; ++n) {
    out[n] = out[n - 1];
    for (std::size_t rest = n; rest > 1; rest /= divisor[rest])
      out[n] += log_of[divisor[rest]] >> 20U;
  }
  return out;
}

} // namespace detail

} // namespace cryonodes

#endif
