#ifndef CRYONODES_POLL_HPP
#define CRYONODES_POLL_HPP

#include <functional>

namespace cryonodes {

/// Called now and then by long loops, on the caller's thread, with the share of the work done: a
/// number in [0, 1], or negative when it cannot be known. It may throw: the loop then ends with that
/// exception and no answer. Empty means: do not ask.
using Poll = std::function<void(double)>;

} // namespace cryonodes

#endif
