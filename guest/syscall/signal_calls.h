// System calls about signals: sigaction(2) and its family, kill(2), sigaltstack(2), interval and POSIX timers' signals.
#pragma once

#include "lib/time.h"
#include "syscall/table.h"
#include "task/signal_state.h"

namespace kernel::syscall {

SyscallResult sys_rt_sigaction(int signal, mm::UserPtr<const task::SignalAction> action,
                               mm::UserPtr<task::SignalAction> old_action, std::size_t set_size);
SyscallResult sys_rt_sigprocmask(int how, mm::UserPtr<const task::SignalSet> set, mm::UserPtr<task::SignalSet> old_set,
                                 std::size_t set_size);
SyscallResult sys_rt_sigreturn();
SyscallResult sys_rt_sigpending(mm::UserPtr<task::SignalSet> set, std::size_t set_size);
SyscallResult sys_rt_sigsuspend(mm::UserPtr<const task::SignalSet> set, std::size_t set_size);
SyscallResult sys_rt_sigtimedwait(mm::UserPtr<const task::SignalSet> set, mm::UserPtr<task::SignalInfo> info,
                                  mm::UserPtr<const Timespec> timeout, std::size_t set_size);
SyscallResult sys_rt_sigqueueinfo(int pid, int signal, mm::UserPtr<const task::SignalInfo> info);
SyscallResult sys_rt_tgsigqueueinfo(int pid, int tid, int signal, mm::UserPtr<const task::SignalInfo> info);
SyscallResult sys_sigaltstack(mm::UserPtr<const task::AlternateStack> stack,
                              mm::UserPtr<task::AlternateStack> old_stack);
SyscallResult sys_kill(int pid, int signal);
SyscallResult sys_tkill(int tid, int signal);
SyscallResult sys_tgkill(int pid, int tid, int signal);
SyscallResult sys_pause();
SyscallResult sys_restart_syscall();

inline constexpr Entry kSignalCalls[] = {
    row<sys_rt_sigaction>(13, "rt_sigaction"),
    row<sys_rt_sigprocmask>(14, "rt_sigprocmask"),
    row<sys_rt_sigreturn>(15, "rt_sigreturn"),
    row<sys_pause>(34, "pause"),
    row<sys_kill>(62, "kill"),
    row<sys_rt_sigpending>(127, "rt_sigpending"),
    row<sys_rt_sigtimedwait>(128, "rt_sigtimedwait"),
    row<sys_rt_sigqueueinfo>(129, "rt_sigqueueinfo"),
    row<sys_rt_sigsuspend>(130, "rt_sigsuspend"),
    row<sys_sigaltstack>(131, "sigaltstack"),
    row<sys_tkill>(200, "tkill"),
    row<sys_restart_syscall>(219, "restart_syscall"),
    row<sys_tgkill>(234, "tgkill"),
    row<sys_rt_tgsigqueueinfo>(297, "rt_tgsigqueueinfo"),
};

}  // namespace kernel::syscall
