// System calls on descriptors: open(2), close(2), dup(2), fcntl(2), ioctl(2), flock(2), pipe(2), memfd_create(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_open(mm::UserString path, std::uint32_t flags, std::uint32_t mode);
SyscallResult sys_openat(int directory_fd, mm::UserString path, std::uint32_t flags, std::uint32_t mode);
SyscallResult sys_creat(mm::UserString path, std::uint32_t mode);
SyscallResult sys_close(int fd);
SyscallResult sys_close_range(std::uint32_t first, std::uint32_t last, std::uint32_t flags);
SyscallResult sys_dup(int fd);
SyscallResult sys_dup2(int fd, int new_fd);
SyscallResult sys_dup3(int fd, int new_fd, std::uint32_t flags);
SyscallResult sys_fcntl(int fd, int command, std::uint64_t argument);
SyscallResult sys_ioctl(int fd, std::uint32_t request, std::uint64_t argument);
SyscallResult sys_flock(int fd, int operation);
SyscallResult sys_pipe(mm::UserPtr<std::int32_t> fds);
SyscallResult sys_pipe2(mm::UserPtr<std::int32_t> fds, std::uint32_t flags);
SyscallResult sys_memfd_create(mm::UserString name, std::uint32_t flags);

inline constexpr Entry kDescriptorCalls[] = {
    row<sys_open>(2, "open"),
    row<sys_close>(3, "close"),
    row<sys_ioctl>(16, "ioctl"),
    row<sys_pipe>(22, "pipe"),
    row<sys_dup>(32, "dup"),
    row<sys_dup2>(33, "dup2"),
    row<sys_fcntl>(72, "fcntl"),
    row<sys_flock>(73, "flock"),
    row<sys_creat>(85, "creat"),
    row<sys_openat>(257, "openat"),
    row<sys_dup3>(292, "dup3"),
    row<sys_pipe2>(293, "pipe2"),
    row<sys_memfd_create>(319, "memfd_create"),
    row<sys_close_range>(436, "close_range"),
};

}  // namespace kernel::syscall
