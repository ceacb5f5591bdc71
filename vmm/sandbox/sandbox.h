// What the VMM gives up just before the guest runs. A guest that found a bug in a device model would run code in this
// process; from here on that code can no longer open a file, make a socket or a process, execute a program, get memory
// that is executable, or use a capability, and it is not root. What is left is what a running machine needs: its open
// descriptors, KVM_RUN, waiting, and memory. docs/isolation.md tells exactly what that is, and a test compares the page
// with a running VMM.
//
// Everything else must be opened before. Threads that start later are confined as well.
#pragma once

#include <cstdint>
#include <span>

#include "vmm/sandbox/filter.h"
#include "vmm/sandbox/identity.h"

namespace husk::sandbox {

struct Confinement {
  std::span<const int> descriptors = {};  // that stay open besides 0, 1 and 2
  FilteredDescriptors filtered = {};
  std::uint64_t guest_bytes = 0;  // of the address space that are the guest's: RAM and what lies behind it
  Jail jail = {};
};

// Confines the calling process for good. Call it with a single thread. Throws husk::Error. A wall that this host does
// not let the caller build (another user, an empty root: they take privileges) is said at log level info; with
// JailLevel::kFull it is an error.
//
// A system call that the filter does not allow is not executed; the process says which one and ends with status 125.
void enter(const Confinement& confinement);

}  // namespace husk::sandbox
