#ifndef CRYONODES_FLAT_MAP_HPP
#define CRYONODES_FLAT_MAP_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cryonodes {

/// Values by key in one array, found by probing on from the place that the key's hash names (Knuth 1998, section 6.4,
/// algorithm L). Grows, never shrinks. A value equal to Value{} is one that is not there. `Hash` must spread keys over
/// the low bits.
template <class Key, class Value, class Hash> class FlatMap {
public:
  struct Slot {
    Key key{};
    Value value{};
    bool used() const noexcept { return value != Value{}; }
  };

  /// The value of `key`: a new one is Value{}, and must be given another before the next call.
  Value& operator[](Key key) {
    if (3 * size_ >= 2 * slots_.size())
      grow();
    Slot& slot = slots_[place(key)];
    if (!slot.used()) {
      slot.key = key;
      ++size_;
    }
    return slot.value;
  }
  /// Makes room for `more` keys, so that their places will not change meanwhile.
  void make_room(std::size_t more) {
    while (3 * (size_ + more) > 2 * slots_.size())
      grow();
  }
  /// Asks the memory for the place of a key that will soon be wanted.
  void expect(Key key) const noexcept {
    __builtin_prefetch(&slots_[static_cast<std::size_t>(Hash{}(key)) & (slots_.size() - 1)]);
  }
  /// Empty, with room left only if not much more than was needed.
  void clear() {
    if (slots_.size() > 64 && slots_.size() > 8 * size_)
      slots_.clear();
    std::fill(slots_.begin(), slots_.end(), Slot{});
    size_ = 0;
  }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }
  /// All slots, in no order that means anything: those that are used hold a key and its value.
  const std::vector<Slot>& slots() const noexcept { return slots_; }

private:
  std::size_t place(Key key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(Hash{}(key)) & mask;
    while (slots_[at].used() && !(slots_[at].key == key))
      at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.used())
        slots_[place(slot.key)] = slot;
  }
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

/// Mixes the bits of a whole number (Steele, Lea & Flood 2014, the finalizer of SplitMix64).
inline std::uint64_t mix_bits(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

} // namespace cryonodes

#endif
