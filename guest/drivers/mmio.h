// Access to device registers through the direct map. Every access leaves the VM (some 67 us where KVM emulates CPL 0, 2
// us on VMX and SVM), so drivers count them.
#pragma once

#include <cstdint>

#include "mm/address.h"

namespace kernel::drivers {

// Device registers are 32 bits wide and naturally aligned. The asm forces one plain MOV between a register and memory:
// the VMM (or KVM on its behalf) has to decode the instruction, and the compiler must neither widen, split nor drop it.
// The "memory" clobber makes everything that was written to RAM before visible to the device that reacts to the access;
// the CPU itself keeps stores in order (SDM vol. 3, 9.2.2).
inline std::uint32_t read_register(std::uint64_t gpa) {
  std::uint32_t value;
  asm volatile("movl %1, %0" : "=r"(value) : "m"(*mm::physical_pointer<const volatile std::uint32_t>(gpa)) : "memory");
  return value;
}
inline void write_register(std::uint64_t gpa, std::uint32_t value) {
  asm volatile("movl %1, %0" : "=m"(*mm::physical_pointer<volatile std::uint32_t>(gpa)) : "r"(value) : "memory");
}

// The one reordering that x86 does: a load may pass an older store to another address. For the two sides of a flag.
inline void full_memory_barrier() {
  asm volatile("mfence" ::: "memory");
}

}  // namespace kernel::drivers
