#ifndef CRYONODES_THREADS_HPP
#define CRYONODES_THREADS_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "cryonodes/poll.hpp"

namespace cryonodes {

/// Calls `work(block, thread)` once for each block in [0, n_block), on up to `threads` threads, the caller's among
/// them; thread < threads says which one, for memory of its own. Blocks must not depend on each other nor on their
/// order.
/// `poll` is asked on the caller's thread after each of its blocks. Whatever work or poll throws is thrown here, once
/// all threads have ended; blocks not begun by then are left out.
template <class Work>
void for_each_block(std::size_t n_block, std::size_t threads, Work work, const Poll& poll = {}) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr failure;
  std::mutex first;
  const auto run = [&](std::size_t thread, bool asks) {
    try {
      for (std::size_t block; !stop && (block = next++) < n_block;) {
        work(block, thread);
        if (asks && poll)
          poll(static_cast<double>(block + 1) / static_cast<double>(n_block));
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(first);
      if (!failure)
        failure = std::current_exception();
      stop = true;
    }
  };
  const std::size_t helpers = std::min(std::max<std::size_t>(threads, 1), std::max<std::size_t>(n_block, 1)) - 1;
  std::vector<std::thread> pool;
  try {
    for (std::size_t k = 1; k <= helpers; ++k)
      pool.emplace_back(run, k, false);
  } catch (...) {
    // The system has no more threads to give: those there are do the work.
  }
  run(0, true);
  for (auto& thread : pool)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
}

/// `poll` for blocks that take long themselves: within them it is asked on the caller's thread only, and tells the
/// share of the work that was done before.
class BlockPoll {
public:
  explicit BlockPoll(const Poll& poll)
      : within_([this, &poll](double) {
          if (poll)
            poll(share_);
        }),
        between_([this](double done) {
          share_ = done;
          within_(done);
        }) {}
  BlockPoll(const BlockPoll&) = delete;
  BlockPoll& operator=(const BlockPoll&) = delete;

  const Poll& within(std::size_t thread) const { return thread == 0 ? within_ : nobody_; }
  /// For for_each_block().
  const Poll& between() const { return between_; }

private:
  double share_ = 0.0;
  Poll nobody_, within_, between_;
};

} // namespace cryonodes

#endif
