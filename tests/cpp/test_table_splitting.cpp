#include "cryonodes/table_splitting.hpp"

#include "catch.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "cryonodes/fisher.hpp"

using namespace cryonodes;

namespace {

TableSplittingOptions seeded(std::uint64_t seed) {
  TableSplittingOptions out;
  out.seed = seed;
  out.runs = 20;
  out.tables = 100;
  return out;
}

// The mean of the runs' p, over the p of all tables, in standard errors.
double off_by(const std::vector<std::int64_t>& table, std::uint64_t seed) {
  const auto exact = fisher({static_cast<double>(table[0]), static_cast<double>(table[1]),
                             static_cast<double>(table[2]), static_cast<double>(table[3])});
  const auto runs = split_tables(table, 2, 2, seeded(seed));
  double sum = 0.0, squares = 0.0;
  for (double log_p : runs) {
    const double ratio = std::exp(log_p - exact.log_p_value);
    sum += ratio;
    squares += ratio * ratio;
  }
  const auto n = static_cast<double>(runs.size());
  const double mean = sum / n, variance = (squares / n - mean * mean) / (n - 1.0);
  return std::fabs(mean - 1.0) / std::sqrt(variance);
}

} // namespace

TEST_CASE("splitting finds small p-values of 2x2 tables, ties included") {
  CHECK(off_by({18, 6, 7, 19}, 1) < 4.0);
  CHECK(off_by({12, 0, 0, 12}, 2) < 4.0); // two tables of 1 / C(24, 12)
  CHECK(off_by({80, 20, 30, 70}, 3) < 4.0);
}

TEST_CASE("splitting: any number of threads, one result; what poll throws ends it; large counts are refused") {
  auto options = seeded(5);
  options.runs = 4;
  const std::vector<std::int64_t> table{9, 1, 0, 1, 8, 2, 0, 3, 9};
  const auto one = split_tables(table, 3, 3, options);
  options.threads = 3;
  CHECK(split_tables(table, 3, 3, options) == one);
  const Poll stop = [](double) { throw std::runtime_error("enough"); };
  CHECK_THROWS_AS(split_tables(table, 3, 3, options, stop), std::runtime_error);
  CHECK_THROWS_AS(split_tables({1 << 20, 1, 1, 1}, 2, 2, options), input_error);
}
