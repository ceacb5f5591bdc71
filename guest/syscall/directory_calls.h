// System calls on directories and names: getdents(2), chdir(2), mkdir(2), link(2), unlink(2), rename(2) and their
// relatives.
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_getdents(int fd, mm::UserBuffer buffer, std::uint32_t size);
SyscallResult sys_getdents64(int fd, mm::UserBuffer buffer, std::uint32_t size);
SyscallResult sys_getcwd(mm::UserBuffer buffer, std::size_t size);
SyscallResult sys_chdir(mm::UserString path);
SyscallResult sys_fchdir(int fd);
SyscallResult sys_chroot(mm::UserString path);
SyscallResult sys_mkdir(mm::UserString path, std::uint32_t mode);
SyscallResult sys_mkdirat(int directory_fd, mm::UserString path, std::uint32_t mode);
SyscallResult sys_mknod(mm::UserString path, std::uint32_t mode, std::uint32_t device);
SyscallResult sys_mknodat(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t device);
SyscallResult sys_rmdir(mm::UserString path);
SyscallResult sys_unlink(mm::UserString path);
SyscallResult sys_unlinkat(int directory_fd, mm::UserString path, std::uint32_t flags);
SyscallResult sys_symlink(mm::UserString target, mm::UserString path);
SyscallResult sys_symlinkat(mm::UserString target, int directory_fd, mm::UserString path);
SyscallResult sys_link(mm::UserString existing, mm::UserString path);
SyscallResult sys_linkat(int existing_fd, mm::UserString existing, int directory_fd, mm::UserString path,
                         std::uint32_t flags);
SyscallResult sys_rename(mm::UserString old_path, mm::UserString new_path);
SyscallResult sys_renameat(int old_fd, mm::UserString old_path, int new_fd, mm::UserString new_path);
SyscallResult sys_renameat2(int old_fd, mm::UserString old_path, int new_fd, mm::UserString new_path,
                            std::uint32_t flags);

inline constexpr Entry kDirectoryCalls[] = {
    row<sys_getdents>(78, "getdents"),
    row<sys_getcwd>(79, "getcwd"),
    row<sys_chdir>(80, "chdir"),
    row<sys_fchdir>(81, "fchdir"),
    row<sys_rename>(82, "rename"),
    row<sys_mkdir>(83, "mkdir"),
    row<sys_rmdir>(84, "rmdir"),
    row<sys_link>(86, "link"),
    row<sys_unlink>(87, "unlink"),
    row<sys_symlink>(88, "symlink"),
    row<sys_mknod>(133, "mknod"),
    row<sys_chroot>(161, "chroot"),
    row<sys_getdents64>(217, "getdents64"),
    row<sys_mkdirat>(258, "mkdirat"),
    row<sys_mknodat>(259, "mknodat"),
    row<sys_unlinkat>(263, "unlinkat"),
    row<sys_renameat>(264, "renameat"),
    row<sys_linkat>(265, "linkat"),
    row<sys_symlinkat>(266, "symlinkat"),
    row<sys_renameat2>(316, "renameat2"),
};

}  // namespace kernel::syscall
