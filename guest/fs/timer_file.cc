#include "fs/timer_file.h"

#include <utility>

#include "fs/proc/proc_text.h"
#include "lib/time.h"
#include "mm/user_ptr.h"
#include "task/scheduler.h"
#include "task/wall_clock.h"

namespace kernel::fs {

namespace {

constexpr std::uint32_t kSetTicks = 0x4008'5400;  // TFD_IOC_SET_TICKS

}  // namespace

Result<Ref<TimerFile>> TimerFile::create(const TimerClock& clock, std::uint32_t flags) {
  Path place = TRY(anonymous_place("[timerfd]"));
  return make_ref<TimerFile>(std::move(place), clock, flags);
}

TimerFile::TimerFile(Path place, const TimerClock& clock, std::uint32_t flags)
    : AnonymousFile(std::move(place), kReadWrite | flags, kKind),
      clock_(clock),
      known_wall_offset_ns_(realtime_offset_ns()) {
  timer_.owner = this;
}

std::uint64_t TimerFile::now() const {
  return on_wall_clock_ ? realtime_ns() : monotonic_ns();
}

task::TimerSetting TimerFile::setting() const {
  const std::uint64_t time = now();
  return {expires_ns_ > time ? expires_ns_ - time : 0, interval_ns_};
}

void TimerFile::arm() {
  const std::uint64_t at = on_wall_clock_ ? monotonic_of_realtime(expires_ns_) : expires_ns_;
  task::timer_queue().arm(timer_, at, [](task::Timer& timer) { static_cast<TimerFile*>(timer.owner)->fired(); });
}

void TimerFile::fired() {
  expired_ = true;
  ++ticks_;
  changed_.wake(kPollIn);
}

std::uint64_t TimerFile::forward() {
  const std::uint64_t time = now();
  if (time < expires_ns_) return 0;
  const std::uint64_t expiries = (time - expires_ns_) / interval_ns_ + 1;
  expires_ns_ = saturating_add(expires_ns_, expiries * interval_ns_);
  return expiries;
}

TimerFile::Change TimerFile::set(std::uint32_t flags, std::uint64_t value_ns, std::uint64_t interval_ns) {
  const bool on_wall_clock = clock_.wall && (flags & kAbsolute);
  watches_clock_ = on_wall_clock && (flags & kCancelOnSet);
  timer_.cancel();
  if (expired_ && interval_ns_ != 0) forward();
  const task::TimerSetting before = setting();

  on_wall_clock_ = on_wall_clock;
  if (on_wall_clock) {
    clock_changes_.attach(task::wall_clock_changes(), *this);
  } else {
    clock_changes_.detach();
  }
  expired_ = false;
  ticks_ = 0;
  interval_ns_ = interval_ns;
  expires_ns_ = value_ns == 0 || (flags & kAbsolute) ? value_ns : saturating_add(monotonic_ns(), value_ns);
  if (value_ns != 0) {
    arm();
    if (take_cancellation()) return {before, true};
  }
  set_flags_ = flags;
  return {before, false};
}

task::TimerSetting TimerFile::get() {
  if (expired_ && interval_ns_ != 0) {
    expired_ = false;
    ticks_ += forward() - 1;
    arm();
  }
  return setting();
}

// What was told is not told again.
bool TimerFile::take_cancellation() {
  if (!watches_clock_ || !cancelled_) return false;
  cancelled_ = false;
  known_wall_offset_ns_ = realtime_offset_ns();
  return true;
}

bool TimerFile::wake(task::WaitEvents) {
  if (timer_.armed()) arm();
  if (watches_clock_ && (cancelled_ || known_wall_offset_ns_ != realtime_offset_ns())) {
    cancelled_ = true;
    ++ticks_;
    changed_.wake(kPollIn);
  }
  return true;
}

Result<std::size_t> TimerFile::do_read(std::uint64_t, mm::IoBuffer& buffer) {
  if (buffer.remaining() < sizeof ticks_) return Errno::kInval;
  if (ticks_ == 0) {
    if (non_blocking()) return Errno::kAgain;
    TRY(changed_.wait_for(kPollIn, [this] { return ticks_ > 0; }));
  }
  // Whoever cannot be given it loses it, as on Linux; but not for a page that is only late.
  if (auto room = buffer.check_room(sizeof ticks_); !room && buffer.pending()) return room.error();
  // The timer is not set again: whoever reads has to think about it anyway.
  if (take_cancellation()) {
    ticks_ = 0;
    expired_ = false;
    return Errno::kCanceled;
  }
  std::uint64_t taken = ticks_;
  if (expired_ && interval_ns_ != 0) {
    taken += forward() - 1;
    arm();
  }
  expired_ = false;
  ticks_ = 0;
  // The clock was set back behind the expiry that woke us (timerfd_create(2): "return a value of 0").
  if (taken == 0) return non_blocking() ? Result<std::size_t>(Errno::kAgain) : 0;
  TRY(buffer.store_value(taken));
  return sizeof taken;
}

Result<std::uint64_t> TimerFile::ioctl(std::uint32_t request, std::uint64_t argument) {
  if (request != kSetTicks) return Errno::kNoTty;
  const std::uint64_t ticks = TRY(mm::UserPtr<const std::uint64_t>(argument).read());
  if (ticks == 0) return Errno::kInval;
  if (take_cancellation()) return Errno::kCanceled;
  ticks_ = ticks;
  changed_.wake(kPollIn);
  return 0;
}

void TimerFile::describe(ProcText& text) {
  const Timespec value = to_timespec(setting().remaining_ns), interval = to_timespec(interval_ns_);
  text.print("clockid: {}\nticks: {}\nsettime flags: 0{o}\nit_value: ({}, {})\nit_interval: ({}, {})\n", clock_.number,
             ticks_, set_flags_, value.seconds, value.nanoseconds, interval.seconds, interval.nanoseconds);
}

}  // namespace kernel::fs
