// Where a process is between its start and the moment its parent has collected its exit status (wait(2)), and what is
// left of it then.
#pragma once

#include <cstdint>

#include "task/user.h"

namespace kernel::task {

class Tracee;

enum class ProcessState : std::uint8_t { kAlive, kStopped, kZombie };

// Job control: what the parent has not been told yet.
struct StopReport {
  int stop_signal = 0;
  bool stop_reported = true;
  bool continued = false;
};

struct Life {
  ProcessState state = ProcessState::kAlive;
  StopReport report;
  bool exiting = false;  // exit_group(2) or a fatal signal: all threads are on their way out
  int exit_status = 0;   // wait(2) encoding, valid from then on

  TaskCharge zombie_charge;         // of the last thread: a process counts until it is waited for
  std::uint32_t uid_at_exit = 0;    // the leader's real user id, when it had exited
  Tracee* traced_leader = nullptr;  // ... and its tracer has not waited for it
};

}  // namespace kernel::task
