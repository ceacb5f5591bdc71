// What is left: the system's names and figures, and calls that the guest kernel has not (yet): the errno must be an
// answer, too.
#include <sys/syscall.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Description kRows[] = {
    {SYS_uname, "uname", 1, 0, {kOut}},
    {SYS_sysinfo, "sysinfo", 1, 0, {kOut}},
    {SYS_syslog, "syslog", 1, kOnlyInGuest, {up_to<12>(), kOut, kLength}},
    {SYS_sethostname, "sethostname", 1, kOnlyInGuest, {kIn, kLength}},
    {SYS_setdomainname, "setdomainname", 1, kOnlyInGuest, {kIn, kLength}},
    {SYS_socket, "socket", 2, 0, {choice<1, 2, 10, 16, 17>(), flags<1, 2, 3, 5, 04000, 02000000>(), kSmall}},
    {SYS_socketpair, "socketpair", 2, 0, {choice<1, 2>(), flags<1, 2, 5, 04000>(), kSmall, kOut}},
    {SYS_bind, "bind", 1, 0, {kFd, kIn, kLength}},
    {SYS_connect, "connect", 1, 0, {kFd, kIn, kLength}},
    {SYS_listen, "listen", 1, 0, {kFd, kSmall}},
    {SYS_accept4, "accept4", 1, kBlocks, {kFd, kOut, kOut, kSmall}},
    {SYS_sendmsg, "sendmsg", 1, kBlocks, {kFd, kIn, kNumber}},
    {SYS_recvmsg, "recvmsg", 1, kBlocks, {kFd, kIn, kNumber}},
    {SYS_shutdown, "shutdown", 1, 0, {kFd, up_to<3>()}},
    {SYS_setsockopt, "setsockopt", 1, 0, {kFd, kSmall, kSmall, kIn, kLength}},
    {SYS_epoll_create1, "epoll_create1", 1, 0, {kNumber}},
    {SYS_epoll_ctl, "epoll_ctl", 1, 0, {kFd, up_to<4>(), kFd, kIn}},
    {SYS_epoll_wait, "epoll_wait", 1, kBlocks, {kFd, kOut, kCount, kSmall}},
    {SYS_eventfd2, "eventfd2", 1, 0, {kNumber, flags<1, 04000, 02000000>()}},
    {SYS_timerfd_create, "timerfd_create", 1, 0, {kSmall, kNumber}},
    {SYS_signalfd4, "signalfd4", 1, 0, {kFd, kSignalSet, kSetSize, kNumber}},
    {SYS_inotify_init1, "inotify_init1", 2, 0, {flags<0, 04000, 02000000>()}},
    {SYS_inotify_add_watch, "inotify_add_watch", 5, 0, {kFd, kPath, kNumber}},
    {SYS_inotify_rm_watch, "inotify_rm_watch", 2, 0, {kFd, kSmall}},
    {SYS_shmget, "shmget", 1, 0, {kSmall, kLength, kMode}},
    {SYS_semget, "semget", 1, 0, {kSmall, kSmall, kMode}},
    {SYS_msgget, "msgget", 1, 0, {kSmall, kMode}},
    {SYS_unshare,
     "unshare",
     1,
     kOnlyInGuest,
     {flags<0x200, 0x400, 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000>()}},
    {SYS_setns, "setns", 1, kOnlyInGuest, {kFd, kNumber}},
    {SYS_seccomp, "seccomp", 1, kOnlyInGuest, {up_to<4>(), kSmall, kIn}},
    {SYS_ptrace, "ptrace", 1, kOnlyInGuest, {choice<0, 1, 7, 16, 17, 0x4206>(), kPid, kAddress, kNumber}},
    {SYS_io_setup, "io_setup", 1, kOnlyInGuest, {kSmall, kOut}},
    {SYS_io_uring_setup, "io_uring_setup", 1, kOnlyInGuest, {kSmall, kIn}},
    {SYS_bpf, "bpf", 1, kOnlyInGuest, {kSmall, kIn, kLength}},
    {SYS_userfaultfd, "userfaultfd", 1, kOnlyInGuest, {kNumber}},
    {SYS_iopl, "iopl", 1, kOnlyInGuest, {up_to<4>()}},
    {SYS_ioperm, "ioperm", 1, kOnlyInGuest, {kNumber, kNumber, up_to<2>()}},
    {SYS_modify_ldt, "modify_ldt", 1, kOnlyInGuest, {choice<0, 1, 2, 17>(), kIn, kLength}},
    {SYS_reboot, "reboot", 1, kOnlyInGuest | kNotAsRoot, {kNumber, kNumber, kNumber, kIn}},
    {335, "(335)", 1, kOnlyInGuest, {kNumber, kNumber, kNumber}},
    {0xffff, "(65535)", 1, kOnlyInGuest, {kNumber, kNumber, kNumber}},
};

}  // namespace

constinit const Table kOtherTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
