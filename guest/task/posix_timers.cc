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

namespace kernel::task {

struct PosixTimer {
  Timer timer;
  Process* process = nullptr;
  SignalCharge charge;         // for its signal, of which there is one at a time
  PosixTimer* next = nullptr;  // in its bucket
  int id = 0;
  PosixTimerOptions options;
  std::uint64_t expires_ns = 0;
  std::uint64_t interval_ns = 0;
  bool signal_pending = false;
  std::uint64_t overruns = 0;  // since the pending signal was sent
  int last_overruns = 0;       // of the last signal that was delivered
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

void notify(Process& process, PosixTimer& timer) {
  const PosixTimerOptions& options = timer.options;
  if (options.notification == TimerNotification::kNone) return;
  SignalInfo info;
  info.signal = options.signal;
  info.code = kSiTimer;
  info.padding = kFromPosixTimer;
  info.timer = {.id = timer.id, .overrun = 0, .value = options.value};
  Task* thread = options.notification == TimerNotification::kThread ? find_task(options.thread) : nullptr;
  if (options.notification == TimerNotification::kThread && (!thread || thread->process.get() != &process)) return;
  PendingSignals& pending = thread ? thread->signals.pending : process.signals.pending;
  const std::uint32_t queued_before = pending.queued;
  if (thread) {
    send_signal(*thread, info);
  } else {
    send_signal(process, info);
  }
  // Not if the signal is ignored, or was pending already from elsewhere.
  timer.signal_pending = pending.queued > queued_before;
  timer.overruns = 0;
}

void fired(Timer& base) {
  auto* timer = static_cast<PosixTimer*>(base.owner);
  if (timer->signal_pending) {
    ++timer->overruns;
  } else {
    notify(*timer->process, *timer);
  }
  if (timer->interval_ns == 0) {
    timer->expires_ns = 0;
    return;
  }
  const NextExpiry next = next_expiry(timer->expires_ns, timer->interval_ns, monotonic_ns());
  timer->expires_ns = next.ns;
  if (timer->signal_pending) timer->overruns += next.missed;
  timer_queue().arm(base, next.ns, fired);
}

}  // namespace

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
  timer->timer.owner = timer;
  return timer->id;
}

Result<void> delete_posix_timer(Process& process, int id) {
  PosixTimer* timer = TRY(find(process, id));
  if (timer->signal_pending && !process.signals.pending.pay_for_timer_signal(id, timer->charge)) {
    for (Task& thread : process.threads) {
      if (thread.signals.pending.pay_for_timer_signal(id, timer->charge)) break;
    }
  }
  process.signals.posix_timers->remove(*timer);
  return {};
}

Result<TimerSetting> posix_timer(Process& process, int id) {
  const PosixTimer* timer = TRY(find(process, id));
  if (timer->expires_ns == 0) return TimerSetting{0, timer->interval_ns};
  const std::uint64_t now = monotonic_ns();
  return TimerSetting{timer->expires_ns > now ? timer->expires_ns - now : 1, timer->interval_ns};
}

Result<void> set_posix_timer(Process& process, int id, std::uint64_t expires_ns, std::uint64_t interval_ns) {
  PosixTimer* timer = TRY(find(process, id));
  timer->expires_ns = expires_ns;
  timer->interval_ns = interval_ns;
  timer->overruns = 0;
  timer->last_overruns = 0;
  if (expires_ns != 0) {
    timer_queue().arm(timer->timer, expires_ns, fired);
  } else {
    timer->timer.cancel();
  }
  return {};
}

Result<int> posix_timer_clock(Process& process, int id) {
  return TRY(find(process, id))->options.clock;
}

Result<int> posix_timer_overrun(Process& process, int id) {
  return TRY(find(process, id))->last_overruns;
}

bool note_timer_signal_taken(Process& process, SignalInfo& info) {
  PosixTimer* timer = process.signals.posix_timers ? process.signals.posix_timers->find(info.timer.id) : nullptr;
  if (!timer) return false;
  constexpr std::uint64_t kMaxOverruns = std::numeric_limits<int>::max();  // DELAYTIMER_MAX
  timer->last_overruns = static_cast<int>(std::min(timer->overruns, kMaxOverruns));
  timer->overruns = 0;
  timer->signal_pending = false;
  info.timer.overrun = timer->last_overruns;
  return true;
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
