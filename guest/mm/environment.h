// What mm asks of whoever uses it. mm knows no tasks, no files and no devices: these are declared here and defined above
// it (task/memory_environment.cc).
#pragma once

#include <cstdint>

namespace kernel::mm {

class AddressSpace;

// Of the running task.
AddressSpace& current_space();

// What an address space keeps to (getrlimit(2)): the limits of the process that makes it grow, at that moment, as on
// Linux.
struct MemoryLimits {
  std::uint64_t total;   // RLIMIT_AS
  std::uint64_t data;    // RLIMIT_DATA
  std::uint64_t stack;   // RLIMIT_STACK
  std::uint64_t locked;  // RLIMIT_MEMLOCK; no limit for who is privileged (CAP_IPC_LOCK)
};
MemoryLimits memory_limits_of_caller();

// There is no frame left for a copy from or to user memory: somebody must give way. True: try again. Lets nobody run.
bool make_room_now();

// The kernel is in the middle of something long, and lets the host see that it is alive. Switches no tasks.
void still_busy();

// There is free memory that the host could have (kWorthGivingBack of mm/frame.h). Comes from the middle of freeing it, and only takes note.
void memory_can_be_given_back();

}  // namespace kernel::mm
