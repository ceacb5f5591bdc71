// What the kernel tells a program of the machine (getauxval(3)), and whether it is true.
#include <elf.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../topic.h"

using namespace abi;

// The vector itself, behind the environment on the first stack: getauxval(3) has some of the values from elsewhere.
static const Elf64_auxv_t* find(unsigned long type) {
  static const Elf64_auxv_t* vector;
  if (vector == nullptr) {
    char** end = environ;
    while (*end != nullptr) ++end;
    vector = reinterpret_cast<const Elf64_auxv_t*>(end + 1);
  }
  for (const Elf64_auxv_t* entry = vector; entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == type) return entry;
  }
  return nullptr;
}

static unsigned long value_of(unsigned long type) {
  const Elf64_auxv_t* entry = find(type);
  return entry != nullptr ? entry->a_un.a_val : 0;
}

static void say_value(const char* name, unsigned long type) {
  say("%s: %s\n", name, find(type) == nullptr ? "missing" : value_of(type) != 0 ? "set" : "0");
}

static int run() {
  say_value("AT_PAGESZ", AT_PAGESZ);
  say_value("AT_CLKTCK", AT_CLKTCK);
  say_value("AT_PHDR", AT_PHDR);
  say_value("AT_ENTRY", AT_ENTRY);
  say_value("AT_UID", AT_UID);
  say_value("AT_SECURE", AT_SECURE);
  say_value("AT_RANDOM", AT_RANDOM);
  say_value("AT_EXECFN", AT_EXECFN);
  say_value("AT_PLATFORM", AT_PLATFORM);
  say_value("AT_HWCAP", AT_HWCAP);
  say_value("AT_MINSIGSTKSZ", AT_MINSIGSTKSZ);

  say("AT_HWCAP2: %s\n", find(AT_HWCAP2) != nullptr ? "there" : "missing");

  // CPUID.1:EDX: FPU, TSC, CX8, CMOV, FXSR, SSE, SSE2, which every x86-64 has.
  const unsigned long baseline = 1ul << 0 | 1ul << 4 | 1ul << 8 | 1ul << 15 | 1ul << 24 | 1ul << 25 | 1ul << 26;
  say("baseline: %s\n", (value_of(AT_HWCAP) & baseline) == baseline ? "yes" : "no");
  constexpr unsigned long kFsGsBase = 2;
  if (value_of(AT_HWCAP2) & kFsGsBase) {
    std::uint64_t before = 0, after = 0;
    asm volatile("rdgsbase %0" : "=r"(before));
    asm volatile("wrgsbase %0" : : "r"(std::uint64_t{0x1234'5678}));
    asm volatile("rdgsbase %0" : "=r"(after));
    asm volatile("wrgsbase %0" : : "r"(before));
    say("GS base as written: %s\n", after == 0x1234'5678 ? "yes" : "no");
  } else {
    say("GS base as written: yes\n");
  }

  // A handler that needs nothing itself gets by with it: the stack ends where memory ends, on both sides.
  constexpr std::size_t kPage = 4096, kForTheHandler = 1024;
  const std::size_t needed = std::max<std::size_t>(value_of(AT_MINSIGSTKSZ), 2048) + kForTheHandler;
  say("sensible: %s\n", needed < 16 * kPage ? "yes" : "no");
  auto* memory = static_cast<char*>(::mmap(nullptr, 18 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::mprotect(memory + kPage, 16 * kPage, PROT_READ | PROT_WRITE);
  stack_t stack{.ss_sp = memory + 17 * kPage - needed, .ss_flags = 0, .ss_size = needed};
  say("sigaltstack: %s\n", outcome(::sigaltstack(&stack, nullptr)));
  static volatile sig_atomic_t handled;
  struct sigaction action {};
  action.sa_handler = [](int) { handled = 1; };
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::raise(SIGUSR1);
  say("handled: %d\n", static_cast<int>(handled));
  // Sizes at the limit of sigaltstack(2).
  for (const std::size_t size : {0ul, 1ul, 2047ul, 2048ul}) {
    stack.ss_size = size;
    say("a stack of %zu: %s\n", size, outcome(::sigaltstack(&stack, nullptr)));
  }
  return 0;
}

static const Topic topic("auxiliary_vector", run);
