// Hostile counts, null values and levels through Fisher's exact test. Only two endings are allowed: a result that keeps
// the invariants below, or a cryonodes::error.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "cryonodes/fisher.hpp"
#include "cryonodes/fisher_batch.hpp"
#include "fuzz_bytes.hpp"

namespace {

using namespace cryonodes;
using Table = std::array<double, 4>;

// The header promises 1e-13 for p and 1e-12 for odds ratios; two results are compared.
bool close(double x, double y, double tolerance) {
  return x == y || std::fabs(x - y) <= tolerance * std::fabs(y);
}

// Exact comparisons of huge tables can take long: here they are given up.
FisherOptions turned(FisherOptions options) {
  options.sides = options.sides == Sides::less ? Sides::greater : Sides::less;
  return options;
}

FisherResult run(const Table& table, const FisherOptions& options) {
  int asked = 0;
  return fisher(table, options, [&asked](double) {
    if (++asked > 8) // of 1024 products each, of numbers that grow with every product
      throw work_error("too long for a fuzz run");
  });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  std::array<double, 6> number = {0, 0, 0, 0, 1, 0.95};
  for (std::size_t i = 0; i < number.size() && 8 * (i + 1) <= size - 8; ++i)
    std::memcpy(&number[i], data + 8 * i, 8);
  Table table = {number[0], number[1], number[2], number[3]};
  if (option[0] % 4 != 0) // most tables are small or middling; hostile ones are mostly refused
    for (std::size_t i = 0; i < 4; ++i)
      table[i] = option[1 + i] % (option[0] % 4 == 1 ? 6 : 250);
  FisherOptions options;
  options.sides = static_cast<Sides>(option[5] % 3U);
  if (option[6] % 4 == 0)
    options.odds_ratio = number[4];
  else if (option[6] % 4 == 1)
    options.odds_ratio = std::exp((option[6] - 128.0) / 16.0);
  if (option[7] % 4 == 0)
    options.conf_level = number[5];
  else if (option[7] % 4 == 1)
    options.conf_level = static_cast<double>(option[7]) / 255.0;
  options.conf_int = option[7] % 8 != 7;
  options.method = static_cast<FisherMethod>(option[5] / 3 % 3U);
  options.mid_p = option[5] / 9 % 2 == 1;
  options.gaps = true;

  FisherResult fit, one_sided[2], swapped;
  std::array<FisherResult, 3> moved;
  try {
    fit = run(table, options);
    const auto& [a, b, c, d] = table;
    moved = {run({a, c, b, d}, options), run({d, b, c, a}, options), run({d, c, b, a}, options)};
    if (options.odds_ratio == 1.0)
      swapped = run({b, a, d, c}, options.sides == Sides::two ? options : turned(options));
    FisherOptions other = options;
    other.conf_int = other.gaps = false;
    other.sides = Sides::less;
    one_sided[0] = run(table, other);
    other.sides = Sides::greater;
    one_sided[1] = run(table, other);
  } catch (const error&) {
    return 0;
  }

  must(std::isfinite(fit.log_p_value) && fit.log_p_value <= 0.0, "log p is finite and <= 0");
  must(fit.p_value >= 0.0 && fit.p_value <= 1.0 && (fit.p_value > 0.0 || fit.log_p_value < -700.0),
       "p is 0 only where a double cannot hold it");
  // A logarithm of 700 has lost three digits.
  must(close(fit.p_value, std::exp(fit.log_p_value), 1e-12), "p is the exponential of log p");
  for (const auto& same : moved)
    must(same.log_p_value == fit.log_p_value && same.p_value == fit.p_value && same.conf_low == fit.conf_low &&
             same.conf_high == fit.conf_high && (same.estimate == fit.estimate || std::isnan(fit.estimate)),
         "the transposed and the reversed tables have the same result, bit for bit");
  if (options.odds_ratio == 1.0) {
    must(swapped.log_p_value == fit.log_p_value, "so has p with the columns swapped");
    must(close(swapped.conf_low, 1.0 / fit.conf_high, 1e-14) && close(swapped.conf_high, 1.0 / fit.conf_low, 1e-14),
         "swapped columns turn the odds ratios round");
  }
  {
    std::array<double, 5> x{};
    const auto one = [&](std::size_t i) { return CountColumn{&table[i], nullptr, 1}; };
    const FisherColumns columns{&x[0], &x[1], &x[2], options.conf_int ? &x[3] : nullptr, &x[4]};
    must(fisher_batch({one(0), one(1), one(2), one(3)}, 1, options, columns).done == 1, "a batch takes the table");
    must(x[0] == fit.p_value && x[1] == fit.log_p_value && (x[2] == fit.estimate || std::isnan(fit.estimate)) &&
             (!options.conf_int || (x[3] == fit.conf_low && x[4] == fit.conf_high)),
         "a batch has the result of the table");
    FisherOptions bare = options;
    bare.conf_int = bare.estimate = false;
    fisher_batch({one(3), one(2), one(1), one(0)}, 1, bare, {&x[0], &x[1]});
    must(x[0] == fit.p_value && x[1] == fit.log_p_value, "and of p alone, with rows and columns reversed");
  }

  const double less = one_sided[0].p_value, greater = one_sided[1].p_value;
  must(less + greater >= 1.0 - 1e-11, "the one-sided p share the observed table");
  if (options.sides == Sides::two) {
    const double smaller = std::fmin(one_sided[0].log_p_value, one_sided[1].log_p_value);
    must(fit.log_p_value >= smaller - 1e-11 * (1.0 + std::fabs(smaller)), "the two-sided p includes a tail");
    // Of the observed table: P(X <= a) + P(X >= a) - 1.
    must(fit.p_value >= (less + greater - 1.0) - 1e-11, "the two-sided p includes the observed table");
  }

  must(fit.conf_low >= 0.0 && fit.conf_low <= fit.conf_high, "0 <= low <= high");
  must(options.sides != Sides::less || fit.conf_low == 0.0, "a one-sided interval is open on the other side");
  must(options.sides != Sides::greater || std::isinf(fit.conf_high), "a one-sided interval is open on the other side");
  const bool empty = table[0] + table[1] == 0.0 || table[2] + table[3] == 0.0 || table[0] + table[2] == 0.0 ||
                     table[1] + table[3] == 0.0;
  must(std::isnan(fit.estimate) == empty, "an estimate is missing only where a margin is 0");
  // At the estimate E(X) = a is whole and so a median of X, a sum of independent indicators: either tail has at least
  // 1/2, and a limit of at most 1/2 lies outside.
  // Mid-p takes less than 0.15 off a tail there.
  if (!empty && options.conf_level >= (options.mid_p ? 0.7 : options.sides == Sides::two ? 0.0 : 0.5))
    must(fit.conf_low <= fit.estimate * (1.0 + 1e-10) && fit.estimate <= fit.conf_high * (1.0 + 1e-10),
         "low <= estimate <= high");
  if (!empty && options.conf_int && table[0] + table[1] + table[2] + table[3] < 2000.0 &&
      options.conf_level > 1e-3) { // nearer to 0 p must be told from 1
    const double alpha = 1.0 - options.conf_level - 1e-12 * std::fmin(options.conf_level, 1.0 - options.conf_level);
    const double null = options.odds_ratio;
    bool in_gap = false;
    double before = fit.conf_low;
    for (const auto& gap : fit.gaps) {
      must(before <= gap[0] * (1.0 + 1e-9) && gap[0] <= gap[1] && gap[1] <= fit.conf_high * (1.0 + 1e-9),
           "gaps lie in order between the limits");
      before = gap[1];
      in_gap = in_gap || (null >= gap[0] * (1.0 - 1e-9) && null <= gap[1] * (1.0 + 1e-9));
    }
    must(in_gap || (fit.p_value >= alpha) == (null >= fit.conf_low && null <= fit.conf_high),
         "the null value is kept if and only if it lies within the limits");
  }
  return 0;
}
