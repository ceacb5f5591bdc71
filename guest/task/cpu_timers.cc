#include "task/cpu_timers.h"

#include <algorithm>
#include <utility>

#include "task/task.h"
#include "task/timers.h"

namespace kernel::task {

void CpuTimer::attach(CpuClock& clock, CpuTimeKind kind) {
  detach();
  clock_ = &clock;
  kind_ = kind;
  clock.attached_.push_back(*this);
}

void CpuTimer::detach() {
  cancel();
  node_.unlink();
  clock_ = nullptr;
}

std::uint64_t CpuTimer::now() const {
  return clock_ ? clock_->now(kind_) : 0;
}

void CpuTimer::arm(std::uint64_t ns, Callback callback) {
  if (!clock_) return;
  cancel();
  callback_ = callback;
  expires_ns_ = ns;
  clock_->heap(kind_).insert(*this);
  start_cpu_timers(current());
}

// The kernel's own timer is left: one that fires too early is harmless.
void CpuTimer::cancel() {
  if (std::exchange(callback_, nullptr)) clock_->heap(kind_).remove(*this);
}

std::uint64_t CpuClock::remaining_ns() const {
  std::uint64_t remaining = TimerQueue::kNever;
  for (const CpuTimeKind kind : {CpuTimeKind::kTotal, CpuTimeKind::kUser}) {
    const CpuTimer* first = (kind == CpuTimeKind::kUser ? user_ : total_).first();
    if (!first || first->expires_ns_ == kEndOfTimeNs) continue;
    const std::uint64_t time = now(kind);
    remaining = std::min(remaining, first->expires_ns_ > time ? first->expires_ns_ - time : 0);
  }
  return remaining;
}

void CpuClock::run_expired() {
  run_expired(CpuTimeKind::kTotal);
  run_expired(CpuTimeKind::kUser);
}

// Whoever is called back may arm the timer again, for later.
void CpuClock::run_expired(CpuTimeKind kind) {
  const std::uint64_t time = now(kind);
  while (CpuTimer* timer = heap(kind).first()) {
    if (timer->expires_ns_ > time || timer->expires_ns_ == kEndOfTimeNs) return;
    const CpuTimer::Callback callback = timer->callback_;
    timer->cancel();
    callback(*timer);
  }
}

void CpuClock::end() {
  while (CpuTimer* timer = attached_.front()) timer->detach();
}

}  // namespace kernel::task
