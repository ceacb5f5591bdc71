// The functions at fixed addresses that programs older than the vDSO call (vsyscall): what they do, and what calls that are no
// calls get.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include "../topic.h"

using namespace abi;

static constexpr std::uint64_t kPage = 0xffff'ffff'ff60'0000;
static constexpr std::uint64_t kGettimeofday = kPage, kTime = kPage + 0x400, kGetcpu = kPage + 0x800;

using Function = long (*)(void*, void*, void*);
static Function function_at(std::uint64_t address) {
  return reinterpret_cast<Function>(address);
}

static void calls() {
  timeval time{};
  struct timezone zone = {-1, -1};
  const time_t before = ::time(nullptr);
  say("gettimeofday: %ld", function_at(kGettimeofday)(&time, &zone, nullptr));
  say(", now %d, zone %d %d\n", time.tv_sec >= before && time.tv_sec < before + 60, zone.tz_minuteswest,
      zone.tz_dsttime);
  say("of nothing: %ld\n", function_at(kGettimeofday)(nullptr, nullptr, nullptr));
  time_t stored = 0;
  const long told = function_at(kTime)(&stored, nullptr, nullptr);
  say("time: now %d, stored %d, of nothing %d\n", told >= before && told < before + 60, stored == told,
      function_at(kTime)(nullptr, nullptr, nullptr) >= told);
  unsigned cpu = ~0u, node = ~0u;
  say("getcpu: %ld", function_at(kGetcpu)(&cpu, &node, nullptr));
  say(", told %d %d, of nothing %ld\n", cpu != ~0u, node != ~0u, function_at(kGetcpu)(nullptr, nullptr, nullptr));
}

// A function may change some registers only; SYSCALL's are among them, but nothing here executes that.
static void registers() {
  std::uint64_t rcx = 11, r11 = 12, r8 = 13, rbx = 14, stack_before = 0, stack_after = 0;
  asm volatile(
      "mov %[r8], %%r8; mov %[r11], %%r11; mov %%rsp, %[before]; sub $256, %%rsp; xor %%edi, %%edi\n"
      "call *%[function]; add $256, %%rsp; mov %%rsp, %[after]; mov %%r8, %[r8]; mov %%r11, %[r11]"
      : "+c"(rcx), [r8] "+m"(r8), [r11] "+m"(r11), "+b"(rbx), [before] "=m"(stack_before), [after] "=m"(stack_after)
      : [function] "a"(kTime)
      : "rdi", "r8", "r11", "memory");
  say("registers: %lu %lu %lu %lu, stack %d\n", rcx, r11, r8, rbx, stack_before == stack_after);
}

static sigjmp_buf back;
static siginfo_t seen;
static void on_fault(int, siginfo_t* info, void*) {
  seen = *info;
  ::siglongjmp(back, 1);
}

static void faults() {
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, nullptr);
  void* gone = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const struct {
    const char* what;
    std::uint64_t address;
    void* argument;
  } tries[] = {
      {"gettimeofday(1)", kGettimeofday, reinterpret_cast<void*>(1)},
      {"time(1)", kTime, reinterpret_cast<void*>(1)},
      {"time(read-only)", kTime, gone},
      {"getcpu(1)", kGetcpu, reinterpret_cast<void*>(1)},
      {"time(its own page)", kTime, reinterpret_cast<void*>(kPage)},
      {"the fourth", kPage + 0xc00, nullptr},
      {"inside of time", kTime + 1, nullptr},
      {"the page before", kPage - 4096, nullptr},
      {"the page after", kPage + 4096, nullptr},
  };
  for (const auto& one : tries) {
    seen = {};
    if (::sigsetjmp(back, 1) == 0) {
      function_at(one.address)(one.argument, nullptr, nullptr);
      say("%s: returned\n", one.what);
    } else {
      say("%s: signal %d, code %d, at %#lx\n", one.what, seen.si_signo, seen.si_code,
          reinterpret_cast<std::uint64_t>(seen.si_addr));
    }
  }
  seen = {};
  if (::sigsetjmp(back, 1) == 0) {
    say("read: %d\n", *reinterpret_cast<volatile char*>(kPage));
  } else {
    say("read: signal %d, code %d, at %#lx\n", seen.si_signo, seen.si_code,
        reinterpret_cast<std::uint64_t>(seen.si_addr));
  }
  // A jump, with no return address where the stack should be.
  if (::sigsetjmp(back, 1) == 0) {
    asm volatile("mov %0, %%rsp; jmp *%1" : : "r"(16ul), "r"(kTime) : "memory");
  } else {
    say("without a stack: signal %d, code %d\n", seen.si_signo, seen.si_code);
  }
}

static void maps() {
  std::string last;
  for (const char* file : {"/proc/self/maps", "/proc/self/smaps"}) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("[vsyscall]") != std::string::npos) say("%s: %s\n", file, line.c_str());
      last = line;
    }
  }
  say("the end: %s\n", last.c_str());
}

static int run() {
  // The handler needs a stack where the program has none.
  static char stack[65536];
  const stack_t alternate = {stack, 0, sizeof stack};
  ::sigaltstack(&alternate, nullptr);
  calls();
  registers();
  faults();
  maps();
  return 0;
}

static const Topic topic("vsyscall", run);
