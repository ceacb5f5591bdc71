// System calls on files, names, descriptors and mounts, as the fuzzer makes them. The argument lists are those of the
// man pages, section 2.
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <termios.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kOpenFlags = flags<O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK,
                                      O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH, O_TMPFILE, O_DIRECT, O_SYNC>();
constexpr Argument kAtFlags =
    flags<AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT>();
constexpr Argument kCloseOnExec = flags<O_CLOEXEC, O_NONBLOCK, O_DIRECT, 1>();
constexpr Argument kReadFlags = flags<1, 2, 4, 8, 16, 32>();
constexpr Argument kSpliceFlags = flags<1, 2, 4, 8>();
constexpr Argument kMountFlags = flags<MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC,
                                       MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_RELATIME, MS_STRICTATIME>();
constexpr Argument kFcntlCommand =
    choice<F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN, F_SETSIG,
           F_GETSIG, F_SETOWN_EX, F_GETOWN_EX, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_GETLEASE, F_NOTIFY,
           F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS>();
constexpr Argument kIoctlRequest =
    choice<TCGETS, TCSETS, TCSETSW, TCSETSF, TCFLSH, TCSBRK, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY,
           TIOCNOTTY, TIOCGSID, FIONREAD, FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS,
           FICLONE, FIGETBSZ, BLKGETSIZE64, 0x5452, 0x541b, 0x4b46>();
constexpr Argument kWhence = up_to<6>();

constexpr Description kRows[] = {
    {SYS_read, "read", 12, kBlocks, {kFd, kOut, kLength}},
    {SYS_write, "write", 12, kBlocks, {kFd, kIn, kLength}},
    {SYS_open, "open", 10, kBlocks, {kPath, kOpenFlags, kMode}},
    {SYS_close, "close", 6, 0, {kFd}},
    {SYS_stat, "stat", 4, 0, {kPath, kOut}},
    {SYS_fstat, "fstat", 4, 0, {kFd, kOut}},
    {SYS_lstat, "lstat", 4, 0, {kPath, kOut}},
    {SYS_lseek, "lseek", 8, 0, {kFd, kOffset, kWhence}},
    {SYS_ioctl, "ioctl", 8, 0, {kFd, kIoctlRequest, kOut}},
    {SYS_pread64, "pread64", 6, 0, {kFd, kOut, kLength, kOffset}},
    {SYS_pwrite64, "pwrite64", 6, 0, {kFd, kIn, kLength, kOffset}},
    {SYS_readv, "readv", 4, kBlocks, {kFd, kIovec, kCount}},
    {SYS_writev, "writev", 4, kBlocks, {kFd, kIovec, kCount}},
    {SYS_preadv, "preadv", 3, 0, {kFd, kIovec, kCount, kOffset, kOffset}},
    {SYS_pwritev, "pwritev", 3, 0, {kFd, kIovec, kCount, kOffset, kOffset}},
    {SYS_preadv2, "preadv2", 3, 0, {kFd, kIovec, kCount, kOffset, kOffset, kReadFlags}},
    {SYS_pwritev2, "pwritev2", 3, 0, {kFd, kIovec, kCount, kOffset, kOffset, kReadFlags}},
    {SYS_access, "access", 3, 0, {kPath, up_to<8>()}},
    {SYS_faccessat, "faccessat", 2, 0, {kFd, kPath, up_to<8>()}},
    {SYS_faccessat2, "faccessat2", 2, 0, {kFd, kPath, up_to<8>(), kAtFlags}},
    {SYS_pipe, "pipe", 3, 0, {kOut}},
    {SYS_pipe2, "pipe2", 3, 0, {kOut, kCloseOnExec}},
    {SYS_dup, "dup", 4, 0, {kFd}},
    {SYS_dup2, "dup2", 4, 0, {kFd, kFd}},
    {SYS_dup3, "dup3", 3, 0, {kFd, kFd, kCloseOnExec}},
    {SYS_fcntl, "fcntl", 10, kBlocks, {kFd, kFcntlCommand, kNumber}},
    {SYS_fcntl,
     "fcntl",
     6,
     kBlocks,
     {kFd, choice<F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW>(), kIn}},
    {SYS_flock, "flock", 4, kBlocks, {kFd, flags<LOCK_SH, LOCK_EX, LOCK_UN, LOCK_NB>()}},
    {SYS_sendfile, "sendfile", 5, kBlocks, {kFd, kFd, kOffsetIn, kLength}},
    {SYS_copy_file_range, "copy_file_range", 4, kBlocks, {kFd, kOffsetIn, kFd, kOffsetIn, kLength, kSmall}},
    {SYS_splice, "splice", 5, kBlocks, {kFd, kOffsetIn, kFd, kOffsetIn, kLength, kSpliceFlags}},
    {SYS_tee, "tee", 3, kBlocks, {kFd, kFd, kLength, kSpliceFlags}},
    {SYS_vmsplice, "vmsplice", 3, kBlocks, {kFd, kIovec, kCount, kSpliceFlags}},
    {SYS_fsync, "fsync", 1, 0, {kFd}},
    {SYS_fdatasync, "fdatasync", 1, 0, {kFd}},
    {SYS_sync, "sync", 1, kOnlyInGuest, {}},
    {SYS_syncfs, "syncfs", 1, kOnlyInGuest, {kFd}},
    {SYS_sync_file_range, "sync_file_range", 1, 0, {kFd, kOffset, kOffset, kSmall}},
    {SYS_fadvise64, "fadvise64", 1, 0, {kFd, kOffset, kOffset, up_to<8>()}},
    {SYS_readahead, "readahead", 1, 0, {kFd, kOffset, kLength}},
    {SYS_truncate, "truncate", 4, kBlocks, {kPath, kOffset}},
    {SYS_ftruncate, "ftruncate", 6, 0, {kFd, kOffset}},
    {SYS_fallocate, "fallocate", 5, 0, {kFd, flags<1, 2, 8, 16, 32, 64>(), kOffset, kOffset}},
    {SYS_getdents, "getdents", 4, 0, {kFd, kOut, kLength}},
    {SYS_getdents64, "getdents64", 6, 0, {kFd, kOut, kLength}},
    {SYS_getcwd, "getcwd", 3, 0, {kOut, kLength}},
    {SYS_chdir, "chdir", 3, 0, {kPath}},
    {SYS_fchdir, "fchdir", 2, 0, {kFd}},
    {SYS_rename, "rename", 6, 0, {kPath, kPath}},
    {SYS_renameat, "renameat", 3, 0, {kFd, kPath, kFd, kPath}},
    {SYS_renameat2, "renameat2", 4, 0, {kFd, kPath, kFd, kPath, up_to<8>()}},
    {SYS_mkdir, "mkdir", 6, 0, {kPath, kMode}},
    {SYS_mkdirat, "mkdirat", 3, 0, {kFd, kPath, kMode}},
    {SYS_rmdir, "rmdir", 4, 0, {kPath}},
    {SYS_creat, "creat", 3, kBlocks, {kPath, kMode}},
    {SYS_link, "link", 4, 0, {kPath, kPath}},
    {SYS_linkat, "linkat", 3, 0, {kFd, kPath, kFd, kPath, kAtFlags}},
    {SYS_unlink, "unlink", 4, 0, {kPath}},
    {SYS_unlinkat, "unlinkat", 3, 0, {kFd, kPath, kAtFlags}},
    {SYS_symlink, "symlink", 5, 0, {kPath, kPath}},
    {SYS_symlinkat, "symlinkat", 3, 0, {kPath, kFd, kPath}},
    {SYS_readlink, "readlink", 4, 0, {kPath, kOut, kLength}},
    {SYS_readlinkat, "readlinkat", 3, 0, {kFd, kPath, kOut, kLength}},
    {SYS_mknod, "mknod", 3, 0, {kPath, kMode, kDevice}},
    {SYS_mknodat, "mknodat", 2, 0, {kFd, kPath, kMode, kDevice}},
    {SYS_chmod, "chmod", 3, 0, {kPath, kMode}},
    {SYS_fchmod, "fchmod", 2, 0, {kFd, kMode}},
    {SYS_fchmodat, "fchmodat", 2, 0, {kFd, kPath, kMode}},
    {452, "fchmodat2", 2, 0, {kFd, kPath, kMode, kAtFlags}},
    {SYS_chown, "chown", 2, 0, {kPath, kUid, kUid}},
    {SYS_fchown, "fchown", 2, 0, {kFd, kUid, kUid}},
    {SYS_lchown, "lchown", 2, 0, {kPath, kUid, kUid}},
    {SYS_fchownat, "fchownat", 2, 0, {kFd, kPath, kUid, kUid, kAtFlags}},
    {SYS_umask, "umask", 1, 0, {kMode}},
    {SYS_utime, "utime", 1, 0, {kPath, kTimespec}},
    {SYS_utimes, "utimes", 1, 0, {kPath, kTimespec}},
    {SYS_futimesat, "futimesat", 1, 0, {kFd, kPath, kTimespec}},
    {SYS_utimensat, "utimensat", 2, 0, {kFd, kPath, kTimespec, kAtFlags}},
    {SYS_setxattr, "setxattr", 1, 0, {kPath, kName, kIn, kLength, kSmall}},
    {SYS_lsetxattr, "lsetxattr", 1, 0, {kPath, kName, kIn, kLength, kSmall}},
    {SYS_fsetxattr, "fsetxattr", 1, 0, {kFd, kName, kIn, kLength, kSmall}},
    {SYS_getxattr, "getxattr", 1, 0, {kPath, kName, kOut, kLength}},
    {SYS_fgetxattr, "fgetxattr", 1, 0, {kFd, kName, kOut, kLength}},
    {SYS_listxattr, "listxattr", 1, 0, {kPath, kOut, kLength}},
    {SYS_flistxattr, "flistxattr", 1, 0, {kFd, kOut, kLength}},
    {SYS_removexattr, "removexattr", 1, 0, {kPath, kName}},
    {SYS_fremovexattr, "fremovexattr", 1, 0, {kFd, kName}},
    {SYS_statfs, "statfs", 2, 0, {kPath, kOut}},
    {SYS_fstatfs, "fstatfs", 2, 0, {kFd, kOut}},
    {SYS_openat, "openat", 8, kBlocks, {kFd, kPath, kOpenFlags, kMode}},
    {SYS_openat2, "openat2", 2, kBlocks, {kFd, kPath, kIn, choice<24, 0, 16, 32, 4096>()}},
    {SYS_newfstatat, "newfstatat", 4, 0, {kFd, kPath, kOut, kAtFlags}},
    {SYS_statx, "statx", 4, 0, {kFd, kPath, kAtFlags, kNumber, kOut}},
    {SYS_memfd_create, "memfd_create", 4, 0, {kName, flags<1, 2, 4, 8, 16>()}},
    {SYS_close_range, "close_range", 1, 0, {kFd, kFd, flags<2, 4>()}},
    {SYS_poll, "poll", 4, kBlocks, {kPollFds, kCount, choice<0, 0, 1, 10, 0xffffffff, 0x7fffffff, 0x80000000>()}},
    {SYS_ppoll, "ppoll", 4, kBlocks, {kPollFds, kCount, kTimespec, kSignalSet, kSetSize}},
    {SYS_select, "select", 3, kBlocks, {kCount, kOut, kOut, kOut, kTimespec}},
    {SYS_pselect6, "pselect6", 3, kBlocks, {kCount, kOut, kOut, kOut, kTimespec, kIn}},
    {SYS_mount, "mount", 8, kOnlyInGuest, {kPath, kPath, {Kind::kName}, kMountFlags, kPath}},
    {SYS_umount2, "umount2", 5, kOnlyInGuest, {kPath, flags<1, 2, 4, 8>()}},
    {SYS_pivot_root, "pivot_root", 1, kOnlyInGuest | kNotAsRoot, {kPath, kPath}},
    {SYS_chroot, "chroot", 1, 0, {kPath}},
    {SYS_name_to_handle_at, "name_to_handle_at", 1, 0, {kFd, kPath, kOut, kOut, kAtFlags}},
    {SYS_open_by_handle_at, "open_by_handle_at", 1, kOnlyInGuest, {kFd, kIn, kOpenFlags}},
};

}  // namespace

constinit const Table kFileTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
