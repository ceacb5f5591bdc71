// The few privileged operations that the kernel needs, in either privilege mode: in ring 0 the instruction itself, in
// ring 3 a gate into a CPL 0 stub (INT3; entry.S, ring3_breakpoint). A gate costs some 25 us where KVM emulates CPL 0,
// so callers batch.
#pragma once

#include <cstdint>

#include "arch/x86_64/user_state.h"

namespace kernel::arch {

void load_page_table(std::uint64_t root_physical);                         // CR3; flushes all of the TLB
std::uint64_t loaded_page_table();                                         // on this CPU; 0 before the first load
void flush_tlb_pages(std::uint64_t virtual_address, std::uint64_t pages);  // INVLPG for each; at least one
void flush_tlb();
// LAPIC timer, TSC-deadline mode: one interrupt (abi::kTimerVector) when the TSC reaches the value; 0 disarms.
void set_timer_deadline(std::uint64_t tsc);
void write_port(std::uint16_t port, std::uint8_t value);
std::uint8_t read_port(std::uint16_t port);
[[noreturn]] void reset_machine();  // by a triple fault
// Waits for an interrupt, unless one is already pending.
void wait_for_interrupt();
// Interrupts that wait are noted in PerCpu::pending_interrupts, as those are that come while the CPU idles. (In ring 3
// they always are.) Where KVM emulates CPL 0 some do not find the door open.
void let_interrupts_in();
bool holds_interrupts_back();  // the kernel, until it lets them in: in ring 0
// As let_interrupts_in, in ring 0, and no interrupt that waits stays outside: the read leaves the VM, and whatever
// emulates instructions looks for interrupts before it goes on behind it.
std::uint32_t read_and_let_interrupts_in(const volatile std::uint32_t* device_register);

inline std::uint64_t read_tsc() {
  std::uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return (std::uint64_t{high} << 32) | low;
}

// CR4.FSGSBASE is set, so these work in both modes.
inline SegmentBase read_fs_base() {
  std::uint64_t base;
  asm volatile("rdfsbase %0" : "=r"(base));
  return SegmentBase(base);
}
inline SegmentBase read_gs_base() {
  std::uint64_t base;
  asm volatile("rdgsbase %0" : "=r"(base));
  return SegmentBase(base);
}
inline void write_fs_base(SegmentBase base) {
  asm volatile("wrfsbase %0" ::"r"(base.value()));
}
inline void write_gs_base(SegmentBase base) {
  asm volatile("wrgsbase %0" ::"r"(base.value()));
}

// Privileged operations asked of the CPL 0 stub so far; 0 in ring 0.
std::uint64_t gate_count();

}  // namespace kernel::arch
