#include "lib/time.h"

#include <gtest/gtest.h>

#include "lib/clock_page.h"
#include "lib/tsc.h"

namespace kernel {
namespace {

// The exact value, with a division that the kernel does not have.
std::uint64_t exact_ns(std::uint64_t ticks, std::uint64_t khz) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(ticks) * 1'000'000 / khz);
}

constexpr std::uint64_t kFrequencies[] = {TscConversion::kMinKhz, 24'000, 1'000'000, 2'599'992, 2'600'000, 5'700'123,
                                          TscConversion::kMaxKhz};
constexpr std::uint64_t kSecondsPerYear = 365 * 24 * 3600;

TEST(TscConversionTest, IsAccurateForDecades) {
  for (const std::uint64_t khz : kFrequencies) {
    const auto conversion = TscConversion::for_frequency(khz);
    for (const std::uint64_t seconds : {std::uint64_t{1}, std::uint64_t{3600}, kSecondsPerYear, 30 * kSecondsPerYear}) {
      if (seconds > ~std::uint64_t{0} / 1000 / khz) continue;  // beyond what 64 bits of TSC can count
      const std::uint64_t ticks = seconds * khz * 1000;
      const std::uint64_t exact = exact_ns(ticks, khz);
      // Less than one part in 10^9 off, and never ahead of time.
      EXPECT_LE(conversion.to_ns(ticks), exact);
      EXPECT_GE(conversion.to_ns(ticks) + 1 + exact / 1'000'000'000, exact) << khz << " kHz, " << seconds << " s";
    }
  }
}

TEST(TscConversionTest, NeverRunsBackwards) {
  const auto conversion = TscConversion::for_frequency(2'600'000);
  std::uint64_t last = 0;
  for (std::uint64_t ticks = 0; ticks < 100'000; ++ticks) {
    const std::uint64_t ns = conversion.to_ns(ticks);
    EXPECT_GE(ns, last);
    last = ns;
  }
}

TEST(TscConversionTest, ATimerIsNeverEarly) {
  for (const std::uint64_t khz : kFrequencies) {
    const auto conversion = TscConversion::for_frequency(khz);
    for (const std::uint64_t ns : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{1'000'000},
                                   std::uint64_t{3'600'000'000'000}}) {
      EXPECT_GE(exact_ns(conversion.to_ticks(ns), khz) + exact_ns(1, khz) + 1, ns) << khz << " kHz, " << ns << " ns";
    }
  }
}

TEST(ClockTest, CountsFromBootAndFromTheEpoch) {
  constexpr std::uint64_t kRealtime = 1'700'000'000'000'000'000;
  initialise_clock(2'600'000, read_tsc(), kRealtime);
  const std::uint64_t first = monotonic_ns();
  const std::uint64_t second = monotonic_ns();
  EXPECT_LT(first, 60 * kNanosecondsPerSecond);
  EXPECT_GE(second, first);
  EXPECT_GE(realtime_ns(), kRealtime);
  set_realtime_offset(5);
  EXPECT_LT(realtime_ns(), 120 * kNanosecondsPerSecond);
}

// What programs read of it (vdso/vdso.cc).
TEST(ClockTest, AChangeOfTheWallClockIsOnTheClockPage) {
  constexpr std::uint64_t kRealtime = 1'700'000'000'000'000'000;
  initialise_clock(2'600'000, read_tsc(), kRealtime);
  const ClockPage& page = clock_page();
  const std::uint32_t before = page.sequence;
  EXPECT_EQ(before % 2, 0u);
  const auto realtime = [](const ClockPage& at) { return at.realtime_ns(at.boot_tsc); };
  EXPECT_EQ(read_consistently(page, realtime), kRealtime);
  set_realtime_offset(5);
  EXPECT_EQ(read_consistently(page, realtime), 5u);
  EXPECT_EQ(page.sequence % 2, 0u);
  EXPECT_NE(page.sequence, before);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&page) % 4096, 0u);
}

TEST(ClockTest, ATscBeforeBootIsTimeZero) {
  initialise_clock(2'600'000, ~std::uint64_t{0}, 0);
  EXPECT_EQ(monotonic_ns(), 0u);
}

TEST(DeadlineTest, SaturatesInsteadOfWrapping) {
  initialise_clock(2'600'000, read_tsc() - 26'000, 0);
  EXPECT_TRUE(Deadline::after(~std::uint64_t{0}).is_never());
  EXPECT_FALSE(Deadline::never().passed());
  EXPECT_TRUE(Deadline::at(0).passed());
}

TEST(DeadlineTest, NothingLiesBeyondTheEndOfTime) {
  initialise_clock(2'600'000, read_tsc() - 26'000, 0);
  for (const std::uint64_t ns : {kEndOfTimeNs, kEndOfTimeNs + 1, ~std::uint64_t{0} - 1, ~std::uint64_t{0}}) {
    EXPECT_TRUE(Deadline::at(ns).is_never()) << ns;
    EXPECT_TRUE(Deadline::after(ns).is_never()) << ns;
    EXPECT_EQ(saturating_add(ns, 1), kEndOfTimeNs) << ns;
    EXPECT_EQ(saturating_add(1, ns), kEndOfTimeNs) << ns;
  }
  EXPECT_FALSE(Deadline::at(kEndOfTimeNs - 1).is_never());
  EXPECT_LT(Deadline::never().remaining_ns(), kEndOfTimeNs);
  EXPECT_EQ(Deadline::at(0).remaining_ns(), 0u);
}

// A deadline that wrapped would lie in the past, and its interrupt would come again and again.
TEST(TscConversionTest, WhatTheTscCannotCountIsNotInThePast) {
  for (const std::uint64_t khz : kFrequencies) {
    const auto conversion = TscConversion::for_frequency(khz);
    std::uint64_t last = 0;
    for (unsigned bit = 0; bit < 64; ++bit) {
      const std::uint64_t ticks = conversion.to_ticks(std::uint64_t{1} << bit);
      EXPECT_GE(ticks, last) << khz << " kHz, bit " << bit;
      last = ticks;
    }
    EXPECT_GE(conversion.to_ticks(~std::uint64_t{0}), last) << khz << " kHz";
  }
  initialise_clock(2'600'000, read_tsc(), 0);
  EXPECT_GT(tsc_of_monotonic_ns(kEndOfTimeNs), tsc_of_monotonic_ns(1'000'000'000'000'000'000));
}

}  // namespace
}  // namespace kernel
