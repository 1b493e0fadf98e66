// Tables, orders and levels through the unconditional tests and the score limits. Only two endings are allowed: results
// that keep the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cryonodes/compare_proportions.hpp"
#include "cryonodes/unconditional.hpp"
#include "fuzz_bytes.hpp"

using namespace cryonodes;

namespace {

bool near(double a, double b) {
  return a == b || std::fabs(a - b) <= 1e-9 * std::fmax(1.0, std::fabs(b));
}

double turned(double limit, Measure m) {
  return m == Measure::difference ? -limit : 1.0 / limit;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader in{data, size};
  const std::uint8_t kind = in.byte(), option = in.byte();
  TwoCounts t;
  if (kind % 16 == 0) {
    t = {in.number(), in.number(), in.number(), in.number()};
  } else {
    const int most = kind % 16 < 12 ? 6 : 14;
    t.n1 = 1 + in.byte() % most;
    t.n2 = 1 + in.byte() % most;
    t.x1 = in.byte() % (static_cast<int>(t.n1) + 1);
    t.x2 = in.byte() % (static_cast<int>(t.n2) + 1);
  }
  UnconditionalOptions options;
  options.order = static_cast<TableOrder>(option % 3);
  options.sides = static_cast<Sides>(option / 3 % 3);
  options.two_sided = option / 9 % 2 == 0 ? TwoSided::central : TwoSided::joint;
  options.measure = options.order == TableOrder::boschloo ? Measure::odds_ratio : static_cast<Measure>(option / 18 % 3);
  options.gamma = option / 54 % 2 == 0 ? 0.0 : 1e-3;
  const std::uint8_t level = in.byte();
  options.conf_level = level % 8 == 0 ? in.number() : (1.0 + level) / 257.0;
  CompareProportionsOptions plain;
  plain.measure = options.measure;
  plain.sides = options.sides;
  plain.correct = option % 2 == 0;
  plain.conf_level = options.conf_level;
  try {
    const auto score = compare_proportions(t, plain);
    must(score.p_value >= 0.0 && score.p_value <= 1.0, "a p-value lies in [0, 1]");
    must(options.sides != Sides::two || score.conf_low <= score.conf_high, "low <= high");
    must(options.sides != Sides::two || std::isnan(score.estimate) ||
             (score.conf_low <= score.estimate + 1e-9 * std::fabs(score.estimate) + 1e-9 &&
              score.estimate <= score.conf_high + 1e-9 * std::fabs(score.estimate) + 1e-9),
         "low <= estimate <= high");
  } catch (const error&) {
  }
  if (t.n1 > 200.0 || t.n2 > 200.0) // possible, but not in a fuzz run
    return 0;
  try {
    const auto own = unconditional(t, options);
    must(own.p_value > 0.0 && own.p_value <= 1.0 && own.log_p_value <= 0.0, "a p-value lies in (0, 1]");
    must(own.nuisance >= 0.0 && own.nuisance <= 1.0, "a proportion lies in [0, 1]");
    UnconditionalOptions back = options;
    if (options.sides != Sides::two)
      back.sides = options.sides == Sides::less ? Sides::greater : Sides::less;
    const auto other = unconditional(t.swapped(), back);
    must(std::fabs(own.p_value - other.p_value) <= 1e-10 * own.p_value, "the groups exchanged give the same p");
    if (!std::isnan(own.conf_low)) {
      must(near(own.conf_low, turned(other.conf_high, options.measure)) ||
               near(turned(own.conf_low, options.measure), other.conf_high),
           "the groups exchanged turn the limits");
      const double none = detail::equality(options.measure), alpha = 1.0 - options.conf_level;
      const bool out = none < own.conf_low - 1e-9 || none > own.conf_high + 1e-9;
      const bool in = none > own.conf_low + 1e-9 && none < own.conf_high - 1e-9;
      must(!(out && own.p_value > alpha * (1.0 + 1e-7)), "equality is left out only where p says so");
      must(!(in && options.two_sided == TwoSided::central && options.order == TableOrder::csm &&
             own.p_value < alpha * (1.0 - 1e-7)),
           "equality is let in only where p says so");
    }
  } catch (const error&) {
  }
  return 0;
}
