// Floating-point and vector registers belong to a thread: they survive other processes, signals, system calls and fork.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cfenv>
#include <cstring>

#include "../topic.h"

using namespace abi;

struct Registers {
  unsigned long words[32];  // xmm0 .. xmm15
};

// Loads all vector registers, waits until `done`, stores them.
template <typename Wait>
__attribute__((noinline)) static bool keeps(unsigned long seed, const Wait& wait) {
  Registers in, out;
  for (int i = 0; i < 32; ++i) in.words[i] = seed * 0x9e37'79b9'7f4a'7c15ul + static_cast<unsigned long>(i);
  // Nothing of the compiler's may come between, so the wait itself is a raw system call or a loop in registers.
  long result = 0;
  asm volatile(
      "movups 0(%[in]), %%xmm0\n movups 16(%[in]), %%xmm1\n movups 32(%[in]), %%xmm2\n movups 48(%[in]), %%xmm3\n"
      "movups 64(%[in]), %%xmm4\n movups 80(%[in]), %%xmm5\n movups 96(%[in]), %%xmm6\n movups 112(%[in]), %%xmm7\n"
      "movups 128(%[in]), %%xmm8\n movups 144(%[in]), %%xmm9\n movups 160(%[in]), %%xmm10\n movups 176(%[in]), "
      "%%xmm11\n"
      "movups 192(%[in]), %%xmm12\n movups 208(%[in]), %%xmm13\n movups 224(%[in]), %%xmm14\n movups 240(%[in]), "
      "%%xmm15\n"
      "1: mov %[number], %%eax\n syscall\n dec %[count]\n jnz 1b\n"
      "movups %%xmm0, 0(%[out])\n movups %%xmm1, 16(%[out])\n movups %%xmm2, 32(%[out])\n movups %%xmm3, 48(%[out])\n"
      "movups %%xmm4, 64(%[out])\n movups %%xmm5, 80(%[out])\n movups %%xmm6, 96(%[out])\n movups %%xmm7, 112(%[out])\n"
      "movups %%xmm8, 128(%[out])\n movups %%xmm9, 144(%[out])\n movups %%xmm10, 160(%[out])\n"
      "movups %%xmm11, 176(%[out])\n movups %%xmm12, 192(%[out])\n movups %%xmm13, 208(%[out])\n"
      "movups %%xmm14, 224(%[out])\n movups %%xmm15, 240(%[out])\n"
      : "=&a"(result)
      : [in] "r"(in.words), [out] "r"(out.words), [number] "r"(wait.number), [count] "b"(wait.count), "D"(wait.first),
        "S"(wait.second)
      : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  return std::memcmp(&in, &out, sizeof in) == 0;
}

struct SystemCall {
  int number;
  long count;
  long first = 0, second = 0;
};
static constexpr int kSchedYield = 24, kNanosleep = 35;

static volatile sig_atomic_t signals = 0;
constexpr int kSignals = 5;

// The handler stops the timer itself: where a signal takes longer than the timer's interval (CPL 0 emulated on a slow
// machine), what it interrupts would never come to do so.
static void clobber(int) {
  signals = signals + 1;
  const itimerval none{};
  if (signals == kSignals) ::setitimer(ITIMER_REAL, &none, nullptr);
  asm volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15\n" ::: "xmm0", "xmm7", "xmm15");
  volatile double value = 3.0;
  value = value / 7.0;
  std::fesetround(FE_UPWARD);
}

// What a handler begins with, not what it interrupted.
struct HandlerState {
  unsigned mxcsr = 0;
  unsigned short control = 0;
  unsigned long low = 1, high = 1;
};
static volatile HandlerState seen;

static void look(int) {
  unsigned mxcsr;
  unsigned short control;
  unsigned long words[2];
  asm volatile("movups %%xmm9, %0\n stmxcsr %1\n fnstcw %2\n" : "=m"(words), "=m"(mxcsr), "=m"(control));
  seen.mxcsr = mxcsr;
  seen.control = control;
  seen.low = words[0];
  seen.high = words[1];
}

static void handlers_start_afresh() {
  ::signal(SIGUSR1, look);
  const unsigned long words[2] = {0x1122'3344'5566'7788, 0x99aa'bbcc'ddee'ff00};
  const unsigned changed = 0x7f80;                // rounds towards zero
  const unsigned short changed_control = 0x0e7f;  // the same, with 53 bits of precision
  unsigned mxcsr = 0;
  unsigned short control = 0;
  unsigned long after[2] = {};
  long result = 39;  // getpid
  asm volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
  asm volatile(
      "ldmxcsr %[new_mxcsr]\n fldcw %[new_control]\n movups %[in], %%xmm9\n"
      "mov $62, %%eax\n mov $10, %%esi\n syscall\n"  // kill(pid, SIGUSR1)
      "movups %%xmm9, %[out]\n stmxcsr %[mxcsr]\n fnstcw %[control]\n"
      : [out] "=m"(after), [mxcsr] "=m"(mxcsr), [control] "=m"(control)
      : [in] "m"(words), [new_mxcsr] "m"(changed), [new_control] "m"(changed_control), "D"(result)
      : "rax", "rcx", "rsi", "r11", "memory", "xmm9");
  std::fesetenv(FE_DFL_ENV);
  say("in a handler: mxcsr %#x, control word %#x, xmm9 %#lx %#lx\n", seen.mxcsr, seen.control, seen.low, seen.high);
  say("after it: mxcsr %#x, control word %#x, xmm9 kept: %d\n", mxcsr, control,
      std::memcmp(words, after, sizeof words) == 0);
}

static int run() {
  handlers_start_afresh();
  pid_t children[3];
  for (unsigned long i = 0; i < 3; ++i) {
    children[i] = in_child([i] { return keeps(i + 1, SystemCall{kSchedYield, 300}) ? 0 : 1; });
  }
  for (const pid_t child : children) say_end("beside other processes", child);

  const long sleep[2] = {0, 2'000'000};
  say("across sleeps: %d\n", keeps(5, SystemCall{kNanosleep, 5, reinterpret_cast<long>(sleep)}));

  ::signal(SIGALRM, clobber);
  const itimerval timer{.it_interval = {.tv_sec = 0, .tv_usec = 2000}, .it_value = {.tv_sec = 0, .tv_usec = 2000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  bool kept = true;
  while (signals < kSignals) kept = kept && keeps(9, SystemCall{kSchedYield, 100});
  say("across signals: %d, rounding mode restored: %d\n", kept, std::fegetround() == FE_TONEAREST);

  pthread_t threads[4];
  for (long i = 0; i < 4; ++i) {
    ::pthread_create(
        &threads[i], nullptr,
        [](void* seed) -> void* {
          const bool good = keeps(reinterpret_cast<unsigned long>(seed) + 20, SystemCall{kSchedYield, 300});
          return reinterpret_cast<void*>(static_cast<long>(good));
        },
        reinterpret_cast<void*>(i));
  }
  for (const pthread_t thread : threads) {
    void* good = nullptr;
    ::pthread_join(thread, &good);
    say("beside other threads: %ld\n", reinterpret_cast<long>(good));
  }
  std::fesetround(FE_DOWNWARD);
  say_end("a child inherits the control word", in_child([] { return std::fegetround() == FE_DOWNWARD ? 0 : 1; }));
  say_end("execve resets it", in_child([] {
            ::execl(self_path(), "abi_topics", "simd_state", "again", nullptr);
            return 1;
          }));
  volatile double one = 1.0, three = 3.0;
  say("rounding down: %a\n", one / three);
  return 0;
}

static int start() {
  if (arguments[0] == nullptr) return run();
  say("after execve: %d\n", std::fegetround() == FE_TONEAREST);
  return 0;
}

static const Topic topic("simd_state", start);
