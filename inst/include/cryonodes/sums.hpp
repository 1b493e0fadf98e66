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

/// Running product of fractions with the rounding errors kept aside, by fused multiply-add (Graillat 2009, CompProd):
/// as good as twice the precision. A plain product of a million factors just below 1 drifts by some 1e-11, because
/// their roundings do not cancel.
class CompensatedProduct {
public:
  /// Multiplies by a / b, b > 0, both exact. 0 stays 0.
  void multiply(double a, double b) noexcept {
    const double ratio = a / b, ratio_lost = std::fma(-ratio, b, a) / b;
    const double product = high_ * ratio;
    low_ = low_ * ratio + (std::fma(high_, ratio, -product) + high_ * ratio_lost);
    high_ = product;
  }
  double value() const noexcept { return high_ + low_; }

private:
  double high_ = 1.0; // the plain product
  double low_ = 0.0;  // what it has lost
};

} // namespace cryonodes

#endif
