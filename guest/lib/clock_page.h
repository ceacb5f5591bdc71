// What turns the TSC into the time, on a page of its own that every program can read: the kernel's clocks (lib/time.cc)
// and those of the vDSO (vdso/vdso.cc) are computed from it, by the same functions. So a program's clock needs no system
// call, and the two agree to the nanosecond.
#pragma once

#include <cstdint>

#include "lib/tsc.h"

namespace kernel {

struct ClockPage {
  // Odd while the kernel changes what follows, and another number afterwards: who has read across a change reads again.
  std::uint32_t sequence = 0;
  std::uint64_t boot_tsc = 0;
  std::uint64_t realtime_at_boot_ns = 0;
  TscConversion conversion;

  // The TSC was set to what it is at the boot of the VM, and may be a little behind it.
  std::uint64_t monotonic_ns(std::uint64_t tsc) const { return tsc > boot_tsc ? conversion.to_ns(tsc - boot_tsc) : 0; }
  std::uint64_t realtime_ns(std::uint64_t tsc) const { return realtime_at_boot_ns + monotonic_ns(tsc); }
};

// Runs `read`, again while the page changes under it.
template <typename Read>
std::uint64_t read_consistently(const ClockPage& page, Read read) {
  for (;;) {
    const std::uint32_t before = __atomic_load_n(&page.sequence, __ATOMIC_ACQUIRE);
    const std::uint64_t value = read(page);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (before % 2 == 0 && __atomic_load_n(&page.sequence, __ATOMIC_RELAXED) == before) return value;
    __builtin_ia32_pause();
  }
}

// The kernel's: nobody else writes it.
const ClockPage& clock_page();

}  // namespace kernel
