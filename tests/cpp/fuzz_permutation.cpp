// Hostile scores and groups through the exact, the numeric and the drawn tail. Only two endings are allowed: shares
// that keep the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/permutation_statistics.hpp"
#include "cryonodes/permutation_tail.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n = option[0] % 15U;
  std::vector<double> score(n);
  std::vector<int> group(n), other(n);
  for (std::size_t i = 0; i < n; ++i) {
    score[i] = option[1] % 2U ? reader.number() : reader.byte() % 8 / 8.0;
    if (option[2] % 2U && !std::isfinite(score[i]))
      score[i] = 0.5;
    group[i] = option[3] == 1 ? reader.byte() - 100 : reader.byte() % 2;
    other[i] = 1 - group[i];
  }
  try {
    const auto tail = exact_tail({score, group, 2, {}, 1});
    must(0.0 <= tail.farther && tail.farther <= tail.p_value && tail.p_value <= 1.0, "0 <= farther <= p <= 1");
    must(tail.p_value * tail.ways >= 1.0, "the way that was found is one of them");
    const auto turned = exact_tail({score, other, 2, {}, 1});
    must(turned.p_value == tail.p_value && turned.farther == tail.farther, "the names of the groups do not count");
    NumericTailOptions numeric;
    numeric.error = option[5] % 2U ? 1e-2 : 1e-4;
    numeric.work = 1e6;
    const auto bracket = numeric_tail({score, group, 2, {}, 1}, numeric);
    must(bracket.p_value + bracket.error >= tail.p_value - 1e-14 &&
             bracket.p_value - bracket.error <= tail.p_value + 1e-14,
         "the bracket holds what all ways give");
    DealOptions options;
    options.replicates = 16;
    options.seed = option[4];
    const auto hits = approximate_tail({score, group, 2, {}, 1}, options);
    must(hits <= options.replicates, "no more hits than replicates");
    std::vector<double> scores; // more than are drawn by number
    std::vector<int> groups;
    for (std::size_t i = 0; i < 5 * n; ++i) {
      scores.push_back(score[i % n]);
      groups.push_back(group[(i + option[6]) % n]);
    }
    must(approximate_tail({scores, groups, 2, {}, 1}, options) <= options.replicates, "nor of many");
    const auto largest = largest_tail(score, {{}, group, 2, {}, 1}, options);
    must(largest.z.size() == 1 && largest.hits <= options.replicates, "one score has one Z");
    const bool exact_sums = option[1] % 2U == 0; // of hostile scores equal is a matter of rounding
    must(!exact_sums || tail.p_value < 1.0 || hits == options.replicates,
         "where all ways are as far, all that are drawn are");
  } catch (const error&) {
  }
  return 0;
}
