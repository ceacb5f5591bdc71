// Instruction pointers, stack pointers, flags and segment bases that no program should choose: as a signal handler, in
// a signal frame, as a program's entry point, as a jump. The process meets a fault of its own; the kernel meets none.
#include <asm/prctl.h>
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

struct Address {
  const char* name;
  std::uint64_t value;
};
// What is a payload's on Linux and the kernel's in husk lies between 0x7f80'0000'0000 and the first of these.
constexpr Address kAddresses[] = {
    {"the last page", 0x7fff'ffff'e000},
    {"not canonical, low", 0x0000'8000'0000'1000},
    {"not canonical, high", 0xffff'7fff'ffff'f000},
    {"not canonical, middle", 0x8000'0000'0000'0000},
    {"upper half", 0xffff'8000'0000'0000},
    {"the last byte", 0xffff'ffff'ffff'ffff},
};

std::uint64_t where;
char alternate[64 * 1024];

void say_fault(int number, siginfo_t* information, void* opaque) {
  const auto& registers = static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs;
  say("  SIG%s code %d address %lx trap %lld error %lld at it %d\n", ::sigabbrev_np(number), information->si_code,
      reinterpret_cast<std::uintptr_t>(information->si_addr), static_cast<long long>(registers[REG_TRAPNO]),
      static_cast<long long>(registers[REG_ERR]), static_cast<std::uint64_t>(registers[REG_RIP]) == where);
  ::_exit(3);
}

// A push to a stack that is not canonical is a stack fault, SIGBUS; QEMU's processor says general protection, SIGSEGV.
void say_stack_fault(const char* what, pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool fault = WIFSIGNALED(status) && (WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGSEGV);
  say("%s: %s\n", what, fault ? "killed by a fault" : "something else");
}

void install(int number, std::uint64_t handler, int flags) {
  struct sigaction action {};
  std::memcpy(&action.sa_handler, &handler, sizeof handler);
  action.sa_flags = flags;
  ::sigaction(number, &action, nullptr);
}

void report_faults() {
  const stack_t stack{alternate, 0, sizeof alternate};
  ::sigaltstack(&stack, nullptr);
  for (const int number : {SIGSEGV, SIGBUS}) {
    install(number, reinterpret_cast<std::uint64_t>(&say_fault), SA_SIGINFO | SA_ONSTACK);
  }
}

void jump(std::uint64_t address) {
  asm volatile("jmp *%0" : : "r"(address) : "memory");
}

void handlers() {
  for (const Address& address : kAddresses) {
    say_end(address.name, in_child([&] {
              install(SIGUSR1, address.value, 0);
              ::raise(SIGUSR1);
              return 0;
            }));
    say_end("  with a handler of SIGSEGV", in_child([&] {
              report_faults();
              where = address.value;
              install(SIGUSR1, address.value, 0);
              ::raise(SIGUSR1);
              return 0;
            }));
    say_end("  as the handler of SIGSEGV", in_child([&] {
              install(SIGSEGV, address.value, 0);
              ::raise(SIGSEGV);
              return 0;
            }));
    // Each fault runs the handler again, one frame further down, until the alternate stack is full.
    say_end("  again and again", in_child([&] {
              const stack_t stack{alternate, 0, sizeof alternate};
              ::sigaltstack(&stack, nullptr);
              install(SIGSEGV, address.value, SA_NODEFER | SA_ONSTACK);
              ::raise(SIGSEGV);
              return 0;
            }));
  }
}

void restore_elsewhere(int, siginfo_t*, void* opaque) {
  static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(where);
}
void restore_other_stack(int, siginfo_t*, void* opaque) {
  static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(where);
}
void restore_all_flags(int, siginfo_t*, void* opaque) {
  // All but TF, RF and DF.
  static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs[REG_EFL] = static_cast<greg_t>(~0x10500ull);
}

void frames() {
  for (const Address& address : kAddresses) {
    where = address.value;
    say_end(address.name, in_child([&] {
              report_faults();
              install(SIGUSR1, reinterpret_cast<std::uint64_t>(&restore_elsewhere), SA_SIGINFO);
              ::raise(SIGUSR1);
              return 0;
            }));
  }
  where = 0x8000'0000'0000'0000;
  say_stack_fault("a stack that is not canonical", in_child([&] {
                    install(SIGUSR1, reinterpret_cast<std::uint64_t>(&restore_other_stack), SA_SIGINFO);
                    ::raise(SIGUSR1);
                    return 0;
                  }));
  std::uint64_t flags = 0;
  install(SIGUSR1, reinterpret_cast<std::uint64_t>(&restore_all_flags), SA_SIGINFO);
  ::raise(SIGUSR1);
  asm volatile("pushfq\n pop %0\n push $0x202\n popfq" : "=r"(flags));
  // AC stays, until it is cleared; IOPL, VM and the like were never the frame's to change.
  say("flags %lx\n", flags & 0x3f'7700);
}

void jumps() {
  for (const Address& address : kAddresses) {
    const bool canonical = address.value >> 47 == 0 || address.value >> 47 == 0x1ffff;
    where = address.value;
    say_end(address.name, in_child([&] {
              if (canonical) report_faults();  // else CPUs differ in whose fault it is
              jump(address.value);
              return 0;
            }));
  }
}

// A program of one page, and of the same page a position-independent interpreter, whose entry is somewhere else.
void write_program(const char* path, std::uint16_t type, std::uint64_t entry, const char* interpreter) {
  struct {
    Elf64_Ehdr header{};
    Elf64_Phdr programs[2]{};
    char text[64]{};
  } file;
  const std::uint64_t base = type == ET_EXEC ? 0x400'0000 : 0;
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = type;
  file.header.e_machine = EM_X86_64;
  file.header.e_version = EV_CURRENT;
  file.header.e_entry = entry;
  file.header.e_phoff = sizeof file.header;
  file.header.e_ehsize = sizeof file.header;
  file.header.e_phentsize = sizeof(Elf64_Phdr);
  file.header.e_phnum = interpreter != nullptr ? 2 : 1;
  file.programs[0] = {PT_LOAD, PF_R | PF_X, 0, base, base, sizeof file, sizeof file, 4096};
  if (interpreter != nullptr) {
    std::strcpy(file.text, interpreter);
    const std::uint64_t offset = reinterpret_cast<char*>(file.text) - reinterpret_cast<char*>(&file);
    file.programs[1] = {PT_INTERP, PF_R, offset, 0, 0, std::strlen(interpreter) + 1, 0, 1};
  }
  write_file(path, "", 0755);
  const int fd = ::open(path, O_WRONLY);
  if (::write(fd, &file, sizeof file) != sizeof file) say("%s: short write\n", path);
  ::close(fd);
}

void run_program(const char* what, const char* path) {
  say_end(what, in_child([&] {
            ::execl(path, path, nullptr);
            say("%s: %s\n", path, outcome(-1));
            return 1;
          }));
}

void programs() {
  for (const Address& address : kAddresses) {
    write_program("program", ET_EXEC, address.value, nullptr);
    run_program(address.name, "./program");
    write_program("interpreter", ET_DYN, address.value, nullptr);
    write_program("program", ET_EXEC, 0x400'0000, "./interpreter");
    run_program("  an interpreter", "./program");
  }
}

void bases() {
  for (const Address& address : kAddresses) {
    if (address.value == 0x7fff'ffff'e000) continue;  // a payload's on Linux
    int tid = 0;
    const long flags = CLONE_SETTLS | CLONE_PARENT_SETTID | SIGCHLD;
    const long child = ::syscall(SYS_clone, flags, nullptr, &tid, nullptr, address.value);
    if (child == 0) ::_exit(0);
    say("%s: clone %s, id written %d", address.name, outcome(child), tid != 0);
    say(", FS %s", outcome(::syscall(SYS_arch_prctl, ARCH_SET_FS, address.value)));
    say(", GS %s\n", outcome(::syscall(SYS_arch_prctl, ARCH_SET_GS, address.value)));
  }
}

// A process that starts on such a stack, and faults when it pushes.
void stacks() {
  for (const Address& address : kAddresses) {
    long child;
    asm volatile(
        "syscall\n"
        "test %%eax, %%eax\n"
        "jnz 1f\n"
        "push %%rax\n"
        "mov $60, %%eax\n"
        "mov $7, %%edi\n"
        "syscall\n"
        "1:\n"
        : "=a"(child)
        : "a"(SYS_clone), "D"(static_cast<long>(SIGCHLD)), "S"(address.value), "d"(0l)
        : "rcx", "r11", "memory", "cc");
    say_stack_fault(address.name, static_cast<pid_t>(child));
  }
}

// Not on Linux: a jump to where husk's kernel has its system calls' entry (ring 0), with the registers that SYSCALL
// would have set, but chosen: an address to return to that is no good or follows no SYSCALL, and all flags.
int jump_into_kernel() {
  for (std::uint64_t address = 0x7f80'0010'0000; address < 0x7f80'0010'0200; address += 64) {
    for (const std::uint64_t back :
         {reinterpret_cast<std::uint64_t>(&report_faults), std::uint64_t{0x8000'0000'0000'0000}}) {
      const pid_t child = in_child([&] {
        asm volatile(
            "mov $-1, %%r11\n"
            "jmp *%0"
            :
            : "r"(address), "a"(SYS_getpid), "c"(back)
            : "memory", "r11");
        return 0;
      });
      int status = 0;
      ::waitpid(child, &status, 0);
      if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) say("%lx: status %x\n", address, status);
    }
  }
  say("done\n");
  return 0;
}

int wild_jumps() {
  if (arguments[0] != nullptr) return jump_into_kernel();
  handlers();
  frames();
  jumps();
  programs();
  bases();
  stacks();
  return 0;
}

const Topic topic("wild_jumps", wild_jumps);

}  // namespace
