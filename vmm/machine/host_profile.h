// What husk has to know about the host's KVM before it can start a guest, and what is slow to find out: the CPUID
// leaves (0.4 ms where CPUID itself traps), the TSC's frequency, and how fast CPL 0 runs. None of it changes while the
// host is up and its KVM module loaded, so it is kept in a small file.
//
// The file is "host-profile" in husk's cache directory, and decides what the guest's processor looks like and in which
// ring its kernel runs: it is read and written only through cache::Folder, which refuses what is somebody else's. It is
// valid for one boot of the host, one /dev/kvm and one build of husk. A file that is missing, out of date or cannot be
// written costs start-up time and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vmm/boot/entry_state.h"
#include "vmm/cache/cache_dir.h"
#include "vmm/kvm/api.h"
#include "vmm/kvm/system.h"

namespace husk::machine {

struct HostProfile {
  std::vector<kvm_cpuid_entry2> cpuid;  // for KVM_SET_CPUID2
  boot::CpuFeatures features;
  double cpl0_ticks_per_instruction = 0;
  std::uint32_t tsc_khz = 0;
};

// Loading throws husk::Error if the cache or the file is not to be trusted.
std::optional<HostProfile> load_host_profile(const kvm::System& system, const cache::CacheDir& cache);
void store_host_profile(const kvm::System& system, const HostProfile& profile, const cache::CacheDir& cache);

}  // namespace husk::machine
