// What a process has used so far (getrusage(2), times(2), /proc/PID/stat).
#pragma once

#include <cstdint>

#include "task/cpu_time.h"

namespace kernel::task {

struct Accounting {
  std::uint64_t start_ns = 0;  // monotonic time of the process's start
  CpuTime cpu_time;            // of all threads, living and dead
  CpuTime reaped;              // of children that were waited for, and of theirs
  std::uint64_t minor_faults = 0;
  // The most pages that were resident in one program before the one that runs, and in any child that was waited for.
  std::uint64_t peak_pages = 0;
  std::uint64_t reaped_peak_pages = 0;
};

}  // namespace kernel::task
