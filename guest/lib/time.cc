#include "lib/time.h"

#include "lib/clock_page.h"
#include "lib/tsc.h"

namespace kernel {
namespace {

// Programs see the whole page, so nothing else may be on it.
struct alignas(4096) WholePage {
  ClockPage clock;
};
static_assert(sizeof(WholePage) == 4096);
constinit WholePage g_page;

// What `change` does to the clocks, for programs that read them at any moment.
template <typename Change>
void change_clocks(Change change) {
  ClockPage& page = g_page.clock;
  __atomic_store_n(&page.sequence, page.sequence + 1, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  change(page);
  __atomic_store_n(&page.sequence, page.sequence + 1, __ATOMIC_RELEASE);
}

// (high * 2^64 + low) / divisor, for high < divisor: the instruction, because the compiler would call libgcc's
// __udivti3.
std::uint64_t divide(std::uint64_t high, std::uint64_t low, std::uint64_t divisor) {
  std::uint64_t quotient;
  std::uint64_t remainder;
  asm("divq %[divisor]" : "=a"(quotient), "=d"(remainder) : "a"(low), "d"(high), [divisor] "r"(divisor) : "cc");
  return quotient;
}

// numerator * 2^kShift / denominator.
std::uint64_t fixed_point(std::uint64_t numerator, std::uint64_t denominator) {
  constexpr unsigned kShift = TscConversion::kShift;
  return divide(numerator >> (64 - kShift), numerator << kShift, denominator);
}

}  // namespace

TscConversion TscConversion::for_frequency(std::uint64_t tsc_khz) {
  constexpr std::uint64_t kKhzPerTickOfOneNs = 1'000'000;
  return {.ns_per_tick = fixed_point(kKhzPerTickOfOneNs, tsc_khz),
          .ticks_per_ns = fixed_point(tsc_khz, kKhzPerTickOfOneNs)};
}

void initialise_clock(std::uint64_t tsc_khz, std::uint64_t boot_tsc, std::uint64_t boot_realtime_ns) {
  change_clocks([&](ClockPage& page) {
    page.conversion = TscConversion::for_frequency(tsc_khz);
    page.boot_tsc = boot_tsc;
    page.realtime_at_boot_ns = boot_realtime_ns;
  });
}

const ClockPage& clock_page() {
  return g_page.clock;
}

std::uint64_t monotonic_ns() {
  return g_page.clock.monotonic_ns(read_tsc());
}

std::uint64_t realtime_ns() {
  return g_page.clock.realtime_ns(read_tsc());
}

std::uint64_t realtime_offset_ns() {
  return g_page.clock.realtime_at_boot_ns;
}

std::uint64_t tsc_of_monotonic_ns(std::uint64_t ns) {
  std::uint64_t tsc;
  return __builtin_add_overflow(g_page.clock.boot_tsc, g_page.clock.conversion.to_ticks(ns), &tsc) ? ~std::uint64_t{0}
                                                                                                   : tsc;
}

void set_realtime_offset(std::uint64_t realtime_at_boot_ns) {
  change_clocks([&](ClockPage& page) { page.realtime_at_boot_ns = realtime_at_boot_ns; });
}

}  // namespace kernel
