#include "cryonodes/fisher.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>

#include "catch.h"

using cryonodes::fisher;
using cryonodes::FisherMethod;
using cryonodes::FisherOptions;
using cryonodes::Sides;
using cryonodes::detail::Natural;

namespace {

using Table = std::array<double, 4>;

FisherOptions with(Sides sides, double odds_ratio = 1.0, bool conf_int = false) {
  FisherOptions options;
  options.sides = sides;
  options.odds_ratio = odds_ratio;
  options.conf_int = conf_int;
  return options;
}

double p(const Table& table, Sides sides = Sides::two, double odds_ratio = 1.0) {
  return fisher(table, with(sides, odds_ratio)).p_value;
}

bool near(double value, double truth, double tolerance) { return std::fabs(value / truth - 1.0) <= tolerance; }

} // namespace

TEST_CASE("a Natural multiplies, shifts, subtracts and compares like whole numbers") {
  Natural factorial(1);
  for (std::uint64_t i = 2; i <= 20; ++i)
    factorial.times(i);
  CHECK(factorial.compare(Natural(2432902008176640000u)) == 0);
  CHECK(factorial.compare(Natural(2432902008176640001u)) < 0);

  // (2^64 - 1)^2 = 2^128 - 2^65 + 1
  const std::uint64_t ones = std::numeric_limits<std::uint64_t>::max();
  Natural square(ones), power(1), subtrahend(1);
  square.times(ones);
  power.shift(128);
  subtrahend.shift(65);
  Natural rest = power.minus(subtrahend);
  CHECK(rest.compare(square) < 0);
  CHECK(square.minus(rest).compare(Natural(1)) == 0);
  CHECK(square.minus(square).zero());

  std::int64_t bits = 0;
  CHECK(power.mantissa(bits) == 0.5);
  CHECK(bits == 129);
  power.shift(-131);
  CHECK(power.mantissa(bits) == 0.5);
  CHECK(bits == -2);

  // (2^64 - 1)^2 + 2^65 = 2^128 + 1, and its product with 2^128 - 1.
  Natural two_65(1), one(1), two_128(1), two_256(1);
  two_65.shift(65);
  two_128.shift(128);
  two_256.shift(256);
  const Natural sum = square.plus(two_65);
  CHECK(sum.compare(two_128.plus(one)) == 0);
  CHECK(sum.product(two_128.minus(one)).compare(two_256.minus(one)) == 0);
  CHECK(Natural(0).plus(one).compare(one) == 0);
  // With cut limbs a sum is too small by less than a unit of the last kept.
  Natural cut(1, 8), small(1, 8);
  cut.shift(300);
  CHECK(cut.plus(small).compare(cut) == 0);
  CHECK(cut.plus(cut).compare(cut) > 0);
}

TEST_CASE("a Natural with cut limbs never claims an order that the cut limbs could turn") {
  Natural exact(1), other(1), cut(1, 8), cut_other(1, 8);
  for (std::uint64_t i = 0; i < 100; ++i) {
    exact.times(9007199254740881u + i);
    cut.times(9007199254740881u + i);
    other.times(9007199254740881u + i);
    cut_other.times(9007199254740881u + i);
  }
  exact.times(3);
  cut.times(3);
  other.times(2);
  cut_other.times(2);
  CHECK(exact.compare(other) > 0);
  CHECK(cut.compare(cut_other, 5, 2) > 0);
  CHECK(cut_other.compare(cut, 5, 2) < 0);
  // Differ by 1 in some 5300 bits: only the whole numbers know.
  other = exact.minus(Natural(1));
  CHECK(exact.compare(other) > 0);
  CHECK(other.compare(exact) < 0);
  CHECK(cut.compare(cut, 5, 2) == 0);
}

TEST_CASE("the lady tasting tea: 1, 16, 36, 16, 1 over 70") {
  const Table tea = {3, 1, 1, 3};
  CHECK(near(p(tea), 34.0 / 70, 1e-14));
  CHECK(near(p(tea, Sides::greater), 17.0 / 70, 1e-14));
  CHECK(near(p(tea, Sides::less), 69.0 / 70, 1e-14));
  CHECK(p({2, 2, 2, 2}) == 1.0);
  CHECK(near(p({4, 0, 0, 4}), 2.0 / 70, 1e-14));
}

TEST_CASE("every table of up to 20 subjects has the p-values that whole numbers give") {
  std::uint64_t choose[21][21] = {};
  for (int i = 0; i <= 20; ++i) {
    choose[i][0] = 1;
    for (int j = 1; j <= i; ++j)
      choose[i][j] = choose[i - 1][j - 1] + (j < i ? choose[i - 1][j] : 0);
  }
  int tables = 0;
  double worst = 0.0;
  for (int a = 0; a <= 20; ++a) {
    for (int b = 0; a + b <= 20; ++b) {
      for (int c = 0; a + b + c <= 20; ++c) {
        for (int d = a + b + c == 0 ? 1 : 0; a + b + c + d <= 20; ++d) {
          ++tables;
          std::uint64_t two = 0, less = 0, greater = 0, total = 0;
          const std::uint64_t own = choose[a + c][a] * choose[b + d][b];
          for (int x = 0; x <= a + b && x <= a + c; ++x) {
            if (a + b - x > b + d)
              continue;
            const std::uint64_t weight = choose[a + c][x] * choose[b + d][a + b - x];
            total += weight;
            two += weight <= own ? weight : 0;
            less += x <= a ? weight : 0;
            greater += x >= a ? weight : 0;
          }
          const Table table = {double(a), double(b), double(c), double(d)};
          const auto off = [&](std::uint64_t part, Sides sides) {
            worst = std::max(worst, std::fabs(p(table, sides) * double(total) / double(part) - 1.0));
          };
          off(two, Sides::two);
          off(less, Sides::less);
          off(greater, Sides::greater);
        }
      }
    }
  }
  CHECK(tables == 10625); // C(24, 4) - 1
  CHECK(worst < 1e-13);
}

TEST_CASE("tables on which a tolerance of 1e-7 gives another p") {
  CHECK(near(p({20, 40, 38, 106}), 0.31361807548372905, 1e-13));
  CHECK(near(p({18, 17, 233, 280}), 0.49021504810280413, 1e-13));
  CHECK(near(p({466, 490, 85, 53}), 0.0047953449729415708, 1e-13));
}

TEST_CASE("odds ratio and limits of a table near the end of its support") {
  FisherOptions central;
  central.method = FisherMethod::central;
  const auto test = fisher({100, 1, 2, 100}, central);
  CHECK(near(test.estimate, 3630.31720889407, 1e-12));
  CHECK(near(test.conf_low, 387.2441776111572, 1e-12));
  CHECK(near(test.conf_high, 200579.12298997833, 1e-12));
  // (1, 1; 1, 1): weights 1, 4w, w^2; P(X >= 1) = 1 - 1 / (1 + 4w + w^2) = alpha = 1/40.
  const auto small = fisher({1, 1, 1, 1}, central);
  CHECK(near(small.estimate, 1.0, 1e-12));
  const double w = std::sqrt(4.0 + 1.0 / 39) - 2.0;
  CHECK(near(small.conf_low, w, 1e-12));
  CHECK(near(small.conf_high, 1.0 / w, 1e-12));
}

TEST_CASE("a null value other than 1 is taken as the binary fraction it is") {
  // (1, 1; 1, 1) again. At w = 4 the weights are 1, 16, 16: a tie that the next double breaks.
  const Table one = {1, 1, 1, 1}, two = {2, 0, 0, 2}, none = {0, 2, 2, 0};
  CHECK(p(one, Sides::two, 4.0) == 1.0);
  CHECK(p(two, Sides::two, 4.0) == 1.0);
  CHECK(near(p(none, Sides::two, 4.0), 1.0 / 33, 1e-14));
  CHECK(near(p(one, Sides::two, std::nextafter(4.0, 5.0)), 17.0 / 33, 1e-14));
  CHECK(p(two, Sides::two, std::nextafter(4.0, 5.0)) == 1.0);
  CHECK(p(one, Sides::two, std::nextafter(4.0, 3.0)) == 1.0);
  CHECK(near(p(two, Sides::two, std::nextafter(4.0, 3.0)), 17.0 / 33, 1e-14));
  CHECK(near(p(two, Sides::greater, 2.0), 4.0 / 13, 1e-14));
  for (const double extreme : {std::numeric_limits<double>::denorm_min(), 1e-300, 1e300, 1.7e308}) {
    CHECK(std::isfinite(fisher({40, 30, 20, 50}, with(Sides::two, extreme)).log_p_value));
    CHECK(std::isfinite(fisher({9e15, 30, 20, 9e15}, with(Sides::two, extreme)).log_p_value));
  }
}

TEST_CASE("probabilities that differ in the sixteenth digit are told apart") {
  // Columns n + 1 and n: P(u) / P(v) = (n + 1 - v) / (n + 1 - u) for u + v = 21. With n = 2^52 the rest
  // is that of 21 tosses of a coin, to 1e-13: 27896 of 2^21 outcomes have up to 5 heads, 7547 up to 4.
  const double n = 4503599627370496.0, all = 2097152.0;
  const auto table = [&](double a) { return Table{a, 21 - a, n + 1 - a, n - 21 + a}; };
  CHECK(near(p(table(5)), (27896 + 7547) / all, 1e-12));
  CHECK(near(p(table(16)), 2 * 27896 / all, 1e-12));
  CHECK(near(p(table(10)), 1.0 - 352716 / all, 1e-12));
  CHECK(p(table(11)) == 1.0);
  CHECK(fisher(table(5)).decided_exactly);
}

TEST_CASE("tails far beyond the range of doubles keep their logarithm") {
  const auto one = fisher({1e6, 0, 0, 1e6});
  CHECK(one.p_value == 0.0);
  // p = 2 / C(2n, n), and log C(2n, n) = 2n log 2 - log(pi n) / 2 - 1 / (8n) + 1 / (192 n^3) - ...
  const double n = 1e6, pi = 3.14159265358979323846;
  const double log_choose = 2 * n * std::log(2.0) - 0.5 * std::log(pi * n) - 1 / (8 * n);
  CHECK(near(one.log_p_value, std::log(2.0) - log_choose, 1e-15));
  CHECK(one.estimate == std::numeric_limits<double>::infinity());
}

TEST_CASE("tails meet in the middle whether they are summed term by term or integrated") {
  // Standard deviations from 35 to 2e7. P(x) of the middle comes from Stirling's formula alone:
  // columns and rows of 2s subjects each, P(s) = C(2s, s)^2 / C(4s, 2s).
  for (const double s : {5e3, 5e6, 5e7, 2e8, 1e9, 1e12, 1e15}) {
    const Table middle = {s, s, s, s};
    const double pi = 3.14159265358979323846;
    const double central = 1.0 / std::sqrt(pi * s / 2) * std::exp(-2 / (8 * s) + 1 / (16 * s));
    CHECK(p(middle) == 1.0);
    CHECK(near(p(middle, Sides::less), 0.5 + 0.5 * central, 1e-13));
    CHECK(near(p(middle, Sides::greater), 0.5 + 0.5 * central, 1e-13));
    const double off = std::floor(std::sqrt(s) / 2);
    const Table left = {s - off, s + off, s + off, s - off};
    const Table next = {s - off + 1, s + off - 1, s + off - 1, s - off + 1};
    CHECK(near(p(left, Sides::less) + p(next, Sides::greater), 1.0, 1e-13));
    CHECK(near(p(left), 2 * p(left, Sides::less), 1e-13));
  }
}

TEST_CASE("limits put the stated probability into the tails") {
  for (const Table& table : {Table{7, 12, 15, 5}, Table{0, 8, 7, 5}, Table{3e9, 1, 1, 1}, Table{1e6, 2e6, 15e5, 28e5},
                             Table{4e12, 4e12, 4e12, 4.0001e12}}) {
    for (const double level : {0.1, 0.5, 0.95, 0.999999}) {
      FisherOptions options;
      options.method = FisherMethod::central;
      options.conf_level = level;
      const auto two = fisher(table, options);
      const double half = 0.5 * (1.0 - level);
      if (two.conf_low > 0)
        CHECK(near(p(table, Sides::greater, two.conf_low), half, 1e-7)); // limit to 1e-12 times a slope up to 1e5
      if (std::isfinite(two.conf_high))
        CHECK(near(p(table, Sides::less, two.conf_high), half, 1e-7)); // as above
      options.sides = Sides::less;
      CHECK(fisher(table, options).conf_low == 0.0);
      CHECK(near(p(table, Sides::less, fisher(table, options).conf_high), 1.0 - level, 1e-7)); // as above
    }
  }
}

TEST_CASE("an empty margin leaves nothing to estimate") {
  for (const Table& table : {Table{0, 3, 0, 4}, Table{0, 0, 3, 4}, Table{3, 0, 4, 0}, Table{1, 0, 0, 0}}) {
    const auto test = fisher(table);
    CHECK(test.p_value == 1.0);
    CHECK(std::isnan(test.estimate));
    CHECK(test.conf_low == 0.0);
    CHECK(test.conf_high == std::numeric_limits<double>::infinity());
  }
}

TEST_CASE("counts and options out of range are typed errors") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-1.0, 0.5, nan, inf, 9007199254740994.0})
    CHECK_THROWS_AS(fisher({1, bad, 2, 3}), cryonodes::input_error);
  CHECK_THROWS_AS(fisher({0, 0, 0, 0}), cryonodes::input_error);
  for (const double bad : {0.0, -1.0, nan, inf}) {
    CHECK_THROWS_AS(fisher({1, 2, 3, 4}, with(Sides::two, bad)), cryonodes::input_error);
    FisherOptions options;
    options.conf_level = bad;
    CHECK_THROWS_AS(fisher({1, 2, 3, 4}, options), cryonodes::input_error);
  }
}

TEST_CASE("the largest counts are answered") {
  const double most = 9007199254740992.0;
  for (const Table& table : {Table{most, most, most, most}, Table{most, 0, 0, most}, Table{most, most, most, most - 1},
                             Table{most, 1, 1, 1}, Table{0, most, 1, most}, Table{most, 1e3, most, 7}}) {
    for (const auto sides : {Sides::two, Sides::less, Sides::greater}) {
      const auto test = fisher(table, with(sides, 1.0, true));
      CHECK(test.log_p_value <= 0.0);
      CHECK(std::isfinite(test.log_p_value));
      CHECK(test.conf_low <= test.estimate);
      CHECK(test.estimate <= test.conf_high);
    }
  }
}

TEST_CASE("a long comparison can be left by an exception") {
  // Equal columns tie x with its mirror image but for omega^1401, one part in 10^13.
  const double n = 4503599627370496.0, a = 1300, k = 4001;
  const Table table = {a, k - a, n - a, n - k + a};
  const auto options = with(Sides::two, 1.0 + std::numeric_limits<double>::epsilon());
  int asked = 0;
  CHECK(fisher(table, options, [&](double) { ++asked; }).decided_exactly);
  CHECK(asked > 0);
  CHECK_THROWS_AS(fisher(table, options, [](double) { throw std::runtime_error("stop"); }), std::runtime_error);
}

TEST_CASE("a confidence level next to 0 ends in an answer") {
  FisherOptions options;
  options.sides = Sides::less;
  options.conf_level = 5e-324;
  const auto result = fisher({5, 5, 2, 0}, options);
  CHECK(result.conf_high >= 0.0);
  CHECK(result.conf_high < 1e-300);
}
