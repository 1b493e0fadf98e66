#ifndef CRYONODES_CELLS_HPP
#define CRYONODES_CELLS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/flat_map.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/span.hpp"

namespace cryonodes {

/// The distinct rows of some columns, in the order in which they first appear.
struct Cells {
  std::vector<std::size_t> first; ///< of each cell, a row that is it
  std::vector<double> n;          ///< how many rows: sums of the counts given, exact up to 2^53
  std::vector<double> weight;     ///< sums of the weights, in the order of the rows; empty without weights
};

/// @param columns all of `rows` keys: values are the same if their keys are.
/// @param count how many rows each row stands for, >= 0; empty for one each. @param weight to be added up; may be
/// empty.
/// @throws input_error when lengths differ, work_error beyond 2^32 - 2 cells.
/// O(rows columns), by hashing: memory for the cells only.
inline Cells count_cells(const std::vector<span<const std::uint64_t>>& columns, std::size_t rows,
                         span<const double> count = {}, span<const double> weight = {}, const Poll& poll = {}) {
  for (const auto& column : columns)
    if (column.size() != rows)
      throw input_error("columns must have one key for each row");
  if ((count.size() > 0 && count.size() != rows) || (weight.size() > 0 && weight.size() != rows))
    throw input_error("counts and weights must be one for each row");

  Cells out;
  const std::size_t width = columns.size();
  // Open addressing as in flat_map.hpp; a slot holds the number of a cell, from 1. The keys of a cell stand together.
  std::vector<std::uint32_t> slots(64, 0);
  std::vector<std::uint64_t> hashes, keys;
  const auto grow = [&] {
    std::vector<std::uint32_t> larger(2 * slots.size(), 0);
    for (std::size_t cell = 0; cell < hashes.size(); ++cell) {
      std::size_t to = static_cast<std::size_t>(hashes[cell]) & (larger.size() - 1);
      while (larger[to] != 0)
        to = (to + 1) & (larger.size() - 1);
      larger[to] = static_cast<std::uint32_t>(cell + 1);
    }
    slots.swap(larger);
  };
  const auto is_cell = [&](std::size_t cell, std::uint64_t hash, std::size_t row) {
    if (hashes[cell] != hash)
      return false;
    for (std::size_t j = 0; j < width; ++j)
      if (keys[cell * width + j] != columns[j][row])
        return false;
    return true;
  };

  // Some rows at a time: their hashes first, so that their slots are on the way when they are looked at.
  constexpr std::size_t some = 256;
  std::uint64_t hash[some];
  PollRows ask(poll);
  for (std::size_t start = 0; start < rows; start += some) {
    const std::size_t n = std::min(some, rows - start);
    std::fill(hash, hash + n, std::uint64_t{0});
    for (const auto& column : columns)
      for (std::size_t i = 0; i < n; ++i)
        hash[i] = mix_bits(hash[i] * 0x9e3779b97f4a7c15U + column[start + i]);
    for (std::size_t i = 0; i < n; ++i)
      __builtin_prefetch(&slots[static_cast<std::size_t>(hash[i]) & (slots.size() - 1)]);
    for (std::size_t i = 0; i < n; ++i) {
      ask();
      const std::size_t row = start + i;
      if (2 * (out.first.size() + 1) > slots.size())
        grow();
      std::size_t at = static_cast<std::size_t>(hash[i]) & (slots.size() - 1);
      while (slots[at] != 0 && !is_cell(slots[at] - 1, hash[i], row))
        at = (at + 1) & (slots.size() - 1);
      if (slots[at] == 0) {
        if (out.first.size() >= 0xfffffffeU)
          throw work_error("too many different rows to be counted");
        out.first.push_back(row);
        out.n.push_back(0.0);
        if (weight.size() > 0)
          out.weight.push_back(0.0);
        hashes.push_back(hash[i]);
        for (const auto& column : columns)
          keys.push_back(column[row]);
        slots[at] = static_cast<std::uint32_t>(out.first.size());
      }
      const std::size_t cell = slots[at] - 1;
      out.n[cell] += count.size() > 0 ? count[row] : 1.0;
      if (weight.size() > 0)
        out.weight[cell] += weight[row];
    }
  }
  return out;
}

} // namespace cryonodes

#endif
