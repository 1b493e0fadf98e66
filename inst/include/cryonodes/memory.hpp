#ifndef CRYONODES_MEMORY_HPP
#define CRYONODES_MEMORY_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace cryonodes {

/// From so many bytes on.
constexpr std::size_t worth_huge_pages = std::size_t{1} << 22;

/// Says of large memory that will be written soon that huge pages are welcome. The system hands memory out on first
/// touch, in small pages, which costs more than the writing, and finding one's way among small pages slows every access
/// out of order. A hint: nothing changes where it is refused or not known.
inline void welcome_huge_pages(void* memory, std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = 4096;
  if (bytes < worth_huge_pages)
    return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const auto start = (address + page - 1) / page * page, end = (address + bytes) / page * page;
  (void)madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

namespace detail {

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

} // namespace detail

/// Memory that is written before it is read: no time is spent on setting it to zero.
template <class T> using Memory = std::unique_ptr<T[], detail::Free>;

/// @throws std::bad_alloc.
template <class T> Memory<T> make_memory(std::size_t n) {
  if (n > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T))
    throw std::bad_alloc();
  std::size_t bytes = (n > 0 ? n : 1) * sizeof(T);
#ifdef __linux__ // so that it begins with a huge page, not with hundreds of small ones
  constexpr std::size_t huge_page = std::size_t{1} << 21;
  void* memory = nullptr;
  if (bytes >= worth_huge_pages && bytes % huge_page >= huge_page / 2) // and ends with one, if half of it is needed
    bytes += huge_page - bytes % huge_page;
  if (bytes < worth_huge_pages)
    memory = std::malloc(bytes);
  else if (posix_memalign(&memory, huge_page, bytes) != 0)
    memory = nullptr;
#else
  void* const memory = std::malloc(bytes);
#endif
  if (memory == nullptr)
    throw std::bad_alloc();
  welcome_huge_pages(memory, bytes);
  return Memory<T>(static_cast<T*>(memory));
}

/// The same memory for numbers of another kind and the same size; what stood in it is lost.
template <class T, class U> Memory<T> reuse_memory(Memory<U> memory) noexcept {
  static_assert(sizeof(T) == sizeof(U), "of the same size");
  return Memory<T>(static_cast<T*>(static_cast<void*>(memory.release())));
}

} // namespace cryonodes

#endif
