// SIGURG: who owns a socket hears of urgent data, with O_ASYNC or without; and the ioctls that name the owner.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <climits>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t urgent, io;
static siginfo_t last;

static void install(int number) {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int signal, siginfo_t* information, void*) {
    if (signal == SIGURG) {
      urgent = urgent + 1;
    } else {
      io = io + 1;
      last = *information;
    }
  };
  ::sigaction(number, &action, nullptr);
}

// Both ends of a connection over the loopback.
static void connect_pair(int ends[2]) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  ends[0] = ::socket(AF_INET, SOCK_STREAM, 0);
  ::connect(ends[0], reinterpret_cast<sockaddr*>(&address), size);
  ends[1] = ::accept(listener, nullptr, nullptr);
  ::close(listener);
}

// Until urgent data is there, and what it brings about has happened.
static void await_urgent(int fd) {
  pollfd poll{fd, POLLPRI, 0};
  while (::poll(&poll, 1, 10'000) < 0) continue;
}

static void say_counts(const char* what) {
  say("%s: SIGURG %d, other %s\n", what, static_cast<int>(urgent), io == 0 ? "none" : "some");
  urgent = 0;
  io = 0;
}

static void owners(int fd) {
  int who = 77;
  for (const unsigned long get : {static_cast<unsigned long>(FIOGETOWN), static_cast<unsigned long>(SIOCGPGRP)}) {
    for (const unsigned long set : {static_cast<unsigned long>(FIOSETOWN), static_cast<unsigned long>(SIOCSPGRP)}) {
      for (const int wanted : {::getpid(), -::getpgrp(), 0, 0x3fffff, INT_MIN, -0x3fffff}) {
        say("set: %s, ", outcome(::ioctl(fd, set, &wanted)));
        say("get: %s", outcome(::ioctl(fd, get, &who)));
        say(" %s, F_GETOWN the same %d\n",
            who == ::getpid()     ? "self"
            : who == -::getpgrp() ? "group"
            : who == 0            ? "nobody"
                                  : "other",
            ::fcntl(fd, F_GETOWN) == who || who < 0);
      }
    }
    say("bad address: %s\n", outcome(::ioctl(fd, get, nullptr)));
  }
  say("bad address: %s\n", outcome(::ioctl(fd, FIOSETOWN, nullptr)));
  int pipe[2];
  ::pipe(pipe);
  say("a pipe: %s, %s\n", outcome(::ioctl(pipe[0], FIOSETOWN, &who)), outcome(::ioctl(pipe[0], FIOGETOWN, &who)));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

static void sockets(const char* what, const int ends[2]) {
  say("-- %s\n", what);
  owners(ends[1]);
  char c;
  // Nobody owns it.
  ::send(ends[0], "a", 1, MSG_OOB);
  await_urgent(ends[1]);
  say_counts("no owner");
  ::recv(ends[1], &c, 1, MSG_OOB);
  ::fcntl(ends[1], F_SETOWN, ::getpid());
  ::send(ends[0], "b", 1, 0);
  pollfd readable{ends[1], POLLIN, 0};
  ::poll(&readable, 1, 10'000);
  say_counts("not urgent");
  ::recv(ends[1], &c, 1, 0);
  ::send(ends[0], "c", 1, MSG_OOB);
  await_urgent(ends[1]);
  say_counts("owned");
  ::recv(ends[1], &c, 1, MSG_OOB);
  ::fcntl(ends[1], F_SETFL, O_ASYNC);
  ::send(ends[0], "d", 1, MSG_OOB);
  await_urgent(ends[1]);
  say("signal %d\n", urgent > 0);
  say_counts("O_ASYNC, SIGIO ignored");
  ::recv(ends[1], &c, 1, MSG_OOB);
  // With a signal of one's own, that one as well: POLL_PRI is among those that come.
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGRTMIN + 1);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  ::fcntl(ends[1], F_SETSIG, SIGRTMIN + 1);
  ::send(ends[0], "e", 1, MSG_OOB);
  await_urgent(ends[1]);
  const timespec none{};
  siginfo_t information{};
  while (::sigtimedwait(&mask, &information, &none) > 0) {
    if (information.si_code == POLL_PRI)
      say("POLL_PRI, band %lx, fd is right %d\n", information.si_band, information.si_fd == ends[1]);
  }
  say_counts("F_SETSIG");
  ::recv(ends[1], &c, 1, MSG_OOB);
  ::fcntl(ends[1], F_SETFL, 0);
  ::send(ends[0], "f", 1, MSG_OOB);
  await_urgent(ends[1]);
  say("of its own: %s, ", outcome(::sigtimedwait(&mask, &information, &none)));
  say_counts("O_ASYNC off again");
  ::fcntl(ends[1], F_SETOWN, 0);
  ::recv(ends[1], &c, 1, MSG_OOB);
  ::send(ends[0], "g", 1, MSG_OOB);
  await_urgent(ends[1]);
  say_counts("nobody's again");
  // A group's, and the end of the other side is not urgent.
  ::fcntl(ends[1], F_SETOWN, -::getpgrp());
  ::recv(ends[1], &c, 1, MSG_OOB);
  ::send(ends[0], "h", 1, MSG_OOB);
  await_urgent(ends[1]);
  say_counts("a group's");
  ::close(ends[0]);
  pollfd hangup{ends[1], POLLRDHUP, 0};
  ::poll(&hangup, 1, 10'000);
  say_counts("closed");
  ::close(ends[1]);
}

static const Topic topic("urgent_signals", [] {
  ::setpgid(0, 0);
  ::signal(SIGIO, SIG_IGN);
  install(SIGURG);
  int ends[2];
  connect_pair(ends);
  sockets("TCP", ends);
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  sockets("AF_UNIX", ends);
  return 0;
});
