// The memory of a VMM as a limit that the host's kernel enforces, whatever becomes of the guest and of the VMM.
//
// The guest cannot get more RAM than its memory slot has, and kills a process of its own when that is used up. What is left is a
// guest's kernel that has KVM build page tables for the sake of it, and code of somebody else's in the VMM. The resource limit of
// the VMM's address space bounds the latter (vmm/sandbox/limits.h); a control group bounds both, and what the host's kernel
// has for them.
#pragma once

#include <cstdint>

#include "vmm/container_spec.h"

namespace husk::runner {

// What a VMM and the host's kernel may take beside the guest's RAM. Measured (docs/isolation.md): less than 4 MiB of an idle VM, with
// 0.2 % of the RAM in use for page tables where the processor has nested ones. Where KVM shadows page tables it may have
// shadow pages, of two pages each, for 2 % of what is mapped (KVM_MEMORY_SLOTS: kvm_mmu_calculate_default_mmu_pages() in
// arch/x86/kvm/mmu/mmu.c), and 10 bytes for each page in tables of its own.
inline constexpr std::uint64_t kVmmBytes = std::uint64_t{16} << 20;
inline constexpr std::uint64_t kVmmShare = 16;  // and of RAM and image one part in so many

std::uint64_t vmm_memory_limit(std::uint64_t ram_bytes, std::uint64_t image_bytes);

// Puts the caller, which is going to be the VMM, into a memory control group of its own, and starts a guard that removes the
// group when the caller has ended, however that was. To be called while there is one thread. Throws husk::Error if this
// host gives it none: then all is as it was.
void enter_vmm_cgroup(std::uint64_t limit_bytes);

}  // namespace husk::runner
