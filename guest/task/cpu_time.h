// CPU time of tasks and processes, as times(2), getrusage(2), wait4(2) and CLOCK_PROCESS_CPUTIME_ID count it.
#pragma once

#include <cstdint>

#include "lib/time.h"

namespace kernel::task {

class Process;
class Task;

// In what Linux tells programs of times: USER_HZ, sysconf(_SC_CLK_TCK).
inline constexpr std::uint64_t kTicksPerSecond = 100;
constexpr std::uint64_t to_ticks(std::uint64_t ns) {
  return ns / (kNanosecondsPerSecond / kTicksPerSecond);
}

struct CpuTime {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
  std::uint64_t total_ns() const { return user_ns + system_ns; }
  CpuTime& operator+=(const CpuTime& other) {
    user_ns += other.user_ns;
    system_ns += other.system_ns;
    return *this;
  }
};

CpuTime task_cpu_time(const Task& task);
// All threads, living and dead; not the children.
CpuTime process_cpu_time(Process& process);

}  // namespace kernel::task
