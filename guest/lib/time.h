// Clocks. The TSC is the only time source; the VMM tells its frequency and the wall-clock time at one TSC value.
#pragma once

#include <cstdint>

namespace kernel {

inline constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// Linux's struct timespec and timeval of the x86-64 ABI.
struct Timespec {
  std::int64_t seconds;
  std::int64_t nanoseconds;
};
struct Timeval {
  std::int64_t seconds;
  std::int64_t microseconds;
};

std::uint64_t monotonic_ns();                         // since boot of the VM
std::uint64_t realtime_ns();                          // since the Epoch
std::uint64_t tsc_of_monotonic_ns(std::uint64_t ns);  // for the LAPIC's TSC-deadline timer
void set_realtime_offset(std::uint64_t realtime_at_boot_ns);
void initialise_clock(std::uint64_t tsc_khz, std::uint64_t boot_tsc, std::uint64_t boot_realtime_ns);

inline Timespec to_timespec(std::uint64_t ns) {
  return {static_cast<std::int64_t>(ns / kNanosecondsPerSecond), static_cast<std::int64_t>(ns % kNanosecondsPerSecond)};
}

// A time so far away that it has no number is the last one: "never".
inline std::uint64_t saturating_add(std::uint64_t time, std::uint64_t duration) {
  std::uint64_t sum;
  return __builtin_add_overflow(time, duration, &sum) ? ~std::uint64_t{0} : sum;
}

// A point of monotonic time, or never.
struct Deadline {
  std::uint64_t ns = ~std::uint64_t{0};
  static Deadline never() { return {}; }
  static Deadline at(std::uint64_t monotonic) { return {monotonic}; }
  static Deadline after(std::uint64_t nanoseconds) { return {saturating_add(monotonic_ns(), nanoseconds)}; }
  bool is_never() const { return ns == ~std::uint64_t{0}; }
  bool passed() const { return !is_never() && monotonic_ns() >= ns; }
};

}  // namespace kernel
