// Single steps and breakpoints: one instruction at a time, over system calls, into handlers; and a breakpoint in the text.
#include <sys/mman.h>

#include <cstddef>

#include "../tracing.h"

using namespace abi;

extern "C" char step_start[], step_call[], step_flags[], step_end[], break_here[];
// Instructions that are known one by one.
__attribute__((noinline, noclone)) static void steps() {
  asm volatile(
      "step_start: nop\n"
      "mov $39, %%eax\n"
      "step_call: syscall\n"
      "nop\n"
      "step_flags: pushfq\n"
      "popfq\n"
      "step_end: nop\n"
      :
      :
      : "rax", "rcx", "r11", "memory", "cc");
}

__attribute__((noinline, noclone)) static int one_more(int value) {
  asm volatile("break_here: incl %0" : "+r"(value));
  return value;
}
static int sum() {
  return one_more(one_more(one_more(0)));
}

static void say_step(const char* what, pid_t child) {
  trace(PTRACE_SINGLESTEP, child);
  int status = 0;
  ::waitpid(child, &status, __WALL);
  if (!WIFSTOPPED(status)) {
    say("%s: %s\n", what, status_text(status).c_str());
    return;
  }
  const user_regs_struct registers = registers_of(child);
  siginfo_t info{};
  trace(PTRACE_GETSIGINFO, child, 0, &info);
  long debug_status = 0;
  trace(PTRACE_PEEKUSER, child, offsetof(user, u_debugreg) + 48, &debug_status);
  const long at = static_cast<long>(registers.rip) - reinterpret_cast<long>(step_start);
  say("%s: %s, code %d, at %ld, there %d, TF %d, DR6 %#lx\n", what, status_text(status).c_str(), info.si_code,
      at >= 0 && at <= step_end - step_start ? at : -1, info.si_addr == reinterpret_cast<void*>(registers.rip),
      static_cast<int>(registers.eflags >> 8 & 1), debug_status);
}

static void run_to(pid_t child, const char* place) {
  long code = 0;
  const auto address = reinterpret_cast<unsigned long>(place);
  trace(PTRACE_PEEKTEXT, child, address, &code);
  say("breakpoint: %s\n",
      outcome(trace(PTRACE_POKETEXT, child, address, (static_cast<unsigned long>(code) & ~0xfful) | 0xcc)));
  trace(PTRACE_CONT, child);
  say_wait("breakpoint", child);
  user_regs_struct registers = registers_of(child);
  siginfo_t info{};
  trace(PTRACE_GETSIGINFO, child, 0, &info);
  say("code %#x, behind it %d, call %lld\n", info.si_code, registers.rip == address + 1,
      static_cast<long long>(registers.orig_rax));
  trace(PTRACE_POKETEXT, child, address, static_cast<unsigned long>(code));
  registers.rip = address;
  trace(PTRACE_SETREGS, child, 0, &registers);
}

static void instructions() {
  const pid_t child = traced_child([] {
    steps();
    return 3;
  });
  run_to(child, step_start);
  for (const char* what : {"nop", "mov", "syscall", "nop", "pushf", "popf"}) say_step(what, child);
  trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  trace(PTRACE_CONT, child);
  say_wait("the flag that pushf saved", child);
  trace(PTRACE_CONT, child);
  say_wait("its step", child);
  kill_and_reap(child);
}

static void breakpoints() {
  const pid_t child = traced_child([] { return sum(); });
  const auto address = reinterpret_cast<unsigned long>(break_here);
  long code = 0;
  trace(PTRACE_PEEKTEXT, child, address, &code);
  for (int i = 0; i < 3; ++i) {
    trace(PTRACE_POKETEXT, child, address, (static_cast<unsigned long>(code) & ~0xfful) | 0xcc);
    trace(PTRACE_CONT, child);
    say_wait("breakpoint", child);
    trace(PTRACE_POKETEXT, child, address, static_cast<unsigned long>(code));
    trace(PTRACE_POKEUSER, child, offsetof(user, regs.rip), address);
    trace(PTRACE_SINGLESTEP, child);
    say_wait("over it", child);
  }
  trace(PTRACE_CONT, child);
  say_wait("the sum", child);
  say("here the text is as it was: %d\n", sum() == 3);
}

static volatile int handled;
static void handler(int, siginfo_t*, void*) {
  handled = 1;
}

// A step that enters a handler stops at its first instruction; what is saved has no trap flag.
static void handlers() {
  const pid_t child = traced_child([] {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGUSR1, &action, nullptr);
    ::raise(SIGUSR1);
    return handled;
  });
  trace(PTRACE_CONT, child);
  say_wait("SIGUSR1", child);
  trace(PTRACE_SINGLESTEP, child, 0, SIGUSR1);
  say_wait("handler", child);
  user_regs_struct registers = registers_of(child);
  say("at its beginning %d, first argument %lld, flags %#llx\n",
      registers.rip == reinterpret_cast<unsigned long long>(&handler), static_cast<long long>(registers.rdi),
      registers.eflags & 0x500);
  say_info("handler", child);
  trace(PTRACE_SINGLESTEP, child);
  say_wait("next", child);
  trace(PTRACE_CONT, child);
  say_wait("it", child);
}

// Many steps through a whole program's part, with faults and calls in it.
static void many() {
  const pid_t child = traced_child([] {
    char* memory =
        static_cast<char*>(::mmap(nullptr, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (int i = 0; i < 8; ++i) memory[i * 4096] = static_cast<char>(i);
    ::raise(SIGUSR2);
    return memory[5 * 4096];
  });
  int count = 0, status = 0;
  for (; count < 100'000; ++count) {
    trace(PTRACE_SINGLESTEP, child);
    ::waitpid(child, &status, __WALL);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
  }
  say("many steps %d: %s\n", count > 100, status_text(status).c_str());
  trace(PTRACE_CONT, child);
  say_wait("it", child);
}

static void traps_of_its_own() {
  const pid_t child = traced_child([] {
    asm volatile("int3");
    asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
    return 4;
  });
  trace(PTRACE_CONT, child);
  for (int i = 0; i < 8; ++i) {
    const int status = say_wait("trap", child);
    if (!WIFSTOPPED(status)) break;
    siginfo_t info{};
    trace(PTRACE_GETSIGINFO, child, 0, &info);
    say("code %#x, TF %d\n", info.si_code, static_cast<int>(registers_of(child).eflags >> 8 & 1));
    trace(PTRACE_CONT, child);
  }
}

static int run() {
  instructions();
  breakpoints();
  handlers();
  many();
  traps_of_its_own();
  return 0;
}

static const Topic topic("ptrace_steps", run);
