// A tracer that is not the parent: what each of the two is told, and when. And ends at every stop: of the tracer, of the tracee.
#include <fcntl.h>

#include "../tracing.h"

using namespace abi;

static int report[2], command[2];

// A tracer in a process of its own, which acts when it is told to.
template <typename Body>
static pid_t tracer(Body body) {
  ::pipe(report);
  ::pipe(command);
  return in_child([&] {
    body();
    return 0;
  });
}
static void done() {
  ::write(report[1], "", 1);
}
static void await_done() {
  char byte;
  ::read(report[0], &byte, 1);
}
static void tell() {
  ::write(command[1], "", 1);
}
static void await_command() {
  char byte;
  ::read(command[0], &byte, 1);
}
static void close_all() {
  for (const int fd : {report[0], report[1], command[0], command[1]}) ::close(fd);
}

static void two_who_wait() {
  int end[2];
  ::pipe(end);
  const pid_t target = in_child([&] {
    char byte;
    ::read(end[0], &byte, 1);
    return 12;
  });
  await_asleep(target);
  const pid_t other = tracer([&] {
    say("tracer: PTRACE_ATTACH %s\n", outcome(trace(PTRACE_ATTACH, target)));
    say_wait("tracer", target);
    done();
    await_command();
    trace(PTRACE_CONT, target, 0, SIGSTOP);
    say_wait("tracer", target);
    done();
    await_command();
    trace(PTRACE_CONT, target);
    say_wait("tracer", target);
    done();
    await_command();
    trace(PTRACE_CONT, target, 0, SIGCONT);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(target), &info, WEXITED | WNOWAIT);
    say("tracer: code %d, status %d\n", info.si_code, info.si_status);
    done();
    await_command();
    say_wait("tracer", target);
    say("tracer, again: %s\n", outcome(::waitpid(target, nullptr, __WALL)));
    done();
  });
  await_done();
  say("parent, of a signal's stop: %d\n", ::waitpid(target, nullptr, WUNTRACED | WNOHANG) == 0);
  tell();
  await_done();
  say_wait("parent, of the group's", target, WUNTRACED);
  ::kill(target, SIGCONT);
  say_wait("parent", target, WCONTINUED);
  tell();
  await_done();
  tell();
  ::write(end[1], "", 1);
  await_done();
  say("parent, of the end: %d\n", ::waitpid(target, nullptr, WNOHANG) == 0);
  say("the zombie: %s\n", status_line(target, "State").c_str());
  tell();
  await_done();
  say_wait("parent", target, 0);
  say_end("tracer", other);
  ::close(end[0]);
  ::close(end[1]);
  close_all();
}

// The tracer ends without having waited for the end of its tracee: the parent hears of it then.
static void unread_end() {
  const pid_t target = pausing_child();
  const pid_t other = tracer([&] {
    trace(PTRACE_SEIZE, target);
    done();
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(target), &info, WEXITED | WNOWAIT);
    done();
    await_command();
  });
  await_done();
  ::kill(target, SIGKILL);
  await_done();
  say("parent: %d\n", ::waitpid(target, nullptr, WNOHANG) == 0);
  tell();
  say_wait("parent", target, 0);
  say_end("tracer", other);
  close_all();
}

static void make_call() {
  ::syscall(SYS_getppid);
}

// One of the two ends while the tracee is in each kind of stop.
static void ends_at_stops() {
  struct {
    const char* what;
    unsigned long options;
    unsigned long request;
    int stops;
  } const cases[] = {{"signal", 0, PTRACE_CONT, 0},
                     {"another signal", 0, PTRACE_CONT, 1},
                     {"call's entry", 0, PTRACE_SYSCALL, 2},
                     {"call's exit", 0, PTRACE_SYSCALL, 3},
                     {"step", 0, PTRACE_SINGLESTEP, 5},
                     {"fork", PTRACE_O_TRACEFORK, PTRACE_CONT, 2},
                     {"execve", PTRACE_O_TRACEEXEC, PTRACE_CONT, 2},
                     {"exit", PTRACE_O_TRACEEXIT, PTRACE_CONT, 2},
                     {"execve, SIGTRAP", 0, PTRACE_CONT, 2}};
  for (const auto& one : cases) {
    for (const bool tracee_first : {true, false}) {
      int number[2];
      ::pipe(number);
      const pid_t other = in_child([&] {
        const pid_t target = traced_child([&one] {
          ::raise(SIGUSR1);
          make_call();
          if (std::strncmp(one.what, "fork", 4) == 0 && ::fork() == 0) ::_exit(0);
          if (std::strncmp(one.what, "exec", 4) == 0) ::execl("/bin/true", "true", nullptr);
          return 0;
        });
        trace(PTRACE_SETOPTIONS, target, 0, one.options);
        for (int i = 0; i < one.stops; ++i) {
          trace(one.request, target);
          ::waitpid(target, nullptr, __WALL);
        }
        if (tracee_first) {
          ::kill(target, SIGKILL);
          // Who is at its end already cannot be killed any more.
          if (one.options == PTRACE_O_TRACEEXIT)
            say("%s: PTRACE_CONT %s\n", one.what, outcome(trace(PTRACE_CONT, target)));
          int status = 0;
          while (::waitpid(target, &status, __WALL) == target && WIFSTOPPED(status)) {
            say("%s: %s\n", one.what, status_text(status).c_str());
            trace(PTRACE_CONT, target);
          }
          say("%s: %s\n", one.what, status_text(status).c_str());
        }
        ::write(number[1], &target, sizeof target);
        return 0;
      });
      say_end(one.what, other);
      pid_t target = 0;
      ::read(number[0], &target, sizeof target);
      // Without its tracer it runs to its end, whatever that is.
      for (int i = 0; !tracee_first && ::kill(target, 0) == 0; ++i) {
        if (i == 2'000) {
          say("it does not end: %s\n", status_line(target, "State").c_str());
          ::kill(target, SIGKILL);
        }
        ::usleep(1'000);
      }
      ::close(number[0]);
      ::close(number[1]);
    }
  }
}

static int run() {
  two_who_wait();
  unread_end();
  ends_at_stops();
  return 0;
}

static const Topic topic("ptrace_tracers", run);
