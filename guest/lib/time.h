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
std::uint64_t realtime_offset_ns();                   // realtime_ns() less monotonic_ns()
void set_realtime_offset(std::uint64_t realtime_at_boot_ns);
void initialise_clock(std::uint64_t tsc_khz, std::uint64_t boot_tsc, std::uint64_t boot_realtime_ns);

inline Timespec to_timespec(std::uint64_t ns) {
  return {static_cast<std::int64_t>(ns / kNanosecondsPerSecond), static_cast<std::int64_t>(ns % kNanosecondsPerSecond)};
}

// The last moment there is, as Linux's KTIME_MAX: after 292 years. Whatever a payload names beyond it is cut to it, so
// the sum of a time and a duration always has a number, and nothing is ever armed for it: it is "never".
inline constexpr std::uint64_t kEndOfTimeNs = ~std::uint64_t{0} >> 1;

constexpr std::uint64_t saturating_add(std::uint64_t time, std::uint64_t duration) {
  std::uint64_t sum;
  return __builtin_add_overflow(time, duration, &sum) || sum > kEndOfTimeNs ? kEndOfTimeNs : sum;
}

// When the monotonic clock shows what the wall clock shows at `realtime`, as it is set now.
inline std::uint64_t monotonic_of_realtime(std::uint64_t realtime) {
  const std::uint64_t offset = realtime_offset_ns();
  if (realtime >= kEndOfTimeNs) return kEndOfTimeNs;
  return realtime > offset ? realtime - offset : 0;
}

// A point of monotonic time, or of the wall clock's, which moves when that is set; or never. There is none beyond the end
// of time.
class Deadline {
 public:
  static Deadline never() { return Deadline(kEndOfTimeNs); }
  static Deadline at(std::uint64_t monotonic) { return Deadline(saturating_add(monotonic, 0)); }
  static Deadline at_realtime(std::uint64_t realtime) { return Deadline(saturating_add(realtime, 0), true); }
  static Deadline after(std::uint64_t nanoseconds) { return Deadline(saturating_add(monotonic_ns(), nanoseconds)); }

  // Monotonic, as things are now.
  std::uint64_t ns() const { return moves_ ? monotonic_of_realtime(ns_) : ns_; }
  bool moves() const { return moves_; }
  bool is_never() const { return ns_ == kEndOfTimeNs; }
  bool passed() const { return !is_never() && monotonic_ns() >= ns(); }
  // 0 once it has passed; of "never", the time to the end of time.
  std::uint64_t remaining_ns() const {
    const std::uint64_t now = monotonic_ns(), at = ns();
    return at > now ? at - now : 0;
  }

 private:
  explicit Deadline(std::uint64_t ns, bool moves = false) : ns_(ns), moves_(moves) {}
  std::uint64_t ns_;
  bool moves_;
};

}  // namespace kernel
