// System calls on descriptors that say what happened: epoll, eventfd, timerfd, signalfd, inotify, owners of files,
// terminals.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kNew = flags<O_NONBLOCK, O_NONBLOCK, O_CLOEXEC>();
constexpr Argument kWaitMs = choice<0, 0, 1, 3, 0xffffffff, 0x80000000, 0x7fffffff>();
constexpr Argument kWatched =
    flags<IN_ALL_EVENTS, IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_OPEN, IN_CLOSE, IN_MOVE, IN_CREATE, IN_DELETE,
          IN_DELETE_SELF, IN_MOVE_SELF, IN_ONLYDIR, IN_DONT_FOLLOW, IN_EXCL_UNLINK, IN_MASK_CREATE, IN_MASK_ADD,
          IN_ISDIR, IN_ONESHOT, IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED>();
constexpr Argument kTimerFlags = flags<TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET>();
// Of terminals and pseudo-terminals (ioctl_tty(2)); 0x..54..: TCGETS2 and its like, whose structure libc does not show.
constexpr Argument kSetTerminal =
    choice<TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF, 0x402c542b, 0x402c542c, 0x402c542d>();
constexpr Argument kTerminalRequest =
    choice<TCGETS, TCGETA, 0x802c542a, TCXONC, TCFLSH, TCSBRK, TCSBRKP, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP,
           TIOCSCTTY, TIOCNOTTY, TIOCGSID, TIOCSTI, TIOCINQ, TIOCOUTQ, TIOCPKT, TIOCGPKT, TIOCSPTLCK, TIOCGPTLCK,
           TIOCGPTN, TIOCGPTPEER, TIOCGETD, TIOCSETD, TIOCEXCL, TIOCNXCL, TIOCGEXCL, TIOCMGET, TIOCMSET, TIOCSBRK,
           TIOCCBRK, TIOCLINUX, TIOCCONS, TIOCVHANGUP, TIOCGDEV, TIOCGSOFTCAR, TIOCSSOFTCAR, TIOCSIG, FIONREAD, FIONBIO,
           FIOASYNC>();

constexpr Description kRows[] = {
    {SYS_epoll_create, "epoll_create", 1, 0, {kSmall}},
    {SYS_epoll_create1, "epoll_create1", 3, 0, {flags<O_CLOEXEC>()}},
    {SYS_epoll_ctl, "epoll_ctl", 14, 0, {kFd, choice<1, 1, 1, 1, 2, 3, 3, 4>(), kFd, kEpollEvent}},
    {SYS_epoll_wait, "epoll_wait", 5, kBlocks, {kFd, kOut, kCount, kWaitMs}},
    {SYS_epoll_pwait, "epoll_pwait", 3, kBlocks, {kFd, kOut, kCount, kWaitMs, kSignalSet, kSetSize}},
    {SYS_epoll_pwait2, "epoll_pwait2", 3, kBlocks, {kFd, kOut, kCount, kTimespec, kSignalSet, kSetSize}},
    {SYS_eventfd, "eventfd", 1, 0, {kNumber}},
    {SYS_eventfd2, "eventfd2", 3, 0, {kNumber, flags<1, 04000, 02000000>()}},
    {SYS_timerfd_create, "timerfd_create", 3, 0, {choice<0, 1, 7, 8, 9, 2>(), kNew}},
    {SYS_timerfd_settime, "timerfd_settime", 6, 0, {kFd, kTimerFlags, kTimespec, kOut}},
    {SYS_timerfd_gettime, "timerfd_gettime", 2, 0, {kFd, kOut}},
    {SYS_signalfd, "signalfd", 1, 0, {kFd, kSignalSet, kSetSize}},
    {SYS_signalfd4, "signalfd4", 4, 0, {kFd, kSignalSet, kSetSize, kNew}},
    {SYS_signalfd4, "signalfd4", 2, 0, {choice<0xffffffffffffffff>(), kSignalSet, kSetSize, kNew}},
    {SYS_inotify_init, "inotify_init", 1, 0, {}},
    {SYS_inotify_init1, "inotify_init1", 3, 0, {kNew}},
    {SYS_inotify_add_watch, "inotify_add_watch", 10, 0, {kFd, kPath, kWatched}},
    {SYS_inotify_rm_watch, "inotify_rm_watch", 4, 0, {kFd, kSmall}},
    {SYS_fcntl, "fcntl", 6, 0, {kFd, choice<F_SETOWN, F_SETSIG, F_GETOWN, F_GETSIG, F_SETFL>(), kPid}},
    {SYS_fcntl, "fcntl", 3, 0, {kFd, choice<F_SETFL>(), flags<O_ASYNC, O_NONBLOCK, O_APPEND>()}},
    {SYS_fcntl, "fcntl", 2, 0, {kFd, choice<F_SETSIG>(), kSignal}},
    {SYS_fcntl, "fcntl", 3, 0, {kFd, choice<F_SETOWN_EX, F_GETOWN_EX, 17>(), kIn}},
    {SYS_fcntl, "fcntl", 2, 0, {kFd, choice<F_SETLEASE, F_GETLEASE>(), choice<F_RDLCK, F_WRLCK, F_UNLCK, 3>()}},
    {SYS_ioctl, "ioctl", 5, 0, {kFd, kSetTerminal, kTerminalAttributes}},
    {SYS_ioctl, "ioctl", 10, kBlocks, {kFd, kTerminalRequest, kIn}},
    {SYS_ioctl, "ioctl", 6, kBlocks, {kFd, kTerminalRequest, kSmall}},
    {SYS_ioctl, "ioctl", 3, kBlocks, {kFd, kTerminalRequest, kOut}},
    {SYS_vhangup, "vhangup", 1, kOnlyInGuest, {}},
};

}  // namespace

constinit const Table kEventTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
