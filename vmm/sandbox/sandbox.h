// What the VMM gives up just before the guest runs. A guest that found a bug in a device model would run code in this
// process; from here on that code can no longer open a file, make a socket or a process, execute a program, get memory
// that is executable, or use a capability. What is left is what a running machine needs: its open descriptors, KVM_RUN,
// waiting, and memory.
//
// Everything else must be opened before. Threads that start later are confined as well.
#pragma once

namespace husk::sandbox {

// Confines the calling process for good: no_new_privs, no capabilities, no core dump (it would hold the payload's
// memory), a seccomp filter (seccomp(2)). Call it with a single thread. Throws husk::Error.
//
// A system call that the filter does not allow is not executed; the process says which one and ends with status 125.
void enter();

}  // namespace husk::sandbox
