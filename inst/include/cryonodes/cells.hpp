#ifndef CRYONODES_CELLS_HPP
#define CRYONODES_CELLS_HPP

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
  // Open addressing as in flat_map.hpp; a slot holds the number of a cell, from 1, whose keys are those of its row.
  std::vector<std::uint32_t> slots(64, 0);
  std::vector<std::uint64_t> hashes; // of the cells: a larger table needs no look at the columns
  const auto same = [&](std::size_t a, std::size_t b) {
    for (const auto& column : columns)
      if (column[a] != column[b])
        return false;
    return true;
  };
  PollRows ask(poll);
  for (std::size_t i = 0; i < rows; ++i) {
    ask();
    std::uint64_t hash = 0;
    for (const auto& column : columns)
      hash = mix_bits(hash * 0x9e3779b97f4a7c15U + column[i]);
    std::size_t at = static_cast<std::size_t>(hash) & (slots.size() - 1);
    while (slots[at] != 0 && !(hashes[slots[at] - 1] == hash && same(out.first[slots[at] - 1], i)))
      at = (at + 1) & (slots.size() - 1);
    if (slots[at] == 0) {
      if (out.first.size() >= 0xfffffffeU)
        throw work_error("too many different rows to be counted");
      out.first.push_back(i);
      out.n.push_back(0.0);
      if (weight.size() > 0)
        out.weight.push_back(0.0);
      hashes.push_back(hash);
      slots[at] = static_cast<std::uint32_t>(out.first.size());
      if (2 * out.first.size() > slots.size()) {
        std::vector<std::uint32_t> larger(2 * slots.size(), 0);
        for (std::size_t cell = 0; cell < hashes.size(); ++cell) {
          std::size_t to = static_cast<std::size_t>(hashes[cell]) & (larger.size() - 1);
          while (larger[to] != 0)
            to = (to + 1) & (larger.size() - 1);
          larger[to] = static_cast<std::uint32_t>(cell + 1);
        }
        slots.swap(larger);
        at = static_cast<std::size_t>(hash) & (slots.size() - 1);
        while (slots[at] != out.first.size())
          at = (at + 1) & (slots.size() - 1);
      }
    }
    const std::size_t cell = slots[at] - 1;
    out.n[cell] += count.size() > 0 ? count[i] : 1.0;
    if (weight.size() > 0)
      out.weight[cell] += weight[i];
  }
  return out;
}

} // namespace cryonodes

#endif
