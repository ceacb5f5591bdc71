// Linux's struct rusage of the x86-64 ABI: getrusage(2), wait4(2), waitid(2). What is not counted is zero.
#pragma once

#include <cstdint>

#include "syscall/time_values.h"
#include "task/cpu_time.h"

namespace kernel::syscall {

struct Rusage {
  Timeval user_time, system_time;
  std::int64_t max_resident_kib;
  std::int64_t shared_text, unshared_data, unshared_stack;  // never maintained, as on Linux
  std::int64_t minor_faults, major_faults, swaps, blocks_in, blocks_out, messages_sent, messages_received, signals;
  std::int64_t voluntary_switches, involuntary_switches;
};
static_assert(sizeof(Rusage) == 144);

inline Rusage to_rusage(const task::CpuTime& time, std::uint64_t peak_pages = 0) {
  constexpr std::uint64_t kPageKib = 4;
  Rusage usage{};
  usage.max_resident_kib = static_cast<std::int64_t>(peak_pages * kPageKib);
  usage.user_time = to_timeval(time.user_ns);
  usage.system_time = to_timeval(time.system_ns);
  return usage;
}

}  // namespace kernel::syscall
