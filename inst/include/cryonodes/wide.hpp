#ifndef CRYONODES_WIDE_HPP
#define CRYONODES_WIDE_HPP

#include <cmath>

namespace cryonodes {

/// A number of twice the precision, the unevaluated sum of two doubles (Dekker 1971; by fused multiply-add as in Ogita,
/// Rump & Oishi 2005). For sums whose terms cancel: what is left of 16 digits may be none, of 32 it is 16. Finite
/// numbers only.
class Wide {
public:
  Wide(double x = 0.0) noexcept : high_(x) {}
  double value() const noexcept { return high_; }

  friend Wide operator+(Wide a, Wide b) noexcept {
    const double sum = a.high_ + b.high_, part = sum - a.high_;
    const double lost = (a.high_ - (sum - part)) + (b.high_ - part);
    return joined(sum, lost + a.low_ + b.low_);
  }
  friend Wide operator-(Wide a) noexcept { return joined(-a.high_, -a.low_); }
  friend Wide operator-(Wide a, Wide b) noexcept { return a + -b; }
  friend Wide operator*(Wide a, Wide b) noexcept {
    const double product = a.high_ * b.high_;
    return joined(product, std::fma(a.high_, b.high_, -product) + a.high_ * b.low_ + a.low_ * b.high_);
  }
  friend Wide operator/(Wide a, Wide b) noexcept {
    const double ratio = a.high_ / b.high_;
    const Wide rest = a - b * Wide(ratio);
    return joined(ratio, rest.high_ / b.high_);
  }
  /// 1 / x, for a plain number, in fewer steps.
  static Wide reciprocal(double x) noexcept {
    const double ratio = 1.0 / x;
    return joined(ratio, std::fma(-ratio, x, 1.0) * ratio);
  }
  Wide& operator+=(Wide b) noexcept { return *this = *this + b; }
  Wide& operator-=(Wide b) noexcept { return *this = *this - b; }

private:
  static Wide joined(double high, double low) noexcept {
    Wide out(high + low);
    out.low_ = low - (out.high_ - high);
    return out;
  }
  double high_;
  double low_ = 0.0;
};

} // namespace cryonodes

#endif
