// Sessions and their controlling terminals: who gets one, who may take it, and what becomes of it when the leader gives it
// up or ends.
#include <asm/ioctls.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "../pty.h"

using namespace abi;

namespace {

// Fields 7 and 8 of /proc/self/stat, and /dev/tty.
void say_terminal(const char* what) {
  int number = -1;
  int group = 0;
  std::FILE* file = std::fopen("/proc/self/stat", "r");
  (void)std::fscanf(file, "%*d %*s %*c %*d %*d %*d %d %d", &number, &group);
  std::fclose(file);
  const int fd = ::open("/dev/tty", O_RDWR);
  say("%s: number %#x, group %s, /dev/tty %s\n", what, number,
      group == ::getpgrp() ? "its own"
      : group == -1        ? "none"
                           : "another",
      outcome(fd));
  if (fd >= 0) ::close(fd);
}

void by_opening(const char* what, int flags) {
  const int master = ::posix_openpt(O_RDWR);
  ::unlockpt(master);
  const std::string name = ::ptsname(master);
  say_end(what, in_child([&] {
            say_terminal("without a session of its own");
            ::setsid();
            say_terminal("new session");
            const int slave = ::open(name.c_str(), flags);
            say_terminal(what);
            int number = 0;
            say("TIOCGSID %s", outcome(::ioctl(slave, TIOCGSID, &number)));
            say(" %s, tcgetpgrp %s\n", number == ::getsid(0) ? "its own" : "another", outcome(::tcgetpgrp(slave)));
            return 0;
          }));
  ::close(master);
}

void by_request() {
  const PtyPair pair = open_pty();
  const PtyPair other = open_pty();
  say("not a leader: %s\n", outcome(::ioctl(pair.slave, TIOCSCTTY, 0)));
  say_end("leader", in_child([&] {
            ::setsid();
            ::signal(SIGHUP, SIG_IGN);
            say("TIOCSCTTY %s", outcome(::ioctl(pair.slave, TIOCSCTTY, 0)));
            say(", again %s", outcome(::ioctl(pair.slave, TIOCSCTTY, 0)));
            say(", of a second %s\n", outcome(::ioctl(other.slave, TIOCSCTTY, 0)));
            say("setsid %s\n", outcome(::setsid()));
            int number = 0;
            say("of the master: TIOCGPGRP %s, TIOCGSID %s, TIOCNOTTY %s\n",
                outcome(::ioctl(pair.master, TIOCGPGRP, &number)), outcome(::ioctl(pair.master, TIOCGSID, &number)),
                outcome(::ioctl(pair.master, TIOCNOTTY)));
            say("of the other terminal: TIOCGPGRP %s, TIOCGSID %s, TIOCNOTTY %s, TIOCSPGRP %s\n",
                outcome(::ioctl(other.slave, TIOCGPGRP, &number)), outcome(::ioctl(other.slave, TIOCGSID, &number)),
                outcome(::ioctl(other.slave, TIOCNOTTY)), outcome(::ioctl(other.slave, TIOCSPGRP, &number)));
            number = 30000;
            say("TIOCSPGRP of nobody %s", outcome(::ioctl(pair.slave, TIOCSPGRP, &number)));
            number = -2;
            say(", of a negative %s", outcome(::ioctl(pair.slave, TIOCSPGRP, &number)));
            number = 1;
            say(", of another session %s\n", outcome(::ioctl(pair.slave, TIOCSPGRP, &number)));
            say_end("thief without force", in_child([&] {
                      ::setsid();
                      say("TIOCSCTTY %s\n", outcome(::ioctl(pair.slave, TIOCSCTTY, 0)));
                      return 0;
                    }));
            say_end("thief without privilege", in_child([&] {
                      ::setsid();
                      ::setuid(1234);
                      say("TIOCSCTTY %s\n", outcome(::ioctl(pair.slave, TIOCSCTTY, 1)));
                      return 0;
                    }));
            say_terminal("still");
            say_end("thief", in_child([&] {
                      ::setsid();
                      say("TIOCSCTTY %s\n", outcome(::ioctl(pair.slave, TIOCSCTTY, 1)));
                      say_terminal("the thief");
                      return 0;
                    }));
            say_terminal("stolen");
            say("another: %s\n", outcome(::ioctl(other.slave, TIOCSCTTY, 0)));
            say_terminal("with another");
            return 0;
          }));
  close_pty(pair);
  close_pty(other);
}

void write_only() {
  const PtyPair pair = open_pty();
  const std::string name = ::ptsname(pair.master);
  ::chmod(name.c_str(), 0666);
  say_end("write only", in_child([&] {
            ::setsid();
            const int slave = ::open(name.c_str(), O_WRONLY);
            say_terminal("opened for writing");
            ::setuid(1234);
            say("TIOCSCTTY %s\n", outcome(::ioctl(slave, TIOCSCTTY, 0)));
            return 0;
          }));
  close_pty(pair);
}

// Waits for so many of SIGHUP and SIGCONT, which are sent one after the other, and sees whether there are more.
void say_signals(const char* who, int expected) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGHUP);
  ::sigaddset(&set, SIGCONT);
  constexpr timespec kLimit{20, 0}, kNoTime{0, 0};
  int signal = 0;
  for (int count = 0; signal >= 0; ++count) {
    signal = ::sigtimedwait(&set, nullptr, count < expected ? &kLimit : &kNoTime);
    if (signal >= 0) say("%s: %s\n", who, signal == SIGHUP ? "SIGHUP" : "SIGCONT");
  }
}

void giving_up(const char* what, bool leader_ends) {
  const PtyPair pair = open_pty();
  int ready[2];
  ::pipe(ready);
  const pid_t leader = in_child([&] {
    ::close(ready[0]);
    ::setsid();
    ::ioctl(pair.slave, TIOCSCTTY, 0);
    ::signal(SIGTTOU, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGHUP);
    ::sigaddset(&set, SIGCONT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    int go[2];
    ::pipe(go);
    const pid_t child = in_child([&] {
      ::close(go[1]);
      char byte;
      ::read(go[0], &byte, 1);
      say_terminal("child before");
      say("TIOCNOTTY of one who does not lead: %s\n", outcome(::ioctl(pair.slave, TIOCNOTTY)));
      say_terminal("child without");
      return 0;
    });
    ::write(go[1], "x", 1);
    say_end("child", child);
    say_terminal("leader still");
    const pid_t foreground = in_child([&] {
      ::setpgid(0, 0);
      ::tcsetpgrp(pair.slave, ::getpid());
      ::write(ready[1], "x", 1);
      say_signals("foreground group", leader_ends ? 1 : 2);
      say_terminal("foreground group");
      return 0;
    });
    ::setpgid(foreground, foreground);
    while (::tcgetpgrp(pair.slave) != foreground) ::usleep(100);
    if (leader_ends) return 0;
    const char* const given_up = outcome(::ioctl(pair.slave, TIOCNOTTY));
    say_end("foreground", foreground);  // which speaks as soon as it is hung up on
    say("TIOCNOTTY of the leader: %s\n", given_up);
    say_terminal("leader without");
    say("another may have it: %s\n", outcome(::ioctl(pair.slave, TIOCSCTTY, 0)));
    return 0;
  });
  ::close(ready[1]);
  char byte;
  ::read(ready[0], &byte, 1);
  while (::read(ready[0], &byte, 1) > 0) {  // until all have ended
  }
  say_end(what, leader);
  ::close(ready[0]);
  int number = 0;
  say("the terminal is free: TIOCGSID of the master %s\n", outcome(::ioctl(pair.master, TIOCGSID, &number)));
  close_pty(pair);
}

int run() {
  by_opening("opened", O_RDWR);
  by_opening("opened with O_NOCTTY", O_RDWR | O_NOCTTY);
  by_request();
  write_only();
  giving_up("given up", false);
  giving_up("the leader ends", true);
  return 0;
}

const Topic topic("session_leader", run);

}  // namespace
