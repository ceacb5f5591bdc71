// inotify(7): watching files and directories.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_inotify_init();
SyscallResult sys_inotify_init1(std::uint32_t flags);
SyscallResult sys_inotify_add_watch(int fd, mm::UserString path, std::uint32_t mask);
SyscallResult sys_inotify_rm_watch(int fd, int descriptor);

inline constexpr Entry kNotifyCalls[] = {
    row<sys_inotify_init>(253, "inotify_init"),
    row<sys_inotify_add_watch>(254, "inotify_add_watch"),
    row<sys_inotify_rm_watch>(255, "inotify_rm_watch"),
    row<sys_inotify_init1>(294, "inotify_init1"),
};

}  // namespace kernel::syscall
