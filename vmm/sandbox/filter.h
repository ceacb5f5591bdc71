// The seccomp filter of the VMM: a BPF program over the number and arguments of a system call (seccomp(2)), and the
// list of the calls that it lets through, each with what it is needed for.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace husk::sandbox {

// The descriptors that the ioctls of a running machine act on. -1: there is none, and so no ioctl on it.
struct FilteredDescriptors {
  int vcpu = -1;      // KVM_RUN, KVM_GET_REGS
  int vm = -1;        // KVM_SIGNAL_MSI
  int terminal = -1;  // the terminal that is in raw mode and has to be set back: TCGETS, TCSETS*
  int vectors = -1;   // the vCPU, if it is the VMM that saves its vector registers: KVM_GET_XSAVE, KVM_SET_XSAVE
};

struct AllowedCall {
  std::uint32_t number;
  std::string_view purpose;
  std::string_view condition = {};  // empty: with any arguments
};

// Every call that some arguments get through, sorted by number; docs/isolation.md shows the same list.
std::span<const AllowedCall> allowed_calls();

// The program for these descriptors. All but their numbers is built by the compiler and not with libseccomp, which
// takes milliseconds at run time.
std::vector<sock_filter> filter(const FilteredDescriptors& descriptors);

// Installs it for the calling thread and those it starts. Needs no_new_privs. Throws husk::Error.
void install_filter(const FilteredDescriptors& descriptors);

}  // namespace husk::sandbox
