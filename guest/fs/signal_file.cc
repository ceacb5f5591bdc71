#include "fs/signal_file.h"

#include <utility>

#include "fs/proc/proc_text.h"
#include "fs/signal_record.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constexpr task::SignalSet kNeverTaken = task::signal_bit(task::kSigKill) | task::signal_bit(task::kSigStop);

}  // namespace

Result<Ref<SignalFile>> SignalFile::create(task::SignalSet mask, std::uint32_t flags) {
  Path place = TRY(anonymous_place("[signalfd]"));
  return make_ref<SignalFile>(std::move(place), mask, flags);
}

SignalFile::SignalFile(Path place, task::SignalSet mask, std::uint32_t flags)
    : AnonymousFile(std::move(place), kReadWrite | flags, kKind), mask_(mask & ~kNeverTaken) {}

void SignalFile::set_mask(task::SignalSet mask) {
  mask_ = mask & ~kNeverTaken;
  task::current().process->signals.handlers->arrived.wake(task::kAnyEvent);
}

Readiness SignalFile::readiness() {
  const task::Task& self = task::current();
  const std::uint32_t events = task::pending_signals(self) & mask_ ? kPollIn : 0;
  return {events, &self.process->signals.handlers->arrived};
}

// As many as there are and fit; waits for the first only.
Result<std::size_t> SignalFile::do_read(std::uint64_t, mm::IoBuffer& buffer) {
  if (buffer.remaining() < sizeof(SignalRecord)) return Errno::kInval;
  task::Task& self = task::current();
  const Ref<task::SignalHandlers> handlers = self.process->signals.handlers;
  std::size_t total = 0;
  while (buffer.remaining() >= sizeof(SignalRecord)) {
    const auto arrived = [&] { return (task::pending_signals(self) & mask_) != 0; };
    if (!arrived()) {
      if (total > 0) break;
      if (non_blocking()) return Errno::kAgain;
      TRY(handlers->arrived.wait_until(arrived));
      continue;
    }
    // Whoever cannot be given a signal loses it, as on Linux; but not for a page that is only late.
    if (auto room = buffer.check_room(sizeof(SignalRecord)); !room && buffer.pending())
      return moved_or(total, room.error());
    task::SignalInfo info;
    if (!task::take_signal(self, mask_, info)) continue;
    if (auto stored = buffer.store_value(to_record(info)); !stored) return moved_or(total, stored.error());
    total += sizeof(SignalRecord);
  }
  return total;
}

void SignalFile::describe(ProcText& text) {
  text.put("sigmask:\t");
  text.put_number(mask_, 16, 16, '0');
  text.put("\n");
}

}  // namespace kernel::fs
