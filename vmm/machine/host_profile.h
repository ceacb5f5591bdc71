// What husk has to know about the host's KVM before it can start a guest, and what is slow to find out: the CPUID
// leaves (0.4 ms where CPUID itself traps), the TSC's frequency, and how fast CPL 0 runs. None of it changes while the
// host is up and its KVM module loaded, so it is kept in a small file.
//
// The file is "host-profile" in husk's cache directory. It is valid for one boot of the host, one /dev/kvm, one build
// of husk, and only if it belongs to the user that husk runs as. A file that is missing, invalid or cannot be written
// costs start-up time and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmm/boot/entry_state.h"
#include "vmm/kvm/api.h"
#include "vmm/kvm/system.h"

namespace husk::machine {

struct HostProfile {
  std::vector<kvm_cpuid_entry2> cpuid;  // for KVM_SET_CPUID2
  boot::CpuFeatures features;
  double cpl0_ticks_per_instruction = 0;
  std::uint32_t tsc_khz = 0;
};

std::optional<HostProfile> load_host_profile(const kvm::System& system, const std::string& directory);
void store_host_profile(const kvm::System& system, const HostProfile& profile, const std::string& directory);

}  // namespace husk::machine
