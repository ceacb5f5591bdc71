// Waiting for children: wait4(2), waitid(2).
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "task/cpu_time.h"

namespace kernel::task {

class PidHandle;

enum WaitOption : unsigned {
  kWaitNoHang = 1,
  kWaitStopped = 2,  // WUNTRACED, WSTOPPED
  kWaitExited = 4,
  kWaitContinued = 8,
  kWaitNoWait = 0x0100'0000,
  kWaitNoThread = 0x2000'0000,
  kWaitAll = 0x4000'0000,
  kWaitClone = 0x8000'0000,
};

// Which children: as wait4's pid. > 0: that one; 0: the caller's process group; -1: any; < -1: process group -pid.
struct WaitEvent {
  int pid = 0;  // 0: nothing has happened (kWaitNoHang)
  std::uint32_t uid = 0;
  int status = 0;                // wait(2) encoding
  bool trapped = false;          // a stop for the tracer
  CpuTime cpu_time;              // of the child and the children it waited for
  std::uint64_t peak_pages = 0;  // the most memory that it or one of these had
};
// kChild: there is no such child. kRestart: a signal came first.
Result<WaitEvent> wait_for_child(int which, unsigned options);
// The same for one child, whoever has its number by now.
Result<WaitEvent> wait_for_child(const PidHandle& which, unsigned options);

}  // namespace kernel::task
