#ifndef CRYONODES_POLL_HPP
#define CRYONODES_POLL_HPP

#include <cstddef>
#include <functional>

namespace cryonodes {

/// Called now and then by long loops, on the caller's thread, with the share of the work done: a
/// number in [0, 1], or negative when it cannot be known. It may throw: the loop then ends with that
/// exception and no answer. Empty means: do not ask.
using Poll = std::function<void(double)>;

/// For loops over very many rows, called once a row: asks `poll` once in `stretch` calls, so often that nobody waits
/// for it and so seldom that it costs nothing.
class PollRows {
public:
  static constexpr std::size_t stretch = std::size_t{1} << 16U;
  explicit PollRows(const Poll& poll) : poll_(poll) {}
  void operator()() {
    if (++rows_ % stretch == 0 && poll_)
      poll_(-1.0);
  }

private:
  const Poll& poll_;
  std::size_t rows_ = 0;
};

} // namespace cryonodes

#endif
