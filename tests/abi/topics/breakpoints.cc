// A breakpoint instruction is a SIGTRAP, whatever is in the registers: where the kernel runs in ring 3, it asks for privileged
// operations with the same instruction, and a number in EAX.
#include <signal.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t count;
static volatile sig_atomic_t code;

static int run() {
  struct sigaction action {};
  action.sa_sigaction = [](int, siginfo_t* information, void*) {
    count = count + 1;
    code = information->si_code;
  };
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGTRAP, &action, nullptr);
  for (std::uint64_t number = 0; number < 10; ++number) {
    std::uint64_t result = number;
    asm volatile("int3" : "+a"(result) : "D"(0x1000), "S"(7) : "rcx", "rdx", "memory");
    say("EAX %llu: %d traps, code %d, %s\n", static_cast<unsigned long long>(number), static_cast<int>(count),
        static_cast<int>(code), result == number ? "unchanged" : "changed");
  }
  ::signal(SIGTRAP, SIG_DFL);
  say_end("without a handler", in_child([] {
            asm volatile("int3" : : "a"(0), "D"(0) : "memory");
            return 0;
          }));
  return 0;
}

static const Topic topic("breakpoints", run);
