// Timers in the order of their deadlines. Arming a timer is O(1) and cannot fail; cancelling and expiring are O(log n)
// amortised.
#pragma once

#include <cstdint>

#include "lib/pairing_heap.h"
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
  HeapLinks<Timer> links_;
};

class TimerQueue {
 public:
  static constexpr std::uint64_t kNever = kEndOfTimeNs;
  std::uint64_t next_ns() const { return heap_.empty() ? kNever : heap_.first()->deadline_ns_; }

  // Arms `timer`, or moves it if it is armed. One for kNever is armed, and does not fire.
  void arm(Timer& timer, std::uint64_t deadline_ns, Timer::Callback callback);
  void cancel(Timer& timer);
  // Disarms every timer whose deadline is not after `now`, earliest first, and calls its callback, which may arm it
  // again, for a deadline after `now`. But whatever recurs at a period that a payload chooses is not armed here: nothing
  // else would run once the period is shorter than what it costs, which is 100 us and more where CPL 0 is emulated. It is
  // armed by whoever takes what it sent (task/timers.h), who needs CPU time for that.
  void run_expired(std::uint64_t now);

 private:
  struct Earlier {
    static bool before(const Timer& a, const Timer& b) { return a.deadline_ns_ < b.deadline_ns_; }
  };
  PairingHeap<Timer, &Timer::links_, Earlier> heap_;
};

inline void Timer::cancel() {
  if (queue_) queue_->cancel(*this);
}

}  // namespace kernel::task
