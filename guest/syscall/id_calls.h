// System calls about who a process is: ids of processes, groups and sessions, users and groups. See credentials(7).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_getpid();
SyscallResult sys_getuid();
SyscallResult sys_getgid();
SyscallResult sys_setuid(std::uint32_t uid);
SyscallResult sys_setgid(std::uint32_t gid);
SyscallResult sys_geteuid();
SyscallResult sys_getegid();
SyscallResult sys_setpgid(int pid, int group);
SyscallResult sys_getppid();
SyscallResult sys_getpgrp();
SyscallResult sys_setsid();
SyscallResult sys_setreuid(std::uint32_t real, std::uint32_t effective);
SyscallResult sys_setregid(std::uint32_t real, std::uint32_t effective);
SyscallResult sys_getgroups(int count, mm::UserPtr<std::uint32_t> list);
SyscallResult sys_setgroups(int count, mm::UserPtr<const std::uint32_t> list);
SyscallResult sys_setresuid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved);
SyscallResult sys_getresuid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved);
SyscallResult sys_setresgid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved);
SyscallResult sys_getresgid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved);
SyscallResult sys_getpgid(int pid);
SyscallResult sys_setfsuid(std::uint32_t uid);
SyscallResult sys_setfsgid(std::uint32_t gid);
SyscallResult sys_getsid(int pid);
SyscallResult sys_gettid();

inline constexpr Entry kIdCalls[] = {
    row<sys_getpid>(39, "getpid"),        row<sys_getuid>(102, "getuid"),       row<sys_getgid>(104, "getgid"),
    row<sys_setuid>(105, "setuid"),       row<sys_setgid>(106, "setgid"),       row<sys_geteuid>(107, "geteuid"),
    row<sys_getegid>(108, "getegid"),     row<sys_setpgid>(109, "setpgid"),     row<sys_getppid>(110, "getppid"),
    row<sys_getpgrp>(111, "getpgrp"),     row<sys_setsid>(112, "setsid"),       row<sys_setreuid>(113, "setreuid"),
    row<sys_setregid>(114, "setregid"),   row<sys_getgroups>(115, "getgroups"), row<sys_setgroups>(116, "setgroups"),
    row<sys_setresuid>(117, "setresuid"), row<sys_getresuid>(118, "getresuid"), row<sys_setresgid>(119, "setresgid"),
    row<sys_getresgid>(120, "getresgid"), row<sys_getpgid>(121, "getpgid"),     row<sys_setfsuid>(122, "setfsuid"),
    row<sys_setfsgid>(123, "setfsgid"),   row<sys_getsid>(124, "getsid"),       row<sys_gettid>(186, "gettid"),
};

}  // namespace kernel::syscall
