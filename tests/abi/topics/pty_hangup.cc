// The ends of a pseudo-terminal: what the one side sees when the other one is closed.
#include <asm/ioctls.h>
#include <sys/wait.h>

#include <csignal>
#include <string>

#include "../pty.h"

using namespace abi;

namespace {

void slave_closes() {
  PtyPair pair = open_pty();
  const std::string name = ::ptsname(pair.master);
  ::close(pair.slave);
  say("no slave any more: poll %#x, read %s\n", polled(pair.master), one_read(pair.master).c_str());
  say("write %s\n", outcome(::write(pair.master, "kept\n", 5)));
  pair.slave = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK);
  say("opened again: read %s,", one_read(pair.slave).c_str());
  say(" poll %#x, master %s\n", polled(pair.slave), joined(pair.master).c_str());
  ::write(pair.slave, "last words", 10);
  const int second = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK);
  ::close(pair.slave);
  (void)one_read(second);
  say("one of two closed: %s\n", joined(pair.master).c_str());
  ::write(second, "more", 4);
  ::close(second);
  say("both: poll %#x,", polled(pair.master) & ~POLLIN);
  say(" %s\n", joined(pair.master).c_str());
  ::close(pair.master);
}

void never_opened() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  say("never opened: poll %#x, read %s", polled(master), one_read(master).c_str());
  say(", write %s\n", outcome(::write(master, "early\n", 6)));
  ::unlockpt(master);
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
  say("then: %s,", one_read(slave).c_str());
  say(" echo %s\n", joined(master).c_str());
  ::close(slave);
  ::close(master);
}

void master_closes() {
  PtyPair pair = open_pty();
  const std::string name = ::ptsname(pair.master);
  type(pair, "unread\n");
  ::close(pair.master);
  say("no master any more: poll %#x, read %s", polled(pair.slave), one_read(pair.slave).c_str());
  say(", write %s", outcome(::write(pair.slave, "x", 1)));
  termios settings{};
  say(", tcgetattr %s", outcome(::tcgetattr(pair.slave, &settings)));
  say(", tcsetpgrp %s", outcome(::tcsetpgrp(pair.slave, ::getpgrp())));
  say(", isatty %d", ::isatty(pair.slave));
  say(", open %s\n", outcome(::open(name.c_str(), O_RDWR | O_NOCTTY)));
  ::close(pair.slave);
}

void blocked_reader() {
  PtyPair pair = open_pty();
  ::fcntl(pair.slave, F_SETFL, O_RDWR);
  const pid_t reader = in_child([&] {
    ::close(pair.master);
    say("reader: %s\n", one_read(pair.slave).c_str());
    return 0;
  });
  await_asleep(reader);
  ::close(pair.master);
  say_end("reader of the slave", reader);
  ::close(pair.slave);
  pair = open_pty();
  ::fcntl(pair.master, F_SETFL, O_RDWR);
  const pid_t other = in_child([&] {
    ::close(pair.slave);
    say("reader: %s\n", one_read(pair.master).c_str());
    return 0;
  });
  await_asleep(other);
  ::close(pair.slave);
  say_end("reader of the master", other);
  ::close(pair.master);
}

// Who is told when the master goes: the leader; and the foreground group when the leader is gone.
void who_is_told() {
  PtyPair pair = open_pty();
  int ready[2];
  ::pipe(ready);
  const pid_t leader = in_child([&] {
    ::close(pair.master);
    ::close(ready[0]);
    ::setsid();
    ::ioctl(pair.slave, TIOCSCTTY, 0);
    const pid_t foreground = in_child([&] {
      ::setpgid(0, 0);
      ::write(ready[1], "x", 1);
      ::signal(SIGHUP, [](int) {
        say("the foreground group got a SIGHUP\n");
        ::_exit(5);
      });
      ::write(ready[1], "x", 1);
      for (;;) ::pause();
      return 0;
    });
    ::setpgid(foreground, foreground);
    ::signal(SIGTTOU, SIG_IGN);
    ::tcsetpgrp(pair.slave, foreground);
    static volatile sig_atomic_t hung_up, continued;
    ::signal(SIGCONT, [](int) { continued = 1; });
    ::signal(SIGHUP, [](int) { hung_up = 1; });
    ::write(ready[1], "x", 1);
    while (!hung_up || !continued) ::usleep(1000);
    say("the leader got both, /dev/tty: %s", outcome(::open("/dev/tty", O_RDWR)));
    say(", the child %s\n", ::waitpid(foreground, nullptr, WNOHANG) == 0 ? "lives" : "has ended");
    return 3;
  });
  ::close(ready[1]);
  ::close(pair.slave);
  char three[3];
  for (char& one : three) ::read(ready[0], &one, 1);
  ::close(pair.master);
  while (::read(ready[0], three, 1) > 0) {  // until the foreground group has ended
  }
  say_end("leader", leader);
  ::close(ready[0]);
}

int run() {
  slave_closes();
  never_opened();
  master_closes();
  blocked_reader();
  who_is_told();
  return 0;
}

const Topic topic("pty_hangup", run);

}  // namespace
