#ifndef CRYONODES_SUMS_HPP
#define CRYONODES_SUMS_HPP

#include <cmath>

namespace cryonodes {

/// Running sum with the rounding errors kept aside (Neumaier 1974, eq. 2.1 IV). An infinite term makes
/// the sum infinite and leaves it so.
class CompensatedSum {
public:
  void add(double x) noexcept {
    const double t = sum_ + x;
    if (std::isfinite(t))
      lost_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
    else
      lost_ = 0.0;
    sum_ = t;
  }
  double value() const noexcept { return sum_ + lost_; }

private:
  double sum_ = 0.0;
  double lost_ = 0.0;
};

} // namespace cryonodes

#endif
