// Waiting. Whoever waits for something has an entry on that thing's wait queue, and whoever makes it true wakes the
// queue, saying what has happened. An entry leads to a Waiter: a sleeping task (Sleeper), an epoll item, a signal to
// send. The kernel is not preemptible, so between testing the condition and sleeping nothing can happen: no lost
// wake-ups.
//
//   TRY(changed_.wait_until([&] { return !empty() || writers_ == 0; }));
//
// docs/waiting.md has the picture: who sleeps where, and who wakes whom.
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/result.h"
#include "lib/time.h"

namespace kernel::task {

class Task;
class WaitQueue;

// What has happened to the object, as poll(2)'s events (fs/abi.h). A queue that announces only one thing needs no more
// than kAnyEvent.
using WaitEvents = std::uint32_t;
inline constexpr WaitEvents kAnyEvent = ~WaitEvents{0};

class Waiter {
 public:
  // One of the events has happened that an entry of this waiter asked for. The queue is being walked meanwhile: of its
  // entries only the waiter's own may be detached, and nobody sleeps. Returns whether the waiter takes it on; an
  // exclusive wake-up that nobody takes on goes to the next in line.
  virtual bool wake(WaitEvents events) = 0;

 protected:
  ~Waiter() = default;
};

// Of those who wait exclusively a wake-up reaches one: what has happened is enough for one of them only (a connection
// to accept).
enum class WaitKind : std::uint8_t { kShared, kExclusive };

// A waiter's place on one queue. Part of the waiter or of who waits, so waiting needs no memory; detached when it ends.
class WaitEntry {
 public:
  WaitEntry() = default;
  WaitEntry(WaitQueue& queue, Waiter& waiter, WaitEvents events = kAnyEvent, WaitKind kind = WaitKind::kShared) {
    attach(queue, waiter, events, kind);
  }
  WaitEntry(const WaitEntry&) = delete;
  WaitEntry& operator=(const WaitEntry&) = delete;

  // Behind those who wait there already.
  void attach(WaitQueue& queue, Waiter& waiter, WaitEvents events = kAnyEvent, WaitKind kind = WaitKind::kShared);
  void detach() { link_.unlink(); }
  bool attached() const { return link_.linked(); }
  void ask_for(WaitEvents events) { events_ = events; }

 private:
  friend class WaitQueue;
  ListNode link_;
  Waiter* waiter_ = nullptr;
  WaitEvents events_ = kAnyEvent;
};

// What ends a sleep early: nothing, only the end of the task (its process is killed, or another thread executes a
// program), or any signal that is due.
enum class Interruptible : std::uint8_t { kNo, kFatal, kYes };

// Gives up the CPU until a signal arrives (kRestart) or the deadline passes (kTimedOut), for who waits for nothing else.
// May return success spuriously: callers test their condition again.
Result<void> block(Deadline deadline = Deadline::never(), Interruptible interruptible = Interruptible::kYes);

// The current task as a waiter, on one queue or on several at once (poll(2)). What happens between two sleeps is
// remembered here and not in the task, so that a sleep for something else in between (for a page that is not there)
// loses nothing.
class Sleeper final : public Waiter {
 public:
  Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  bool wake(WaitEvents events) override;
  // As block(); ended by a wake-up, too, also by one that came before.
  Result<void> sleep(Deadline deadline = Deadline::never(), Interruptible interruptible = Interruptible::kYes);

 private:
  Task* task_;
  bool woken_ = false;
};

class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue();

  // Wakes all who share and one who waits exclusively, of those who asked for one of the events. Returns whether one of the
  // latter took it on.
  bool wake(WaitEvents events);
  // Everybody, whatever they asked for: an end has gone, the object is no more.
  void wake_all();
  bool empty() { return shared_.empty() && exclusive_.empty(); }

  template <typename Condition>
  Result<void> wait_until(Condition condition, Deadline deadline = Deadline::never(),
                          Interruptible interruptible = Interruptible::kYes) {
    return wait_for(kAnyEvent, condition, deadline, interruptible);
  }
  // The same, woken by these events only.
  template <typename Condition>
  Result<void> wait_for(WaitEvents events, Condition condition, Deadline deadline = Deadline::never(),
                        Interruptible interruptible = Interruptible::kYes, WaitKind kind = WaitKind::kShared) {
    if (condition()) return {};
    Sleeper sleeper;
    const WaitEntry entry(*this, sleeper, events, kind);
    while (!condition()) {
      if (auto woken = sleeper.sleep(deadline, interruptible); !woken) return woken;
    }
    return {};
  }

 private:
  friend class WaitEntry;
  using Entries = List<WaitEntry, &WaitEntry::link_>;
  static void detach_all(Entries& entries);

  Entries shared_;
  Entries exclusive_;
};

}  // namespace kernel::task
