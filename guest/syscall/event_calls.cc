#include "syscall/event_calls.h"

#include "fs/event_counter.h"
#include "fs/file_table.h"
#include "fs/signal_file.h"
#include "fs/timer_file.h"
#include "syscall/clocks.h"
#include "syscall/file_arguments.h"
#include "syscall/time_values.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

constexpr std::uint32_t kCommonFlags = fs::kNonBlock | fs::kCloseOnExec;

Result<fs::TimerClock> timer_clock(int number) {
  switch (number) {
    case kClockRealtime:
    case kClockRealtimeAlarm:
      return fs::TimerClock{.number = number, .wall = true, .alarm = number == kClockRealtimeAlarm};
    case kClockMonotonic:
    case kClockBootTime:
    case kClockBootTimeAlarm:
      return fs::TimerClock{.number = number, .wall = false, .alarm = number == kClockBootTimeAlarm};
    default:
      return Errno::kInval;
  }
}

// Alarms would wake the machine if it slept.
Result<void> check_alarm(const fs::TimerClock& clock) {
  if (clock.alarm && !task::current().credentials.can(task::Capability::kWakeAlarm)) return Errno::kPerm;
  return {};
}

SyscallResult install(Ref<fs::File> file, std::uint32_t flags) {
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), flags & fs::kCloseOnExec)));
}

}  // namespace

SyscallResult sys_eventfd(std::uint32_t value) {
  return sys_eventfd2(value, 0);
}

SyscallResult sys_eventfd2(std::uint32_t value, std::uint32_t flags) {
  constexpr std::uint32_t kSemaphore = 1;
  if (flags & ~(kSemaphore | kCommonFlags)) return Errno::kInval;
  Ref<fs::File> file = TRY(fs::make_event_counter(value, flags & kSemaphore, flags & fs::kNonBlock));
  return install(std::move(file), flags);
}

SyscallResult sys_timerfd_create(int number, std::uint32_t flags) {
  if (flags & ~kCommonFlags) return Errno::kInval;
  const fs::TimerClock clock = TRY(timer_clock(number));
  TRY(check_alarm(clock));
  return install(TRY(fs::TimerFile::create(clock, flags & fs::kNonBlock)), flags);
}

SyscallResult sys_timerfd_settime(int fd, std::uint32_t flags, mm::UserPtr<const ItimerSpec> value,
                                  mm::UserPtr<ItimerSpec> old_value) {
  const ItimerSpec wanted = TRY(value.read());
  if (flags & ~(fs::TimerFile::kAbsolute | fs::TimerFile::kCancelOnSet)) return Errno::kInval;
  const std::uint64_t time = TRY(nanoseconds_of(wanted.value));
  const std::uint64_t interval = TRY(nanoseconds_of(wanted.interval));
  const Ref<fs::File> file = TRY(file_argument(fd));
  auto* timer = fs::file_as<fs::TimerFile>(*file);
  if (!timer) return Errno::kInval;
  TRY(check_alarm(timer->clock()));
  const fs::TimerFile::Change change = timer->set(flags, time, interval);
  if (change.cancelled) return Errno::kCanceled;
  if (old_value) TRY(old_value.write(to_itimer_spec(change.before)));
  return 0;
}

SyscallResult sys_timerfd_gettime(int fd, mm::UserPtr<ItimerSpec> value) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  auto* timer = fs::file_as<fs::TimerFile>(*file);
  if (!timer) return Errno::kInval;
  TRY(value.write(to_itimer_spec(timer->get())));
  return 0;
}

SyscallResult sys_signalfd(int fd, mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size) {
  return sys_signalfd4(fd, mask, mask_size, 0);
}

SyscallResult sys_signalfd4(int fd, mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size, std::uint32_t flags) {
  if (mask_size != sizeof(task::SignalSet)) return Errno::kInval;
  const task::SignalSet signals = TRY(mask.read());
  if (flags & ~kCommonFlags) return Errno::kInval;
  if (fd == -1) return install(TRY(fs::SignalFile::create(signals, flags & fs::kNonBlock)), flags);
  const Ref<fs::File> file = TRY(file_argument(fd));
  auto* existing = fs::file_as<fs::SignalFile>(*file);
  if (!existing) return Errno::kInval;
  existing->set_mask(signals);
  return static_cast<std::uint64_t>(fd);
}

}  // namespace kernel::syscall
