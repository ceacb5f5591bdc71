// The local APIC as memory (SDM vol. 3, 11.4.1), for a machine without x2APIC or without its timer's TSC-deadline mode:
// QEMU's software CPU is one. The kernel is written for x2APIC; the PVH loader rewrites the entry stubs' end of
// interrupt (boot/pvh/local_apic.cc), and the timer counts down here.
#pragma once

#include <cstdint>

namespace kernel::arch {

inline constexpr std::uint64_t kXapicGpa = 0xfee0'0000;
inline constexpr std::uint64_t kXapicEoi = 0x0b0, kXapicSvr = 0x0f0, kXapicLvtTimer = 0x320, kXapicLvtLint0 = 0x350,
                               kXapicInitialCount = 0x380, kXapicCurrentCount = 0x390, kXapicDivide = 0x3e0;
inline constexpr std::uint32_t kXapicDivideBy1 = 0xb;

// From now on set_timer_deadline() uses the one-shot timer, which counts at `timer_khz`.
void use_xapic_timer(std::uint64_t timer_khz, std::uint64_t tsc_khz);
bool xapic_timer_in_use();
void set_xapic_timer(std::uint64_t tsc);

}  // namespace kernel::arch
