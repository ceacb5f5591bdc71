// System calls on processes, signals, timers and credentials, as the fuzzer makes them. Those that make a process, that
// execute a program or return from a signal are actions (actions.cc).
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kClock =
    choice<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xffffffff, 0xfffffffe, 0xfffffffa, 0x80000000>();
constexpr Argument kWaitOptions =
    flags<WNOHANG, WNOHANG, WNOHANG, WUNTRACED, WEXITED, WCONTINUED, WNOWAIT, 0x20000000, 0x40000000, 0x80000000>();
constexpr Argument kPrctlOption =
    choice<PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,
           PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC,
           PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER,
           PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE,
           PR_GET_THP_DISABLE, PR_SET_MM, PR_CAP_AMBIENT, PR_SET_VMA, PR_SET_IO_FLUSHER, PR_GET_SPECULATION_CTRL,
           PR_MCE_KILL>();
constexpr Argument kResource =
    choice<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0xffffffff, 0x80000002>();

constexpr Description kRows[] = {
    {SYS_rt_sigaction, "rt_sigaction", 10, 0, {kSignal, kAction, kOut, kSetSize}},
    {SYS_rt_sigprocmask, "rt_sigprocmask", 5, 0, {up_to<4>(), kSignalSet, kOut, kSetSize}},
    {SYS_rt_sigpending, "rt_sigpending", 2, 0, {kOut, kSetSize}},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", 3, kBlocks, {kSignalSet, kOut, kTimespec, kSetSize}},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo", 5, 0, {kPid, kSignal, kSignalInfo}},
    {SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", 3, 0, {kPid, kPid, kSignal, kSignalInfo}},
    {SYS_rt_sigsuspend, "rt_sigsuspend", 1, kBlocks, {kSignalSet, kSetSize}},
    {SYS_sigaltstack, "sigaltstack", 4, 0, {kStack, kOut}},
    {SYS_kill, "kill", 6, 0, {kPid, kSignal}},
    {SYS_tkill, "tkill", 4, 0, {kPid, kSignal}},
    {SYS_tgkill, "tgkill", 5, 0, {kPid, kPid, kSignal}},
    {SYS_unshare, "unshare", 1, 0, {flags<0x200, 0x400, 0x40000, 0x100, 0x800, 0x10000, 0x20000, 0x80>()}},
    {SYS_pause, "pause", 1, kBlocks, {}},
    {SYS_restart_syscall, "restart_syscall", 2, 0, {}},
    {SYS_wait4, "wait4", 8, kBlocks, {kPid, kOut, kWaitOptions, kOut}},
    {SYS_waitid, "waitid", 6, kBlocks, {up_to<5>(), kPid, kOut, kWaitOptions, kOut}},
    {SYS_exit, "exit", 1, 0, {kNumber}},
    {SYS_setpgid, "setpgid", 3, 0, {kPid, kPid}},
    {SYS_getpgid, "getpgid", 2, 0, {kPid}},
    {SYS_getsid, "getsid", 2, 0, {kPid}},
    {SYS_setsid, "setsid", 2, 0, {}},
    {SYS_getppid, "getppid", 1, 0, {}},
    {SYS_gettid, "gettid", 1, 0, {}},
    {SYS_setuid, "setuid", 1, 0, {kUid}},
    {SYS_setgid, "setgid", 1, 0, {kUid}},
    {SYS_setreuid, "setreuid", 1, 0, {kUid, kUid}},
    {SYS_setregid, "setregid", 1, 0, {kUid, kUid}},
    {SYS_setresuid, "setresuid", 1, 0, {kUid, kUid, kUid}},
    {SYS_setresgid, "setresgid", 1, 0, {kUid, kUid, kUid}},
    {SYS_getresuid, "getresuid", 1, 0, {kOut, kOut, kOut}},
    {SYS_setfsuid, "setfsuid", 1, 0, {kUid}},
    {SYS_setfsgid, "setfsgid", 1, 0, {kUid}},
    {SYS_getgroups, "getgroups", 2, 0, {kCount, kOut}},
    {SYS_setgroups, "setgroups", 2, 0, {kCount, kIn}},
    {SYS_capget, "capget", 1, 0, {kIn, kOut}},
    {SYS_capset, "capset", 1, 0, {kIn, kIn}},
    {SYS_prctl, "prctl", 6, 0, {kPrctlOption, kNumber, kNumber, kNumber, kNumber}},
    {SYS_prctl, "prctl", 3, 0, {kPrctlOption, kIn, kSmall, kIn, kSmall}},
    {SYS_personality, "personality", 1, 0, {kNumber}},
    {SYS_getrlimit, "getrlimit", 1, 0, {kResource, kOut}},
    {SYS_setrlimit, "setrlimit", 2, 0, {kResource, kLimit}},
    {SYS_prlimit64, "prlimit64", 3, 0, {kPid, kResource, kLimit, kOut}},
    {SYS_getrusage, "getrusage", 1, 0, {choice<0, 1, 0xffffffff, 2>(), kOut}},
    {SYS_ioprio_get, "ioprio_get", 1, 0, {up_to<4>(), kPid}},
    {SYS_ioprio_set, "ioprio_set", 1, 0, {up_to<4>(), kPid, kNumber}},
    {SYS_getpriority, "getpriority", 1, 0, {up_to<4>(), kPid}},
    {SYS_setpriority, "setpriority", 1, 0, {up_to<4>(), kPid, kNumber}},
    {SYS_sched_setparam, "sched_setparam", 1, kOnlyInGuest, {kPid, kIn}},
    {SYS_sched_getparam, "sched_getparam", 1, 0, {kPid, kOut}},
    {SYS_sched_setscheduler, "sched_setscheduler", 2, kOnlyInGuest, {kPid, up_to<8>(), kIn}},
    {SYS_sched_getscheduler, "sched_getscheduler", 1, 0, {kPid}},
    {SYS_sched_rr_get_interval, "sched_rr_get_interval", 1, 0, {kPid, kOut}},
    {SYS_sched_setaffinity, "sched_setaffinity", 2, 0, {kPid, kLength, kIn}},
    {SYS_sched_getaffinity, "sched_getaffinity", 2, 0, {kPid, kLength, kOut}},
    {SYS_sched_setattr, "sched_setattr", 2, kOnlyInGuest, {kPid, kSchedAttributes, choice<0, 0, 0, 1>()}},
    {SYS_sched_getattr, "sched_getattr", 1, 0, {kPid, kOut, kLength, kSmall}},
    {SYS_sched_yield, "sched_yield", 2, 0, {}},
    {SYS_nanosleep, "nanosleep", 3, kBlocks, {kTimespec, kOut}},
    {SYS_clock_nanosleep, "clock_nanosleep", 4, kBlocks, {kClock, up_to<3>(), kTimespec, kOut}},
    {SYS_clock_nanosleep, "clock_nanosleep", 2, kBlocks, {kProcessClock, up_to<2>(), kTimespec, kOut}},
    {SYS_clock_gettime, "clock_gettime", 2, 0, {kClock, kOut}},
    {SYS_clock_gettime, "clock_gettime", 1, 0, {kProcessClock, kOut}},
    {SYS_clock_getres, "clock_getres", 1, 0, {kClock, kOut}},
    {SYS_clock_settime, "clock_settime", 1, kOnlyInGuest, {kClock, kTimespec}},
    {SYS_settimeofday, "settimeofday", 1, kOnlyInGuest, {kTimespec, kOut}},
    {SYS_gettimeofday, "gettimeofday", 1, 0, {kOut, kOut}},
    {SYS_adjtimex, "adjtimex", 1, kOnlyInGuest, {kIn}},
    {SYS_clock_adjtime, "clock_adjtime", 1, kOnlyInGuest, {kClock, kIn}},
    {SYS_times, "times", 1, 0, {kOut}},
    {SYS_time, "time", 1, 0, {kOut}},
    {SYS_alarm, "alarm", 2, 0, {choice<0, 1, 2, 0xffffffff, 0x80000000>()}},
    {SYS_getitimer, "getitimer", 2, 0, {up_to<4>(), kOut}},
    {SYS_setitimer, "setitimer", 5, 0, {up_to<4>(), kTimespec, kOut}},
    {SYS_timer_create, "timer_create", 5, 0, {kClock, kEvent, kOut}},
    {SYS_timer_create, "timer_create", 2, 0, {kProcessClock, kEvent, kOut}},
    {SYS_timer_settime, "timer_settime", 7, 0, {kTimerId, up_to<3>(), kTimespec, kOut}},
    {SYS_timer_gettime, "timer_gettime", 3, 0, {kTimerId, kOut}},
    {SYS_timer_getoverrun, "timer_getoverrun", 2, 0, {kTimerId}},
    {SYS_timer_delete, "timer_delete", 3, 0, {kTimerId}},
    {SYS_pidfd_open, "pidfd_open", 3, 0, {kPid, flags<0, 0200, 04000>()}},
    {SYS_pidfd_send_signal, "pidfd_send_signal", 3, 0, {kFd, kSignal, kSignalInfo, up_to<5>()}},
    {SYS_pidfd_getfd, "pidfd_getfd", 2, 0, {kFd, kFd, up_to<2>()}},
    {SYS_kcmp, "kcmp", 1, 0, {kPid, kPid, kSmall, kFd, kFd}},
    {SYS_rseq, "rseq", 1, 0, {kIn, choice<32, 0, 31, 64>(), up_to<2>(), kNumber}},
    {SYS_getcpu, "getcpu", 1, 0, {kOut, kOut, kOut}},
};

}  // namespace

constinit const Table kTaskTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
