// System calls that move data: read(2), write(2) and their relatives, lseek(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_read(int fd, mm::UserBuffer buffer, std::size_t count);
SyscallResult sys_write(int fd, mm::UserBuffer buffer, std::size_t count);
SyscallResult sys_pread64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset);
SyscallResult sys_pwrite64(int fd, mm::UserBuffer buffer, std::size_t count, std::int64_t offset);
SyscallResult sys_readv(int fd, mm::UserBuffer iovec, std::size_t count);
SyscallResult sys_writev(int fd, mm::UserBuffer iovec, std::size_t count);
SyscallResult sys_preadv(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset);
SyscallResult sys_pwritev(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset);
SyscallResult sys_preadv2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t high,
                          std::uint32_t flags);
SyscallResult sys_pwritev2(int fd, mm::UserBuffer iovec, std::size_t count, std::int64_t offset, std::uint64_t high,
                           std::uint32_t flags);
SyscallResult sys_lseek(int fd, std::int64_t offset, int whence);

inline constexpr Entry kFileCalls[] = {
    row<sys_read>(0, "read"),         row<sys_write>(1, "write"),         row<sys_lseek>(8, "lseek"),
    row<sys_pread64>(17, "pread64"),  row<sys_pwrite64>(18, "pwrite64"),  row<sys_readv>(19, "readv"),
    row<sys_writev>(20, "writev"),    row<sys_preadv>(295, "preadv"),     row<sys_pwritev>(296, "pwritev"),
    row<sys_preadv2>(327, "preadv2"), row<sys_pwritev2>(328, "pwritev2"),
};

}  // namespace kernel::syscall
