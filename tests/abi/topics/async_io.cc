// Signal-driven I/O: F_SETOWN and its relations, O_ASYNC on pipes, F_SETSIG with what the signal says, who is told and who not.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <ctime>

#include "../topic.h"

using namespace abi;

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

static long control(int fd, int command, long argument = 0) {
  return ::syscall(SYS_fcntl, fd, command, argument);
}

static sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number : signals) ::sigaddset(&set, number);
  return set;
}

// Which of our signals are pending, with what they say.
static void pending(const char* what) {
  say("%s:", what);
  const sigset_t ours = set_of({SIGIO, SIGUSR1, SIGCHLD, SIGSEGV, SIGRTMIN, SIGRTMIN + 1});
  const timespec none{0, 0};
  siginfo_t info{};
  while (::sigtimedwait(&ours, &info, &none) > 0) {
    if (info.si_signo == SIGCHLD && info.si_code != SI_SIGIO) continue;  // of a child
    say(" [%d code %d", info.si_signo, info.si_code);
    if (info.si_code == SI_KERNEL) {
      say(" pid %d", info.si_pid);
    } else {
      say(" fd %d band %#lx", info.si_fd, info.si_band);
    }
    say("]");
  }
  say("\n");
}

static void names() {
  int pipe[2];
  ::pipe(pipe);
  const int fd = pipe[0];
  f_owner_ex owner{static_cast<__pid_type>(7), 7};
  say("nobody: %s", outcome(control(fd, F_GETOWN)));
  say(" signal %ld, ex %s", control(fd, F_GETSIG), outcome(control(fd, F_GETOWN_EX, reinterpret_cast<long>(&owner))));
  say(" %d %d\n", owner.type, owner.pid);
  say("self: %s", outcome(control(fd, F_SETOWN, ::getpid())));
  say(" %d\n", control(fd, F_GETOWN) == ::getpid());
  control(fd, F_GETOWN_EX, reinterpret_cast<long>(&owner));
  say("ex: %d %d\n", owner.type, owner.pid == ::getpid());
  say("group: %s", outcome(control(fd, F_SETOWN, -::getpgrp())));
  control(fd, F_GETOWN_EX, reinterpret_cast<long>(&owner));
  say(" ex: %d %d\n", owner.type, owner.pid == ::getpgrp());
  say("get group: %d\n", control(fd, F_GETOWN) == -::getpgrp());
  say("none such: %s\n", outcome(control(fd, F_SETOWN, 32700)));
  say("no such group: %s\n", outcome(control(fd, F_SETOWN, -32700)));
  say("least: %s\n", outcome(control(fd, F_SETOWN, INT_MIN)));
  say("still the group: %d\n", control(fd, F_GETOWN) == -::getpgrp());
  say("nobody: %s", outcome(control(fd, F_SETOWN, 0)));
  control(fd, F_GETOWN_EX, reinterpret_cast<long>(&owner));
  say(" %ld, ex %d %d\n", control(fd, F_GETOWN), owner.type, owner.pid);
  for (int type : {0, 1, 2, 3, -1}) {
    owner = {static_cast<__pid_type>(type), type == 2 ? ::getpgrp() : ::getpid()};
    say("ex type %d: %s", type, outcome(control(fd, F_SETOWN_EX, reinterpret_cast<long>(&owner))));
    owner = {};
    control(fd, F_GETOWN_EX, reinterpret_cast<long>(&owner));
    say(" -> %d %d\n", owner.type, owner.pid == (owner.type == F_OWNER_PGRP ? ::getpgrp() : ::getpid()));
  }
  owner = {F_OWNER_PID, 32700};
  say("ex none such: %s\n", outcome(control(fd, F_SETOWN_EX, reinterpret_cast<long>(&owner))));
  owner = {F_OWNER_PID, -1};
  say("ex negative: %s\n", outcome(control(fd, F_SETOWN_EX, reinterpret_cast<long>(&owner))));
  say("ex nowhere: %s\n", outcome(control(fd, F_SETOWN_EX, 16)));
  say("get ex nowhere: %s\n", outcome(control(fd, F_GETOWN_EX, 16)));
  for (long number : {0L, 1L, 64L, 65L, -1L}) {
    say("signal %ld: %s", number, outcome(control(fd, F_SETSIG, number)));
    say(" -> %ld\n", control(fd, F_GETSIG));
  }
  std::uint32_t uids[2] = {9, 9};
  say("uids: %s", outcome(control(fd, F_GETOWNER_UIDS, reinterpret_cast<long>(uids))));
  say(" %d %d\n", uids[0] == ::getuid(), uids[1] == ::geteuid());
  // One that has ended is nobody.
  const pid_t child = in_child([] {
    ::pause();
    return 0;
  });
  control(fd, F_SETOWN, child);
  say("child: %d", control(fd, F_GETOWN) == child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  say(" ended: %ld\n", control(fd, F_GETOWN));
  const int path_only = ::open(".", O_PATH);
  say("O_PATH: %s\n", outcome(control(path_only, F_SETOWN, ::getpid())));
  const int directory = ::open(".", O_RDONLY);
  say("directory: %s\n", outcome(control(directory, F_SETOWN, ::getpid())));
  ::close(path_only);
  ::close(directory);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

static void switches() {
  int pipe[2];
  ::pipe(pipe);
  const int event = ::eventfd(0, 0), epoll = ::epoll_create1(0);
  for (int fd : {pipe[0], event, epoll}) {
    say("O_ASYNC: %s", outcome(::fcntl(fd, F_SETFL, O_ASYNC)));
    say(" %#o\n", ::fcntl(fd, F_GETFL));
    int on = 0;
    say("FIOASYNC off: %s", outcome(::ioctl(fd, FIOASYNC, &on)));
    say(" %#o\n", ::fcntl(fd, F_GETFL));
    on = 1;
    ::fcntl(fd, F_SETFL, 0);
    say("FIOASYNC on: %s", outcome(::ioctl(fd, FIOASYNC, &on)));
    say(" %#o\n", ::fcntl(fd, F_GETFL));
    say("FIOASYNC on again: %s", outcome(::ioctl(fd, FIOASYNC, &on)));
    say(" %#o\n", ::fcntl(fd, F_GETFL));
  }
  say("FIOASYNC from nowhere: %s\n", outcome(::ioctl(pipe[0], FIOASYNC, 16)));
  for (int fd : {pipe[0], pipe[1], event, epoll}) ::close(fd);
}

static void signals() {
  int pipe[2];
  ::pipe2(pipe, O_NONBLOCK);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK | O_ASYNC);
  char bytes[8192] = {};
  ::write(pipe[1], bytes, 1);
  pending("no owner");
  control(pipe[0], F_SETOWN, ::getpid());
  ::write(pipe[1], bytes, 1);
  pending("a byte");
  ::write(pipe[1], bytes, 1);
  pending("another");
  ::read(pipe[0], bytes, 8);
  pending("read by ourselves");
  control(pipe[0], F_SETSIG, SIGRTMIN);
  ::write(pipe[1], bytes, sizeof bytes);
  ::write(pipe[1], bytes, 1);
  pending("two writes");
  for (int number : {SIGUSR1, SIGIO, SIGCHLD, SIGSEGV}) {
    control(pipe[0], F_SETSIG, number);
    ::write(pipe[1], bytes, 1);
    pending("chosen");
  }
  // The number that the signal gives is the descriptor that was switched on.
  const int same = ::dup(pipe[0]);
  control(same, F_SETSIG, SIGRTMIN + 1);
  ::write(pipe[1], bytes, 1);
  pending("duplicate");
  ::fcntl(same, F_SETFL, O_NONBLOCK);
  ::write(pipe[1], bytes, 1);
  pending("off");
  ::fcntl(same, F_SETFL, O_NONBLOCK | O_ASYNC);
  ::close(pipe[0]);
  ::write(pipe[1], bytes, 1);
  pending("on again, by the duplicate");
  ::close(pipe[1]);
  pending("writer gone");
  ::read(same, bytes, sizeof bytes);
  ::close(same);
  pending("closed");
  // A writer.
  ::pipe2(pipe, O_NONBLOCK);
  ::fcntl(pipe[1], F_SETFL, O_NONBLOCK | O_ASYNC);
  control(pipe[1], F_SETOWN, ::getpid());
  control(pipe[1], F_SETSIG, SIGRTMIN);
  ::write(pipe[1], bytes, 100);
  pending("written by ourselves");
  ::read(pipe[0], bytes, 10);
  pending("some read");
  ::read(pipe[0], bytes, 100);
  pending("all read");
  ::read(pipe[0], bytes, 100);
  pending("nothing to read");
  ::read(pipe[0], bytes, 0);
  pending("nothing asked");
  ::close(pipe[0]);
  pending("reader gone");
  ::close(pipe[1]);
  pending("closed");
}

static void receivers() {
  int pipe[2];
  ::pipe(pipe);
  ::fcntl(pipe[0], F_SETFL, O_ASYNC);
  // A child that waits for it.
  const auto child = [&](bool own_group) {
    int ready[2];
    ::pipe(ready);
    const pid_t pid = in_child([&] {
      if (own_group) ::setpgid(0, 0);
      ::close(ready[0]);
      ::close(ready[1]);
      const sigset_t wanted = set_of({SIGIO, SIGRTMIN});
      siginfo_t info{};
      ::sigwaitinfo(&wanted, &info);
      return info.si_signo == SIGIO ? 5 : 6;
    });
    ::close(ready[1]);
    char byte;
    ::read(ready[0], &byte, 1);
    ::close(ready[0]);
    await_asleep(pid);
    return pid;
  };
  const pid_t first = child(false);
  control(pipe[0], F_SETOWN, first);
  ::write(pipe[1], "x", 1);
  say_end("process", first);
  pending("not ours");
  const pid_t second = child(true);
  control(pipe[0], F_SETOWN, -second);
  ::write(pipe[1], "x", 1);
  say_end("group", second);
  f_owner_ex owner{F_OWNER_TID, static_cast<pid_t>(::syscall(SYS_gettid))};
  control(pipe[0], F_SETOWN_EX, reinterpret_cast<long>(&owner));
  ::write(pipe[1], "x", 1);
  pending("thread");
  // Another user's process is not to be told, whoever writes; and who named it counts.
  const pid_t third = in_child([&] {
    if (::setresuid(1000, 1000, 1000) != 0) return 9;
    const pid_t parent = ::getppid();
    control(pipe[0], F_SETOWN, parent);
    ::write(pipe[1], "x", 1);
    return 0;
  });
  say_end("another user", third);
  pending("not from another user");
  ::write(pipe[1], "x", 1);
  pending("not even if root writes");
  control(pipe[0], F_SETOWN, ::getpid());
  const pid_t fourth = in_child([&] {
    if (::setresuid(1000, 1000, 1000) != 0) return 9;
    ::write(pipe[1], "x", 1);
    return 0;
  });
  say_end("another user writes", fourth);
  pending("told");
  ::close(pipe[0]);
  ::close(pipe[1]);
}

static const Topic topic("async_io", [] {
  const sigset_t ours = set_of({SIGIO, SIGUSR1, SIGCHLD, SIGSEGV, SIGRTMIN, SIGRTMIN + 1});
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  ::setpgid(0, 0);  // a group that has a number here, too
  names();
  switches();
  signals();
  receivers();
  return 0;
});
