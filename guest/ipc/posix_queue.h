// A POSIX message queue: mq_overview(7). See Linux's ipc/mqueue.c: a message goes to the receiver that has waited longest,
// else it waits by its priority, and then in the order of coming; a sender that found no room hands its message over
// when there is some.
#pragma once

#include <cstdint>

#include "ipc/message.h"
#include "lib/time.h"
#include "task/process.h"
#include "task/user.h"
#include "task/wait_queue.h"

namespace kernel::ipc {

inline constexpr std::uint32_t kPriorities = 32768;  // MQ_PRIO_MAX

struct QueueShape {
  std::int64_t messages = 0;  // mq_maxmsg
  std::int64_t size = 0;      // mq_msgsize
  // What a queue is that is made without attributes.
  static QueueShape by_default();
};

class PosixQueue {
 public:
  PosixQueue() = default;
  PosixQueue(const PosixQueue&) = delete;
  PosixQueue& operator=(const PosixQueue&) = delete;
  ~PosixQueue();
  // kInval for a shape beyond the limits, kMFile beyond RLIMIT_MSGQUEUE of the current task's user, kNoSpc beyond the
  // number of queues, kNoMem.
  Result<void> initialise(const QueueShape& shape);

  std::int64_t most_messages() const { return static_cast<std::int64_t>(most_); }
  std::int64_t largest_message() const { return static_cast<std::int64_t>(size_); }
  std::int64_t messages() const { return static_cast<std::int64_t>(heap_.size()); }
  std::uint64_t bytes() const { return bytes_; }
  task::WaitQueue& changed() { return changed_; }

  // Wait if they must, until the deadline (kTimedOut), unless `non_blocking` (kAgain).
  Result<void> send(const Ref<Message>& message, bool non_blocking, Deadline deadline);
  Result<Ref<Message>> receive(bool non_blocking, Deadline deadline);

  // Who is told otherwise than by a signal (SIGEV_THREAD): once, that a message has come, or that nothing more will be told.
  class Listener : public RefCounted {
   public:
    virtual void message_came() = 0;
    virtual void removed() = 0;
  };
  // mq_notify(3): the current process is told when a message comes to the empty queue, once.
  struct Notification {
    enum class Kind : std::int32_t { kSignal = 0, kNone = 1, kThread = 2 } kind = Kind::kNone;
    std::int32_t signal = 0;
    std::uint64_t value = 0;
    Ref<Listener> listener;  // of kThread
  };
  Result<void> ask_for_notification(Notification notification);  // kBusy
  // No-op for who has not asked.
  void cancel_notification();
  // What a read of the queue's file shows; the process id is 0 if nobody has asked.
  const Notification& notification() const { return notification_; }
  int notified_pid() const;

 private:
  struct Receiver {
    Ref<Message> message;
    task::WaitQueue done;
    ListNode node;
  };
  struct Sender {
    explicit Sender(const Ref<Message>& what) : message(what) {}
    const Ref<Message>& message;
    bool finished = false;
    task::WaitQueue done;
    ListNode node;
  };

  static bool comes_later(const Ref<Message>& a, const Ref<Message>& b);
  Result<void> insert(const Ref<Message>& message);
  Ref<Message> take_first();
  void notify();

  std::uint64_t most_ = 0, size_ = 0;
  Vector<Ref<Message>> heap_;  // the first one is next
  std::uint64_t bytes_ = 0;
  std::uint64_t next_sequence_ = 0;
  KernelMemory memory_;
  Ref<task::User> user_;
  std::uint64_t charged_ = 0;  // to the user
  List<Receiver, &Receiver::node> receivers_;
  List<Sender, &Sender::node> senders_;
  task::WaitQueue changed_;
  Notification notification_;
  Ref<task::Process> notified_;
  std::uint64_t notified_program_ = 0;  // no other program of that process is told
};

}  // namespace kernel::ipc
