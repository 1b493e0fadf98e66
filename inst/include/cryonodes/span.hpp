#ifndef CRYONODES_SPAN_HPP
#define CRYONODES_SPAN_HPP

#include <cstddef>
#include <vector>

namespace cryonodes {

/// A view over memory somebody else owns: pointer and length, nothing more. (std::span is C++20.)
template <class T> class span {
public:
  constexpr span() noexcept = default;
  constexpr span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <class U> span(const std::vector<U>& v) noexcept : data_(v.data()), size_(v.size()) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T& operator[](std::size_t i) const noexcept { return data_[i]; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }

private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace cryonodes

#endif
