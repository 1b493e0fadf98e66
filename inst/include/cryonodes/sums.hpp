#ifndef CRYONODES_SUMS_HPP
#define CRYONODES_SUMS_HPP

#include <cmath>

namespace cryonodes {

/// Running sum with the rounding errors kept aside: each is a number again, and found without a question which of two
/// terms is the larger (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B). As good as the sum of Neumaier
/// (1974). An infinite term makes the sum infinite and leaves it so.
class CompensatedSum {
public:
  void add(double x) noexcept {
    const double t = sum_ + x, added = t - sum_;
    lost_ += (sum_ - (t - added)) + (x - added);
    sum_ = t;
  }
  double value() const noexcept { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

private:
  double sum_ = 0.0;
  double lost_ = 0.0; // of no use once the sum is infinite
};

/// Running product of fractions with the rounding errors kept aside (Graillat 2009, CompProd): as good as twice the
/// precision. A plain product of a million factors just below 1 drifts by some 1e-11, because their roundings do not
/// cancel. What a product of two numbers loses comes from halves of their digits, whose products lose nothing (Dekker
/// 1971, after Veltkamp): to call fma() where it is not an instruction takes longer.
class CompensatedProduct {
public:
  /// Multiplies by a / b, b > 0, both exact. 0 stays 0.
  void multiply(double a, double b) noexcept {
    const double ratio = a / b, product = high_ * ratio;
#ifdef FP_FAST_FMA
    const double remainder = std::fma(-ratio, b, a), product_lost = std::fma(high_, ratio, -product);
#else
    const double upper = upper_half(ratio), lower = ratio - upper, high_upper = upper_half(high_);
    const double high_lower = high_ - high_upper;
    // Half of the digits are all that most b have: whole numbers of rows.
    const double remainder = upper_half(b) == b ? (a - upper * b) - lower * b : std::fma(-ratio, b, a);
    const double product_lost =
        ((high_upper * upper - product) + high_upper * lower + high_lower * upper) + high_lower * lower;
#endif
    low_ = low_ * ratio + (product_lost + high_ * (remainder / b));
    high_ = product;
  }
  double value() const noexcept { return high_ + low_; }

private:
  static double upper_half(double x) noexcept {
    const double shifted = 134217729.0 * x; // 2^27 + 1
    return shifted - (shifted - x);
  }
  double high_ = 1.0; // the plain product
  double low_ = 0.0;  // what it has lost
};

} // namespace cryonodes

#endif
