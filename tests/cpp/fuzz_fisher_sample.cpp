// Hostile counts and scores through the sampler of tables. Only two endings are allowed: hits that keep the invariants
// below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/fisher_sample.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t rows = option[0] % 6U, columns = option[1] % 6U;
  std::vector<std::int64_t> counts;
  for (std::size_t k = 0; k < rows * columns; ++k) {
    const auto byte = static_cast<std::int64_t>(reader.byte());
    switch (option[2] % 6U) {
    case 0:
      counts.push_back(byte % 4);
      break;
    case 1:
      counts.push_back(byte);
      break;
    case 2:
      counts.push_back(byte << (option[3] % 46U)); // up to some 2^53, beyond which tables are refused
      break;
    case 3:
      counts.push_back(byte % 2 == 0 ? 0 : byte << (option[3] % 20U));
      break;
    case 4:
      counts.push_back(byte - 3);
      break;
    default:
      counts.push_back(static_cast<std::int64_t>(reader.number() > 0.0 ? byte : -byte));
    }
  }
  TableSampleOptions options;
  options.statistic = static_cast<TableStatistic>(option[4] % 4U);
  options.draws = option[5] % 16U;
  options.seed = option[6];
  if (options.statistic == TableStatistic::linear)
    for (auto* scores : {&options.scores.row, &options.scores.column})
      for (std::size_t k = 0; k < (scores == &options.scores.row ? rows : columns); ++k)
        scores->push_back(option[7] % 2U ? reader.number() : reader.byte() / 4.0);
  try {
    const auto found = sample_tables(counts, rows, columns, options);
    must(found.hits <= options.draws, "no more hits than draws");
    const auto again = sample_tables(counts, rows, columns, options);
    must(again.hits == found.hits && again.decided == found.decided, "one seed, one result");

    detail::CountTable table(counts, rows, columns);
    table = detail::canonical(table, options.statistic, options.scores);
    const detail::TableSampler sampler(table);
    const detail::TableComparison comparison(table, options.statistic, options.scores);
    detail::TableSampler::Scratch scratch;
    std::uint64_t decided = 0;
    must(comparison.as_extreme(table.count.data(), decided, {}), "a table is as extreme as itself");
    for (std::uint64_t i = 0; i < options.draws; ++i) {
      sampler.draw(options.seed, i, scratch, {});
      const detail::CountTable drawn(scratch.count, table.rows(), table.columns());
      must(drawn.row == table.row && drawn.column == table.column, "a drawn table has the totals");
      const detail::TableComparison other(drawn, options.statistic, options.scores);
      const bool more = comparison.as_extreme(drawn.count.data(), decided, {});
      const bool less = other.as_extreme(table.count.data(), decided, {});
      must(more || less, "of two tables one is as extreme as the other");
    }
    if (options.statistic == TableStatistic::probability || options.statistic == TableStatistic::chisq) {
      std::vector<std::int64_t> turned;
      for (std::size_t j = columns; j-- > 0;)
        for (std::size_t i = 0; i < rows; ++i)
          turned.push_back(counts[i * columns + j]);
      must(sample_tables(turned, columns, rows, options).hits == found.hits, "order and transposition do not count");
    }
  } catch (const error&) {
  }
  return 0;
}
