// System calls on the mount table: mount(2), umount(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_mount(mm::UserString source, mm::UserString target, mm::UserString type, std::uint64_t flags,
                        mm::UserString data);
SyscallResult sys_umount2(mm::UserString target, std::uint32_t flags);

inline constexpr Entry kMountCalls[] = {
    row<sys_mount>(165, "mount"),
    row<sys_umount2>(166, "umount2"),
};

}  // namespace kernel::syscall
