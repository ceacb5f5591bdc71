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
