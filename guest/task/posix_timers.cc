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
  SignalCharge charge;  // for its signal, of which there is one at a time
  int id = 0;
  PosixTimerOptions options;
  std::uint64_t expires_ns = 0;
  std::uint64_t interval_ns = 0;
  bool signal_pending = false;
  std::uint64_t overruns = 0;  // since the pending signal was sent
  int last_overruns = 0;       // of the last signal that was delivered
};

class PosixTimers {
 public:
  PosixTimers() = default;
  PosixTimers(const PosixTimers&) = delete;
  PosixTimers& operator=(const PosixTimers&) = delete;
  ~PosixTimers() {
    for (PosixTimer* timer : timers_) delete timer;
  }

  PosixTimer* find(int id) {
    const std::size_t place = place_of(id);
    return place < timers_.size() && timers_[place]->id == id ? timers_[place] : nullptr;
  }
  // Gives the timer the next id that none has. kAgain if all have been given away.
  Result<void> add(PosixTimer* timer) {
    if (timers_.size() > static_cast<std::size_t>(kLastId)) return Errno::kAgain;
    while (find(next_id_)) next_id_ = following(next_id_);
    timer->id = next_id_;
    TRY(timers_.push_back(timer));
    // Into its place; ids grow, so that is nearly always the end.
    for (std::size_t i = timers_.size() - 1; i > 0 && timers_[i - 1]->id > timers_[i]->id; --i) {
      std::swap(timers_[i - 1], timers_[i]);
    }
    next_id_ = following(next_id_);
    return {};
  }
  void remove(PosixTimer* timer) {
    timers_.erase(place_of(timer->id));
    delete timer;
  }

 private:
  static constexpr int kLastId = std::numeric_limits<int>::max();
  static int following(int id) { return id == kLastId ? 0 : id + 1; }
  // Of the first timer whose id is not below this one.
  std::size_t place_of(int id) const {
    const auto* place = std::lower_bound(timers_.begin(), timers_.end(), id,
                                         [](const PosixTimer* timer, int wanted) { return timer->id < wanted; });
    return static_cast<std::size_t>(place - timers_.begin());
  }

  Vector<PosixTimer*> timers_;  // by id
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
  if (auto added = timers->add(timer); !added) {
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
  process.signals.posix_timers->remove(TRY(find(process, id)));
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
