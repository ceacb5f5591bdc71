// What is left: the system's names and figures, tracing, and calls that the guest kernel has not (yet): the errno must be
// an answer, too.
#include <sys/syscall.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kTraceRequest =
    choice<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 21, 24, 30, 31, 32, 33, 0x4200, 0x4201, 0x4202, 0x4203,
           0x4204, 0x4205, 0x4206, 0x4207, 0x4208, 0x4209, 0x420a, 0x420b, 0x420c, 0x420e, 0x420f, 0x4212>();
constexpr Argument kTraceOptions = flags<1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100000, 0x200000>();
constexpr Argument kUserOffset =
    choice<0, 40, 80, 120, 128, 136, 144, 152, 160, 168, 176, 200, 216, 848, 896, 904, 928>();

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
    {SYS_ptrace, "ptrace", 4, kOnlyInGuest, {kTraceRequest, kPid, kAddress, kOut}},
    {SYS_ptrace, "ptrace", 2, kOnlyInGuest, {kTraceRequest, kPid, kNumber, kNumber}},
    {SYS_ptrace, "ptrace", 3, kOnlyInGuest, {choice<0, 16, 0x4206, 0x4206>(), kPid, choice<0>(), kTraceOptions}},
    {SYS_ptrace, "ptrace", 2, kOnlyInGuest, {choice<0x4200>(), kPid, choice<0>(), kTraceOptions}},
    {SYS_ptrace, "ptrace", 3, kOnlyInGuest, {choice<0x4207, 0x4207, 0x4208>(), kPid, kNumber, kNumber}},
    {SYS_ptrace, "ptrace", 6, kOnlyInGuest, {choice<7, 9, 17, 24, 31, 32>(), kPid, kNumber, kSignal}},
    // A word of struct user, and a set of registers.
    {SYS_ptrace, "ptrace", 2, kOnlyInGuest, {choice<3, 6, 6>(), kPid, kUserOffset, kNumber}},
    {SYS_ptrace, "ptrace", 3, kOnlyInGuest, {choice<0x4204, 0x4205>(), kPid, choice<1, 2, 0x202>(), kIovec}},
    {SYS_ptrace, "ptrace", 2, kOnlyInGuest, {choice<12, 13, 13, 14, 15>(), kPid, choice<0>(), kIn}},
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
