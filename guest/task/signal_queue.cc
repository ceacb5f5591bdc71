#include <new>
#include <utility>

#include "task/posix_timers.h"
#include "task/signal_state.h"

namespace kernel::task {

Result<void> PendingSignals::add(const SignalInfo& info, SignalCharge charge) {
  const SignalSet bit = signal_bit(info.signal);
  if (info.signal < kSigRtMin && (set & bit) && info.padding != kFromPosixTimer) return {};
  set |= bit;
  auto* entry = new (std::nothrow) QueuedSignal{info, std::move(charge), {}};
  if (!entry) return Errno::kAgain;
  queue.push_back(*entry);
  ++queued;
  return {};
}

SignalInfo PendingSignals::take(int signal) {
  SignalInfo info;
  info.signal = signal;
  QueuedSignal* first = nullptr;
  bool more = false;
  for (QueuedSignal& entry : queue) {
    if (entry.info.signal != signal) continue;
    if (first) {
      more = true;
      break;
    }
    first = &entry;
  }
  if (!more) set &= ~signal_bit(signal);
  if (first) {
    info = first->info;
    delete first;
    --queued;
  }
  return info;
}

bool PendingSignals::pay_for_timer_signal(int timer, SignalCharge& charge) {
  for (QueuedSignal& entry : queue) {
    if (entry.info.padding != kFromPosixTimer || entry.info.timer.id != timer) continue;
    entry.charge = std::move(charge);
    return true;
  }
  return false;
}

void PendingSignals::discard_timer_signals() {
  for (QueuedSignal& entry : queue) {
    if (entry.info.padding != kFromPosixTimer) continue;
    const int signal = entry.info.signal;
    delete &entry;
    --queued;
    bool more = false;
    for (const QueuedSignal& other : queue) more = more || other.info.signal == signal;
    if (!more) set &= ~signal_bit(signal);
  }
}

void PendingSignals::discard(SignalSet signals) {
  set &= ~signals;
  for (QueuedSignal& entry : queue) {
    if (!(signals & signal_bit(entry.info.signal))) continue;
    delete &entry;
    --queued;
  }
}

}  // namespace kernel::task
