#include "syscall/poll_calls.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

#include "fs/file.h"
#include "fs/file_table.h"
#include "fs/poll.h"
#include "lib/small_array.h"
#include "lib/vector.h"
#include "syscall/file_arguments.h"
#include "syscall/temporary_mask.h"
#include "syscall/time_values.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

// One file that is asked about. Where it lies it stays, since its entry is on a queue while the call waits.
struct Item {
  Ref<fs::File> file;  // null: nothing to ask (a negative or a bad descriptor)
  std::uint32_t wanted = 0;
  std::uint32_t ready = 0;
  std::uint8_t sets = 0;  // of select(2)
  int fd = -1;
  task::WaitEntry entry;  // after file, whose queue it is on
};

constexpr std::size_t kFewItems = 8;
using Items = SmallArray<Item, kFewItems>;

constexpr std::uint32_t kAlwaysReported = fs::kPollErr | fs::kPollHup | fs::kPollNval;

// The items are on no queue any more when the sleeper goes that their entries lead to.
class LeaveQueues {
 public:
  explicit LeaveQueues(Items& items) : items_(items) {}
  LeaveQueues(const LeaveQueues&) = delete;
  LeaveQueues& operator=(const LeaveQueues&) = delete;
  ~LeaveQueues() {
    for (Item& item : items_) item.entry.detach();
  }

 private:
  Items& items_;
};

// Waits until an item is ready, the deadline or a signal (kRestart). The number of ready items.
Result<std::size_t> wait_for(Items& items, Deadline deadline) {
  task::Sleeper sleeper;
  const LeaveQueues at_the_end(items);
  bool watches = !deadline.passed();
  while (true) {
    std::size_t ready = 0;
    for (Item& item : items) {
      if (item.file) {
        const fs::Readiness now = item.file->readiness();
        const std::uint32_t reported = item.wanted | kAlwaysReported;
        item.ready = now.events & reported;
        // Once something is ready nothing will be waited for.
        if (watches && ready == 0 && !item.ready && now.changes) item.entry.attach(*now.changes, sleeper, reported);
      }
      if (item.ready) ++ready;
    }
    if (ready > 0 || deadline.passed()) return ready;
    watches = false;
    auto woken = sleeper.sleep(deadline);
    if (!woken && woken.error() == Errno::kRestart) return Errno::kRestart;
  }
}

// How long a call waits at most, and what it tells of it.
class Timeout {
 public:
  static Timeout forever() { return Timeout({}, Deadline::never()); }
  static Result<Timeout> of(const Timespec& time) {
    const std::uint64_t ns = TRY(nanoseconds_of(time));
    return Timeout(time, ns == 0 ? Deadline::at(0) : Deadline::after(ns));
  }
  // Microseconds of a second and more are accepted and carried over, as Linux does.
  static Result<Timeout> of(const Timeval& time) {
    std::int64_t seconds;
    if (__builtin_add_overflow(time.seconds, time.microseconds / 1'000'000, &seconds)) return Errno::kInval;
    return of(Timespec{seconds, time.microseconds % 1'000'000 * 1000});
  }

  Deadline deadline() const { return deadline_; }
  bool is_zero() const { return given_.seconds == 0 && given_.nanoseconds == 0; }
  // What is left of it. Of one beyond the end of time, that part stays as it was given.
  Timespec remaining() const {
    Timespec left = to_timespec(deadline_.remaining_ns());
    if (deadline_.is_never() && given_.seconds > left.seconds) left.seconds = given_.seconds;
    return left;
  }

 private:
  Timeout(const Timespec& given, Deadline deadline) : given_(given), deadline_(deadline) {}
  Timespec given_;
  Deadline deadline_;
};

// select(2) and ppoll(2) on Linux change the timeout to what is left. That is also how an interrupted call without a
// handler goes on with the rest, so where it cannot be written, the call ends with EINTR instead of waiting afresh; a
// result that is there already is not lost for it. A zero timeout is left alone.
template <typename Time>
SyscallResult finish(SyscallResult result, const Timeout& timeout, mm::UserPtr<Time> address) {
  const bool interrupted = result.error() == Errno::kRestart;
  bool written = true;
  if (address && !timeout.is_zero()) {
    const Timespec left = timeout.remaining();
    if constexpr (std::is_same_v<Time, Timeval>) {
      written = address.write(Timeval{left.seconds, left.nanoseconds / 1000}).ok();
    } else {
      written = address.write(left).ok();
    }
  }
  if (!interrupted) return result;
  return written ? Errno::kRestartNoHandler : Errno::kIntr;
}

SyscallResult poll_until(mm::UserPtr<UserPoll> polls, std::uint32_t count, Deadline deadline) {
  if (count > task::current().process->limits.current(task::Resource::kOpenFiles)) return Errno::kInval;
  SmallArray<UserPoll, kFewItems> entries;
  TRY(entries.make(count));
  TRY(mm::copy_from_user(entries.begin(), polls.address(), count * sizeof(UserPoll)));
  Items items;
  TRY(items.make(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (entries[i].fd < 0) continue;
    auto file = task::current().files->get(entries[i].fd);
    if (file) {
      items[i].file = file.take();
      items[i].wanted = static_cast<std::uint16_t>(entries[i].events);
    } else {
      items[i].ready = fs::kPollNval;
    }
  }
  auto ready = wait_for(items, deadline);
  // Also of a call that a signal ends: nothing was ready. Only this field is the kernel's to write.
  for (std::size_t i = 0; i < count; ++i) {
    const auto events = static_cast<std::int16_t>(items[i].ready);
    const std::uint64_t field = polls.address() + i * sizeof(UserPoll) + offsetof(UserPoll, ready);
    TRY(mm::copy_to_user(field, &events, sizeof events));
  }
  return ready;
}

// Descriptors beyond the table are ignored, those in it that are not open are EBADF (select(2)); Linux's table has 64
// places at first, then 128 times a power of two.
int table_size(int end) {
  if (end <= 64) return 64;
  return 128 * static_cast<int>(std::bit_ceil(static_cast<unsigned>((end - 1) / 128 + 1)));
}

constexpr std::size_t kSets = 3;
// Which events make a descriptor ready in each set (select(2), "Correspondence between select() and poll()
// notifications").
constexpr std::uint32_t kSelectWanted[kSets] = {fs::kPollReadable, fs::kPollWritable, fs::kPollPri};
constexpr std::uint32_t kSelectReady[kSets] = {fs::kPollReadable | fs::kPollHup | fs::kPollErr,
                                               fs::kPollWritable | fs::kPollErr, fs::kPollPri};

SyscallResult select_until(int count, const mm::UserPtr<std::uint64_t> (&sets)[kSets], Deadline deadline) {
  if (count < 0) return Errno::kInval;
  count = std::min(count, table_size(task::current().files->end()));
  const std::size_t words = (static_cast<std::size_t>(count) + 63) / 64;
  Vector<std::uint64_t> bits[kSets];
  for (std::size_t s = 0; s < kSets; ++s) {
    if (!sets[s]) continue;
    TRY(bits[s].resize(words));
    TRY(mm::copy_from_user(bits[s].data(), sets[s].address(), words * sizeof(std::uint64_t)));
  }
  const auto sets_of = [&](int fd) {
    std::uint8_t asked = 0;
    for (std::size_t s = 0; s < kSets; ++s) {
      if (!bits[s].empty() && (bits[s][static_cast<std::size_t>(fd) / 64] >> (fd % 64) & 1)) {
        asked |= static_cast<std::uint8_t>(1 << s);
      }
    }
    return asked;
  };
  std::size_t asked = 0;
  for (int fd = 0; fd < count; ++fd) asked += sets_of(fd) != 0;
  Items items;
  TRY(items.make(asked));
  Item* item = items.begin();
  for (int fd = 0; fd < count; ++fd) {
    const std::uint8_t sets_with_it = sets_of(fd);
    if (sets_with_it == 0) continue;
    item->fd = fd;
    item->sets = sets_with_it;
    for (std::size_t s = 0; s < kSets; ++s) {
      if (sets_with_it >> s & 1) item->wanted |= kSelectWanted[s];
    }
    item->file = TRY(task::current().files->get(fd));
    ++item;
  }
  while (true) {
    TRY(wait_for(items, deadline));
    std::size_t ready = 0;
    for (auto& set : bits) std::fill(set.begin(), set.end(), 0);
    for (const Item& each : items) {
      for (std::size_t s = 0; s < kSets; ++s) {
        if (!(each.sets >> s & 1) || !(each.ready & kSelectReady[s])) continue;
        bits[s][static_cast<std::size_t>(each.fd) / 64] |= std::uint64_t{1} << (each.fd % 64);
        ++ready;
      }
    }
    // An event that no set asks about (a hang-up of a descriptor in the write set only) does not end the call.
    if (ready == 0 && !deadline.passed()) {
      for (Item& each : items) {
        if (each.ready && !(each.ready & each.wanted)) each.file = nullptr, each.ready = 0;
      }
      continue;
    }
    for (std::size_t s = 0; s < kSets; ++s) {
      if (sets[s]) TRY(mm::copy_to_user(sets[s].address(), bits[s].data(), words * sizeof(std::uint64_t)));
    }
    return ready;
  }
}

template <typename Time>
Result<Timeout> read_timeout(mm::UserPtr<Time> address) {
  if (!address) return Timeout::forever();
  const auto time = TRY(address.read());
  return Timeout::of(time);
}

SyscallResult poll_from(mm::UserPtr<UserPoll> polls, std::uint32_t count, Deadline deadline);

SyscallResult poll_again(const task::RestartBlock& restart) {
  return poll_from(mm::UserPtr<UserPoll>(restart.user_address), static_cast<std::uint32_t>(restart.arguments[0]),
                   restart.deadline);
}

// poll(2) has no timeout to write back: interrupted without a handler, it goes on to the same deadline.
SyscallResult poll_from(mm::UserPtr<UserPoll> polls, std::uint32_t count, Deadline deadline) {
  auto ready = poll_until(polls, count, deadline);
  if (ready || ready.error() != Errno::kRestart) return ready;
  task::current().signals.restart = {
      .resume = poll_again, .deadline = deadline, .user_address = polls.address(), .arguments = {count, 0}};
  return Errno::kRestartBlock;
}

}  // namespace

SyscallResult sys_poll(mm::UserPtr<UserPoll> polls, std::uint32_t count, std::int32_t milliseconds) {
  Deadline deadline = Deadline::never();
  if (milliseconds == 0) deadline = Deadline::at(0);
  if (milliseconds > 0) deadline = Deadline::after(static_cast<std::uint64_t>(milliseconds) * 1'000'000);
  return poll_from(polls, count, deadline);
}

SyscallResult sys_ppoll(mm::UserPtr<UserPoll> polls, std::uint32_t count, mm::UserPtr<Timespec> time,
                        mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size) {
  const Timeout timeout = TRY(read_timeout(time));
  TemporaryMask temporary;
  TRY(temporary.read(mask, mask_size));
  auto ready = poll_until(polls, count, timeout.deadline());
  if (ready.error() == Errno::kRestart) temporary.hand_over();
  return finish(std::move(ready), timeout, time);
}

SyscallResult sys_select(int count, mm::UserPtr<std::uint64_t> read, mm::UserPtr<std::uint64_t> write,
                         mm::UserPtr<std::uint64_t> except, mm::UserPtr<Timeval> time) {
  const Timeout timeout = TRY(read_timeout(time));
  return finish(select_until(count, {read, write, except}, timeout.deadline()), timeout, time);
}

SyscallResult sys_pselect6(int count, mm::UserPtr<std::uint64_t> read, mm::UserPtr<std::uint64_t> write,
                           mm::UserPtr<std::uint64_t> except, mm::UserPtr<Timespec> time,
                           mm::UserPtr<const UserSignalMask> mask) {
  const Timeout timeout = TRY(read_timeout(time));
  TemporaryMask temporary;
  if (mask) {
    const UserSignalMask given = TRY(mask.read());
    TRY(temporary.read(mm::UserPtr<const std::uint64_t>(given.address), given.size));
  }
  auto ready = select_until(count, {read, write, except}, timeout.deadline());
  if (ready.error() == Errno::kRestart) temporary.hand_over();
  return finish(std::move(ready), timeout, time);
}

}  // namespace kernel::syscall
