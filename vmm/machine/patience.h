// How long a guest's kernel may leave a signal that asks for the end: judged tick by tick by the processor time that the
// vCPU's thread has had, since a guest that had none on a busy host is not to blame.
//
// What counts of a tick is the time that the thread ran in it. A thread that ran next to nothing although it could handle the
// tick is blocked (a HLT with interrupts disabled, a lock, a write that waits), and nothing but a signal will move it: that
// is a whole tick. One that waits for the processor runs for at least its slice (1 to 3 ms) once it has handled the tick. And
// whoever sent the signal waits as well: after kMostTicks it is over however little the guest had.
#pragma once

#include <algorithm>
#include <cstdint>

namespace husk::machine {

class Patience {
 public:
  static constexpr std::int64_t kTickNs = 100'000'000;
  static constexpr int kPatienceTicks = 7;
  static constexpr int kLastTicks = 9;
  static constexpr int kMostTicks = 30;

  enum class State {
    kWaiting,
    kOver,      // the loop around KVM_RUN is to end the VM
    kLastStep,  // and has not done so
  };

  // `cpu_ns`: the thread's processor time now.
  constexpr void begin(std::int64_t cpu_ns) { *this = Patience(cpu_ns); }
  constexpr State tick(std::int64_t cpu_ns) {
    const std::int64_t used = cpu_ns - last_cpu_ns_;
    last_cpu_ns_ = cpu_ns;
    had_ns_ += used < kBlockedNs ? kTickNs : std::min(used, kTickNs);
    ++ticks_;
    if (is_past(kLastTicks, kMostTicks + kLastTicks - kPatienceTicks)) return State::kLastStep;
    return is_past(kPatienceTicks, kMostTicks) ? State::kOver : State::kWaiting;
  }

  constexpr Patience() = default;

 private:
  static constexpr std::int64_t kBlockedNs = kTickNs / 100;

  constexpr explicit Patience(std::int64_t cpu_ns) : last_cpu_ns_(cpu_ns) {}

  // Half a tick less: a thread that ran all the time has seldom run for quite all of it.
  constexpr bool is_past(int had_ticks, int most_ticks) const {
    return had_ns_ >= had_ticks * kTickNs - kTickNs / 2 || ticks_ >= most_ticks;
  }

  std::int64_t last_cpu_ns_ = 0;
  std::int64_t had_ns_ = 0;
  int ticks_ = 0;
};

}  // namespace husk::machine
