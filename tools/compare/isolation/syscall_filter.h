// Which system calls the seccomp filters of a thread let through, found by running the filters themselves (seccomp(2),
// Documentation/userspace-api/seccomp_filter.rst).
//
// A filter is a classic BPF program over struct seccomp_data. For each system call number it is run with that number
// and the x86-64 architecture known and everything else (arguments, instruction pointer) unknown: a branch that depends
// on something unknown goes both ways. Jumps only go forward, so this ends.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace husk::compare {

using SyscallFilter = std::vector<sock_filter>;

enum class Reach {
  kNever,      // refused whatever the arguments are
  kSometimes,  // depends on arguments
  kAlways,
};

// What filters that are stacked on one another do with the call: the strictest of them decides. A program that the
// kernel would not have accepted counts as one that lets everything through, so that no figure is better than the
// truth.
Reach evaluate(std::span<const SyscallFilter> filters, std::uint32_t number);

struct FilterReading {
  bool is_readable = false;
  std::string why_not;
  std::vector<SyscallFilter> filters;  // none: every call is let through
};

// Reads the filters of a thread by stopping it for a moment (ptrace(2), PTRACE_SECCOMP_GET_FILTER: needs CAP_SYS_ADMIN
// and a kernel with CONFIG_CHECKPOINT_RESTORE).
FilterReading read_filters(pid_t thread);

// The system calls of x86-64 that libseccomp knows by name, as (number, name).
std::vector<std::pair<std::uint32_t, std::string>> known_system_calls();

}  // namespace husk::compare
