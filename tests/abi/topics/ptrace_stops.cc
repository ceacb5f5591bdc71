// Where a traced thread stops for signals and job control, how it goes on, and who is told of it.
#include <sys/time.h>

#include <csignal>

#include "../tracing.h"

using namespace abi;

static void say_state(const char* what, pid_t child) {
  say("%s: state %s, traced by %s\n", what, status_line(child, "State").c_str(), tracer_of(child).c_str());
}

static volatile sig_atomic_t seen;
static void note(int signal, siginfo_t* info, void*) {
  say("  handler: %s, code %#x, pid %s\n", signal_name(signal).c_str(), info->si_code,
      info->si_pid == ::getppid()  ? "of the parent"
      : info->si_pid == ::getpid() ? "its own"
                                   : "another");
  seen = signal;
}
static void handle(int signal) {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(signal, &action, nullptr);
}

static void signals() {
  const pid_t child = traced_child([] {
    handle(SIGUSR1);
    handle(SIGUSR2);
    ::signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < 4; ++i) ::raise(SIGUSR1);
    ::raise(SIGHUP);
    ::raise(SIGCHLD);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR2);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::raise(SIGUSR1);
    ::sigpending(&set);
    say("  pending: %d\n", ::sigismember(&set, SIGUSR2));
    ::raise(SIGTERM);
    return 3;
  });
  say_state("stopped", child);
  say_info("SIGSTOP", child);
  trace(PTRACE_CONT, child);
  say_wait("SIGUSR1", child);
  say_info("SIGUSR1", child);
  trace(PTRACE_CONT, child, 0, SIGUSR1);
  say_wait("delivered", child);
  trace(PTRACE_CONT, child);
  say_wait("suppressed", child);
  trace(PTRACE_CONT, child, 0, SIGUSR2);
  say_wait("another one", child);
  siginfo_t info{};
  trace(PTRACE_GETSIGINFO, child, 0, &info);
  info.si_code = SI_QUEUE;
  info.si_pid = child;
  say("PTRACE_SETSIGINFO: %s\n", outcome(trace(PTRACE_SETSIGINFO, child, 0, &info)));
  trace(PTRACE_CONT, child, 0, SIGUSR1);
  say_wait("with another siginfo; ignored, but reported", child);
  trace(PTRACE_CONT, child, 0, SIGHUP);
  say_wait("ignored by default", child);
  trace(PTRACE_CONT, child, 0, SIGCHLD);
  say_wait("while SIGUSR2 is blocked", child);
  trace(PTRACE_CONT, child, 0, SIGUSR2);
  say_wait("it is queued", child);
  say("waited for twice: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  trace(PTRACE_CONT, child, 0, SIGTERM);
  say_wait("ended", child);
}

static void killed() {
  const pid_t child = traced_child([] { return 3; });
  say("injected: %s\n", outcome(trace(PTRACE_CONT, child, 0, SIGKILL)));
  say_wait("SIGKILL", child);
  const pid_t other = traced_child([] { return 3; });
  ::kill(other, SIGKILL);
  say_wait("while it is stopped", other);
  say("afterwards: %s\n", outcome(trace(PTRACE_CONT, other)));
}

static void queues() {
  const pid_t child = traced_child([] {
    sigset_t set;
    ::sigfillset(&set);
    ::sigprocmask(SIG_SETMASK, &set, nullptr);
    sigval value{.sival_int = 5};
    ::sigqueue(::getpid(), SIGRTMIN + 1, value);
    ::sigqueue(::getpid(), SIGRTMIN + 2, value);
    ::syscall(SYS_tgkill, ::getpid(), ::getpid(), SIGUSR1);
    ::raise(SIGSTOP);
    return 0;
  });
  trace(PTRACE_CONT, child);
  say_wait("signals wait", child);
  siginfo_t infos[8]{};
  struct {
    std::uint64_t offset;
    std::uint32_t flags;
    std::int32_t count;
  } arguments{0, 0, 8};
  const auto peek = [&](const char* what, std::uint64_t offset, std::uint32_t flags, std::int32_t count) {
    arguments = {offset, flags, count};
    const long result = trace(PTRACE_PEEKSIGINFO, child, reinterpret_cast<unsigned long>(&arguments), infos);
    say("%s: %s %ld", what, outcome(result), result);
    for (long i = 0; i < result; ++i) say(" %d (%d)", infos[i].si_signo, infos[i].si_code);
    say("\n");
  };
  peek("the thread's", 0, 0, 8);
  peek("the process's", 0, 1, 8);
  peek("one", 0, 1, 1);
  peek("the second", 1, 1, 8);
  peek("beyond", 5, 1, 8);
  peek("none", 0, 1, 0);
  peek("less than none", 0, 1, -1);
  peek("wrong flags", 0, 2, 1);
  std::uint64_t mask = 0;
  say("mask: %s %#lx, wrong size %s\n", outcome(trace(PTRACE_GETSIGMASK, child, 8, &mask)),
      static_cast<unsigned long>(mask), outcome(trace(PTRACE_GETSIGMASK, child, 4, &mask)));
  mask = ~std::uint64_t{0} & ~(std::uint64_t{1} << (SIGUSR1 - 1));
  say("set: %s, wrong size %s, from nowhere %s\n", outcome(trace(PTRACE_SETSIGMASK, child, 8, &mask)),
      outcome(trace(PTRACE_SETSIGMASK, child, 16, &mask)), outcome(trace(PTRACE_SETSIGMASK, child, 8, 8ul)));
  trace(PTRACE_GETSIGMASK, child, 8, &mask);
  say("mask: %#lx\n", static_cast<unsigned long>(mask));
  trace(PTRACE_CONT, child);
  say_wait("what is not blocked any more", child);
  kill_and_reap(child);
}

// PTRACE_ATTACH and PTRACE_DETACH, of a process that runs, sleeps or is stopped.
static void attach() {
  pid_t child = pausing_child();
  say("PTRACE_ATTACH: %s\n", outcome(trace(PTRACE_ATTACH, child)));
  say_wait("attached", child);
  say_info("attached", child);
  say_state("attached", child);
  say("PTRACE_INTERRUPT: %s, PTRACE_LISTEN: %s\n", outcome(trace(PTRACE_INTERRUPT, child)),
      outcome(trace(PTRACE_LISTEN, child)));
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  await_asleep(child);
  say("traced by %s\n", tracer_of(child).c_str());
  ::kill(child, SIGSTOP);
  say_wait("stopped", child, WUNTRACED);
  say("PTRACE_ATTACH: %s\n", outcome(trace(PTRACE_ATTACH, child)));
  say("it is stopped at once: %s\n", outcome(trace(PTRACE_SETOPTIONS, child)));
  say_wait("group-stop", child);
  say_info("group-stop", child);
  trace(PTRACE_CONT, child);
  say_wait("and the signal of PTRACE_ATTACH", child);
  say_info("it", child);
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  while (status_line(child, "State") != "T (stopped)") ::usleep(1'000);
  say_state("its process is stopped still", child);
  ::kill(child, SIGCONT);
  say_wait("continued", child, WCONTINUED);
  // Let go with a signal.
  trace(PTRACE_ATTACH, child);
  say_wait("attached", child);
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child, 0, SIGTERM)));
  say_wait("with SIGTERM", child);
}

static void group_stops() {
  const pid_t child = traced_child([] {
    for (;;) ::pause();
    return 0;
  });
  trace(PTRACE_CONT, child, 0, SIGSTOP);
  say_wait("SIGSTOP is delivered", child);
  say_info("group-stop", child);
  say("PTRACE_SETSIGINFO: %s\n", outcome(trace(PTRACE_SETSIGINFO, child, 0, 8ul)));
  trace(PTRACE_CONT, child);
  await_asleep(child);
  say_state("it runs", child);
  ::kill(child, SIGUSR1);
  say_wait("a signal meanwhile", child);
  trace(PTRACE_CONT, child);
  ::kill(child, SIGSTOP);
  say_wait("while stopped", child);
  trace(PTRACE_CONT, child, 0, SIGSTOP);
  say_wait("again", child);
  ::kill(child, SIGCONT);
  say("not until it goes on: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  trace(PTRACE_CONT, child);
  say_wait("SIGCONT", child);
  trace(PTRACE_CONT, child, 0, SIGCONT);
  // A stop signal that SIGCONT overtakes.
  ::kill(child, SIGSTOP);
  say_wait("SIGSTOP", child);
  ::kill(child, SIGCONT);
  trace(PTRACE_CONT, child, 0, SIGSTOP);
  say_wait("it does not stop", child);
  kill_and_reap(child);
}

static void seize() {
  const pid_t child = pausing_child();
  say("PTRACE_SEIZE: %s\n", outcome(trace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD)));
  say("no stop: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  say("PTRACE_INTERRUPT: %s\n", outcome(trace(PTRACE_INTERRUPT, child)));
  say_wait("interrupted", child);
  say_info("interrupted", child);
  say_state("interrupted", child);
  say("PTRACE_INTERRUPT: %s\n", outcome(trace(PTRACE_INTERRUPT, child)));
  trace(PTRACE_CONT, child);
  say_wait("once more", child);
  trace(PTRACE_CONT, child);
  await_asleep(child);
  ::kill(child, SIGSTOP);
  say_wait("SIGSTOP", child);
  say_info("SIGSTOP", child);
  trace(PTRACE_CONT, child, 0, SIGSTOP);
  say_wait("group-stop", child);
  say_info("group-stop", child);
  say("PTRACE_LISTEN: %s\n", outcome(trace(PTRACE_LISTEN, child)));
  say_state("listening", child);
  say("requests: %s\n", outcome(trace(PTRACE_CONT, child)));
  say("nothing: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  say("PTRACE_INTERRUPT: %s\n", outcome(trace(PTRACE_INTERRUPT, child)));
  say_wait("stopped again", child);
  say("PTRACE_LISTEN: %s\n", outcome(trace(PTRACE_LISTEN, child)));
  ::kill(child, SIGCONT);
  say_wait("SIGCONT ends the stop", child);
  trace(PTRACE_CONT, child);
  say_wait("and is a signal", child);
  say("PTRACE_LISTEN in another stop: %s\n", outcome(trace(PTRACE_LISTEN, child)));
  trace(PTRACE_CONT, child, 0, SIGCONT);
  await_asleep(child);
  ::kill(child, SIGCONT);
  say_wait("SIGCONT of who runs", child);
  say_info("it", child);
  trace(PTRACE_CONT, child);
  say_wait("and the signal", child);
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  // Of who is stopped.
  await_asleep(child);
  ::kill(child, SIGSTOP);
  say_wait("stopped", child, WUNTRACED);
  say("PTRACE_SEIZE: %s\n", outcome(trace(PTRACE_SEIZE, child)));
  say_wait("group-stop", child);
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  kill_and_reap(child);
}

static siginfo_t last;
static volatile sig_atomic_t children;
static void on_child(int, siginfo_t* info, void*) {
  last = *info;
  children = children + 1;
}

// What the tracer's SIGCHLD and waitid(2) say.
static void tells() {
  struct sigaction action {};
  action.sa_sigaction = on_child;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGCHLD, &action, nullptr);
  const pid_t child = traced_child([] {
    ::raise(SIGUSR1);
    return 4;
  });
  const auto say_last = [&](const char* what) {
    while (children == 0) ::usleep(1'000);
    say("%s: SIGCHLD, code %d, status %d, pid %d\n", what, last.si_code, last.si_status, last.si_pid == child);
    children = 0;
  };
  say_last("stopped");
  trace(PTRACE_CONT, child);
  siginfo_t info{};
  for (const int options : {WEXITED | WNOWAIT, WSTOPPED | WNOWAIT, WSTOPPED}) {
    say("waitid: %s", outcome(::waitid(P_PID, static_cast<id_t>(child), &info, options)));
    say(", code %d, status %#x\n", info.si_code, info.si_status);
  }
  say_last("SIGUSR1");
  trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT);
  trace(PTRACE_CONT, child);
  ::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED);
  say("waitid: code %d, status %#x\n", info.si_code, info.si_status);
  say_last("its end comes");
  trace(PTRACE_CONT, child);
  say_wait("ended", child);
  say_last("ended");
  ::signal(SIGCHLD, SIG_IGN);
  const pid_t ignored = traced_child([] { return 5; });
  trace(PTRACE_CONT, ignored);
  say_wait("SIGCHLD ignored, but waited for", ignored);
  ::signal(SIGCHLD, SIG_DFL);
}

static int run() {
  say("signals\n");
  signals();
  killed();
  queues();
  say("attach\n");
  attach();
  say("group stops\n");
  group_stops();
  say("seize\n");
  seize();
  say("tells\n");
  tells();
  return 0;
}

static const Topic topic("ptrace_stops", run);
