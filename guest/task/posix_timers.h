// POSIX per-process timers: timer_create(2). Each sends one signal at a time: expiries while it is pending are
// overruns.
#pragma once

#include "task/signal_state.h"
#include "task/timers.h"

namespace kernel::task {

class Process;

// How a timer notifies (sigevent(7)).
enum class TimerNotification : std::uint8_t { kProcess, kNone, kThread };

struct PosixTimerOptions {
  int clock = 0;  // of timer_create(2), for whoever sets an absolute time
  TimerNotification notification = TimerNotification::kProcess;
  int signal = kSigAlrm;
  int thread = 0;            // kThread: its tid
  bool value_is_id = false;  // no sigevent was given: sigev_value is the timer's id
  std::uint64_t value = 0;
};

// The new timer's id, for the current task's process. kAgain if its user has too many (RLIMIT_SIGPENDING).
Result<int> create_posix_timer(Process& process, const PosixTimerOptions& options);
// kInval for an id that is none, here and below.
Result<void> delete_posix_timer(Process& process, int id);
Result<TimerSetting> posix_timer(Process& process, int id);
// `expires_ns` is monotonic, 0 to disarm.
Result<void> set_posix_timer(Process& process, int id, std::uint64_t expires_ns, std::uint64_t interval_ns);
Result<int> posix_timer_clock(Process& process, int id);
Result<int> posix_timer_overrun(Process& process, int id);

// Marks an info as sent by a timer, which a payload cannot forge: rt_sigqueueinfo(2) clears it. Not shown to handlers.
inline constexpr std::int32_t kFromPosixTimer = 1;
// The signal with this info is about to be delivered: puts the overruns into it. False if its timer was deleted.
bool note_timer_signal_taken(Process& process, SignalInfo& info);

// execve and exit.
void delete_posix_timers(Process& process);

}  // namespace kernel::task
