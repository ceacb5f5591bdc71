// A process in the background of its terminal, which reads from it, writes to it or changes it: it is stopped, or where
// nobody could continue it, refused.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "../topic.h"

using namespace abi;

static int terminal;

static void use_terminal() {
  ::alarm(20);  // ends what goes on for ever
  char byte;
  say("read: %s\n", outcome(::read(terminal, &byte, 1)));
  say("foreground: %s\n", outcome(::tcsetpgrp(terminal, ::getpgrp())));
  termios settings{};
  say("read the settings: %s", outcome(::tcgetattr(terminal, &settings)));
  say(", set them: %s\n", outcome(::tcsetattr(terminal, TCSANOW, &settings)));
}

static void ignore_terminal_signals() {
  ::signal(SIGTTIN, SIG_IGN);
  ::signal(SIGTTOU, SIG_IGN);
}

// The group of a process whose parent is in another session is orphaned.
static void in_orphaned_group(const char* what, const std::function<void()>& prepare) {
  say_end(what, in_child([&] {
            int ends[2];
            ::pipe(ends);
            const pid_t child = in_child([&] {
              ::setpgid(0, 0);
              char byte;
              ::read(ends[0], &byte, 1);  // until the parent has left
              prepare();
              use_terminal();
              return 0;
            });
            ::setsid();
            ::write(ends[1], "x", 1);
            say_end("child", child);
            return 0;
          }));
}

// The parent is in the same session and another group: it could continue the child.
static void in_linked_group(const char* what, const std::function<void()>& prepare) {
  const pid_t child = in_child([&] {
    ::setpgid(0, 0);
    prepare();
    use_terminal();
    return 0;
  });
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  say_status(what, status);
  if (!WIFSTOPPED(status)) return;
  ::kill(child, SIGKILL);
  say_end(what, child);
}

// Fields 7 and 8 of /proc/self/stat.
static void say_numbers(const char* what) {
  int tty = 0;
  int group = 0;
  std::FILE* file = std::fopen("/proc/self/stat", "r");
  const int fields = std::fscanf(file, "%*d %*s %*c %*d %*d %*d %d %d", &tty, &group);
  std::fclose(file);
  say("%s: %d fields, a terminal %s, foreground group %s\n", what, fields, tty != 0 ? "yes" : "no",
      group == ::tcgetpgrp(terminal) ? "as tcgetpgrp"
      : group == -1                  ? "none"
                                     : "another");
}

static int run() {
  terminal = ::open("/dev/tty", O_RDWR);
  if (terminal < 0) {
    say("no terminal: %s\n", outcome(terminal));
    return 1;
  }
  say_numbers("with a terminal");
  say_end("in a session of its own", in_child([] {
            ::setsid();
            say_numbers("without");
            return 0;
          }));
  in_orphaned_group("orphaned", [] {});
  in_orphaned_group("orphaned, signals ignored", ignore_terminal_signals);
  in_orphaned_group("orphaned, with handlers", [] {
    ::signal(SIGTTIN, [](int) { say("SIGTTIN\n"); });
    ::signal(SIGTTOU, [](int) { say("SIGTTOU\n"); });
  });
  in_linked_group("linked", [] {});
  in_linked_group("linked, signals ignored", ignore_terminal_signals);
  // That one took the foreground, which whoever comes next needs.
  ignore_terminal_signals();
  ::tcsetpgrp(terminal, ::getpgrp());
  return 0;
}

static const Topic topic("terminal_background", run);
