// Descriptors that stand for processes: pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2). waitid(2) takes them, too
// (process_calls.h), and clone(2) makes them.
#pragma once

#include "syscall/table.h"
#include "task/signal_state.h"

namespace kernel::syscall {

SyscallResult sys_pidfd_send_signal(int pidfd, int signal, mm::UserPtr<const task::SignalInfo> info,
                                    std::uint32_t flags);
SyscallResult sys_pidfd_open(int pid, std::uint32_t flags);
SyscallResult sys_pidfd_getfd(int pidfd, int target_fd, std::uint32_t flags);

inline constexpr Entry kPidfdCalls[] = {
    row<sys_pidfd_send_signal>(424, "pidfd_send_signal"),
    row<sys_pidfd_open>(434, "pidfd_open"),
    row<sys_pidfd_getfd>(438, "pidfd_getfd"),
};

}  // namespace kernel::syscall
