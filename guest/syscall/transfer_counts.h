// What /proc/PID/io tells of the calls that read and write (Linux counts in fs/read_write.c).
#pragma once

#include <cstdint>

#include "task/task.h"

namespace kernel::syscall {

inline void count_read(std::uint64_t bytes) {
  task::TransferCounts& counts = task::current().transfers;
  counts.read_bytes += bytes;
  ++counts.reads;
}

inline void count_write(std::uint64_t bytes) {
  task::TransferCounts& counts = task::current().transfers;
  counts.written_bytes += bytes;
  ++counts.writes;
}

}  // namespace kernel::syscall
