#include "cryonodes/cells.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <catch.h>

using cryonodes::count_cells;
using cryonodes::span;

namespace {

using Columns = std::vector<std::vector<std::uint64_t>>;

cryonodes::Cells cells_of(const Columns& columns, const std::vector<double>& count = {},
                          const std::vector<double>& weight = {}) {
  const std::vector<span<const std::uint64_t>> views(columns.begin(), columns.end());
  return count_cells(views, columns.empty() ? 0 : columns[0].size(), count, weight);
}

} // namespace

TEST_CASE("cells stand in the order in which they first appear, with their counts") {
  //            rows:  (5, 1) (7, 1) (5, 1) (5, 2) (7, 1) (5, 1)
  const auto cells = cells_of({{5, 7, 5, 5, 7, 5}, {1, 1, 1, 2, 1, 1}}, {}, {1, 10, 2, 100, 20, 4});
  CHECK((cells.first == std::vector<std::size_t>{0, 1, 3}));
  CHECK((cells.n == std::vector<double>{3, 2, 1}));
  CHECK((cells.weight == std::vector<double>{7, 30, 100}));
}

TEST_CASE("counts of cells add up when cells are counted again") {
  const auto cells = cells_of({{5, 7, 5}}, {3, 2, 5e15});
  CHECK((cells.n == std::vector<double>{5000000000000003.0, 2}));
  CHECK(cells.weight.empty());
}

TEST_CASE("no rows, no cells; no columns, one cell") {
  CHECK(cells_of({{}}).n.empty());
  CHECK((count_cells({}, 4).n == std::vector<double>{4}));
}

TEST_CASE("columns, counts and weights of other lengths are refused") {
  CHECK_THROWS_AS(cells_of({{1, 2}, {1}}), cryonodes::input_error);
  CHECK_THROWS_AS(cells_of({{1, 2}}, {1}), cryonodes::input_error);
  CHECK_THROWS_AS(cells_of({{1, 2}}, {}, {1, 2, 3}), cryonodes::input_error);
}

TEST_CASE("the same cells as those of an ordered map, through several sizes of the table") {
  std::mt19937_64 random(7);
  for (const std::uint64_t range : {2U, 40U, 3000U}) {
    Columns columns(2, std::vector<std::uint64_t>(20000));
    std::map<std::pair<std::uint64_t, std::uint64_t>, double> expected;
    for (std::size_t i = 0; i < 20000; ++i) {
      // Keys that agree in their low bits, as those of doubles do.
      columns[0][i] = (random() % range) << 40U;
      columns[1][i] = random() % 3;
      expected[{columns[0][i], columns[1][i]}] += 1;
    }
    const auto cells = cells_of(columns);
    REQUIRE(cells.n.size() == expected.size());
    bool same = std::is_sorted(cells.first.begin(), cells.first.end());
    for (std::size_t c = 0; c < cells.n.size(); ++c)
      same = same && expected[{columns[0][cells.first[c]], columns[1][cells.first[c]]}] == cells.n[c];
    CHECK(same);
  }
}

TEST_CASE("the poll can end the counting") {
  struct Stop {};
  const std::vector<std::uint64_t> column(200000, 1);
  const std::vector<span<const std::uint64_t>> views{column};
  CHECK_THROWS_AS(count_cells(views, column.size(), {}, {}, [](double) { throw Stop(); }), Stop);
}
