// The clocks of clock_gettime(2), by their numbers.
#pragma once

#include <cstdint>

#include "lib/clock_ids.h"
#include "lib/result.h"
#include "lib/time.h"
#include "task/cpu_timers.h"

namespace kernel::syscall {

// What the clock shows, in nanoseconds. Negative numbers are CPU time clocks of other processes and threads
// (clock_getcpuclockid(3)). kInval for a number that is no clock, or whose process or thread is gone.
Result<std::uint64_t> read_clock(int clock);

// Whether it counts CPU time: then its number says whose, and what of it.
bool is_cpu_clock(int clock);
struct CpuClockChoice {
  task::CpuClock& clock;
  task::CpuTimeKind kind;
};
// Who reads the clock may name its own process by its own thread's number, too; who sets a timer may not, as on Linux.
enum class ClockUse : bool { kRead, kTimer };
Result<CpuClockChoice> cpu_clock(int clock, ClockUse use);

// When a clock that runs in real time shows `ns`. kInval for a number that is no clock, kOpNotSupp for the others: CPU
// time, and clocks that can only be read.
Result<Deadline> deadline_on_clock(int clock, std::uint64_t ns);

}  // namespace kernel::syscall
