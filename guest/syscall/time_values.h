// The times that payloads pass and get, checked: struct timespec and struct timeval against nanoseconds.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "lib/time.h"
#include "mm/user_ptr.h"

namespace kernel::syscall {

// kInval for negative or unnormalised times. What lies beyond the end of time (lib/time.h) is cut to it, as Linux does.
inline Result<std::uint64_t> nanoseconds_of(const Timespec& time) {
  constexpr std::uint64_t kMaxSeconds = kEndOfTimeNs / kNanosecondsPerSecond;
  if (time.seconds < 0 || time.nanoseconds < 0 ||
      time.nanoseconds >= static_cast<std::int64_t>(kNanosecondsPerSecond)) {
    return Errno::kInval;
  }
  const auto seconds = static_cast<std::uint64_t>(time.seconds);
  if (seconds >= kMaxSeconds) return kEndOfTimeNs;
  return seconds * kNanosecondsPerSecond + static_cast<std::uint64_t>(time.nanoseconds);
}

inline Result<std::uint64_t> nanoseconds_of(const Timeval& time) {
  if (time.microseconds < 0 || time.microseconds >= 1'000'000) return Errno::kInval;
  return nanoseconds_of(Timespec{time.seconds, time.microseconds * 1000});
}

inline Timeval to_timeval(std::uint64_t ns) {
  const Timespec time = to_timespec(ns);
  return {time.seconds, time.nanoseconds / 1000};
}

inline Result<std::uint64_t> read_duration(mm::UserPtr<const Timespec> address) {
  const Timespec time = TRY(address.read());
  return nanoseconds_of(time);
}

}  // namespace kernel::syscall
