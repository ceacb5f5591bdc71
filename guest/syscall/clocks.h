// The clocks of clock_gettime(2), by their numbers.
#pragma once

#include <cstdint>

#include "lib/clock_ids.h"
#include "lib/result.h"
#include "lib/time.h"

namespace kernel::syscall {

// What the clock shows, in nanoseconds. Negative numbers are CPU time clocks of other processes and threads
// (clock_getcpuclockid(3)). kInval for a number that is no clock, or whose process or thread is gone.
Result<std::uint64_t> read_clock(int clock);

// The monotonic time at which a clock that runs in real time shows `ns`. kInval for other clocks; kOpNotSupp for CPU
// time. Setting CLOCK_REALTIME later does not move it.
Result<Deadline> deadline_on_clock(int clock, std::uint64_t ns);

}  // namespace kernel::syscall
