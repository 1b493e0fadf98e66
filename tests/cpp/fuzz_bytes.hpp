#ifndef CRYONODES_FUZZ_BYTES_HPP
#define CRYONODES_FUZZ_BYTES_HPP

// What the fuzz targets share.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

inline void must(bool holds, const char* invariant) {
  if (!holds)
    throw std::logic_error(invariant);
}

/// Numbers out of the fuzzer's bytes; zeros once they are used up.
struct Reader {
  const std::uint8_t* data;
  std::size_t left;

  std::uint8_t byte() {
    if (left == 0)
      return 0;
    --left;
    return *data++;
  }
  double number() {
    double x = 0.0;
    std::uint8_t bytes[sizeof x] = {};
    for (auto& b : bytes)
      b = byte();
    std::memcpy(&x, bytes, sizeof x);
    return x;
  }
};

#endif
