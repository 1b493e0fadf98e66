#ifndef CRYONODES_WHOLE_HPP
#define CRYONODES_WHOLE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cryonodes {
namespace detail {

/// A whole number of any size that can be added: sums of products of binomial coefficients. Lowest limb first, no
/// leading zeros.
class Whole {
public:
  explicit Whole(std::uint32_t value = 0) {
    if (value != 0)
      limb_.push_back(value);
  }

  static Whole choose(std::uint32_t n, std::uint32_t k) {
    Whole out(1);
    for (std::uint32_t i = 1; i <= std::min(k, n - k); ++i) {
      out.times(n - i + 1);
      out.over(i); // leaves nothing: the product is C(n, i) i
    }
    return out;
  }

  void times(std::uint32_t factor) {
    std::uint64_t carry = 0;
    for (auto& limb : limb_) {
      carry += std::uint64_t{limb} * factor;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0)
      limb_.push_back(static_cast<std::uint32_t>(carry));
    trim();
  }

  void over(std::uint32_t divisor) {
    std::uint64_t rest = 0;
    for (std::size_t i = limb_.size(); i-- > 0;) {
      rest = (rest << 32) | limb_[i];
      limb_[i] = static_cast<std::uint32_t>(rest / divisor);
      rest %= divisor;
    }
    trim();
  }

  friend Whole operator+(const Whole& a, const Whole& b) {
    Whole out;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < std::max(a.limb_.size(), b.limb_.size()) || carry != 0; ++i) {
      carry += std::uint64_t{a.at(i)} + b.at(i);
      out.limb_.push_back(static_cast<std::uint32_t>(carry));
      carry >>= 32;
    }
    return out;
  }

  friend Whole operator*(const Whole& a, const Whole& b) {
    Whole out;
    out.limb_.assign(a.limb_.size() + b.limb_.size(), 0);
    for (std::size_t i = 0; i < a.limb_.size(); ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; j < b.limb_.size() || carry != 0; ++j) {
        // At most (2^32 - 1)^2 + 2 (2^32 - 1): no overflow.
        carry += out.limb_[i + j] + std::uint64_t{a.limb_[i]} * b.at(j);
        out.limb_[i + j] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    out.trim();
    return out;
  }

  /// Sign of a - b.
  friend int compare(const Whole& a, const Whole& b) {
    if (a.limb_.size() != b.limb_.size())
      return a.limb_.size() > b.limb_.size() ? 1 : -1;
    for (std::size_t i = a.limb_.size(); i-- > 0;)
      if (a.limb_[i] != b.limb_[i])
        return a.limb_[i] > b.limb_[i] ? 1 : -1;
    return 0;
  }

private:
  std::uint32_t at(std::size_t i) const { return i < limb_.size() ? limb_[i] : 0; }
  void trim() {
    while (!limb_.empty() && limb_.back() == 0)
      limb_.pop_back();
  }
  std::vector<std::uint32_t> limb_;
};

} // namespace detail
} // namespace cryonodes

#endif
