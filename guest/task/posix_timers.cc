#include "task/posix_timers.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "lib/time.h"
#include "lib/vector.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/wall_clock.h"

namespace kernel::task {

// What has become of the last signal that a timer sent.
enum class SentSignal : std::uint8_t {
  kTaken,  // or there was none yet
  kQueued,
  kStale,    // queued, and the timer was set anew since: it will not be delivered
  kIgnored,  // and to be sent again when it is no longer
};

// What the time is counted on for which a timer was set.
enum class TimeBase : std::uint8_t { kMonotonic, kWallClock, kCpuTime };

// Either armed, or waiting for its signal to be taken.
struct PosixTimer final : Waiter {
  Timer timer;
  CpuTimer cpu_timer;       // attached if it is a timer on CPU time
  WaitEntry clock_changes;  // attached if it was set for a point of the wall clock's
  TimeBase base = TimeBase::kMonotonic;
  Process* process = nullptr;
  SignalCharge charge;         // for its signal, of which there is one at a time
  PosixTimer* next = nullptr;  // in its bucket
  int id = 0;
  PosixTimerOptions options;
  std::uint64_t expires_ns = 0;  // 0: disarmed; of a timer that waits, when it has expired
  std::uint64_t interval_ns = 0;
  SentSignal sent = SentSignal::kTaken;
  int last_overruns = 0;  // of the last signal that was delivered

  bool on_cpu_time() const { return options.cpu_clock; }
  // Counts the time of a process or thread that is no more.
  bool clock_is_gone() const { return on_cpu_time() && !cpu_timer.attached(); }
  bool armed() const { return on_cpu_time() ? cpu_timer.armed() : timer.armed(); }
  std::uint64_t now() const;
  void arm();
  void disarm();
  bool wake(WaitEvents events) override;
};

// The timers of one process, in buckets by id: as many buckets as there have been timers.
class PosixTimers {
 public:
  PosixTimers() = default;
  PosixTimers(const PosixTimers&) = delete;
  PosixTimers& operator=(const PosixTimers&) = delete;
  ~PosixTimers() {
    for (PosixTimer* timer : buckets_) {
      while (timer) delete std::exchange(timer, timer->next);
    }
  }

  PosixTimer* find(int id) { return buckets_.empty() ? nullptr : *link_of(id); }
  // Gives the timer the next id that none has. There are far more ids than memory for timers.
  Result<void> add(PosixTimer& timer) {
    TRY(make_room());
    do {
      timer.id = next_id_;
      next_id_ = next_id_ == std::numeric_limits<int>::max() ? 0 : next_id_ + 1;
    } while (find(timer.id));
    put(timer);
    ++count_;
    return {};
  }
  void remove(PosixTimer& timer) {
    *link_of(timer.id) = timer.next;
    --count_;
    delete &timer;
  }
  template <typename Action>
  void for_each(Action action) {
    for (PosixTimer* timer : buckets_) {
      for (; timer; timer = timer->next) action(*timer);
    }
  }

 private:
  static constexpr std::size_t kFirstBuckets = 8;

  PosixTimer*& bucket_of(int id) { return buckets_[static_cast<unsigned>(id) % buckets_.size()]; }
  // What points to the timer with this id, or the null pointer at the end of its bucket.
  PosixTimer** link_of(int id) {
    PosixTimer** link = &bucket_of(id);
    while (*link && (*link)->id != id) link = &(*link)->next;
    return link;
  }
  void put(PosixTimer& timer) { timer.next = std::exchange(bucket_of(timer.id), &timer); }
  Result<void> make_room() {
    if (count_ < buckets_.size()) return {};
    Vector<PosixTimer*> old;
    TRY(old.resize(std::max(kFirstBuckets, 2 * buckets_.size())));
    std::swap(old, buckets_);
    for (PosixTimer* timer : old) {
      while (timer) put(*std::exchange(timer, timer->next));
    }
    return {};
  }

  Vector<PosixTimer*> buckets_;
  std::size_t count_ = 0;
  int next_id_ = 0;
};

namespace {

Result<PosixTimer*> find(Process& process, int id) {
  PosixTimer* timer = process.signals.posix_timers ? process.signals.posix_timers->find(id) : nullptr;
  if (!timer) return Errno::kInval;
  return timer;
}

void fired(PosixTimer& timer);
void fired(Timer& base) {
  fired(*static_cast<PosixTimer*>(base.owner));
}

void send(PosixTimer& timer) {
  const PosixTimerOptions& options = timer.options;
  Process& process = *timer.process;
  SignalInfo info;
  info.signal = options.signal;
  info.code = kSiTimer;
  info.padding = kFromPosixTimer;
  info.timer = {.id = timer.id, .overrun = 0, .value = options.value};
  Task* thread = options.notification == TimerNotification::kThread ? find_task(options.thread) : nullptr;
  if (options.notification == TimerNotification::kThread && (!thread || thread->process.get() != &process)) return;
  PendingSignals& pending = thread ? thread->signals.pending : process.signals.pending;
  const std::uint32_t queued_before = pending.queued;
  const auto result = thread ? queue_signal(*thread, info) : queue_signal(process, info);
  timer.sent = pending.queued > queued_before ? SentSignal::kQueued
               : timer.interval_ns != 0       ? SentSignal::kIgnored
                                              : SentSignal::kTaken;
  if (result || timer.interval_ns == 0) return;
  // There was no memory for it: it is tried again, but not so often that nothing else gets on.
  timer.sent = SentSignal::kTaken;
  timer_queue().arm(timer.timer, monotonic_ns() + kTimeSliceNs, fired);
}

void fired(PosixTimer& timer) {
  if (timer.interval_ns == 0) timer.expires_ns = 0;
  if (timer.sent == SentSignal::kStale) {
    timer.sent = SentSignal::kQueued;
  } else {
    send(timer);
  }
}

}  // namespace

std::uint64_t PosixTimer::now() const {
  switch (base) {
    case TimeBase::kCpuTime:
      return cpu_timer.now();
    case TimeBase::kWallClock:
      return realtime_ns();
    case TimeBase::kMonotonic:
      break;
  }
  return monotonic_ns();
}

void PosixTimer::arm() {
  if (on_cpu_time()) {
    cpu_timer.arm(expires_ns, [](CpuTimer& due) { fired(*static_cast<PosixTimer*>(due.owner)); });
  } else {
    timer_queue().arm(timer, base == TimeBase::kWallClock ? monotonic_of_realtime(expires_ns) : expires_ns, fired);
  }
}

void PosixTimer::disarm() {
  timer.cancel();
  cpu_timer.cancel();
}

// The wall clock was set.
bool PosixTimer::wake(WaitEvents) {
  if (armed()) arm();
  return true;
}

Result<int> create_posix_timer(Process& process, const PosixTimerOptions& options) {
  PosixTimers*& timers = process.signals.posix_timers;
  if (!timers) timers = new (std::nothrow) PosixTimers();
  if (!timers) return Errno::kNoMem;
  SignalCharge charge = TRY(charge_signal(current()));
  auto* timer = new (std::nothrow) PosixTimer();
  if (!timer) return Errno::kAgain;
  if (!timers->add(*timer)) {
    delete timer;
    return Errno::kAgain;
  }
  timer->process = &process;
  timer->charge = std::move(charge);
  timer->options = options;
  if (options.value_is_id) timer->options.value = static_cast<std::uint64_t>(timer->id);
  timer->timer.owner = timer->cpu_timer.owner = timer;
  if (options.cpu_clock) {
    timer->base = TimeBase::kCpuTime;
    timer->cpu_timer.attach(*options.cpu_clock, options.cpu_time_kind);
  }
  return timer->id;
}

Result<void> delete_posix_timer(Process& process, int id) {
  PosixTimer* timer = TRY(find(process, id));
  const bool queued = timer->sent == SentSignal::kQueued || timer->sent == SentSignal::kStale;
  if (queued && !process.signals.pending.pay_for_timer_signal(id, timer->charge)) {
    for (Task& thread : process.threads) {
      if (thread.signals.pending.pay_for_timer_signal(id, timer->charge)) break;
    }
  }
  process.signals.posix_timers->remove(*timer);
  return {};
}

namespace {

TimerSetting setting_of(const PosixTimer& timer) {
  if (timer.expires_ns == 0 || timer.clock_is_gone()) return {};
  const std::uint64_t now = timer.now(), interval = timer.interval_ns;
  if (timer.expires_ns > now) return {timer.expires_ns - now, interval};
  // Waiting, or only counting: it stays in step.
  if (interval != 0 && !timer.armed()) return {interval - (now - timer.expires_ns) % interval, interval};
  return {timer.options.notification == TimerNotification::kNone ? std::uint64_t{0} : 1, interval};
}

}  // namespace

Result<TimerSetting> posix_timer(Process& process, int id) {
  return setting_of(*TRY(find(process, id)));
}

Result<TimerSetting> set_posix_timer(Process& process, int id, TimerValue kind, std::uint64_t value_ns,
                                     std::uint64_t interval_ns) {
  PosixTimer* timer = TRY(find(process, id));
  if (timer->clock_is_gone()) return Errno::kSrch;
  const TimerSetting before = setting_of(*timer);
  timer->disarm();
  // A duration does not change when somebody sets the clock.
  const bool moves = timer->options.wall_clock && kind == TimerValue::kAbsolute && value_ns != 0;
  if (!timer->on_cpu_time()) timer->base = moves ? TimeBase::kWallClock : TimeBase::kMonotonic;
  if (moves) {
    timer->clock_changes.attach(wall_clock_changes(), *timer);
  } else {
    timer->clock_changes.detach();
  }
  const bool relative = value_ns != 0 && kind == TimerValue::kRelative;
  timer->expires_ns = relative ? saturating_add(timer->now(), value_ns) : value_ns;
  timer->interval_ns = value_ns != 0 ? interval_ns : 0;
  timer->sent =
      timer->sent == SentSignal::kQueued || timer->sent == SentSignal::kStale ? SentSignal::kStale : SentSignal::kTaken;
  timer->last_overruns = 0;
  if (value_ns == 0 || timer->options.notification == TimerNotification::kNone) return before;
  // What CPU time shows already it may never pass again.
  if (timer->on_cpu_time() && timer->now() >= timer->expires_ns) {
    fired(*timer);
  } else {
    timer->arm();
  }
  return before;
}

Result<int> posix_timer_overrun(Process& process, int id) {
  return TRY(find(process, id))->last_overruns;
}

bool note_timer_signal_taken(Process& process, SignalInfo& info) {
  PosixTimer* timer = process.signals.posix_timers ? process.signals.posix_timers->find(info.timer.id) : nullptr;
  if (!timer) return false;
  if (std::exchange(timer->sent, SentSignal::kTaken) != SentSignal::kQueued) return false;
  timer->last_overruns = 0;
  if (timer->interval_ns != 0) {
    constexpr std::uint64_t kMaxOverruns = std::numeric_limits<int>::max();  // DELAYTIMER_MAX
    const NextExpiry next = next_expiry(timer->expires_ns, timer->interval_ns, timer->now());
    timer->last_overruns = static_cast<int>(std::min(next.missed, kMaxOverruns));
    timer->expires_ns = next.ns;
    timer->arm();
  }
  info.timer.overrun = timer->last_overruns;
  return true;
}

void note_timer_signals_discarded(Process& process, SignalSet signals) {
  if (!process.signals.posix_timers) return;
  process.signals.posix_timers->for_each([&](PosixTimer& timer) {
    if (!(signals & signal_bit(timer.options.signal))) return;
    const bool waits = timer.sent == SentSignal::kQueued && timer.interval_ns != 0;
    if (timer.sent != SentSignal::kIgnored) timer.sent = waits ? SentSignal::kIgnored : SentSignal::kTaken;
  });
}

void resend_ignored_timer_signals(Process& process, int signal) {
  if (!process.signals.posix_timers) return;
  process.signals.posix_timers->for_each([&](PosixTimer& timer) {
    if (timer.sent == SentSignal::kIgnored && timer.options.signal == signal) send(timer);
  });
}

void delete_posix_timers(Process& process) {
  if (!process.signals.posix_timers) return;
  process.signals.pending.discard_timer_signals();
  for (Task& thread : process.threads) thread.signals.pending.discard_timer_signals();
  delete process.signals.posix_timers;
  process.signals.posix_timers = nullptr;
}

ProcessSignals::~ProcessSignals() {
  delete posix_timers;
}

}  // namespace kernel::task
