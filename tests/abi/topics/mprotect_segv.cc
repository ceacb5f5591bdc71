// Page protection, and what SIGSEGV's handler is told: the address, the kind of fault, and that it can be repaired.
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static char* area;
static int repairs = 0;

static void repair(int number, siginfo_t* information, void* context) {
  const auto* state = static_cast<ucontext_t*>(context);
  const auto error = static_cast<unsigned long>(state->uc_mcontext.gregs[REG_ERR]);
  say("SIG%s, %s, at offset %ld, %s\n", ::sigabbrev_np(number),
      information->si_code == SEGV_ACCERR   ? "SEGV_ACCERR"
      : information->si_code == SEGV_MAPERR ? "SEGV_MAPERR"
                                            : "another code",
      static_cast<long>(static_cast<char*>(information->si_addr) - area), error & 2 ? "write" : "read or fetch");
  if (++repairs > 10) ::_exit(99);
  ::mprotect(area, 4 * kPage, PROT_READ | PROT_WRITE);
}

static int run() {
  area = static_cast<char*>(::mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  area[0] = 1;
  struct sigaction action {};
  action.sa_sigaction = repair;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, nullptr);

  ::mprotect(area, 4 * kPage, PROT_READ);
  *static_cast<volatile char*>(area + 5) = 2;
  say("written after repair: %d\n", area[5]);
  ::mprotect(area, 4 * kPage, PROT_NONE);
  say("read after repair: %d\n", *static_cast<volatile char*>(area + 5));
  ::mprotect(area + kPage, kPage, PROT_NONE);
  *static_cast<volatile char*>(area + 2 * kPage - 1) = 3;
  *static_cast<volatile char*>(area + 2 * kPage) = 4;

  ::signal(SIGSEGV, SIG_DFL);
  say_end("null pointer", in_child([] { return *reinterpret_cast<volatile char*>(8); }));
  say_end("a non-canonical address", in_child([] { return *reinterpret_cast<volatile char*>(0x8000'0000'0000'0000); }));
  say_end("write to code", in_child([] {
            *reinterpret_cast<volatile char*>(reinterpret_cast<std::uintptr_t>(&repair)) = 0;
            return 0;
          }));
  say_end("run data", in_child([] {
            area[0] = static_cast<char>(0xc3);
            reinterpret_cast<void (*)()>(area)();
            return 0;
          }));
  say_end("run data that is executable", in_child([] {
            area[0] = static_cast<char>(0xc3);
            ::mprotect(area, kPage, PROT_READ | PROT_EXEC);
            reinterpret_cast<void (*)()>(area)();
            return 0;
          }));
  say_end("ud2", in_child([] {
            asm volatile("ud2");
            return 0;
          }));
  say_end("int3", in_child([] {
            asm volatile("int3");
            return 0;
          }));
  say_end("hlt", in_child([] {
            asm volatile("hlt");
            return 0;
          }));
  say_end("division by zero", in_child([] {
            volatile int zero = 0;
            return 1 / zero;
          }));
  ::signal(SIGSEGV, SIG_IGN);
  say_end("an ignored SIGSEGV kills all the same", in_child([] { return *reinterpret_cast<volatile char*>(8); }));

  say("mprotect of a hole: %s\n",
      ::munmap(area + 2 * kPage, kPage) == 0 ? outcome(::mprotect(area, 4 * kPage, PROT_READ)) : "");
  say("unaligned: %s\n", outcome(::mprotect(area + 1, kPage, PROT_READ)));
  say("bad protection: %s\n", outcome(::mprotect(area, kPage, 0x1000)));
  return 0;
}

static const Topic topic("mprotect_segv", run);
