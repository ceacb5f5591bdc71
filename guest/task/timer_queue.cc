#include "task/timer_queue.h"

#include <utility>

namespace kernel::task {

// Makes the later of two roots the first child of the earlier one.
Timer* TimerQueue::meld(Timer* a, Timer* b) {
  if (!a) return b;
  if (!b) return a;
  if (b->deadline_ns_ < a->deadline_ns_) std::swap(a, b);
  b->next_ = a->child_;
  if (b->next_) b->next_->previous_ = b;
  b->previous_ = a;
  a->child_ = b;
  return a;
}

// One heap of all children of `timer`: meld them in pairs from the left, then all pairs from the right.
Timer* TimerQueue::meld_children(Timer& timer) {
  Timer* pairs = nullptr;  // a stack, linked through next_
  for (Timer* first = std::exchange(timer.child_, nullptr); first != nullptr;) {
    Timer* second = first->next_;
    Timer* rest = second ? second->next_ : nullptr;
    first->next_ = nullptr;
    if (second) second->next_ = nullptr;
    Timer* pair = meld(first, second);
    pair->next_ = pairs;
    pairs = pair;
    first = rest;
  }
  Timer* heap = nullptr;
  while (pairs) {
    Timer* pair = pairs;
    pairs = pair->next_;
    pair->next_ = nullptr;
    heap = meld(heap, pair);
  }
  if (heap) heap->previous_ = nullptr;
  return heap;
}

void TimerQueue::arm(Timer& timer, std::uint64_t deadline_ns, Timer::Callback callback) {
  timer.cancel();
  timer.queue_ = this;
  timer.callback_ = callback;
  timer.deadline_ns_ = saturating_add(deadline_ns, 0);
  root_ = meld(root_, &timer);
}

void TimerQueue::cancel(Timer& timer) {
  if (&timer == root_) {
    root_ = meld_children(timer);
  } else {
    if (timer.previous_->child_ == &timer) {
      timer.previous_->child_ = timer.next_;
    } else {
      timer.previous_->next_ = timer.next_;
    }
    if (timer.next_) timer.next_->previous_ = timer.previous_;
    timer.next_ = timer.previous_ = nullptr;
    root_ = meld(root_, meld_children(timer));
  }
  timer.queue_ = nullptr;
}

void TimerQueue::run_expired(std::uint64_t now) {
  while (root_ && root_->deadline_ns_ <= now && root_->deadline_ns_ != kNever) {
    Timer& timer = *root_;
    cancel(timer);
    timer.callback_(timer);
  }
}

}  // namespace kernel::task
