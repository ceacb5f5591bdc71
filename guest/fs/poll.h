// What a file is ready for, and where it says that this has changed: what poll(2), select(2) and epoll(7) ask.
#pragma once

#include <cstdint>

#include "fs/abi.h"
#include "task/wait_queue.h"

namespace kernel::fs {

struct Readiness {
  std::uint32_t events;      // the kPoll* events that hold now
  task::WaitQueue* changes;  // woken, with the events, when some come to hold. Null: what holds now holds for ever
};

// Of regular files and directories.
inline constexpr Readiness kAlwaysReady{kPollReadable | kPollWritable, nullptr};

}  // namespace kernel::fs
