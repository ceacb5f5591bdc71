#include "lib/time.h"

#include "lib/tsc.h"

namespace kernel {
namespace {

constinit TscConversion g_conversion;
constinit std::uint64_t g_boot_tsc = 0;
constinit std::uint64_t g_realtime_at_boot_ns = 0;

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
  g_conversion = TscConversion::for_frequency(tsc_khz);
  g_boot_tsc = boot_tsc;
  g_realtime_at_boot_ns = boot_realtime_ns;
}

std::uint64_t monotonic_ns() {
  const std::uint64_t tsc = read_tsc();
  return tsc > g_boot_tsc ? g_conversion.to_ns(tsc - g_boot_tsc) : 0;
}

std::uint64_t realtime_ns() {
  return g_realtime_at_boot_ns + monotonic_ns();
}

std::uint64_t realtime_offset_ns() {
  return g_realtime_at_boot_ns;
}

std::uint64_t tsc_of_monotonic_ns(std::uint64_t ns) {
  std::uint64_t tsc;
  return __builtin_add_overflow(g_boot_tsc, g_conversion.to_ticks(ns), &tsc) ? ~std::uint64_t{0} : tsc;
}

void set_realtime_offset(std::uint64_t realtime_at_boot_ns) {
  g_realtime_at_boot_ns = realtime_at_boot_ns;
}

}  // namespace kernel
