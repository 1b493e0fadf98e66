#include "cryonodes/tails.hpp"

#include "catch.h"

#include <cmath>

using namespace cryonodes;

namespace {
// Relative on the log scale, which is the scale of a p-value's digits.
bool near(double value, double truth, double tolerance = 1e-12) {
  return std::fabs(value - truth) <= tolerance * std::fabs(truth);
}
} // namespace

TEST_CASE("one degree of freedom is the complementary error function") {
  for (double x = 0.01; x < 1000.0; x *= 1.7) {
    INFO("x = " << x);
    CHECK(near(log_chisq_upper(x, 1.0), std::log(std::erfc(std::sqrt(0.5 * x)))));
  }
}

TEST_CASE("two degrees of freedom is the exponential, four a Poisson sum of two terms") {
  for (double x = 0.01; x < 1e6; x *= 2.3) {
    INFO("x = " << x);
    CHECK(near(log_chisq_upper(x, 2.0), -0.5 * x));
    // log(1 + x/2) cancels against x/2 for small x: the comparison is absolute there.
    CHECK(std::fabs(log_chisq_upper(x, 4.0) - (std::log1p(0.5 * x) - 0.5 * x)) <= 1e-15 + 1e-13 * x);
  }
}

TEST_CASE("chi-square tails agree with 50-digit arithmetic, however far out") {
  // mpmath 1.3.0, mp.dps = 50: log(gammainc(df/2, x/2, inf, regularized=True))
  const double table[][3] = {
      {0.001, 1, -0.025550779355950622093},    {3.841458820694124, 1, -2.9957322735539898255},
      {50, 1, -27.200889545537434422},         {2000, 1, -1004.026741958951945},
      {1e6, 1, -500007.13354763162436},        {0.5, 3, -0.084587322851899340806},
      {7, 7, -0.84657845159997688356},         {16.79, 1, -10.083745207301146859},
      {1e8, 40, -49999702.516746102743},       {1e-10, 5, -5.3192304051624631914e-27},
      {1200, 999, -11.405924754823804917},     {5000, 999, -1201.5000908441764964},
  };
  for (const auto& row : table) {
    INFO("x = " << row[0] << ", df = " << row[1]);
    CHECK(near(log_chisq_upper(row[0], row[1]), row[2]));
  }
  // Here the logarithm is small beside its parts of the order of 3000, whose rounding is left over.
  CHECK(near(log_chisq_upper(900, 999), -0.011444046937532541131, 1e-10));
  CHECK(near(log_chisq_upper(999, 999), -0.70511879936370790752, 1e-11));
}

TEST_CASE("the chi-square tail starts at probability 1 and stays finite") {
  CHECK(log_chisq_upper(0.0, 3.0) == 0.0);
  CHECK(std::isfinite(log_chisq_upper(1e300, 1.0)));
  CHECK(std::isinf(log_chisq_upper(INFINITY, 1.0)));
  CHECK_THROWS_AS(log_chisq_upper(1.0, 0.0), input_error);
}

TEST_CASE("normal tails agree with 50-digit arithmetic on both sides of zero") {
  // mpmath 1.3.0, mp.dps = 50: log(erfc(z / sqrt(2)) / 2)
  const double table[][2] = {
      {-8, -6.2209605742717841412e-16},  {-3, -0.0013508099647481937988}, {0, -0.69314718055994530942},
      {1.96, -3.6889636517296387016},    {8, -35.013437159914549896},     {29.999, -454.29121119612386549},
      {30.001, -454.35127771545875721},  {38, -726.5572160188201301},     {100, -5005.5242086942050886},
      {1e5, -5000000012.4318639983},
  };
  for (const auto& row : table) {
    INFO("z = " << row[0]);
    CHECK(near(log_normal_upper(row[0]), row[1]));
  }
}

TEST_CASE("normal quantiles agree with 50-digit arithmetic") {
  // mpmath 1.3.0: root of log(erfc(-z / sqrt(2)) / 2) = log(p), p the double nearest to the number written
  const double table[][2] = {
      {1e-300, -37.047096299361199237}, {1e-20, -9.2623400897984075796}, {0.001, -3.0902323061678135354},
      {0.3, -0.52440051270804081597},   {0.9, 1.2815515655446005935},    {0.975, 1.9599639845400538556},
      {0.995, 2.5758293035489004539},
  };
  for (const auto& row : table) {
    INFO("p = " << row[0]);
    CHECK(near(normal_quantile(row[0]), row[1], 2e-15));
  }
  CHECK(std::fabs(normal_quantile(0.5)) < 1e-16);
  CHECK_THROWS_AS(normal_quantile(0.0), input_error);
  CHECK_THROWS_AS(normal_quantile(1.0), input_error);
}

TEST_CASE("log Gamma: factorials, half-integers, arguments near 0 and where the series takes over") {
  const auto log_gamma = [](double a) { return detail::stirling(a) + detail::stirling_error(a); };
  const auto close = [](double value, double truth) {
    return std::fabs(value - truth) <= 3e-15 * std::fmax(1.0, std::fabs(truth));
  };
  // Gamma(n) = (n - 1)! is exact in a double up to 23; Gamma(n + 1/2) = (n - 1/2) Gamma(n - 1/2).
  double factorial = 1.0, half = std::sqrt(std::acos(-1.0));
  for (int n = 1; n < 20; ++n) {
    INFO("n = " << n);
    CHECK(close(log_gamma(n), std::log(factorial)));
    CHECK(close(log_gamma(n - 0.5), std::log(half)));
    factorial *= n;
    half *= n - 0.5;
  }
  // Gamma(a) tends to 1/a.
  for (const double a : {1e-310, 1e-300, 1e-100, 1e-20})
    CHECK(close(log_gamma(a), -std::log(a)));
  CHECK(std::fabs(detail::stirling_error(std::nextafter(10.0, 0.0)) - detail::stirling_error(10.0)) < 1e-14);
}
