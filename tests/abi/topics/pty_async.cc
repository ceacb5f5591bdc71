// O_ASYNC on both sides of a pseudo-terminal: who is told, of what, and who that is if nobody was named.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "../topic.h"

using namespace abi;

static void await_input(int fd) {
  pollfd poll{fd, POLLIN, 0};
  while (::poll(&poll, 1, 10'000) < 0) continue;
}

// The signal that is blocked and pending, taken.
static bool was_told() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGIO);
  const timespec none{};
  return ::sigtimedwait(&set, nullptr, &none) == SIGIO;
}
static bool will_be_told() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGIO);
  const timespec long_time{10, 0};
  return ::sigtimedwait(&set, nullptr, &long_time) == SIGIO;
}

static const char* owner(int fd) {
  errno = 0;
  const int who = ::fcntl(fd, F_GETOWN);
  return who == 0                                           ? "nobody"
         : who == ::getpid()                                ? "self"
         : who == -::getpgrp() || (who == -1 && errno == 0) ? "group"
                                                            : "other";
}

static void async(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  say("O_ASYNC %d: %s, ", on, outcome(::fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC)));
  say("shown %d, owner %s\n", (::fcntl(fd, F_GETFL) & O_ASYNC) != 0, owner(fd));
}

static int run() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGIO);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ::grantpt(master);
  ::unlockpt(master);
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  termios settings{};
  ::tcgetattr(slave, &settings);
  settings.c_lflag &= ~ECHO;
  ::tcsetattr(slave, TCSANOW, &settings);
  char buffer[64];

  async(slave, true);
  ::write(master, "ab", 2);
  ::usleep(20'000);
  say("half a line: %d\n", was_told());
  ::write(master, "c\n", 2);
  await_input(slave);
  say("a line: %d\n", will_be_told());
  say("read: %zd\n", ::read(slave, buffer, sizeof buffer));
  say("again: %d\n", was_told());
  settings.c_lflag &= ~ICANON;
  ::tcsetattr(slave, TCSANOW, &settings);
  ::write(master, "x", 1);
  await_input(slave);
  say("a character: %d\n", will_be_told());
  ::read(slave, buffer, sizeof buffer);
  async(slave, false);
  ::write(master, "y", 1);
  await_input(slave);
  say("off: %d\n", was_told());
  ::read(slave, buffer, sizeof buffer);

  async(master, true);
  ::write(slave, "hello", 5);
  await_input(master);
  say("the master: %d\n", will_be_told());
  ::read(master, buffer, sizeof buffer);
  // An owner that was named stays.
  ::fcntl(master, F_SETOWN, 0);
  say("nobody: %s\n", owner(master));
  async(master, false);
  async(master, true);
  const pid_t child = in_child([] { return ::pause(); });
  ::fcntl(master, F_SETOWN, child);
  async(master, false);
  async(master, true);
  ::write(slave, "hello", 5);
  await_input(master);
  say("somebody else's: %d\n", was_told());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const int on = 1;
  say("FIOASYNC: %s\n", outcome(::ioctl(slave, FIOASYNC, &on)));
  ::close(slave);
  ::usleep(10'000);
  // As a session's terminal its owner is the group in the foreground.
  say_end("a session", in_child([master] {
            ::setsid();
            const int terminal = ::open(::ptsname(master), O_RDWR);
            say("terminal: %s\n", outcome(terminal));
            async(terminal, true);
            const int flags = ::fcntl(terminal, F_GETFL);
            ::fcntl(terminal, F_SETFL, flags | O_ASYNC);
            ::write(master, "z\n", 2);
            say("told: %d\n", will_be_told());
            ::signal(SIGHUP, SIG_IGN);
            return 0;
          }));
  return 0;
}

static const Topic topic("pty_async", run);
