#include "cryonodes/wide.hpp"

#include "catch.h"

#include <cmath>

using cryonodes::Wide;

TEST_CASE("what a double loses, a wide number keeps") {
  CHECK((Wide(1.0) + 1e-25 - 1.0).value() == 1e-25);
  CHECK((Wide(1e16) + 1.0 + -1e16).value() == 1.0);
  // (1 + 2^-40)^2 - 1 - 2^-39 = 2^-80
  const Wide x = 1.0 + std::ldexp(1.0, -40);
  CHECK((x * x - 1.0 - std::ldexp(1.0, -39)).value() == std::ldexp(1.0, -80));
  CHECK((-x + x).value() == 0.0);
}

TEST_CASE("a quotient is right to 31 digits") {
  const Wide third = Wide(1.0) / 3.0, rest = third * 3.0 - 1.0;
  CHECK(std::fabs(rest.value()) < 1e-31);
  Wide product = 1.0;
  for (int n = 2; n <= 1000; ++n)
    product = product * (Wide(n - 1.0) / n); // 1/1000
  CHECK(std::fabs((product * 1000.0 - 1.0).value()) < 1e-28);
}
