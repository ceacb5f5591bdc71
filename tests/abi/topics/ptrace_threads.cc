// A process of several threads that are traced: each is waited for by its own number, to its end; execve(2) and exit_group(2).
#include <fcntl.h>
#include <pthread.h>

#include <atomic>
#include <map>
#include <vector>

#include "../tracing.h"

using namespace abi;

static int go[2];   // a byte of it lets a thread go on
static int tid[2];  // where a thread says its number

static void wait_for_byte() {
  char byte;
  while (::read(go[0], &byte, 1) < 0) {
  }
}

// A thread that says its number and waits; then it ends, or does what `then` says.
template <typename Then>
static pid_t make_thread(Then then) {
  static Then action = then;
  pthread_t thread;
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        const pid_t self = static_cast<pid_t>(::syscall(SYS_gettid));
        ::write(tid[1], &self, sizeof self);
        wait_for_byte();
        action();
        return nullptr;
      },
      nullptr);
  return 0;
}

static pid_t read_tid() {
  pid_t number = 0;
  ::read(tid[0], &number, sizeof number);
  return number;
}

static void let_go_on() {
  ::write(go[1], "", 1);
}

template <typename Body>
static pid_t process(Body body) {
  ::pipe(go);
  ::pipe(tid);
  return in_child(body);
}

static void close_all() {
  for (const int fd : {go[0], go[1], tid[0], tid[1]}) ::close(fd);
}

// By PTRACE_SEIZE of both; the thread ends, then the process.
static void one_by_one() {
  const pid_t child = process([] {
    make_thread([] { ::syscall(SYS_exit, 5); });
    for (;;) ::pause();
    return 0;
  });
  const pid_t thread = read_tid();
  say("leader: %s, thread: %s\n", outcome(trace(PTRACE_SEIZE, child)), outcome(trace(PTRACE_SEIZE, thread)));
  await_asleep(child, thread);
  say("PTRACE_INTERRUPT of the thread: %s\n", outcome(trace(PTRACE_INTERRUPT, thread)));
  say_wait("thread", thread);
  say_info("thread", thread);
  say("leader: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  trace(PTRACE_CONT, thread);
  trace(PTRACE_SETOPTIONS, thread, 0, 0);
  // To the whole process: one of them gets it, the leader first.
  await_asleep(child);
  await_asleep(child, thread);
  ::kill(child, SIGUSR1);
  say_wait("leader", child);
  ::syscall(SYS_tgkill, child, thread, SIGUSR2);
  say_wait("thread", thread);
  trace(PTRACE_CONT, thread);
  trace(PTRACE_CONT, child);
  let_go_on();
  say_wait("thread", thread);
  say("again: %s\n", outcome(::waitpid(thread, nullptr, __WALL)));
  ::kill(child, SIGKILL);
  say_wait("leader", child);
  close_all();
}

struct TwoThreads {
  pid_t child, thread;
};
static TwoThreads seize_two_threads() {
  const pid_t child = process([] {
    make_thread([] {});
    for (;;) ::pause();
    return 0;
  });
  const pid_t thread = read_tid();
  trace(PTRACE_SEIZE, child);
  trace(PTRACE_SEIZE, thread);
  return {child, thread};
}

// Options of wait(2): who is a clone child, whose thread waits.
static void waiting() {
  const auto [child, thread] = seize_two_threads();
  await_asleep(child, thread);
  trace(PTRACE_INTERRUPT, thread);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(thread), &info, WSTOPPED | WNOWAIT);
  for (const int options : {0, static_cast<int>(__WCLONE), static_cast<int>(__WALL), static_cast<int>(__WNOTHREAD)}) {
    info = {};
    say("options %#x: %s", static_cast<unsigned>(options),
        outcome(::waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT | WNOHANG | options)));
    say(", the thread %d, code %d, status %#x\n", info.si_pid == thread, info.si_code, info.si_status);
  }
  static pid_t shared_thread;
  shared_thread = thread;
  pthread_t other;
  ::pthread_create(
      &other, nullptr,
      [](void*) -> void* {
        siginfo_t there{};
        say("another thread of the tracer: %s",
            outcome(::waitid(P_ALL, 0, &there, WSTOPPED | WNOWAIT | WNOHANG | __WALL)));
        say(", the thread %d; ", there.si_pid == shared_thread);
        say("__WNOTHREAD: %s",
            outcome(::waitid(P_ALL, 0, &there, WSTOPPED | WNOWAIT | WNOHANG | __WALL | __WNOTHREAD)));
        say("; PTRACE_CONT: %s\n", outcome(trace(PTRACE_CONT, shared_thread)));
        return nullptr;
      },
      nullptr);
  ::pthread_join(other, nullptr);
  say_wait("group", -::getpgrp());
  say("PTRACE_CONT: %s\n", outcome(trace(PTRACE_CONT, thread)));
  ::kill(child, SIGKILL);
  say_wait("thread", thread);
  say_wait("leader", child);
  close_all();
}

// A stop of the process stops each thread; SIGCONT continues those that are not traced.
static void group_stop() {
  const auto [child, thread] = seize_two_threads();
  await_asleep(child);
  await_asleep(child, thread);
  ::kill(child, SIGSTOP);
  say_wait("leader", child);
  trace(PTRACE_CONT, child, 0, SIGSTOP);
  say_wait("leader", child);
  say_wait("thread", thread);
  say_info("thread", thread);
  trace(PTRACE_LISTEN, child);
  trace(PTRACE_LISTEN, thread);
  ::kill(child, SIGCONT);
  say_wait("leader", child);
  say_wait("thread", thread);
  // Nobody could take the signal: who goes on first does.
  trace(PTRACE_CONT, thread);
  say_wait("thread", thread);
  trace(PTRACE_CONT, thread, 0, SIGCONT);
  trace(PTRACE_CONT, child);
  ::kill(child, SIGKILL);
  say_wait("thread", thread);
  say_wait("leader", child);
  close_all();
}

// The first thread ends before the others: what it leaves is waited for when they have ended.
static void leader_first() {
  const pid_t child = process([] {
    make_thread([] { ::syscall(SYS_exit, 6); });
    ::syscall(SYS_exit, 5);
    return 0;
  });
  const pid_t thread = read_tid();
  await_asleep(child, thread);
  while (status_line(child, "State") != "Z (zombie)") ::usleep(1'000);
  say("leader that has ended: %s, thread: %s\n", outcome(trace(PTRACE_SEIZE, child)),
      outcome(trace(PTRACE_SEIZE, thread)));
  say("leader: %d\n", ::waitpid(child, nullptr, WNOHANG | __WALL) == 0);
  let_go_on();
  say_wait("thread", thread);
  say_wait("leader", child);
  close_all();

  const pid_t other = process([] {
    make_thread([] { ::syscall(SYS_exit_group, 6); });
    wait_for_byte();
    ::syscall(SYS_exit, 5);
    return 0;
  });
  const pid_t second = read_tid();
  trace(PTRACE_SEIZE, other, 0, PTRACE_O_TRACEEXIT);
  trace(PTRACE_SEIZE, second, 0, PTRACE_O_TRACEEXIT);
  await_asleep(other);
  await_asleep(other, second);
  let_go_on();
  let_go_on();
  std::map<pid_t, std::string> told;
  // The leader may be at its own end when that of the process comes.
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, __WALL)) > 0;) {
    told[pid] += " " + status_text(status);
    if (!WIFSTOPPED(status)) continue;
    if (pid == second) told[pid] += " (" + status_text(static_cast<int>(message_of(pid))) + ")";
    trace(PTRACE_CONT, pid);
  }
  say("thread:%s\n", told[second].c_str());
  say("leader's end is told: %d\n", !told[other].empty());
  close_all();
}

// execve(2) of a thread that is not the first: the others end, and it goes by the first one's number.
static void execution() {
  for (const unsigned long options : {static_cast<unsigned long>(PTRACE_O_TRACEEXEC), 0ul}) {
    const pid_t child = process([] {
      make_thread([] {
        ::execl("/bin/false", "false", nullptr);
        ::_exit(9);
      });
      for (;;) ::pause();
      return 0;
    });
    const pid_t thread = read_tid();
    trace(PTRACE_SEIZE, child, 0, options);
    trace(PTRACE_SEIZE, thread, 0, options);
    await_asleep(child, thread);
    let_go_on();
    if (options != 0) {
      say_wait("execve", child);
      say("its number was the thread's: %d\n", message_of(child) == static_cast<unsigned long>(thread));
      say("by the old number: %s\n", outcome(trace(PTRACE_CONT, thread)));
      say("nobody: %s\n", outcome(::waitpid(thread, nullptr, WNOHANG | __WALL)));
      trace(PTRACE_CONT, child);
    }
    say_wait("ended", child);
    close_all();
  }
}

// New threads are traced, too.
static void clones() {
  const pid_t child = process([] {
    char byte;
    ::read(go[0], &byte, 1);
    make_thread([] {});
    for (;;) ::pause();
    return 0;
  });
  trace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACECLONE);
  await_asleep(child);
  let_go_on();
  say_wait("clone", child);
  const auto thread = static_cast<pid_t>(message_of(child));
  say_wait("thread", thread);
  say_info("thread", thread);
  trace(PTRACE_CONT, thread);
  trace(PTRACE_CONT, child);
  say("its number: %d\n", read_tid() == thread);
  let_go_on();
  say_wait("thread", thread);
  kill_and_reap(child);
  close_all();
}

static int run() {
  say("one by one\n");
  one_by_one();
  say("waiting\n");
  waiting();
  say("group stop\n");
  group_stop();
  say("leader first\n");
  leader_first();
  say("execution\n");
  execution();
  say("clones\n");
  clones();
  return 0;
}

static const Topic topic("ptrace_threads", run);
