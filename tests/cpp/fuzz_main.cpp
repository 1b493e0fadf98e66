// Drives one fuzz target without libFuzzer: seeded pseudo-random byte strings, always the same ones.
//   fuzz_<stem> [inputs] [seconds] [first]
// Input k depends on k alone, so the one that fails is repeated by `fuzz_<stem> 1 60 k`.

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <random>
#include <vector>

#include <sanitizer/common_interface_defs.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

unsigned long current = 0;

void say_where() {
  std::fprintf(stderr, "fuzz: failed on input %lu\n", current);
  std::fflush(stderr);
}

void on_abort(int) {
  say_where();
  std::_Exit(1);
}

// Random bytes read as doubles are almost never equal, whole or special. These are.
double hostile(std::mt19937& random) {
  using limits = std::numeric_limits<double>;
  static const double special[] = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.0,
                                   0.5,
                                   1.0 + limits::epsilon(),
                                   1.0 + std::sqrt(limits::epsilon()),
                                   limits::min(),
                                   limits::denorm_min(),
                                   limits::max(),
                                   -limits::max(),
                                   limits::infinity(),
                                   -limits::infinity(),
                                   limits::quiet_NaN(),
                                   1e-300,
                                   1e300,
                                   9007199254740993.0,
                                   365.25};
  const std::uint32_t pick = static_cast<std::uint32_t>(random());
  switch (pick % 8) {
  case 0:
    return special[(pick >> 3) % (sizeof special / sizeof *special)];
  case 1:
    return static_cast<double>((pick >> 3) % 8) + 1e-9 * static_cast<double>((pick >> 8) % 4); // near-ties
  default:
    return static_cast<double>((pick >> 3) % 12); // ties
  }
}

std::vector<std::uint8_t> input(unsigned long k) {
  std::mt19937 random(static_cast<std::mt19937::result_type>(20210732UL + k));
  std::vector<std::uint8_t> bytes(random() % 700);
  for (auto& byte : bytes)
    byte = static_cast<std::uint8_t>(random() & 0xffU);
  // Two inputs of three carry doubles of the kinds above, most of them; one is bytes only.
  if (k % 3 != 0)
    for (std::size_t at = 8 * (k % 2); at + 8 <= bytes.size(); at += 8)
      if (random() % 16 != 0) {
        const double x = hostile(random);
        std::memcpy(bytes.data() + at, &x, 8);
      }
  return bytes;
}

} // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, unsigned long otherwise) {
    return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
  };
  const unsigned long n = argument(1, 20000), seconds = argument(2, 20), first = argument(3, 0);
  std::signal(SIGABRT, on_abort);
  __sanitizer_set_death_callback(say_where);

  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  unsigned long done = 0;
  try {
    for (; done < n && std::chrono::steady_clock::now() < end; ++done) {
      current = first + done;
      // A block of exactly the length given: a read past its end is seen.
      const std::vector<std::uint8_t> bytes = input(current);
      std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
      LLVMFuzzerTestOneInput(exact.data(), exact.size());
    }
  } catch (const std::exception& e) {
    say_where();
    std::fprintf(stderr, "fuzz: %s\n", e.what());
    return 1;
  } catch (...) {
    say_where();
    return 1;
  }
  std::printf("fuzz: %lu inputs\n", done);
  return 0;
}
