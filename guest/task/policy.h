// What a process has asked for or was told to keep to, and what its children begin with: all of it is copied by fork(2).
#pragma once

#include <cstdint>

namespace kernel::task {

struct ProcessPolicy {
  bool dumpable = true;                        // prctl(2) PR_SET_DUMPABLE
  std::uint32_t core_filter = 0x33;            // /proc/PID/coredump_filter: read back; there are no core dumps
  std::uint32_t membarrier_registrations = 0;  // membarrier(2), of the program
  int oom_score_adj = 0;                       // /proc/PID/oom_score_adj: -1000 never, 1000 first to go without memory
  int oom_score_adj_minimum = 0;               // what root last set: others do not go below
};

}  // namespace kernel::task
