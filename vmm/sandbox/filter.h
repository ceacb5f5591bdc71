// The seccomp filter of the VMM: a BPF program over the number and arguments of a system call (seccomp(2)).
#pragma once

#include <linux/filter.h>

#include <span>

namespace husk::sandbox {

// Built by the compiler and not with libseccomp, which takes milliseconds at run time.
std::span<const sock_filter> filter();

// Installs it for the calling thread and those it starts. Needs no_new_privs. Throws husk::Error.
void install_filter();

}  // namespace husk::sandbox
