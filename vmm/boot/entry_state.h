// The state in which the vCPU enters the guest kernel: abi/husk_abi.h says what the kernel finds.
#pragma once

#include <cstdint>
#include <span>

#include "abi/husk_abi.h"
#include "common/address.h"
#include "vmm/boot/descriptor_tables.h"
#include "vmm/kvm/vcpu.h"

namespace husk::boot {

struct Entry {
  Ring ring = Ring::kRing0;
  Gpa page_tables;
  Gpa device_tree;
  const abi::KernelNote* note = nullptr;
};

// What husk switches on for the guest where its CPUID offers it.
struct CpuFeatures {
  bool fsgsbase = false;
  bool smep = false;
  bool smap = false;
  bool xsave = false;
  std::uint64_t xcr0 = 0;  // everything that leaf 0xD offers

  static CpuFeatures from_cpuid(std::span<const kvm_cpuid_entry2> cpuid);
};

// Sets system registers, MSRs, XCR0 and general registers of `vcpu`. Throws husk::Error when KVM refuses.
void set_entry_state(kvm::Vcpu& vcpu, const Entry& entry, const CpuFeatures& features);

// Control and system registers for 64-bit code with the given page tables, in CPL 0, without interrupts or segments
// other than a flat code and stack segment. What `set_entry_state` and the CPL 0 probe have in common.
kvm_sregs long_mode_sregs(Gpa page_tables);

}  // namespace husk::boot
