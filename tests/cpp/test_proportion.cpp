#include "cryonodes/proportion.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"

using namespace cryonodes;

namespace {

ProportionLimits limits(double x, double n, ProportionInterval type, double level = 0.95, Sides sides = Sides::two) {
  ProportionOptions options;
  options.conf_type = type;
  options.conf_level = level;
  options.sides = sides;
  return proportion(x, n, options);
}

bool close(double a, double b, double tolerance = 1e-12) {
  return std::fabs(a - b) <= tolerance * std::fabs(b) + 1e-30;
}

constexpr ProportionInterval every_type[] = {ProportionInterval::clopper_pearson, ProportionInterval::blaker,
                                             ProportionInterval::mid_p, ProportionInterval::wilson};

} // namespace

TEST_CASE("limits of a proportion agree with the golden numbers") {
  std::ifstream file("../golden/proportion.csv");
  if (!file)
    file.open("tests/golden/proportion.csv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  std::size_t seen = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> cell;
    std::istringstream row(line);
    for (std::string text; std::getline(row, text, ',');)
      cell.push_back(text);
    REQUIRE(cell.size() == 7);
    const auto type = cell[2] == "blaker"   ? ProportionInterval::blaker
                      : cell[2] == "mid-p"  ? ProportionInterval::mid_p
                      : cell[2] == "wilson" ? ProportionInterval::wilson
                                            : ProportionInterval::clopper_pearson;
    const auto sides = cell[4] == "less" ? Sides::less : cell[4] == "greater" ? Sides::greater : Sides::two;
    const auto found = limits(std::stod(cell[0]), std::stod(cell[1]), type, std::stod(cell[3]), sides);
    INFO(line);
    CHECK(close(found.low, std::stod(cell[5])));
    CHECK(close(found.high, std::stod(cell[6])));
    ++seen;
  }
  CHECK(seen > 500);
}

TEST_CASE("limits of large counts: Poisson's below, the normal law's in the middle") {
  // 1 of 10^9: lower limits solve 1 - exp(-m) = 0.025, 0.05 (Blaker) to parts of 10^9.
  CHECK(close(limits(1, 1e9, ProportionInterval::clopper_pearson).low * 1e9, -std::log1p(-0.025), 1e-8));
  CHECK(close(limits(1, 1e9, ProportionInterval::blaker).low * 1e9, -std::log1p(-0.05), 1e-8));
  const double z = 1.959963984540054, wide = z * std::sqrt(0.25 / 1e9);
  for (const auto type : every_type) // the correction for continuity, 1 / (2 n), is 3e-5 of the width
    CHECK(close(limits(5e8, 1e9, type).high - 0.5, wide, 1e-4));
}

TEST_CASE("counts and options that cannot be are refused") {
  for (const auto& [x, n] : std::vector<std::pair<double, double>>{
           {-1, 3}, {4, 3}, {0, 0}, {1, 2e9}, {std::nan(""), 3}, {1, std::nan("")}, {1, detail::inf}})
    CHECK_THROWS_AS(proportion(x, n), input_error);
  CHECK_THROWS_AS(limits(0.5, 3, ProportionInterval::blaker), input_error);
  CHECK_THROWS_AS(limits(1, 2.5, ProportionInterval::mid_p), input_error);
  CHECK_THROWS_AS(limits(1, 3, ProportionInterval::blaker, 0.95, Sides::less), input_error);
  CHECK_THROWS_AS(limits(1, 3, ProportionInterval::wilson, 1.0), input_error);
}

TEST_CASE("the effective size of clusters by hand") {
  // p = 1/2; residuals 1, -1, 0: v = 3/2 * 2 / 36 = 1/12; n_eff = 3 * t ratio.
  const std::vector<double> events{2, 0, 1}, n{2, 2, 2};
  const auto counts = clustered_counts(events, n, 0.05);
  CHECK(counts.variance == Approx(1.0 / 12).epsilon(1e-15));
  // Student's 0.975 points with 5 (R's qt) and 2 degrees of freedom (closed form).
  const double ratio = 2.570581835636314 / (0.95 * std::sqrt(2.0 / (1.0 - 0.95 * 0.95)));
  CHECK(close(counts.n_effective, 3.0 * ratio * ratio, 1e-12));
  CHECK(std::isnan(clustered_counts(std::vector<double>{1}, std::vector<double>{2}, 0.05).n_effective));
  CHECK(clustered_counts(std::vector<double>{0, 0}, std::vector<double>{2, 9}, 0.05).n_effective == 2.0);
  CHECK(clustered_counts(std::vector<double>{1, 2}, std::vector<double>{2, 4}, 0.05).n_effective == 6.0);
  CHECK_THROWS_AS(clustered_counts(std::vector<double>{3}, std::vector<double>{2}, 0.05), input_error);
}
