#include "cryonodes/permutation_characteristic.hpp"

#include "catch.h"

#include <cmath>
#include <complex>
#include <cstddef>
#include <random>
#include <vector>

#include "permutation_cohorts.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;

namespace {

// E exp(i theta X) by the sums of all subsets of m.
std::complex<double> by_subsets(const Doubles& score, std::size_t m, double theta) {
  std::complex<double> sum = 0.0;
  double ways = 0.0;
  for (std::size_t set = 0; set < (std::size_t{1} << score.size()); ++set) {
    double x = 0.0;
    std::size_t in = 0;
    for (std::size_t i = 0; i < score.size(); ++i)
      if (set >> i & 1U) {
        x += score[i];
        ++in;
      }
    if (in != m)
      continue;
    sum += std::exp(std::complex<double>(0.0, theta * x));
    ways += 1.0;
  }
  return sum / ways;
}

} // namespace

TEST_CASE("the characteristic function is that of all subsets, within its error") {
  std::mt19937 random(83);
  for (int round = 0; round < 12; ++round) {
    const std::size_t n = 6 + random() % 8, m = 1 + random() % (n / 2);
    Doubles score = random_cohort(random, n, 0).score;
    centre_and_scale(score, m);
    const detail::DealtSum sum(score, m);
    for (double theta : {0.0, 0.3, 2.0, 17.0, 400.0}) {
      const auto found = sum.characteristic(theta);
      const auto truth = by_subsets(score, m, theta);
      REQUIRE(std::abs(truth - std::complex<double>(found.re, found.im)) <= found.error + 1e-14 * (1.0 + theta));
      REQUIRE(found.error < 1e-10);
    }
  }
}

TEST_CASE("Chernoff's bound is one") {
  std::mt19937 random(11);
  for (int round = 0; round < 10; ++round) {
    const std::size_t n = 12;
    Cohort cohort = random_cohort(random, n, 0);
    std::size_t m = 0;
    for (int g : cohort.group)
      m += g == 1 ? 1U : 0U;
    if (m == 0 || m == n)
      continue;
    centre_and_scale(cohort.score, m);
    double observed = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      observed += cohort.group[i] == 1 ? cohort.score[i] : 0.0;
    const double bound = detail::DealtSum(cohort.score, m).log_far(std::fabs(observed));
    REQUIRE(std::log(exact_tail(cohort.dealt()).p_value) <= bound + 1e-12);
  }
}
