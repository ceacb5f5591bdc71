// CLOCK_MONOTONIC, in ns: it does not stop while the process sleeps, and is the same clock in every process.
#pragma once

#include <time.h>

#include <cstdint>

namespace husk {

inline std::uint64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace husk
