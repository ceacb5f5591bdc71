// What a process has used so far (getrusage(2), times(2), /proc/PID/stat).
#pragma once

#include <cstdint>

#include "task/cpu_time.h"

namespace kernel::task {

// What read(2) and write(2) and their relatives were asked and moved (proc(5), /proc/PID/io).
struct TransferCounts {
  std::uint64_t read_bytes = 0, written_bytes = 0;
  std::uint64_t reads = 0, writes = 0;  // calls

  TransferCounts& operator+=(const TransferCounts& other) {
    read_bytes += other.read_bytes, written_bytes += other.written_bytes;
    reads += other.reads, writes += other.writes;
    return *this;
  }
};

struct Accounting {
  std::uint64_t start_ns = 0;  // monotonic time of the process's start
  CpuTime cpu_time;            // of all threads, living and dead
  CpuTime reaped;              // of children that were waited for, and of theirs
  TransferCounts transfers;    // of threads that have ended, and of children that were waited for
  std::uint64_t minor_faults = 0;
  // The most pages that were resident in one program before the one that runs, and in any child that was waited for.
  std::uint64_t peak_pages = 0;
  std::uint64_t reaped_peak_pages = 0;
};

}  // namespace kernel::task
