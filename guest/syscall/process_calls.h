// System calls that make, replace and end processes.
#pragma once

#include "syscall/rusage.h"
#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_fork();
SyscallResult sys_vfork();
SyscallResult sys_clone(std::uint64_t flags, std::uint64_t stack, mm::UserPtr<int> parent_tid,
                        mm::UserPtr<int> child_tid, std::uint64_t tls);
SyscallResult sys_clone3(mm::UserBuffer arguments, std::size_t size);
SyscallResult sys_execve(mm::UserString path, mm::UserPtr<std::uint64_t> arguments,
                         mm::UserPtr<std::uint64_t> environment);
SyscallResult sys_execveat(int directory, mm::UserString path, mm::UserPtr<std::uint64_t> arguments,
                           mm::UserPtr<std::uint64_t> environment, unsigned flags);
SyscallResult sys_unshare(std::uint64_t flags);
SyscallResult sys_exit(int status);
SyscallResult sys_exit_group(int status);
SyscallResult sys_wait4(int which, mm::UserPtr<int> status, unsigned options, mm::UserPtr<Rusage> usage);
SyscallResult sys_waitid(int type, int id, mm::UserBuffer info, unsigned options, mm::UserPtr<Rusage> usage);
SyscallResult sys_set_tid_address(mm::UserPtr<int> address);
SyscallResult sys_arch_prctl(int operation, std::uint64_t address);

inline constexpr Entry kProcessCalls[] = {
    row<sys_clone>(56, "clone"),
    row<sys_fork>(57, "fork"),
    row<sys_vfork>(58, "vfork"),
    row<sys_execve>(59, "execve"),
    row<sys_exit>(60, "exit"),
    row<sys_wait4>(61, "wait4"),
    row<sys_arch_prctl>(158, "arch_prctl"),
    row<sys_set_tid_address>(218, "set_tid_address"),
    row<sys_exit_group>(231, "exit_group"),
    row<sys_waitid>(247, "waitid"),
    row<sys_unshare>(272, "unshare"),
    row<sys_execveat>(322, "execveat"),
    row<sys_clone3>(435, "clone3"),
};

}  // namespace kernel::syscall
