#ifndef CRYONODES_BIGNUM_HPP
#define CRYONODES_BIGNUM_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cryonodes {
namespace detail {

/// A positive number of any size, made by multiplication: limbs * 2^(32 * exponent), lowest limb first.
/// With `most` limbs given, lower limbs are cut off: the value is then too small by less than one part
/// in 2^(32 * (most - 1)) per multiplication or addition, never too large.
class Natural {
public:
  explicit Natural(std::uint64_t value = 1, std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {
    for (; value != 0; value >>= 32)
      limb_.push_back(low(value));
  }

  /// Multiplies by any 64-bit word, as schoolbook with a 64-bit carry: O(limbs).
  void times(std::uint64_t word) {
    const std::uint64_t word_low = word & mask, word_high = word >> 32;
    std::uint64_t carry = 0;
    for (auto& limb : limb_) {
      // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1: the carry cannot overflow.
      const std::uint64_t first = limb * word_low + (carry & mask);
      carry = limb * word_high + (carry >> 32) + (first >> 32);
      limb = low(first);
    }
    for (; carry != 0; carry >>= 32)
      limb_.push_back(low(carry));
    while (!limb_.empty() && limb_.back() == 0)
      limb_.pop_back();
    cut();
  }

  /// Multiplies by 2^bits; bits may be negative.
  void shift(std::int64_t bits) {
    const std::int64_t rest = ((bits % 32) + 32) % 32;
    times(std::uint64_t{1} << rest);
    exponent_ += (bits - rest) / 32;
  }

  /// Sign of this - other. Looks at `depth` limbs from the top and answers 0 unless the difference there
  /// is at least `least` units of the last limb looked at: (all, 1) for exact numbers; for numbers with
  /// cut limbs a smaller depth and 2, so that what was cut cannot turn the answer.
  int compare(const Natural& other, std::size_t depth = std::numeric_limits<std::size_t>::max(),
              std::int64_t least = 1) const {
    const std::int64_t top = std::max(this->top(), other.top());
    const std::int64_t bottom = std::min(exponent_, other.exponent_);
    std::int64_t difference = 0;
    for (std::int64_t at = top - 1; at >= bottom && depth > 0; --at, --depth) {
      difference = difference * (std::int64_t{1} << 32) + this->at(at) - other.at(at);
      // From 2 units on, no lower limb can bring the difference back below 2.
      if (difference >= 2 || difference <= -2)
        break;
    }
    return difference >= least ? 1 : difference <= -least ? -1 : 0;
  }

  /// The sum; lower limbs are cut as in a multiplication.
  Natural plus(const Natural& other) const {
    Natural out(0, most_);
    out.exponent_ = std::min(exponent_, other.exponent_);
    // What lies below the limbs kept of the larger number need not be looked at.
    const std::int64_t top = std::max(this->top(), other.top());
    if (most_ < static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
      out.exponent_ = std::max(out.exponent_, top - static_cast<std::int64_t>(most_));
    std::uint64_t carry = 0;
    for (std::int64_t at = out.exponent_; at < top || carry != 0; ++at) {
      carry += static_cast<std::uint64_t>(this->at(at)) + static_cast<std::uint64_t>(other.at(at));
      out.limb_.push_back(low(carry));
      carry >>= 32;
    }
    out.cut();
    return out;
  }

  /// The product, schoolbook: O(limbs * limbs).
  Natural product(const Natural& other) const {
    Natural out(0, most_);
    out.exponent_ = exponent_ + other.exponent_;
    out.limb_.assign(limb_.size() + other.limb_.size(), 0);
    for (std::size_t i = 0; i < limb_.size(); ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; j < other.limb_.size(); ++j) {
        // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
        carry += static_cast<std::uint64_t>(limb_[i]) * other.limb_[j] + out.limb_[i + j];
        out.limb_[i + j] = low(carry);
        carry >>= 32;
      }
      out.limb_[i + other.limb_.size()] = low(carry);
    }
    while (!out.limb_.empty() && out.limb_.back() == 0)
      out.limb_.pop_back();
    out.cut();
    return out;
  }

  /// The difference to a smaller or equal number, both exact.
  Natural minus(const Natural& other) const {
    Natural out(0);
    out.exponent_ = std::min(exponent_, other.exponent_);
    std::int64_t borrow = 0;
    for (std::int64_t at = out.exponent_; at < std::max(top(), other.top()); ++at) {
      std::int64_t digit = this->at(at) - other.at(at) - borrow;
      borrow = digit < 0 ? 1 : 0;
      out.limb_.push_back(low(static_cast<std::uint64_t>(digit + borrow * (std::int64_t{1} << 32))));
    }
    while (!out.limb_.empty() && out.limb_.back() == 0)
      out.limb_.pop_back();
    return out;
  }

  /// value = mantissa * 2^exponent with the mantissa in [0.5, 1) (0 for 0), relative error < 2^-52.
  double mantissa(std::int64_t& exponent) const {
    double value = 0.0;
    const std::size_t used = std::min<std::size_t>(limb_.size(), 4);
    for (std::size_t i = 0; i < used; ++i)
      value = value * 4294967296.0 + static_cast<double>(limb_[limb_.size() - 1 - i]);
    int bits = 0;
    value = std::frexp(value, &bits);
    exponent = bits + 32 * (top() - static_cast<std::int64_t>(used));
    return value;
  }

  bool zero() const { return limb_.empty(); }

private:
  static constexpr std::uint64_t mask = 0xffffffffu;
  void cut() {
    if (limb_.size() > most_) {
      const std::size_t lost = limb_.size() - most_;
      limb_.erase(limb_.begin(), limb_.begin() + static_cast<std::ptrdiff_t>(lost));
      exponent_ += static_cast<std::int64_t>(lost);
    }
  }
  static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value & mask); }
  std::int64_t top() const { return exponent_ + static_cast<std::int64_t>(limb_.size()); }
  std::int64_t at(std::int64_t place) const {
    return place < exponent_ || place >= top() ? 0 : limb_[static_cast<std::size_t>(place - exponent_)];
  }

  std::vector<std::uint32_t> limb_;
  std::int64_t exponent_ = 0;
  std::size_t most_;
};

} // namespace detail
} // namespace cryonodes

#endif
