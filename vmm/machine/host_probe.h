// Finds out what a HostProfile holds, in a VM of its own. Not in the one that runs the payload: KVM may give a VM that
// has run a worker thread in the VMM's process (kvm-nx-lpage-recovery), which would keep the user and the system call
// filter that the VMM had before it was confined.
#pragma once

#include "vmm/kvm/system.h"
#include "vmm/machine/host_profile.h"

namespace husk::machine {

// Throws husk::Error.
HostProfile measure_host_profile(const kvm::System& system);

// What the cache knows (vmm/machine/host_profile.h), or else what is measured now, and kept. Throws husk::Error.
HostProfile host_profile(const kvm::System& system, const cache::CacheDir& cache);

}  // namespace husk::machine
