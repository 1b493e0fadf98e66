#ifndef CRYONODES_RXC_LIMITS_HPP
#define CRYONODES_RXC_LIMITS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "cryonodes/flat_map.hpp"
#include "cryonodes/poll.hpp"

namespace cryonodes {

struct RxcLimits {
  double work = 1e8;   ///< steps (cells placed, values passed on) after which the answer is given up
  double memory = 1e9; ///< bytes of the values kept after which it is given up
};

struct RxcResult {
  bool feasible = false; ///< was it within the limits? If not, there is no p-value.
  double p_value = std::numeric_limits<double>::quiet_NaN();
  double log_p_value = std::numeric_limits<double>::quiet_NaN(); ///< natural logarithm
  double work = 0.0;                                             ///< steps taken
  double memory = 0.0;                                           ///< the most bytes that values took
};

namespace detail {

/// What a network of tables has spent of its limits; polls every 2e5 steps.
class NetworkBudget {
public:
  std::size_t held = 0; ///< bytes that values take now

  NetworkBudget(const RxcLimits& limits, const Poll& poll) : limits_(limits), poll_(poll) {}

  void step(double steps) {
    work_ += steps;
    peak_ = std::max(peak_, static_cast<double>(held));
    given_up_ = given_up_ || work_ > limits_.work || peak_ > limits_.memory;
    if (work_ >= next_poll_) {
      next_poll_ = work_ + 2e5;
      if (poll_)
        poll_(work_ / limits_.work);
    }
  }

  /// Gives up what would end beyond the limit by half at the pace so far: `share`, a hundredth at least, is done of
  /// what began with `begun` steps taken. States come with the most unequal totals first, which have the fewest tables.
  void foresee(double begun, double share) {
    given_up_ = given_up_ || (share >= 0.01 && begun + (work_ - begun) / share > 1.5 * limits_.work);
  }

  bool given_up() const { return given_up_; }
  double work() const { return work_; }
  double peak() const { return peak_; }

private:
  RxcLimits limits_;
  const Poll& poll_;
  bool given_up_ = false;
  double work_ = 0.0, next_poll_ = 2e5, peak_ = 0.0;
};

/// Runs the network if its states can be packed; true if it came to its end.
template <class Network> bool run_within_limits(Network& network, RxcResult& out) {
  if (!network.fits())
    return false;
  out.feasible = network.run();
  out.work = network.budget().work();
  out.memory = network.budget().peak();
  return out.feasible;
}

struct HashState {
  std::uint64_t operator()(std::uint64_t x) const noexcept { return mix_bits(x); }
};

} // namespace detail

} // namespace cryonodes

#endif
