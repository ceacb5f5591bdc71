// Timers on CPU time: of a process or of one thread, all of it or what was spent in user mode. What sets them is
// timer_create(2) and clock_nanosleep(2) on CPU-time clocks (clock_getcpuclockid(3)), also on those of other processes.
//
// Nothing ticks: task/timers.cc arms a timer of the kernel's queue for whoever has the CPU, since nobody else's time passes.
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/pairing_heap.h"
#include "task/cpu_time.h"

namespace kernel::task {

class CpuClock;

enum class CpuTimeKind : std::uint8_t { kTotal, kUser };

// Stays attached to one clock until it is destroyed, or until the clock is: whoever made the timer may outlive what it
// counts the time of, and the other way round.
class CpuTimer {
 public:
  using Callback = void (*)(CpuTimer&);

  CpuTimer() = default;
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;
  ~CpuTimer() { detach(); }

  void attach(CpuClock& clock, CpuTimeKind kind);
  bool attached() const { return clock_ != nullptr; }
  std::uint64_t now() const;  // 0 once it is not attached any more
  // Calls back when the clock shows `ns`, at the earliest; at once if it is the current task's and shows that already. Nothing
  // happens if it is not attached.
  void arm(std::uint64_t ns, Callback callback);
  bool armed() const { return callback_ != nullptr; }
  void cancel();

  void* owner = nullptr;  // for the callback

 private:
  friend class CpuClock;
  void detach();

  CpuClock* clock_ = nullptr;
  Callback callback_ = nullptr;
  std::uint64_t expires_ns_ = 0;
  CpuTimeKind kind_ = CpuTimeKind::kTotal;
  HeapLinks<CpuTimer> links_;
  ListNode node_;  // all that are attached
};

class CpuClock {
 public:
  explicit CpuClock(const CpuTime& time) : time_(time) {}
  CpuClock(const CpuClock&) = delete;
  CpuClock& operator=(const CpuClock&) = delete;
  ~CpuClock() { end(); }

  std::uint64_t now(CpuTimeKind kind) const { return kind == CpuTimeKind::kUser ? time_.user_ns : time_.total_ns(); }
  bool has_armed_timers() const { return !total_.empty() || !user_.empty(); }
  // For how long it runs until the first timer expires, at least.
  std::uint64_t remaining_ns() const;
  void run_expired();
  // Nobody goes by it any more: what is still armed never expires, as on Linux.
  void end();

 private:
  friend class CpuTimer;
  struct Earlier {
    static bool before(const CpuTimer& a, const CpuTimer& b) { return a.expires_ns_ < b.expires_ns_; }
  };
  using Heap = PairingHeap<CpuTimer, &CpuTimer::links_, Earlier>;
  Heap& heap(CpuTimeKind kind) { return kind == CpuTimeKind::kUser ? user_ : total_; }
  void run_expired(CpuTimeKind kind);

  const CpuTime& time_;
  Heap total_, user_;
  List<CpuTimer, &CpuTimer::node_> attached_;
};

}  // namespace kernel::task
