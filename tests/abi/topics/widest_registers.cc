// The widest registers that the processor says may be used (XGETBV: what the C library's memcpy goes by) belong to a thread, whatever else
// runs meanwhile: YMM, and with AVX-512 all 32 ZMM and the mask registers. Which ones there are is not said: machines differ.
#include <cpuid.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

// XCR0 (SDM vol. 1, 13.3).
static constexpr std::uint32_t kAvx = 0x6, kAvx512 = 0xe6;
static constexpr int kSchedYield = 24;

static std::uint32_t usable() {
  constexpr unsigned kOsxsave = 1u << 27;
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  if (!(c & kOsxsave)) return 0;
  std::uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

struct alignas(64) Registers {
  std::uint64_t words[32 * 8];  // zmm0 .. zmm31
  std::uint64_t masks[8];       // k0 .. k7
};

// What two registers of each kind are before and after `calls` of sched_yield(): the first, the last, and the two that memcpy(3) takes.
__attribute__((target("avx512f"), noinline)) static void pass_avx512(const Registers& in, Registers& out, long calls) {
  asm volatile(
      "vmovdqu64 0(%[in]), %%zmm0\n vmovdqu64 960(%[in]), %%zmm15\n vmovdqu64 1024(%[in]), %%zmm16\n"
      "vmovdqu64 1088(%[in]), %%zmm17\n vmovdqu64 1984(%[in]), %%zmm31\n"
      "kmovw 2056(%[in]), %%k1\n kmovw 2104(%[in]), %%k7\n"
      "1: mov %[number], %%eax\n syscall\n dec %[calls]\n jnz 1b\n"
      "vmovdqu64 %%zmm0, 0(%[out])\n vmovdqu64 %%zmm15, 960(%[out])\n vmovdqu64 %%zmm16, 1024(%[out])\n"
      "vmovdqu64 %%zmm17, 1088(%[out])\n vmovdqu64 %%zmm31, 1984(%[out])\n"
      "kmovw %%k1, 2056(%[out])\n kmovw %%k7, 2104(%[out])\n"
      : [calls] "+r"(calls)
      : [in] "r"(&in), [out] "r"(&out), [number] "n"(kSchedYield)
      : "rax", "rcx", "r11", "memory", "xmm0", "xmm15", "xmm16", "xmm17", "xmm31", "k1", "k7");
}

__attribute__((target("avx"), noinline)) static void pass_avx(const Registers& in, Registers& out, long calls) {
  asm volatile(
      "vmovdqu 0(%[in]), %%ymm0\n vmovdqu 64(%[in]), %%ymm1\n vmovdqu 960(%[in]), %%ymm15\n"
      "1: mov %[number], %%eax\n syscall\n dec %[calls]\n jnz 1b\n"
      "vmovdqu %%ymm0, 0(%[out])\n vmovdqu %%ymm1, 64(%[out])\n vmovdqu %%ymm15, 960(%[out])\n"
      : [calls] "+r"(calls)
      : [in] "r"(&in), [out] "r"(&out), [number] "n"(kSchedYield)
      : "rax", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm15");
}

static bool keeps(std::uint64_t seed, long calls) {
  Registers in{}, out{};
  const auto set = [&](int index, int words) {
    for (int i = 0; i < words; ++i) in.words[index * 8 + i] = seed << 32 | static_cast<std::uint64_t>(index * 8 + i);
  };
  const std::uint32_t enabled = usable();
  if ((enabled & kAvx512) == kAvx512) {
    for (const int index : {0, 15, 16, 17, 31}) set(index, 8);
    in.masks[1] = seed & 0xffff;
    in.masks[7] = ~seed & 0xffff;
    pass_avx512(in, out, calls);
  } else if ((enabled & kAvx) == kAvx) {
    for (const int index : {0, 1, 15}) set(index, 4);
    pass_avx(in, out, calls);
  }
  return std::memcmp(&in, &out, sizeof in) == 0;
}

// A copy that is long enough for the C library's widest loop, into pages that are not there yet: its registers are in use while the kernel
// makes them and others run.
static bool copies(char seed) {
  constexpr std::size_t kSize = 40'000;
  static char from[kSize];
  std::memset(from, seed, sizeof from);
  for (int round = 0; round < 5; ++round) {
    char* to = static_cast<char*>(std::malloc(kSize * 8));
    std::memcpy(to, from, kSize);
    ::sched_yield();
    const bool same = std::memcmp(to, from, kSize) == 0;
    std::free(to);
    if (!same) return false;
  }
  return true;
}

static volatile sig_atomic_t caught = 0;
static void clobber(int) {
  caught = keeps(77, 1);
}

static int run() {
  pid_t children[3];
  for (unsigned i = 0; i < 3; ++i) {
    children[i] = in_child([i] { return keeps(i + 1, 100) && copies(static_cast<char>('a' + i)) ? 0 : 1; });
  }
  for (const pid_t child : children) say_end("beside other processes", child);

  // A handler has its own; those of what it interrupts come back with its return.
  ::signal(SIGUSR1, clobber);
  const pid_t self = ::getpid();
  const pid_t sender = in_child([self] {
    for (int i = 0; i < 20; ++i) {
      ::kill(self, SIGUSR1);
      ::sched_yield();
    }
    return 0;
  });
  bool kept = true;
  while (::waitpid(sender, nullptr, WNOHANG) == 0) kept = kept && keeps(9, 20);
  say("across signals: %d, in a handler: %d\n", kept, static_cast<int>(caught));
  return 0;
}

static const Topic topic("widest_registers", run);
