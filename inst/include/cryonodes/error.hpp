#ifndef CRYONODES_ERROR_HPP
#define CRYONODES_ERROR_HPP

#include <stdexcept>
#include <string>

namespace cryonodes {

/// Root of everything the core throws on purpose. Callers in R see the type's name as a condition class.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A precondition of a core function does not hold (lengths, codes, ranges).
struct input_error : error {
  using error::error;
};

/// A row's entry and exit fall on one time, so that it is never at risk.
struct entry_error : input_error {
  using input_error::input_error;
};

/// An answer would need more memory than the caller allowed.
struct memory_error : error {
  using error::error;
};

/// A search did not end within the steps the caller allowed.
struct work_error : error {
  using error::error;
};

namespace detail {

inline void require(bool holds, const char* rule) {
  if (!holds)
    throw input_error(rule);
}

} // namespace detail
} // namespace cryonodes

#endif
