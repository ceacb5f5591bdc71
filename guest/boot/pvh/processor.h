// What the loader finds out about the processor: features to switch on, time, and a seed for random numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "boot/pvh/problem.h"

namespace kernel::pvh {

// What the kernel's entry wants switched on where CPUID offers it (as vmm/boot/entry_state.h).
struct Features {
  bool xsave = false;
  bool smep = false;
  bool smap = false;
  std::uint64_t xcr0 = 0;
};
Features find_features();

struct Clock {
  std::uint32_t tsc_khz = 0;
  std::uint64_t boot_tsc = 0;
  std::uint64_t boot_realtime_ns = 0;
};
// `known_khz`: what the command line says; 0: nothing.
Problem read_clock(std::uint32_t known_khz, Clock& clock);

using Seed = std::array<std::uint64_t, 8>;
Problem read_seed(Seed& seed);

}  // namespace kernel::pvh
