#include "cryonodes/sums.hpp"

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>

using cryonodes::CompensatedSum;

TEST_CASE("terms lost to a large one come back when it goes") {
  CompensatedSum sum;
  for (double x : {1.0, 1e100, 1.0, -1e100})
    sum.add(x);
  CHECK(sum.value() == 2.0); // a plain sum gives 0
}

TEST_CASE("the small terms may come first or last") {
  CompensatedSum up, down;
  up.add(1e16);
  for (int i = 0; i < 1000; ++i) {
    up.add(1.0);
    down.add(1.0);
  }
  down.add(1e16);
  CHECK(up.value() == 1e16 + 1000.0);
  CHECK(down.value() == 1e16 + 1000.0);
}

TEST_CASE("a million tenths make a hundred thousand") {
  CompensatedSum sum;
  for (int i = 0; i < 1000000; ++i)
    sum.add(0.1);
  // 0.1 as a double is 0.1 + 5.55e-18, so the exact sum is 100000 + 5.6e-12, which rounds to 100000.
  CHECK(sum.value() == 100000.0);
}

TEST_CASE("an infinite term makes the sum infinite, not NaN, and it stays so") {
  CompensatedSum sum;
  sum.add(1.0);
  sum.add(std::numeric_limits<double>::infinity());
  CHECK(std::isinf(sum.value()));
  sum.add(3.0);
  CHECK(std::isinf(sum.value()));
}

TEST_CASE("an empty sum is zero") { CHECK(CompensatedSum().value() == 0.0); }

TEST_CASE("a long product that telescopes comes out exact") {
  cryonodes::CompensatedProduct product;
  for (int k = 1000000; k > 500000; --k)
    product.multiply(k - 1, k);
  CHECK(product.value() == 0.5); // a plain product is off by 3.6e-12
  for (int k = 500000; k > 3; --k)
    product.multiply(k - 1, k);
  CHECK(product.value() == 3e-6);
}

TEST_CASE("a product telescopes to the last bit with any number of digits") {
  std::mt19937_64 random(26);
  std::uniform_real_distribution<double> part(0.99, 1.0);
  for (const double first : {100.0, 67108864.0, 67108865.0, 9007199254740991.0, 12345.678901234567}) {
    for (const bool whole : {true, false}) { // numbers of rows, or sums of weights
      cryonodes::CompensatedProduct product;
      double n = first;
      for (int k = 0; k < 300; ++k) {
        const double next = whole ? std::floor(n * part(random)) : n * part(random);
        product.multiply(next, n);
        n = next;
        if (n <= 1.0)
          break;
      }
      CHECK(product.value() == n / first);
    }
  }
}

TEST_CASE("a product that has reached zero stays there") {
  cryonodes::CompensatedProduct product;
  product.multiply(2.0, 7.0);
  product.multiply(0.0, 3.0);
  CHECK(product.value() == 0.0);
  product.multiply(5.0, 7.0);
  CHECK(product.value() == 0.0);
}
