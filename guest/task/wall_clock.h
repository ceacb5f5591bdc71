// CLOCK_REALTIME is set now and then (clock_settime(2)). Timers that were set for a point of it move with it.
#pragma once

#include <cstdint>

#include "task/wait_queue.h"

namespace kernel::task {

// Sets it, as what it would have shown when the VM booted, and tells who waits on wall_clock_changes().
void set_wall_clock(std::uint64_t realtime_at_boot_ns);
WaitQueue& wall_clock_changes();

}  // namespace kernel::task
