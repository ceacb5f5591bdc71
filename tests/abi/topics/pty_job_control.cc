// Job control at a pseudo-terminal: the keys that send signals, processes in the background, a window that changes, and
// input that somebody else puts in.
#include <asm/ioctls.h>
#include <sys/wait.h>

#include <csignal>
#include <string>

#include "../pty.h"

using namespace abi;

namespace {

int g_master;
int g_typed[2];

// Runs `body` in the foreground of a terminal, as a group of its own below a session leader, who says how it ends. The
// test types `keys` once the body has said that it is ready, and then lets it go on from await_keys().
void at_a_terminal(const char* what, const std::string& keys, const std::function<int(int, int)>& body) {
  const PtyPair pair = open_pty();
  g_master = pair.master;
  ::fcntl(pair.slave, F_SETFL, O_RDWR);
  int ready[2];
  ::pipe(ready);
  ::pipe(g_typed);
  const pid_t leader = in_child([&] {
    ::setsid();
    ::ioctl(pair.slave, TIOCSCTTY, 0);
    ::signal(SIGTTOU, SIG_IGN);
    const pid_t job = in_child([&] {
      ::setpgid(0, 0);
      ::tcsetpgrp(pair.slave, ::getpid());
      ::signal(SIGTTOU, SIG_DFL);
      return body(pair.slave, ready[1]);
    });
    int status = 0;
    ::waitpid(job, &status, WUNTRACED);
    say_status(what, status);
    if (WIFSTOPPED(status)) {
      ::kill(job, SIGKILL);
      ::waitpid(job, &status, 0);
    }
    return 0;
  });
  char byte;
  ::read(ready[0], &byte, 1);
  type(pair, keys);
  ::write(g_typed[1], "x", 1);
  say_end("leader", leader);
  for (const int fd : {ready[0], ready[1], g_typed[0], g_typed[1]}) ::close(fd);
  say("echo %s\n", joined(pair.master).c_str());
  close_pty(pair);
}

// So that what is typed comes before what the body writes.
void await_keys() {
  char byte;
  ::read(g_typed[0], &byte, 1);
}

int wait_for_a_signal(int, int ready) {
  ::alarm(60);
  ::write(ready, "x", 1);
  for (;;) ::pause();
}

void keys() {
  at_a_terminal("^C", "\x03", wait_for_a_signal);
  at_a_terminal("^\\", "\x1c", wait_for_a_signal);
  at_a_terminal("^Z", "\x1a", wait_for_a_signal);
  at_a_terminal("TIOCSIG", "", [](int, int ready) {
    ::write(ready, "x", 1);
    say("SIGHUP %s\n", outcome(::ioctl(g_master, TIOCSIG, SIGHUP)));
    say("SIGQUIT %s\n", outcome(::ioctl(g_master, TIOCSIG, SIGQUIT)));
    for (;;) ::pause();
    return 0;
  });
}

void background() {
  at_a_terminal("in the background", "line\n", [](int slave, int ready) {
    ::write(ready, "x", 1);
    await_keys();
    const auto try_in_background = [&](const char* what, const std::function<void()>& body) {
      const pid_t child = in_child([&] {
        ::setpgid(0, 0);
        body();
        return 0;
      });
      int status = 0;
      ::waitpid(child, &status, WUNTRACED);
      say_status(what, status);
      if (!WIFSTOPPED(status)) return;
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
    };
    try_in_background("reading", [&] { say("read %s\n", one_read(slave).c_str()); });
    try_in_background("reading, SIGTTIN ignored", [&] {
      ::signal(SIGTTIN, SIG_IGN);
      say("read %s\n", one_read(slave).c_str());
    });
    try_in_background("writing", [&] { say("write %s\n", outcome(::write(slave, "w", 1))); });
    termios settings{};
    ::tcgetattr(slave, &settings);
    settings.c_lflag |= TOSTOP;
    ::tcsetattr(slave, TCSANOW, &settings);
    try_in_background("writing with TOSTOP", [&] { say("write %s\n", outcome(::write(slave, "w", 1))); });
    try_in_background("writing with TOSTOP, SIGTTOU ignored", [&] {
      ::signal(SIGTTOU, SIG_IGN);
      say("write %s\n", outcome(::write(slave, "w", 1)));
    });
    try_in_background("changing settings", [&] { say("set %s\n", outcome(::tcsetattr(slave, TCSANOW, &settings))); });
    try_in_background("flushing", [&] { say("flush %s\n", outcome(::tcflush(slave, TCIFLUSH))); });
    try_in_background("draining", [&] { say("drain %s\n", outcome(::tcdrain(slave))); });
    try_in_background("the window", [&] {
      winsize size{5, 6, 7, 8};
      say("set %s\n", outcome(::ioctl(slave, TIOCSWINSZ, &size)));
    });
    try_in_background("becoming the foreground", [&] { say("set %s\n", outcome(::tcsetpgrp(slave, ::getpid()))); });
    return 0;
  });
}

void window_and_insertion() {
  at_a_terminal("window", "", [](int slave, int ready) {
    ::write(ready, "x", 1);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGWINCH);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    const timespec none{0, 0};
    winsize size{10, 20, 0, 0};
    for (const int fd : {slave, g_master}) {
      ++size.ws_row;
      ::ioctl(fd, TIOCSWINSZ, &size);
      say("changed: %s", ::sigtimedwait(&set, nullptr, &none) == SIGWINCH ? "SIGWINCH" : "nothing");
      ::ioctl(fd, TIOCSWINSZ, &size);
      say(", the same again: %s\n", ::sigtimedwait(&set, nullptr, &none) == SIGWINCH ? "SIGWINCH" : "nothing");
    }
    return 0;
  });
  at_a_terminal("TIOCSTI", "", [](int slave, int ready) {
    ::write(ready, "x", 1);
    for (const char* c = "put in\n"; *c; ++c) {
      if (::ioctl(slave, TIOCSTI, c) != 0) say("TIOCSTI %s\n", outcome(-1));
    }
    say("read %s\n", one_read(slave).c_str());
    return 0;
  });
  at_a_terminal("an interrupt put in", "", [](int slave, int ready) {
    ::write(ready, "x", 1);
    ::ioctl(slave, TIOCSTI, "\x03");
    for (;;) ::pause();
    return 0;
  });
}

int run() {
  // A shell without job control starts its jobs with these ignored.
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(signal, SIG_DFL);
  ::alarm(60);  // ends what goes on for ever
  keys();
  background();
  window_and_insertion();
  return 0;
}

const Topic topic("pty_job_control", run);

}  // namespace
