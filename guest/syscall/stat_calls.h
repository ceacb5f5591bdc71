// System calls that ask: stat(2), statx(2), access(2), readlink(2), statfs(2).
#pragma once

#include "fs/file_system.h"
#include "syscall/table.h"

namespace kernel::syscall {

// struct stat and struct statx of the x86-64 ABI.
struct UserStat;
struct UserStatx;

SyscallResult sys_stat(mm::UserString path, mm::UserPtr<UserStat> result);
SyscallResult sys_fstat(int fd, mm::UserPtr<UserStat> result);
SyscallResult sys_lstat(mm::UserString path, mm::UserPtr<UserStat> result);
SyscallResult sys_newfstatat(int directory_fd, mm::UserString path, mm::UserPtr<UserStat> result, std::uint32_t flags);
SyscallResult sys_statx(int directory_fd, mm::UserString path, std::uint32_t flags, std::uint32_t mask,
                        mm::UserPtr<UserStatx> result);
SyscallResult sys_access(mm::UserString path, std::uint32_t mode);
SyscallResult sys_faccessat(int directory_fd, mm::UserString path, std::uint32_t mode);
SyscallResult sys_faccessat2(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t flags);
SyscallResult sys_readlink(mm::UserString path, mm::UserBuffer buffer, std::size_t size);
SyscallResult sys_readlinkat(int directory_fd, mm::UserString path, mm::UserBuffer buffer, std::size_t size);
SyscallResult sys_statfs(mm::UserString path, mm::UserPtr<fs::FileSystemStatistics> result);
SyscallResult sys_fstatfs(int fd, mm::UserPtr<fs::FileSystemStatistics> result);

inline constexpr Entry kStatCalls[] = {
    row<sys_stat>(4, "stat"),
    row<sys_fstat>(5, "fstat"),
    row<sys_lstat>(6, "lstat"),
    row<sys_access>(21, "access"),
    row<sys_readlink>(89, "readlink"),
    row<sys_statfs>(137, "statfs"),
    row<sys_fstatfs>(138, "fstatfs"),
    row<sys_newfstatat>(262, "newfstatat"),
    row<sys_readlinkat>(267, "readlinkat"),
    row<sys_faccessat>(269, "faccessat"),
    row<sys_statx>(332, "statx"),
    row<sys_faccessat2>(439, "faccessat2"),
};

}  // namespace kernel::syscall
