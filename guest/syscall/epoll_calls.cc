#include "syscall/epoll_calls.h"

#include "abi/husk_abi.h"
#include "fs/epoll.h"
#include "fs/file_table.h"
#include "syscall/file_arguments.h"
#include "syscall/temporary_mask.h"
#include "syscall/time_values.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

using fs::Epoll;
using fs::EpollEvent;

// epoll_ctl(2).
enum Operation : int { kAdd = 1, kDelete = 2, kModify = 3 };

// What an exclusive interest may ask for (epoll_ctl(2), EPOLLEXCLUSIVE).
constexpr std::uint32_t kExclusiveWanted =
    fs::kPollIn | fs::kPollOut | fs::kPollErr | fs::kPollHup | fs::kEpollWakeUp | fs::kEpollEdge | fs::kEpollExclusive;

constexpr int kMostEvents = 0x7fff'ffff / static_cast<int>(sizeof(EpollEvent));  // Linux's EP_MAX_EVENTS

Deadline deadline_of(int milliseconds) {
  if (milliseconds < 0) return Deadline::never();
  if (milliseconds == 0) return Deadline::at(0);
  return Deadline::after(static_cast<std::uint64_t>(milliseconds) * 1'000'000);
}

SyscallResult wait_for_events(int epoll_fd, mm::UserPtr<EpollEvent> events, int most, Deadline deadline) {
  const Ref<fs::File> file = TRY(file_argument(epoll_fd));
  if (most <= 0 || most > kMostEvents) return Errno::kInval;
  const std::uint64_t room = static_cast<std::uint64_t>(most) * sizeof(EpollEvent);
  if (events.address() > husk::abi::kUserEnd || room > husk::abi::kUserEnd - events.address()) return Errno::kFault;
  Epoll* epoll = fs::file_as<Epoll>(*file);
  if (!epoll) return Errno::kInval;
  return epoll->wait(events, static_cast<std::size_t>(most), deadline);
}

// A call that a signal ends has ended, handler or not (signal(7)); the handler runs under the temporary mask.
SyscallResult wait_under_mask(int epoll_fd, mm::UserPtr<EpollEvent> events, int most, Deadline deadline,
                              mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size) {
  TemporaryMask temporary;
  TRY(temporary.read(mask, mask_size));
  auto result = wait_for_events(epoll_fd, events, most, deadline);
  if (result.error() == Errno::kIntr) temporary.hand_over();
  return result;
}

}  // namespace

SyscallResult sys_epoll_create(int size) {
  if (size <= 0) return Errno::kInval;
  return sys_epoll_create1(0);
}

SyscallResult sys_epoll_create1(std::uint32_t flags) {
  if (flags & ~fs::kCloseOnExec) return Errno::kInval;
  Ref<fs::File> file = TRY(Epoll::create());
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), flags & fs::kCloseOnExec)));
}

SyscallResult sys_epoll_ctl(int epoll_fd, int operation, int fd, mm::UserPtr<const EpollEvent> event) {
  EpollEvent wanted{};
  if (operation != kDelete) wanted = TRY(event.read());
  const Ref<fs::File> epoll_file = TRY(file_argument(epoll_fd));
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (!file->can_be_polled()) return Errno::kPerm;
  Epoll* epoll = fs::file_as<Epoll>(*epoll_file);
  if (!epoll || file == epoll_file) return Errno::kInval;
  // Nothing here sleeps as a whole machine: nothing is to be kept awake (EPOLLWAKEUP, as without CAP_BLOCK_SUSPEND).
  wanted.events &= ~fs::kEpollWakeUp;
  if (wanted.events & fs::kEpollExclusive) {
    if (operation == kModify) return Errno::kInval;
    if (operation == kAdd && ((wanted.events & ~kExclusiveWanted) || fs::file_as<Epoll>(*file))) return Errno::kInval;
  }
  switch (operation) {
    case kAdd:
      return done(epoll->add(*file, fd, wanted));
    case kDelete:
      return done(epoll->remove(*file, fd));
    case kModify:
      return done(epoll->modify(*file, fd, wanted));
    default:
      return Errno::kInval;
  }
}

SyscallResult sys_epoll_wait(int epoll_fd, mm::UserPtr<EpollEvent> events, int most, int milliseconds) {
  return wait_for_events(epoll_fd, events, most, deadline_of(milliseconds));
}

SyscallResult sys_epoll_pwait(int epoll_fd, mm::UserPtr<EpollEvent> events, int most, int milliseconds,
                              mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size) {
  return wait_under_mask(epoll_fd, events, most, deadline_of(milliseconds), mask, mask_size);
}

SyscallResult sys_epoll_pwait2(int epoll_fd, mm::UserPtr<EpollEvent> events, int most,
                               mm::UserPtr<const Timespec> timeout, mm::UserPtr<const std::uint64_t> mask,
                               std::size_t mask_size) {
  Deadline deadline = Deadline::never();
  if (timeout) {
    const std::uint64_t ns = TRY(read_duration(timeout));
    deadline = ns == 0 ? Deadline::at(0) : Deadline::after(ns);
  }
  return wait_under_mask(epoll_fd, events, most, deadline, mask, mask_size);
}

}  // namespace kernel::syscall
