#include "task/timer_queue.h"

namespace kernel::task {

void TimerQueue::arm(Timer& timer, std::uint64_t deadline_ns, Timer::Callback callback) {
  timer.cancel();
  timer.queue_ = this;
  timer.callback_ = callback;
  timer.deadline_ns_ = saturating_add(deadline_ns, 0);
  heap_.insert(timer);
}

void TimerQueue::cancel(Timer& timer) {
  heap_.remove(timer);
  timer.queue_ = nullptr;
}

void TimerQueue::run_expired(std::uint64_t now) {
  for (Timer* timer; (timer = heap_.first()) && timer->deadline_ns_ <= now && timer->deadline_ns_ != kNever;) {
    cancel(*timer);
    timer->callback_(*timer);
  }
}

}  // namespace kernel::task
