// Hostile counts and levels through the limits of proportions. Only two endings are allowed: limits that keep the
// invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cryonodes/proportion.hpp"
#include "fuzz_bytes.hpp"

using namespace cryonodes;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader in{data, size};
  const double first = in.number(), second = in.number(), level = in.number();
  const std::uint8_t kind = in.byte(), a = in.byte(), b = in.byte(), c = in.byte();
  double n = first, x = second;
  if (kind % 4 != 0) {
    n = kind % 4 == 1 ? 1 + a : kind % 4 == 2 ? 1 + a % 8 : std::floor(std::ldexp(1.0 + b, a % 22));
    x = std::floor(n * c / 255.0);
  }
  ProportionOptions options;
  options.conf_type = static_cast<ProportionInterval>(kind / 4 % 4);
  options.sides = static_cast<Sides>(kind / 16 % 3);
  options.conf_level = kind / 64 == 0 ? level : kind / 64 == 1 ? (1.0 + b) / 257.0 : 0.95;
  try {
    const ProportionLimits own = proportion(x, n, options);
    must(own.low >= 0.0 && own.low <= 1.0 && own.high >= 0.0 && own.high <= 1.0, "limits lie in [0, 1]");
    const bool two = options.sides == Sides::two;
    must(!two || own.low <= own.high, "low <= high");
    // A level near 0 puts one-sided limits, and mid-p's, beyond the proportion.
    if (two && options.conf_type != ProportionInterval::mid_p)
      must(own.low <= x / n * (1.0 + 1e-9) && x / n <= own.high * (1.0 + 1e-9), "the proportion lies between");
    ProportionOptions turned = options;
    turned.sides = two ? Sides::two : options.sides == Sides::less ? Sides::greater : Sides::less;
    const ProportionLimits other = proportion(n - x, n, turned);
    must(std::fabs(own.low - (1.0 - other.high)) <= 1e-9 && std::fabs(own.high - (1.0 - other.low)) <= 1e-9,
         "limits turn with the event");
    if (options.conf_level < 0.9) {
      ProportionOptions wider = options;
      wider.conf_level = 0.5 * (1.0 + options.conf_level);
      const ProportionLimits wide = proportion(x, n, wider);
      must(wide.low <= own.low + 1e-12 && wide.high >= own.high - 1e-12, "more coverage, no narrower");
    }
  } catch (const error&) {
  }
  return 0;
}
