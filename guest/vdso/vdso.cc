// The vDSO (vdso(7)): a shared object that every program has in its address space without having asked for it, and whose
// functions answer from the clock page what else would be a system call. It runs in the payload's privilege and on its
// stack, so a bad pointer is the payload's SIGSEGV, as on Linux.
//
// The object is linked by vdso.ld into one page, becomes a part of the kernel's image (image.S), and is mapped by
// task/vdso.cc, right behind the clock page. Nothing here may need a relocation or another library.
#include <cstdint>

#include "lib/clock_ids.h"
#include "lib/clock_page.h"

// Where vdso.ld says: the page before this object.
extern "C" [[gnu::visibility("hidden")]] const kernel::ClockPage vdso_clock_page;

namespace {

using namespace kernel;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr long kSysClockGetTime = 228, kSysClockGetRes = 229;

struct Timespec {
  std::int64_t seconds;
  std::int64_t nanoseconds;
};
struct Timeval {
  std::int64_t seconds;
  std::int64_t microseconds;
};
struct Timezone {
  std::int32_t minutes_west;
  std::int32_t dst_time;
};

long ask_kernel(long number, long first, void* second) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second) : "rcx", "r11", "memory");
  return result;
}

// Not before what the program has read until now (SDM vol. 2, RDTSC): what one thread has seen is in no other one's
// future.
std::uint64_t ordered_tsc() {
  asm volatile("lfence" ::: "memory");
  return read_tsc();
}

enum class Base : std::uint8_t { kNone, kBoot, kEpoch };

Base base_of(int clock) {
  constexpr std::uint32_t kOfBoot =
      1u << kClockMonotonic | 1u << kClockMonotonicRaw | 1u << kClockMonotonicCoarse | 1u << kClockBootTime;
  constexpr std::uint32_t kOfEpoch = 1u << kClockRealtime | 1u << kClockRealtimeCoarse | 1u << kClockTai;
  if (static_cast<unsigned>(clock) > kClockTai) return Base::kNone;
  if (kOfBoot >> clock & 1) return Base::kBoot;
  return kOfEpoch >> clock & 1 ? Base::kEpoch : Base::kNone;
}

std::uint64_t monotonic() {
  return read_consistently(vdso_clock_page, [](const ClockPage& page) { return page.monotonic_ns(ordered_tsc()); });
}
std::uint64_t realtime() {
  return read_consistently(vdso_clock_page, [](const ClockPage& page) { return page.realtime_ns(ordered_tsc()); });
}

std::int64_t seconds_of(std::uint64_t ns) {
  return static_cast<std::int64_t>(ns / kSecond);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int __vdso_clock_gettime(int clock, Timespec* time) {
  const Base base = base_of(clock);
  if (base == Base::kNone) return static_cast<int>(ask_kernel(kSysClockGetTime, clock, time));
  const std::uint64_t ns = base == Base::kBoot ? monotonic() : realtime();
  *time = {seconds_of(ns), static_cast<std::int64_t>(ns % kSecond)};
  return 0;
}

int __vdso_clock_getres(int clock, Timespec* resolution) {
  if (base_of(clock) == Base::kNone) return static_cast<int>(ask_kernel(kSysClockGetRes, clock, resolution));
  if (resolution) *resolution = {0, 1};
  return 0;
}

int __vdso_gettimeofday(Timeval* time, Timezone* zone) {
  if (time) {
    const std::uint64_t ns = realtime();
    *time = {seconds_of(ns), static_cast<std::int64_t>(ns % kSecond / 1000)};
  }
  if (zone) *zone = {0, 0};
  return 0;
}

std::int64_t __vdso_time(std::int64_t* seconds) {
  const std::int64_t now = seconds_of(realtime());
  if (seconds) *seconds = now;
  return now;
}

// There is one CPU.
long __vdso_getcpu(unsigned* cpu, unsigned* node, void* /*cache*/) {
  if (cpu) *cpu = 0;
  if (node) *node = 0;
  return 0;
}

[[gnu::weak, gnu::alias("__vdso_clock_gettime")]] int clock_gettime(int clock, Timespec* time);
[[gnu::weak, gnu::alias("__vdso_clock_getres")]] int clock_getres(int clock, Timespec* resolution);
[[gnu::weak, gnu::alias("__vdso_gettimeofday")]] int gettimeofday(Timeval* time, Timezone* zone);
[[gnu::weak, gnu::alias("__vdso_time")]] std::int64_t time(std::int64_t* seconds);
[[gnu::weak, gnu::alias("__vdso_getcpu")]] long getcpu(unsigned* cpu, unsigned* node, void* cache);

}  // extern "C"
#pragma GCC visibility pop
