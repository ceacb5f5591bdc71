// System calls about privileges: capget(2), capset(2), and what prctl(2) has of them. See capabilities(7).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

// <linux/capability.h>
struct CapabilityHeader {
  std::uint32_t version;
  std::int32_t pid;
};

SyscallResult sys_capget(mm::UserPtr<CapabilityHeader> header, mm::UserBuffer data);
SyscallResult sys_capset(mm::UserPtr<CapabilityHeader> header, mm::UserPtr<const std::byte> data);

inline constexpr Entry kCapabilityCalls[] = {
    row<sys_capget>(125, "capget"),
    row<sys_capset>(126, "capset"),
};

// prctl(2): PR_CAPBSET_READ and _DROP, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT.
SyscallResult read_bounding_set(std::uint64_t capability);
SyscallResult drop_from_bounding_set(std::uint64_t capability);
SyscallResult set_keep_capabilities(std::uint64_t keep);
SyscallResult set_secure_bits(std::uint64_t bits);
SyscallResult change_ambient_set(std::uint64_t operation, std::uint64_t capability, std::uint64_t argument4,
                                 std::uint64_t argument5);

}  // namespace kernel::syscall
