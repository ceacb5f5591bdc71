// The alternate signal stack: a handler runs on it, and it is what makes a stack overflow survivable.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

static char* stack_start;
static constexpr std::size_t kStackSize = 64 * 1024;
static sigjmp_buf back;

static bool is_on_alternate_stack(const void* address) {
  return address >= stack_start && address < stack_start + kStackSize;
}

static void handler(int) {
  char local = 0;
  stack_t current{};
  ::sigaltstack(nullptr, &current);
  say("handler on the alternate stack: %s, SS_ONSTACK %s\n", is_on_alternate_stack(&local) ? "yes" : "no",
      current.ss_flags & SS_ONSTACK ? "set" : "clear");
  if (current.ss_flags & SS_ONSTACK) say("changing it in use: %s\n", outcome(::sigaltstack(&current, nullptr)));
}

static void overflow_handler(int, siginfo_t*, void*) {
  ::siglongjmp(back, 1);
}

__attribute__((noinline)) static int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return recurse(depth + 1) + frame[0];
}

static int run() {
  stack_start =
      static_cast<char*>(::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  stack_t current{};
  say("none at first: %s, SS_DISABLE %s\n", outcome(::sigaltstack(nullptr, &current)),
      current.ss_flags & SS_DISABLE ? "set" : "clear");
  stack_t small{.ss_sp = stack_start, .ss_flags = 0, .ss_size = 100};
  say("too small: %s\n", outcome(::sigaltstack(&small, nullptr)));
  stack_t wrong{.ss_sp = stack_start, .ss_flags = 12345, .ss_size = kStackSize};
  say("bad flags: %s\n", outcome(::sigaltstack(&wrong, nullptr)));
  stack_t stack{.ss_sp = stack_start, .ss_flags = 0, .ss_size = kStackSize};
  say("set: %s\n", outcome(::sigaltstack(&stack, nullptr)));

  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::raise(SIGUSR1);
  action.sa_flags = SA_ONSTACK;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::raise(SIGUSR1);

  action.sa_sigaction = overflow_handler;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, nullptr);
  if (::sigsetjmp(back, 1) == 0) {
    recurse(0);
  } else {
    say("survived a stack overflow\n");
  }
  return 0;
}

static const Topic topic("sigaltstack", run);
