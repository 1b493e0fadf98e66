// Counts of any kind through the r x c network. Only two endings are allowed: an answer that every table with the
// margins agrees with, or a cryonodes::error.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/fisher_rxc.hpp"
#include "fuzz_bytes.hpp"
#include "plain_rxc.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  Reader reader{data, size};
  const std::size_t rows = reader.byte() % 6U, columns = reader.byte() % 6U;
  const std::uint8_t kind = reader.byte();
  std::vector<std::int64_t> counts;
  std::int64_t n = 0;
  for (std::size_t k = 0; k < rows * columns; ++k) {
    std::int64_t count = reader.byte() % (kind % 2U ? 3U : 8U);
    if (kind == 7 && count == 2)
      count = -1;
    if (kind < 200 && n + count > 16)
      count = 0;
    counts.push_back(count);
    n += count;
  }
  if (kind == 9)
    counts.push_back(1);
  RxcLimits limits;
  limits.work = 2e5;
  limits.memory = 1e6;
  try {
    const RxcResult fit = fisher_rxc_exact(counts, rows, columns, limits);
    if (!fit.feasible)
      return 0;
    must(fit.p_value >= 0.0 && fit.p_value <= 1.0 && std::isfinite(fit.log_p_value), "p is a probability");
    std::vector<std::int64_t> turned(counts.size());
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        turned[(columns - 1 - j) * rows + (rows - 1 - i)] = counts[i * columns + j];
    must(fisher_rxc_exact(turned, columns, rows, limits).p_value == fit.p_value, "turned and reversed: the same bits");
    if (n <= 10 && rows * columns <= 12) {
      const PlainRxc plain(counts, rows, columns);
      must(std::fabs(fit.p_value - plain.p_value()) <= 1e-13 * plain.p_value(), "p of every table");
    }
  } catch (const error&) {
  }
  return 0;
}
