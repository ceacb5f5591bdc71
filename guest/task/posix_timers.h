// POSIX per-process timers: timer_create(2). Each sends one signal at a time, and a periodic one is set again when that
// is taken: what it missed until then are overruns. So a timer whose signal nobody takes costs nothing.
#pragma once

#include "task/cpu_timers.h"
#include "task/signal_state.h"
#include "task/timers.h"

namespace kernel::task {

class Process;

// How a timer notifies (sigevent(7)).
enum class TimerNotification : std::uint8_t { kProcess, kNone, kThread };

struct PosixTimerOptions {
  bool wall_clock = false;        // absolute times are of the wall clock, and move with it
  CpuClock* cpu_clock = nullptr;  // counts this CPU time, and not the time of day
  CpuTimeKind cpu_time_kind = CpuTimeKind::kTotal;
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
// `value_ns` is what the timer's clock shows, or a duration; 0 to disarm. kSrch if it counts the time of a process or thread
// that is gone. What was set before.
enum class TimerValue : bool { kRelative, kAbsolute };
Result<TimerSetting> set_posix_timer(Process& process, int id, TimerValue kind, std::uint64_t value_ns,
                                     std::uint64_t interval_ns);
Result<int> posix_timer_overrun(Process& process, int id);

// Marks an info as sent by a timer, which a payload cannot forge: rt_sigqueueinfo(2) clears it. Not shown to handlers.
inline constexpr std::int32_t kFromPosixTimer = 1;
// The signal with this info is about to be delivered: puts the overruns into it, and sets a periodic timer again. False if
// its timer was deleted or set anew in the meantime.
bool note_timer_signal_taken(Process& process, SignalInfo& info);
// These signals were pending, and are not any more, although nobody took them.
void note_timer_signals_discarded(Process& process, SignalSet signals);
// This signal is not ignored any more: periodic timers that wait for it to be taken send it again.
void resend_ignored_timer_signals(Process& process, int signal);

// execve and exit.
void delete_posix_timers(Process& process);

}  // namespace kernel::task
