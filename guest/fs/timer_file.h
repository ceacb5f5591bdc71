// timerfd_create(2): a timer that is a descriptor. Reading it takes how often it has expired.
#pragma once

#include <cstdint>

#include "fs/anonymous_file.h"
#include "task/timer_queue.h"
#include "task/timers.h"
#include "task/wait_queue.h"

namespace kernel::fs {

// The clock that a timer runs on.
struct TimerClock {
  int number;  // of clock_gettime(2), to be shown
  bool wall;   // CLOCK_REALTIME's kind: it can be set
  bool alarm;  // would wake the machine
};

// A periodic timer is not set again when it expires but when that is read, as on Linux: what it missed until then is
// counted, so one that nobody reads costs nothing, and one with a short period costs only who reads it.
class TimerFile final : public AnonymousFile, private task::Waiter {
 public:
  static constexpr FileKind kKind = FileKind::kTimer;

  // `flags`: O_NONBLOCK.
  static Result<Ref<TimerFile>> create(const TimerClock& clock, std::uint32_t flags);
  TimerFile(Path place, const TimerClock& clock, std::uint32_t flags);

  const TimerClock& clock() const { return clock_; }

  // timerfd_settime(2).
  enum SetFlag : std::uint32_t { kAbsolute = 1, kCancelOnSet = 2 };
  struct Change {
    task::TimerSetting before;
    bool cancelled;  // it is set, and the clock was since it was last looked at (ECANCELED)
  };
  Change set(std::uint32_t flags, std::uint64_t value_ns, std::uint64_t interval_ns);
  // timerfd_gettime(2).
  task::TimerSetting get();

  Readiness readiness() override { return {ticks_ > 0 ? kPollIn : 0, &changed_}; }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  void describe(ProcText& text) override;

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override;
  bool wake(task::WaitEvents) override;  // the wall clock was set

  std::uint64_t now() const;
  task::TimerSetting setting() const;
  void arm();
  void fired();
  // Moves an expiry that has come to the next one that has not: how many there were. 0 if the clock was set back.
  std::uint64_t forward();
  bool take_cancellation();

  TimerClock clock_;
  std::uint64_t expires_ns_ = 0;  // by the wall clock or the monotonic one; 0: disarmed
  std::uint64_t interval_ns_ = 0;
  bool on_wall_clock_ = false;
  bool expired_ = false;  // since it was set or read: not armed
  std::uint64_t ticks_ = 0;
  std::uint32_t set_flags_ = 0;

  bool watches_clock_ = false;          // TFD_TIMER_CANCEL_ON_SET
  bool cancelled_ = false;              // the clock was set, and nobody was told
  std::uint64_t known_wall_offset_ns_;  // the clock against the monotonic one, when somebody was last told

  task::Timer timer_;
  task::WaitEntry clock_changes_;
  task::WaitQueue changed_;
};

}  // namespace kernel::fs
