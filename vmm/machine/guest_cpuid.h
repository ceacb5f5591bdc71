// What CPUID tells the guest: what KVM supports, as a machine with one processor.
//
// CPUID always traps in a guest (1 to 2 us on VMX, 30 us where KVM emulates CPL 0), and a static glibc program executes
// 68 of them before main, 36 of these to find out the caches from leaf 4 because leaf 2 says "see leaf 4". So leaf 2
// lists the caches itself, with the descriptors that come closest, as QEMU's processor models do. Leaf 4 stays exact.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vmm/kvm/api.h"

namespace husk::machine {

// `supported` is KVM_GET_SUPPORTED_CPUID's answer; `tsc_deadline_timer` whether KVM has KVM_CAP_TSC_DEADLINE_TIMER.
std::vector<kvm_cpuid_entry2> guest_cpuid(std::span<const kvm_cpuid_entry2> supported, bool tsc_deadline_timer);

}  // namespace husk::machine
