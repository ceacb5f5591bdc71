// System calls as a tracer sees them: where they stop, what can be changed there, and how one that was interrupted goes on.
#include <fcntl.h>
#include <sys/time.h>
#include <time.h>

#include <cstddef>

#define PTRACE_SYSEMU_REQUEST 31

#include "../tracing.h"

using namespace abi;

static void next_stop(pid_t child, unsigned long request, const char* what) {
  if (trace(request, child) != 0) say("%s: %s\n", what, outcome(-1));
  say_wait(what, child);
}

static void say_call(const char* what, pid_t child) {
  const user_regs_struct registers = registers_of(child);
  say("%s: call %lld, result %lld, message %lu\n", what, static_cast<long long>(registers.orig_rax),
      static_cast<long long>(registers.rax), message_of(child));
}

static void set_register(pid_t child, std::size_t offset, long value) {
  if (trace(PTRACE_POKEUSER, child, offset, static_cast<unsigned long>(value)) != 0)
    say("PTRACE_POKEUSER: %s\n", outcome(-1));
}

static void entry_and_exit() {
  const pid_t child = traced_child([] {
    ::syscall(SYS_getuid);
    say("  changed: %s\n", outcome(::syscall(SYS_getuid)));
    say("  left out: %s\n", outcome(::syscall(SYS_getuid)));
    say("  left out, with a result: %ld\n", ::syscall(SYS_getuid));
    say("  another one: %s\n", outcome(::syscall(SYS_getuid)));
    say("  no call: %s\n", outcome(::syscall(999)));
    return 0;
  });
  next_stop(child, PTRACE_SYSCALL, "the rest of its stop");
  for (const bool good : {false, true}) {
    trace(PTRACE_SETOPTIONS, child, 0, good ? PTRACE_O_TRACESYSGOOD : 0);
    say_call(good ? "exit" : "entry", child);
    say_info("it", child);
    if (!good) next_stop(child, PTRACE_SYSCALL, "next");
  }
  const auto to_call = [child](long number) {
    for (;;) {
      trace(PTRACE_SYSCALL, child);
      int status = 0;
      ::waitpid(child, &status, __WALL);
      if (!WIFSTOPPED(status)) return say("it ended: %s\n", status_text(status).c_str());
      const user_regs_struct registers = registers_of(child);
      if (static_cast<long>(registers.orig_rax) == number && static_cast<long>(registers.rax) == -ENOSYS) return;
    }
  };
  to_call(SYS_getuid);
  next_stop(child, PTRACE_SYSCALL, "exit");
  set_register(child, offsetof(user, regs.rax), -EDOM);
  to_call(SYS_getuid);
  set_register(child, offsetof(user, regs.orig_rax), -1);
  next_stop(child, PTRACE_SYSCALL, "exit");
  say_call("left out", child);
  to_call(SYS_getuid);
  set_register(child, offsetof(user, regs.orig_rax), -1);
  set_register(child, offsetof(user, regs.rax), 77);
  next_stop(child, PTRACE_SYSCALL, "exit");
  to_call(SYS_getuid);
  set_register(child, offsetof(user, regs.orig_rax), SYS_close);
  set_register(child, offsetof(user, regs.rdi), -1);
  next_stop(child, PTRACE_SYSCALL, "exit");
  say_call("close", child);
  to_call(999);
  say_call("no call", child);
  trace(PTRACE_CONT, child);
  say_wait("ended", child);
}

static void call_info() {
  const pid_t child = traced_child([] {
    ::syscall(SYS_getuid);
    ::syscall(SYS_openat, 11, 0, 22, 33, 44, 55);
    ::syscall(SYS_getuid);
    ::syscall(SYS_getuid);
    ::syscall(SYS_exit_group, 6);
    return 0;
  });
  const auto say_what = [child](const char* what, unsigned long size) {
    __ptrace_syscall_info info;
    std::memset(&info, 0xee, sizeof info);
    const long result = trace(PTRACE_GET_SYSCALL_INFO, child, size, &info);
    const user_regs_struct registers = registers_of(child);
    say("%s, %lu bytes: %s %ld, op %d, arch %#x, there %d %d", what, size, outcome(result), result, info.op, info.arch,
        info.instruction_pointer == registers.rip, info.stack_pointer == registers.rsp);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      say(", call %lld:", static_cast<long long>(info.entry.nr));
      for (const std::uint64_t argument : info.entry.args)
        say(" %lld", info.entry.nr == SYS_openat ? static_cast<long long>(argument) : 0ll);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      say(", %lld, error %d", static_cast<long long>(info.exit.rval), info.exit.is_error);
    }
    say("\n");
  };
  say_what("signal stop", sizeof(__ptrace_syscall_info));
  next_stop(child, PTRACE_SYSCALL, "entry");
  say_what("without TRACESYSGOOD", sizeof(__ptrace_syscall_info));
  trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  next_stop(child, PTRACE_SYSCALL, "exit");
  next_stop(child, PTRACE_SYSCALL, "entry");
  for (const unsigned long size : {0ul, 8ul, 24ul, 40ul, 80ul, sizeof(__ptrace_syscall_info), 4096ul}) {
    if (size < 24) {
      char bytes[16];
      say("%lu bytes: %ld\n", size, trace(PTRACE_GET_SYSCALL_INFO, child, size, bytes));
    } else {
      say_what("entry", size);
    }
  }
  say("to nowhere: %s\n", outcome(trace(PTRACE_GET_SYSCALL_INFO, child, 88, 8ul)));
  next_stop(child, PTRACE_SYSCALL, "exit");
  say_what("exit", sizeof(__ptrace_syscall_info));
  next_stop(child, PTRACE_SYSCALL, "entry");
  say_what("entry", sizeof(__ptrace_syscall_info));
  next_stop(child, PTRACE_SYSCALL, "exit");
  __ptrace_syscall_info info{};
  trace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
  say("getuid: %lld, error %d\n", static_cast<long long>(info.exit.rval), info.exit.is_error);
  next_stop(child, PTRACE_SYSCALL, "entry");
  next_stop(child, PTRACE_SYSCALL, "exit");
  next_stop(child, PTRACE_SYSCALL, "the last entry");
  say_call("exit_group", child);
  next_stop(child, PTRACE_SYSCALL, "ended");
}

// PTRACE_SET_SYSCALL_INFO: the same, written.
static void set_call_info() {
  constexpr unsigned long kSetCallInfo = 0x4212;
  struct {
    std::uint8_t operation, reserved;
    std::uint16_t flags;
    std::uint32_t architecture;
    std::uint64_t instruction_pointer, stack_pointer;
    std::int64_t words[8];
  } info{};
  static_assert(sizeof info == 88);
  const pid_t child = traced_child([] {
    const long error = ::syscall(SYS_getuid);
    say("  the result: %ld\n", error);
    return 0;
  });
  const auto set = [&](const char* what, unsigned long size = sizeof info) {
    say("%s: %s\n", what, outcome(trace(kSetCallInfo, child, size, &info)));
  };
  trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  set("at a signal");
  next_stop(child, PTRACE_SYSCALL, "entry");
  trace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
  set("too short", 80);
  set("the same");
  info.operation = PTRACE_SYSCALL_INFO_EXIT;
  set("not an exit");
  info.operation = PTRACE_SYSCALL_INFO_ENTRY;
  info.flags = 1;
  set("with flags");
  info.flags = 0;
  info.words[0] = 1ll << 32;
  set("a large number");
  info.words[0] = SYS_lseek;
  info.words[1] = -1;
  set("another call");
  say("registers: %lld %lld\n", static_cast<long long>(registers_of(child).orig_rax),
      static_cast<long long>(registers_of(child).rdi));
  next_stop(child, PTRACE_SYSCALL, "exit");
  std::memset(&info, 0, sizeof info);
  trace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
  say("%lld\n", static_cast<long long>(info.words[0]));
  info.words[0] = 4321;
  set("another result");
  say("to nowhere: %s\n", outcome(trace(kSetCallInfo, child, sizeof info, 8ul)));
  trace(PTRACE_CONT, child);
  say_wait("ended", child);
}

// PTRACE_GET_RSEQ_CONFIGURATION: the C library has registered an area for each thread.
static void sequence_area() {
  struct {
    std::uint64_t address;
    std::uint32_t size, signature, flags, padding;
  } configuration{};
  const pid_t child = traced_child([] { return 0; });
  const long result = trace(PTRACE_GET_RSEQ_CONFIGURATION, child, sizeof configuration, &configuration);
  say("rseq: %s %ld, an area %d, size %u, signature %#x, wrong size %s\n", outcome(result), result,
      configuration.address != 0, configuration.size, configuration.signature,
      outcome(trace(PTRACE_GET_RSEQ_CONFIGURATION, child, 8, &configuration)));
  kill_and_reap(child);
}

// PTRACE_SYSEMU: the tracer makes the calls.
static void emulation() {
  const pid_t child = traced_child([] {
    const long result = ::syscall(SYS_getpid, 1, 2, 3);
    ::syscall(SYS_exit_group, result == 0x1234 ? 8 : 9);
    return 0;
  });
  next_stop(child, PTRACE_SYSEMU_REQUEST, "entry");
  say_call("emulated", child);
  set_register(child, offsetof(user, regs.rax), 0x1234);
  next_stop(child, PTRACE_SYSEMU_REQUEST, "entry");
  say_call("and the end", child);
  next_stop(child, PTRACE_CONT, "which is none; run away");
  kill_and_reap(child);
}

// Signals from the tracer at a call's stops; and what a call that they interrupt looks like.
static void handler(int) {}

static void interrupted() {
  struct {
    const char* what;
    int flags;
    int (*body)();
  } const cases[] = {{"pause", 0, [] { return ::pause() < 0 && errno == EINTR ? 1 : 2; }},
                     {"nanosleep", 0,
                      [] {
                        const timespec time{100, 0};
                        return ::nanosleep(&time, nullptr) < 0 && errno == EINTR ? 1 : 2;
                      }},
                     {"read", SA_RESTART,
                      [] {
                        int ends[2];
                        ::pipe(ends);
                        char byte;
                        return ::read(ends[0], &byte, 1) < 0 && errno == EINTR ? 1 : 2;
                      }},
                     {"read, no SA_RESTART", 0, [] {
                        int ends[2];
                        ::pipe(ends);
                        char byte;
                        return ::read(ends[0], &byte, 1) < 0 && errno == EINTR ? 1 : 2;
                      }}};
  for (const auto& one : cases) {
    const pid_t child = traced_child([&one] {
      struct sigaction action {};
      action.sa_handler = handler;
      action.sa_flags = one.flags;
      ::sigaction(SIGUSR1, &action, nullptr);
      return one.body();
    });
    trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
    trace(PTRACE_CONT, child);
    await_asleep(child);
    ::kill(child, SIGUSR1);
    say_wait(one.what, child);
    say_call("interrupted", child);
    next_stop(child, PTRACE_SYSCALL, "without the signal it is made again");
    say_call("entry", child);
    trace(PTRACE_CONT, child);
    await_asleep(child);
    ::kill(child, SIGUSR1);
    say_wait("once more", child);
    trace(PTRACE_SYSCALL, child, 0, SIGUSR1);
    say_wait("with the signal: its handler returns", child);
    say_call("entry", child);
    next_stop(child, PTRACE_SYSCALL, "it has");
    say_call("exit", child);
    if (one.flags == SA_RESTART) {
      next_stop(child, PTRACE_SYSCALL, "entry");
      say_call("made again", child);
      kill_and_reap(child);
      continue;
    }
    trace(PTRACE_CONT, child);
    say_wait("ended", child);
  }
  // A debugger that calls a function of the program says that no call is to be made again.
  const pid_t child = traced_child([] { return ::pause() < 0 ? errno == EINTR ? 1 : errno > 500 ? 3 : 2 : 4; });
  trace(PTRACE_CONT, child);
  await_asleep(child);
  ::kill(child, SIGUSR1);
  say_wait("pause", child);
  set_register(child, offsetof(user, regs.orig_rax), -1);
  trace(PTRACE_CONT, child);
  say_wait("not made again", child);
}

static int run() {
  entry_and_exit();
  call_info();
  set_call_info();
  sequence_area();
  emulation();
  interrupted();
  return 0;
}

static const Topic topic("ptrace_syscalls", run);
