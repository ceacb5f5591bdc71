// System calls that change what inodes say of themselves: chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2),
// umask(2); and those that make changes durable, sync(2) and its relatives.
#pragma once

#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

// struct utimbuf (utime(2)).
struct UserTimeBuffer {
  std::int64_t accessed;
  std::int64_t modified;
};

SyscallResult sys_chmod(mm::UserString path, std::uint32_t mode);
SyscallResult sys_fchmod(int fd, std::uint32_t mode);
SyscallResult sys_fchmodat(int directory_fd, mm::UserString path, std::uint32_t mode);
SyscallResult sys_fchmodat2(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t flags);
SyscallResult sys_chown(mm::UserString path, std::uint32_t uid, std::uint32_t gid);
SyscallResult sys_lchown(mm::UserString path, std::uint32_t uid, std::uint32_t gid);
SyscallResult sys_fchown(int fd, std::uint32_t uid, std::uint32_t gid);
SyscallResult sys_fchownat(int directory_fd, mm::UserString path, std::uint32_t uid, std::uint32_t gid,
                           std::uint32_t flags);
SyscallResult sys_utime(mm::UserString path, mm::UserPtr<const UserTimeBuffer> times);
SyscallResult sys_utimes(mm::UserString path, mm::UserPtr<const Timeval> times);
SyscallResult sys_futimesat(int directory_fd, mm::UserString path, mm::UserPtr<const Timeval> times);
SyscallResult sys_utimensat(int directory_fd, mm::UserString path, mm::UserPtr<const Timespec> times,
                            std::uint32_t flags);
SyscallResult sys_truncate(mm::UserString path, std::int64_t size);
SyscallResult sys_ftruncate(int fd, std::int64_t size);
SyscallResult sys_fallocate(int fd, int mode, std::int64_t offset, std::int64_t length);
SyscallResult sys_umask(std::uint32_t mask);
SyscallResult sys_fsync(int fd);
SyscallResult sys_fdatasync(int fd);
SyscallResult sys_sync();
SyscallResult sys_syncfs(int fd);
SyscallResult sys_sync_file_range(int fd, std::int64_t offset, std::int64_t length, std::uint32_t flags);
SyscallResult sys_fadvise64(int fd, std::int64_t offset, std::int64_t length, int advice);
SyscallResult sys_readahead(int fd, std::int64_t offset, std::size_t count);

inline constexpr Entry kAttributeCalls[] = {
    row<sys_fsync>(74, "fsync"),
    row<sys_fdatasync>(75, "fdatasync"),
    row<sys_truncate>(76, "truncate"),
    row<sys_ftruncate>(77, "ftruncate"),
    row<sys_chmod>(90, "chmod"),
    row<sys_fchmod>(91, "fchmod"),
    row<sys_chown>(92, "chown"),
    row<sys_fchown>(93, "fchown"),
    row<sys_lchown>(94, "lchown"),
    row<sys_umask>(95, "umask"),
    row<sys_utime>(132, "utime"),
    row<sys_sync>(162, "sync"),
    row<sys_readahead>(187, "readahead"),
    row<sys_fadvise64>(221, "fadvise64"),
    row<sys_utimes>(235, "utimes"),
    row<sys_fchownat>(260, "fchownat"),
    row<sys_futimesat>(261, "futimesat"),
    row<sys_fchmodat>(268, "fchmodat"),
    row<sys_sync_file_range>(277, "sync_file_range"),
    row<sys_utimensat>(280, "utimensat"),
    row<sys_fallocate>(285, "fallocate"),
    row<sys_syncfs>(306, "syncfs"),
    row<sys_fchmodat2>(452, "fchmodat2"),
};

}  // namespace kernel::syscall
