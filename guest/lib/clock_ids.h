// The numbers of the clocks (clock_gettime(2), <linux/time.h>).
#pragma once

namespace kernel {

enum ClockId : int {
  kClockRealtime = 0,
  kClockMonotonic = 1,
  kClockProcessCpuTime = 2,
  kClockThreadCpuTime = 3,
  kClockMonotonicRaw = 4,
  kClockRealtimeCoarse = 5,
  kClockMonotonicCoarse = 6,
  kClockBootTime = 7,
  kClockRealtimeAlarm = 8,
  kClockBootTimeAlarm = 9,
  kClockTai = 11,
};

}  // namespace kernel
