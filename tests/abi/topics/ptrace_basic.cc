// Who may trace whom, and what a tracer reads and writes: memory, registers, and what is refused.
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include <cstddef>
#include <vector>

#include "../tracing.h"

using namespace abi;

static void refused() {
  say("itself: %s\n", outcome(trace(PTRACE_ATTACH, ::getpid())));
  say("nobody: %s\n", outcome(trace(PTRACE_ATTACH, 4'000'000)));
  say("nobody, any request: %s\n", outcome(trace(PTRACE_CONT, 4'000'000)));
  const pid_t child = pausing_child();
  for (const unsigned long request : {PTRACE_PEEKDATA, PTRACE_CONT, PTRACE_DETACH, PTRACE_KILL, PTRACE_GETREGS})
    say("untraced, request %lu: %s\n", request, outcome(trace(request, child)));
  say("untraced, PTRACE_INTERRUPT: %s\n", outcome(trace(PTRACE_INTERRUPT, child)));
  say("no such request: %s\n", outcome(trace(0x7777, child)));
  say("PTRACE_SEIZE at an address: %s\n", outcome(trace(PTRACE_SEIZE, child, 1)));
  say("PTRACE_SEIZE with a wrong option: %s\n", outcome(trace(PTRACE_SEIZE, child, 0, 1ul << 30)));
  say("PTRACE_SEIZE: %s\n", outcome(trace(PTRACE_SEIZE, child)));
  say("twice: %s\n", outcome(trace(PTRACE_SEIZE, child)));
  say("and PTRACE_ATTACH: %s\n", outcome(trace(PTRACE_ATTACH, child)));
  say("it runs, PTRACE_CONT: %s\n", outcome(trace(PTRACE_CONT, child)));
  say("it runs, PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  say("traced by %s\n", tracer_of(child).c_str());
  say_end("another tracer", in_child([child] {
            say("PTRACE_ATTACH: %s, PTRACE_CONT: %s\n", outcome(trace(PTRACE_ATTACH, child)),
                outcome(trace(PTRACE_CONT, child)));
            return 0;
          }));
  say("PTRACE_KILL: %s\n", outcome(trace(PTRACE_KILL, child)));
  say_wait("it", child);
  const pid_t ended = in_child([] { return 3; });
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT);
  say("a zombie: %s, %s\n", outcome(trace(PTRACE_ATTACH, ended)), outcome(trace(PTRACE_CONT, ended)));
  say_end("it", ended);
  say_end("PTRACE_TRACEME twice", in_child([] {
            say("%s, ", outcome(trace(PTRACE_TRACEME, 0)));
            say("%s\n", outcome(trace(PTRACE_TRACEME, 0)));
            return 0;
          }));
}

// As another user, and of those who have more privileges or do not want it.
static void access() {
  const pid_t of_root = pausing_child();
  const uid_t user = fresh_user();
  say_end("another user", in_child([&] {
            ::setresgid(user, user, user);
            ::setresuid(user, user, user);
            say("root's: %s\n", outcome(trace(PTRACE_ATTACH, of_root)));
            int ready[2];
            ::pipe(ready);
            const pid_t plain = in_child([&] {
              ::prctl(PR_SET_DUMPABLE, 1);
              ::write(ready[1], "", 1);
              for (;;) ::pause();
              return 0;
            });
            char byte;
            ::read(ready[0], &byte, 1);
            say("its own: %s\n", outcome(trace(PTRACE_SEIZE, plain)));
            kill_and_reap(plain);
            const pid_t shy = in_child([&] {
              ::prctl(PR_SET_DUMPABLE, 0);
              ::write(ready[1], "", 1);
              for (;;) ::pause();
              return 0;
            });
            ::read(ready[0], &byte, 1);
            say("its own that is not dumpable: %s\n", outcome(trace(PTRACE_SEIZE, shy)));
            kill_and_reap(shy);
            return 0;
          }));
  kill_and_reap(of_root);
}

static const volatile char kText[8] = {'r', 'e', 'a', 'd', 'o', 'n', 'l', 'y'};

static void memory() {
  static volatile long word = 0x1234;
  char* const area =
      static_cast<char*>(::mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::memset(area, 'a', 4096);
  ::mprotect(area, 4096, PROT_NONE);
  ::mprotect(area + 4096, 4096, PROT_NONE);  // never touched
  ::munmap(area + 2 * 4096, 4096);
  char* const shared = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = traced_child([] { return word == 0x4321 && kText[0] == 'R' ? 5 : 6; });
  long value = 0;
  const auto at = [](const volatile void* address) { return reinterpret_cast<unsigned long>(address); };
  const auto peek = [&](const volatile void* address) { return trace(PTRACE_PEEKDATA, child, at(address), &value); };
  const auto poke = [&](const volatile void* address, unsigned long data) {
    return trace(PTRACE_POKEDATA, child, at(address), data);
  };
  say("a word: %s", outcome(peek(&word)));
  say(" %#lx\n", value);
  say("to nowhere: %s\n", outcome(trace(PTRACE_PEEKDATA, child, at(&word), 8ul)));
  say("another one: %s\n", outcome(poke(&word, 0x4321)));
  say("what cannot be written: %s", outcome(peek(kText)));
  say(" %.8s", reinterpret_cast<const char*>(&value));
  reinterpret_cast<char*>(&value)[0] = 'R';
  say(", now: %s", outcome(poke(kText, static_cast<unsigned long>(value))));
  say(" %s", outcome(peek(kText)));
  say(" %.8s, here it is %c\n", reinterpret_cast<const char*>(&value), kText[0]);
  say("no access: %s", outcome(peek(area)));
  say(" %.8s", reinterpret_cast<const char*>(&value));
  say(", written: %s", outcome(poke(area, 0x6262)));
  say(" %s", outcome(peek(area)));
  say(" %#lx\n", value);
  say("never touched: %s", outcome(peek(area + 4096)));
  say(" %#lx", value);
  say(", written: %s %s\n", outcome(poke(area + 4096 + 8, 1)), outcome(peek(area + 4096)));
  say("half of it not there: %s\n", outcome(peek(area + 2 * 4096 - 4)));
  say("not there: %s, %s\n", outcome(peek(area + 2 * 4096)), outcome(poke(area + 2 * 4096, 1)));
  say("beyond: %s, %s\n", outcome(trace(PTRACE_PEEKTEXT, child, ~0ul - 7, &value)),
      outcome(trace(PTRACE_PEEKTEXT, child, 1ul << 63, &value)));
  say("shared, for reading: %s, %s\n", outcome(peek(shared)), outcome(poke(shared, 1)));
  // /proc/PID/mem is bound by protection as little.
  char path[32], bytes[4] = {};
  std::snprintf(path, sizeof path, "/proc/%d/mem", child);
  const int file = ::open(path, O_RDWR);
  say("by /proc: read %s, ", outcome(::pread(file, bytes, 4, static_cast<off_t>(at(area)))));
  say("written %s, ", outcome(::pwrite(file, "mmmm", 4, static_cast<off_t>(at(area)))));
  say("read %s %.4s, ", outcome(::pread(file, bytes, 4, static_cast<off_t>(at(area)))), bytes);
  say("shared %s\n", outcome(::pwrite(file, "mmmm", 4, static_cast<off_t>(at(shared)))));
  ::close(file);
  iovec local{bytes, 4}, remote{area, 4};
  say("by process_vm_readv: %s\n", outcome(::process_vm_readv(child, &local, 1, &remote, 1, 0)));
  say("PTRACE_CONT: %s\n", outcome(trace(PTRACE_CONT, child)));
  say_wait("it saw that", child);
}

static void registers() {
  const pid_t child = traced_child([] { return 7; });
  user_regs_struct registers = registers_of(child), again{};
  say("segments %#llx %#llx %#llx %#llx %#llx %#llx, flags %#llx\n", registers.cs, registers.ss, registers.ds,
      registers.es, registers.fs, registers.gs, registers.eflags & 0x300);
  say("call %lld, result %lld\n", static_cast<long long>(registers.orig_rax), static_cast<long long>(registers.rax));
  long word = 0;
  const auto peek = [&](std::size_t offset) { return trace(PTRACE_PEEKUSER, child, offset, &word); };
  const auto poke = [&](std::size_t offset, unsigned long value) {
    return trace(PTRACE_POKEUSER, child, offset, value);
  };
  say("PTRACE_PEEKUSER: %s", outcome(peek(offsetof(user, regs.rip))));
  say(", rip %d\n", word == static_cast<long>(registers.rip));
  for (const std::size_t offset : {sizeof(user_regs_struct), offsetof(user, u_debugreg), std::size_t{3},
                                   std::size_t{920}, std::size_t{928}, std::size_t{1} << 40})
    say("offset %zu: %s, written %s\n", offset, outcome(peek(offset)), offset == 848 ? "-" : outcome(poke(offset, 0)));
  say("debug status: %s", outcome(peek(offsetof(user, u_debugreg) + 48)));
  say(" %#lx\n", static_cast<unsigned long>(word));
  say("debug control: %s", outcome(peek(offsetof(user, u_debugreg) + 56)));
  say(" %#lx, zero %s\n", static_cast<unsigned long>(word), outcome(poke(offsetof(user, u_debugreg) + 56, 0)));
  say("no registers: %s, %s\n", outcome(poke(offsetof(user, u_debugreg) + 32, 0)),
      outcome(poke(offsetof(user, u_debugreg) + 40, 0)));
  // What would be more than a program's own.
  say("segments of the kernel: cs %s, ss %s, none: cs %s, ss %s\n", outcome(poke(offsetof(user, regs.cs), 0x10)),
      outcome(poke(offsetof(user, regs.ss), 0x18)), outcome(poke(offsetof(user, regs.cs), 0)),
      outcome(poke(offsetof(user, regs.ss), 0)));
  say("the same: cs %s, ss %s, ds %s, es %s, fs %s, gs %s\n", outcome(poke(offsetof(user, regs.cs), 0x33)),
      outcome(poke(offsetof(user, regs.ss), 0x2b)), outcome(poke(offsetof(user, regs.ds), 0)),
      outcome(poke(offsetof(user, regs.es), 0)), outcome(poke(offsetof(user, regs.fs), 0)),
      outcome(poke(offsetof(user, regs.gs), 0)));
  say("wrong levels: ds %s, fs %s\n", outcome(poke(offsetof(user, regs.ds), 0x28)),
      outcome(poke(offsetof(user, regs.fs), 1)));
  for (const unsigned long base : {1ul << 47, 0x800000000000ul, ~0ul, 0x1000ul, 0ul})
    say("base %#lx: fs %s, gs %s\n", base, base == 0 ? "-" : outcome(poke(offsetof(user, regs.fs_base), base)),
        outcome(poke(offsetof(user, regs.gs_base), base)));
  poke(offsetof(user, regs.fs_base), registers.fs_base);
  say("flags: %s", outcome(poke(offsetof(user, regs.eflags), ~0ul)));
  say(" %s", outcome(peek(offsetof(user, regs.eflags))));
  say(" %#lx", static_cast<unsigned long>(word));
  say(", %s", outcome(poke(offsetof(user, regs.eflags), 0)));
  say(" %s", outcome(peek(offsetof(user, regs.eflags))));
  say(" %#lx\n", static_cast<unsigned long>(word));
  say("PTRACE_SETREGS: %s", outcome(trace(PTRACE_SETREGS, child, 0, &registers)));
  again = registers_of(child);
  say(", the same %d\n", std::memcmp(&again, &registers, sizeof again) == 0);
  say("from nowhere: %s, to nowhere: %s\n", outcome(trace(PTRACE_SETREGS, child, 0, 8ul)),
      outcome(trace(PTRACE_GETREGS, child, 0, 8ul)));
  say("PTRACE_ARCH_PRCTL: %s",
      outcome(trace(PTRACE_ARCH_PRCTL, child, reinterpret_cast<unsigned long>(&word), 0x1003ul)));
  say(" %d, %s\n", word == static_cast<long>(registers.fs_base),
      outcome(trace(PTRACE_ARCH_PRCTL, child, 1ul << 47, 0x1002ul)));

  // Sets of registers, whole and in part.
  std::vector<unsigned char> bytes(16'384);
  const auto set = [&](const char* what, int request, unsigned long type, std::size_t length) {
    iovec vector{bytes.data(), length};
    say("%s, type %#lx, %zu bytes: %s", what, type, length,
        outcome(trace(static_cast<unsigned long>(request), child, type, &vector)));
    say(", %s\n", vector.iov_len == length ? "as many"
                  : type == NT_X86_XSTATE  ? "fewer"
                                           : std::to_string(vector.iov_len).c_str());
    return vector.iov_len;
  };
  for (const unsigned long type : {NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE, 77}) {
    set("get", PTRACE_GETREGSET, type, bytes.size());
    set("get", PTRACE_GETREGSET, type, 16);
    set("get", PTRACE_GETREGSET, type, 12);
    set("get", PTRACE_GETREGSET, type, 0);
  }
  set("get", PTRACE_GETREGSET, NT_PRSTATUS, 216);
  say("the same %d\n", std::memcmp(bytes.data(), &registers, 216) == 0);
  set("set", PTRACE_SETREGSET, NT_PRSTATUS, 16);
  set("set", PTRACE_SETREGSET, NT_PRSTATUS, 216);
  user_fpregs_struct vectors{};
  say("PTRACE_GETFPREGS: %s", outcome(trace(PTRACE_GETFPREGS, child, 0, &vectors)));
  say(", cwd %#x, mxcsr %#x\n", vectors.cwd, vectors.mxcsr);
  vectors.xmm_space[20] = 0x5a5a5a5a;
  say("PTRACE_SETFPREGS: %s\n", outcome(trace(PTRACE_SETFPREGS, child, 0, &vectors)));
  vectors.mxcsr = 0xffff'ffff;
  say("with a wrong mxcsr: %s\n", outcome(trace(PTRACE_SETFPREGS, child, 0, &vectors)));
  const std::size_t whole = set("get", PTRACE_GETREGSET, NT_X86_XSTATE, bytes.size());
  unsigned image_word;
  std::memcpy(&image_word, bytes.data() + 160 + 80, sizeof image_word);
  say("register 5: %#x\n", image_word);
  bytes[160 + 80] = 0xa5;
  iovec vector{bytes.data(), whole};
  say("set all: %s\n", outcome(trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector)));
  trace(PTRACE_GETFPREGS, child, 0, &vectors);
  say("register 5: %#x\n", vectors.xmm_space[20]);
  bytes[519] = 0x40;  // a component that there is not
  say("an unknown component: %s\n", outcome(trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector)));
  bytes[519] = 0;
  bytes[520] = 1;  // XCOMP_BV
  say("compacted: %s\n", outcome(trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector)));
  bytes[520] = 0;
  vector.iov_len = 576;
  say("a part: %s\n", outcome(trace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &vector)));
  say("PTRACE_CONT with signal 65: %s\n", outcome(trace(PTRACE_CONT, child, 0, 65)));
  say("PTRACE_DETACH with signal 65: %s\n", outcome(trace(PTRACE_DETACH, child, 0, 65)));
  say("PTRACE_SETOPTIONS with wrong ones: %s, %s\n", outcome(trace(PTRACE_SETOPTIONS, child, 0, 1 << 8)),
      outcome(trace(PTRACE_SETOPTIONS, child, 0, ~0ul)));
  say("all: %s\n", outcome(trace(PTRACE_SETOPTIONS, child, 0, 0x1000'7f)));
  say("PTRACE_SETOPTIONS: %s\n", outcome(trace(PTRACE_SETOPTIONS, child, 0, 0)));
  say("PTRACE_DETACH: %s\n", outcome(trace(PTRACE_DETACH, child)));
  say_end("it", child);
}

// A program counter, stack and flags that are no program's end it as if it had gone there itself.
static void wild_registers() {
  struct {
    const char* what;
    std::size_t offset;
    unsigned long value;
  } const cases[] = {{"rip 8", offsetof(user, regs.rip), 8},
                     {"rip, not canonical", offsetof(user, regs.rip), 1ul << 63},
                     {"rip of the kernel", offsetof(user, regs.rip), 0xffff'8000'0000'0000ul},
                     {"rsp 8", offsetof(user, regs.rsp), 8},
                     {"flags", offsetof(user, regs.eflags), ~0x500ul},
                     {"fs_base 0x1000", offsetof(user, regs.fs_base), 0x1000}};
  for (const auto& one : cases) {
    const pid_t child = traced_child([] {
      volatile int result = 9;
      asm volatile("sub $128, %%rsp; push %%rax; pop %%rax; add $128, %%rsp; mov %%fs:0, %%rax"
                   :
                   :
                   : "rax", "memory", "cc");
      return result;
    });
    trace(PTRACE_POKEUSER, child, one.offset, one.value);
    if (one.offset == offsetof(user, regs.eflags)) {
      // Back to what the program can live with, all but what was refused.
      long flags = 0;
      trace(PTRACE_PEEKUSER, child, one.offset, &flags);
      say("flags %#lx\n", flags);
      trace(PTRACE_POKEUSER, child, one.offset, 0x246ul);
    }
    trace(PTRACE_CONT, child);
    const int status = say_wait(one.what, child);
    if (!WIFSTOPPED(status)) continue;
    siginfo_t info{};
    trace(PTRACE_GETSIGINFO, child, 0, &info);
    say("code %d\n", info.si_code);
    trace(PTRACE_CONT, child, 0, SIGSEGV);
    say_wait("then", child);
  }
}

static int run() {
  refused();
  access();
  memory();
  registers();
  wild_registers();
  return 0;
}

static const Topic topic("ptrace_basic", run);
