// Gets the local APIC ready for the kernel, which is written for x2APIC with a TSC-deadline timer, and the kernel ready
// for an APIC that is not so.
#pragma once

#include <cstdint>

#include "boot/pvh/problem.h"

namespace kernel::pvh {

struct LocalApic {
  // Of the one-shot timer of an APIC that is accessed as memory; 0: x2APIC with TSC-deadline mode.
  std::uint32_t xapic_timer_khz = 0;
};
Problem enable_local_apic(std::uint32_t tsc_khz, LocalApic& apic);

}  // namespace kernel::pvh
