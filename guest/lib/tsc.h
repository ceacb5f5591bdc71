// The arithmetic between TSC ticks and nanoseconds, without a division per call: a 64-bit fixed-point factor and a
// 128-bit product. Exact to better than one part in 10^9, and far from overflow for more than a century of uptime.
#pragma once

#include <cstdint>

namespace kernel {

struct TscConversion {
  static constexpr unsigned kShift = 56;
  // Frequencies that the factors can express: 4 MHz to 256 GHz.
  static constexpr std::uint64_t kMinKhz = 4'000;
  static constexpr std::uint64_t kMaxKhz = 256'000'000 - 1;

  std::uint64_t ns_per_tick = 0;   // times 2^kShift
  std::uint64_t ticks_per_ns = 0;  // times 2^kShift

  // tsc_khz outside [kMinKhz, kMaxKhz] is a bug of the caller.
  static TscConversion for_frequency(std::uint64_t tsc_khz);

  std::uint64_t to_ns(std::uint64_t ticks) const { return scale(ticks, ns_per_tick); }
  // Rounded up, so that a timer never fires early. What has more ticks than the TSC can count has the most it can: a
  // deadline that wrapped would lie in the past, and its timer would fire without end.
  std::uint64_t to_ticks(std::uint64_t ns) const {
    const unsigned __int128 ticks = (static_cast<unsigned __int128>(ns) * ticks_per_ns >> kShift) + 1;
    constexpr std::uint64_t kMost = ~std::uint64_t{0};
    return ticks > kMost ? kMost : static_cast<std::uint64_t>(ticks);
  }

 private:
  static std::uint64_t scale(std::uint64_t value, std::uint64_t factor) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(value) * factor) >> kShift);
  }
};

inline std::uint64_t read_tsc() {
  return __builtin_ia32_rdtsc();
}

}  // namespace kernel
