// The guest's GDT and IDT, written by the VMM so that the guest needs no privileged instruction to get them.
#pragma once

#include "abi/husk_abi.h"
#include "common/guest_memory.h"
#include "vmm/kvm/api.h"

namespace husk::boot {

enum class Ring { kRing0, kRing3 };  // where the kernel's C++ runs

inline constexpr std::uint16_t kGdtLimit = 16 * 8 - 1;
inline constexpr std::uint16_t kIdtLimit = 256 * 16 - 1;

void write_gdt(const GuestMemory& memory, const abi::KernelNote& note);
void write_idt(const GuestMemory& memory, const abi::KernelNote& note, Ring ring);

// The segment registers that belong to those descriptors, as KVM_SET_SREGS takes them.
kvm_segment code_segment(std::uint16_t selector);
kvm_segment data_segment(std::uint16_t selector);
kvm_segment task_segment(const abi::KernelNote& note);
kvm_segment null_segment();

}  // namespace husk::boot
