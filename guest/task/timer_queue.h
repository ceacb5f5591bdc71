// Timers in the order of their deadlines: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986) of objects that
// carry their own links, so that arming a timer cannot fail. Arming is O(1); cancelling and expiring are O(log n)
// amortised.
#pragma once

#include <cstdint>

#include "lib/time.h"

namespace kernel::task {

class TimerQueue;

// Something that happens at a point of monotonic time. A timer cancels itself when it is destroyed.
class Timer {
 public:
  using Callback = void (*)(Timer&);

  constexpr Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  bool armed() const { return queue_ != nullptr; }
  std::uint64_t deadline_ns() const { return deadline_ns_; }  // while armed
  void cancel();

  void* owner = nullptr;  // for the callback

 private:
  friend class TimerQueue;
  TimerQueue* queue_ = nullptr;
  Callback callback_ = nullptr;
  std::uint64_t deadline_ns_ = 0;
  // The heap: a node's first child, its next sibling, and its previous sibling or (of a first child) its parent.
  Timer* child_ = nullptr;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
};

class TimerQueue {
 public:
  constexpr TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  static constexpr std::uint64_t kNever = kEndOfTimeNs;
  std::uint64_t next_ns() const { return root_ ? root_->deadline_ns_ : kNever; }

  // Arms `timer`, or moves it if it is armed. One for kNever is armed, and does not fire.
  void arm(Timer& timer, std::uint64_t deadline_ns, Timer::Callback callback);
  void cancel(Timer& timer);
  // Disarms every timer whose deadline is not after `now`, earliest first, and calls its callback, which may arm it
  // again, for a deadline after `now`. But whatever recurs at a period that a payload chooses is not armed here: nothing
  // else would run once the period is shorter than what it costs, which is 100 us and more where CPL 0 is emulated. It is
  // armed by whoever takes what it sent (task/timers.h), who needs CPU time for that.
  void run_expired(std::uint64_t now);

 private:
  static Timer* meld(Timer* a, Timer* b);
  static Timer* meld_children(Timer& timer);
  Timer* root_ = nullptr;
};

inline void Timer::cancel() {
  if (queue_) queue_->cancel(*this);
}

}  // namespace kernel::task
