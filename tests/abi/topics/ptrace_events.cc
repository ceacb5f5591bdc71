// PTRACE_O_TRACE*: what a tracer is told of new processes, programs and ends; and what becomes of set-user-ID programs.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdlib>

#include "../tracing.h"

using namespace abi;

constexpr unsigned long kAll = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                               PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT;

static char stack[64 << 10];
static int ends_with_four(void*) {
  ::_exit(4);
}

static void say_event(const char* what, pid_t child, pid_t* made) {
  const int status = say_wait(what, child);
  if (!WIFSTOPPED(status) || status >> 16 == 0) return;
  const unsigned long message = message_of(child);
  if (status >> 16 == PTRACE_EVENT_EXIT) {
    say("  it will be: %s\n", status_text(static_cast<int>(message)).c_str());
  } else if (status >> 16 == PTRACE_EVENT_EXEC) {
    say("  its number was %s\n", message == static_cast<unsigned long>(child) ? "the same" : "another");
  } else if (made != nullptr) {
    if (*made == 0) *made = static_cast<pid_t>(message);
    say("  message: %s\n", *made == static_cast<pid_t>(message) ? "the new one" : "another");
  }
  const user_regs_struct registers = registers_of(child);
  say("  in call %lld, result %lld\n", static_cast<long long>(registers.orig_rax),
      static_cast<long long>(registers.rax));
}

static void makers(unsigned long options, bool seize) {
  struct {
    const char* what;
    pid_t (*make)();
  } const cases[] = {
      {"fork", [] { return static_cast<pid_t>(::syscall(SYS_fork)); }},
      {"vfork",
       [] {
         const pid_t child = ::vfork();
         if (child == 0) ::_exit(4);
         return child;
       }},
      {"clone with another signal", [] { return ::clone(ends_with_four, stack + sizeof stack, SIGUSR1, nullptr); }},
      {"CLONE_UNTRACED",
       [] { return ::clone(ends_with_four, stack + sizeof stack, CLONE_UNTRACED | SIGCHLD, nullptr); }},
      {"CLONE_PTRACE", [] { return ::clone(ends_with_four, stack + sizeof stack, CLONE_PTRACE | SIGCHLD, nullptr); }}};
  for (const auto& one : cases) {
    const auto body = [&one] {
      ::signal(SIGUSR1, SIG_IGN);
      const pid_t child = one.make();
      if (child == 0) ::_exit(4);
      int status = 0;
      ::waitpid(child, &status, __WALL);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    };
    pid_t child = 0;
    if (seize) {
      child = in_child([&] {
        ::raise(SIGSTOP);
        return body();
      });
      ::waitpid(child, nullptr, WUNTRACED);
      trace(PTRACE_SEIZE, child, 0, options);
      say_wait("seized", child);
      ::kill(child, SIGCONT);
      trace(PTRACE_CONT, child);
      say_wait("continued", child);
      trace(PTRACE_CONT, child);
      int status = 0;
      ::waitpid(child, &status, __WALL);  // the signal
      if (status >> 16 != 0) {
        say("%s\n", status_text(status).c_str());
        trace(PTRACE_CONT, child);
        ::waitpid(child, &status, __WALL);
      }
    } else {
      child = traced_child(body);
      trace(PTRACE_SETOPTIONS, child, 0, options);
    }
    say("%s, options %#lx\n", one.what, options);
    trace(PTRACE_CONT, child);
    pid_t made = 0;
    const bool vfork = std::strcmp(one.what, "vfork") == 0;
    const bool untraced = std::strcmp(one.what, "CLONE_UNTRACED") == 0 || options == 0;
    const bool inherits = std::strcmp(one.what, "CLONE_PTRACE") == 0;
    if (inherits && options == 0) {
      // No event, but a child that is traced: found by its own stop.
      int status = 0;
      for (pid_t found; (found = ::waitpid(-1, &status, __WALL)) > 0;) {
        say("%s: %s\n", found == child ? "it" : "the new one", status_text(status).c_str());
        if (WIFSTOPPED(status)) trace(PTRACE_CONT, found);
      }
      continue;
    }
    if (!untraced) {
      say_event("it", child, &made);
      say_wait("the new one", made);
      say_info("the new one", made);
      trace(PTRACE_CONT, made);
      say_event("the new one", made, nullptr);
      if (vfork) {
        trace(PTRACE_CONT, child);
        trace(PTRACE_CONT, made);
        say_wait("the new one", made);
        say_event("it", child, &made);
        trace(PTRACE_CONT, child);
      } else {
        trace(PTRACE_CONT, made);
        say_wait("the new one", made);
        trace(PTRACE_CONT, child);
      }
      say_wait("it: SIGCHLD or the like", child);
      trace(PTRACE_CONT, child);
      int status = 0;
      while (::waitpid(child, &status, __WALL) == child && WIFSTOPPED(status)) {
        say("it: %s\n", status_text(status).c_str());
        trace(PTRACE_CONT, child);
      }
      say("it: %s\n", status_text(status).c_str());
      continue;
    }
    int status = 0;
    while (::waitpid(child, &status, __WALL) == child && WIFSTOPPED(status)) {
      say("it: %s\n", status_text(status).c_str());
      trace(PTRACE_CONT, child);
    }
    say("it: %s\n", status_text(status).c_str());
  }
}

static void programs() {
  for (const unsigned long options : {0ul, static_cast<unsigned long>(PTRACE_O_TRACEEXEC), kAll}) {
    const pid_t child = traced_child([] {
      ::execl("/bin/false", "false", nullptr);
      return 9;
    });
    trace(PTRACE_SETOPTIONS, child, 0, options);
    trace(PTRACE_CONT, child);
    say_event("execve", child, nullptr);
    say_info("execve", child);
    const user_regs_struct registers = registers_of(child);
    say("registers: %llx %llx %llx, call %lld, result %lld, flags %#llx\n", registers.rbx, registers.rdi, registers.r15,
        static_cast<long long>(registers.orig_rax), static_cast<long long>(registers.rax), registers.eflags & 0x300);
    trace(PTRACE_SYSCALL, child);
    say_wait("next", child);
    say("call %lld, result %lld\n", static_cast<long long>(registers_of(child).orig_rax),
        static_cast<long long>(registers_of(child).rax));
    kill_and_reap(child);
  }
}

static void ends() {
  for (const int how : {0, 1, 2}) {
    const pid_t child = traced_child([how]() -> int {
      if (how == 0) ::_exit(7);
      if (how == 1) ::abort();
      for (;;) ::pause();
    });
    trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT);
    trace(PTRACE_CONT, child);
    if (how == 1) {
      say_wait("SIGABRT", child);
      trace(PTRACE_CONT, child, 0, SIGABRT);
    }
    if (how == 2) {
      await_asleep(child);
      ::kill(child, SIGKILL);
    }
    say_event("its end", child, nullptr);
    say("state %s\n", status_line(child, "State").c_str());
    trace(PTRACE_CONT, child);
    say_wait("it", child);
  }
}

static bool is_alive(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

// The tracer ends: its tracees go on, or end with it.
static void tracers_end() {
  for (const unsigned long options : {0ul, static_cast<unsigned long>(PTRACE_O_EXITKILL)}) {
    const pid_t target = pausing_child();
    say_end("a tracer", in_child([&] {
              say("PTRACE_SEIZE: %s\n", outcome(trace(PTRACE_SEIZE, target, 0, options)));
              trace(PTRACE_INTERRUPT, target);
              say_wait("stopped", target);
              return 0;
            }));
    if (options != 0) {
      say_end("its tracee", target);
    } else {
      await_asleep(target);
      say("its tracee: alive %d, traced by %s\n", is_alive(target), tracer_of(target).c_str());
      kill_and_reap(target);
    }
  }
}

// Who runs a program with more privileges does not show it to a tracer that has not got them.
static void privileges() {
  const uid_t user = fresh_user();
  ::chmod(".", 0755);
  say_end("copy", in_child([] {
            ::execl("/bin/busybox", "busybox", "cp", self_path(), "privileged", nullptr);
            return 1;
          }));
  ::chown("privileged", 0, 0);
  ::chmod("privileged", 04755);
  for (const bool traced : {false, true}) {
    say_end("a user", in_child([&] {
              ::setresgid(user, user, user);
              ::setresuid(user, user, user);
              const pid_t child = ::fork();
              if (child == 0) {
                if (traced) trace(PTRACE_TRACEME, 0);
                ::execl("./privileged", "privileged", "ptrace_events", "who", nullptr);
                ::_exit(9);
              }
              for (int status = 0; ::waitpid(child, &status, 0) == child;) {
                say("%s\n", status_text(status).c_str());
                if (WIFSTOPPED(status)) trace(PTRACE_CONT, child);
              }
              return 0;
            }));
  }
  const pid_t child = traced_child([&] {
    ::setresgid(user, user, user);
    ::setresuid(user, user, user);
    ::execl("./privileged", "privileged", "ptrace_events", "who", nullptr);
    return 9;
  });
  trace(PTRACE_CONT, child);
  say_wait("root traces, by the child's wish", child);
  trace(PTRACE_CONT, child);
  say_wait("it", child);
  int ready[2];
  ::pipe(ready);
  const pid_t seized = in_child([&] {
    ::setresgid(user, user, user);
    ::setresuid(user, user, user);
    char byte;
    ::read(ready[0], &byte, 1);
    ::execl("./privileged", "privileged", "ptrace_events", "who", nullptr);
    return 9;
  });
  await_asleep(seized);
  say("root has attached: %s\n", outcome(trace(PTRACE_SEIZE, seized)));
  ::write(ready[1], "", 1);
  say_wait("it", seized);
}

static int run() {
  if (arguments[0] != nullptr) {
    say("  effective user: %s\n", ::geteuid() == 0 ? "root" : "as before");
    return 0;
  }
  ::setvbuf(stdout, nullptr, _IONBF, 0);
  makers(kAll, false);
  makers(0, false);
  makers(kAll, true);
  programs();
  ends();
  tracers_end();
  privileges();
  return 0;
}

static const Topic topic("ptrace_events", run);
