// The system call filter of a namespaced payload (seccomp(2)), in the spirit of Docker's default profile.
//
// A program of classic BPF that the compiler builds (vmm/filter_program.h).
#pragma once

#include <linux/filter.h>

#include <span>

#include "common/unique_fd.h"

namespace husk::runner {

// What is not allowed fails with EPERM; what this list does not know yet (a number above all that are named in it), and
// clone3, whose flags a filter cannot see, fail with ENOSYS, so that programs take the older call.
// kill(2) and its relatives with process 1 as the target, and kill(2) of the caller's process group by the number 0, are
// handed to the listener (see init_signals.h).
std::span<const sock_filter> default_filter();

// Sets no_new_privs and installs the filter for the calling thread. Returns the descriptor of its listener
// (seccomp_unotify(2)), close-on-exec.
UniqueFd install_filter(std::span<const sock_filter> filter);

}  // namespace husk::runner
