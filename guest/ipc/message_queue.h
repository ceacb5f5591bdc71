// System V message queues: msgget(2), msgop(2), msgctl(2). See Linux's ipc/msg.c, whose order is kept: a message goes to
// the receiver that has waited longest for one like it, and senders go on in the order of coming, as far as theirs fits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ipc/message.h"
#include "ipc/object.h"
#include "lib/list.h"
#include "task/wait_queue.h"

namespace kernel::ipc {

// Which message msgrcv(2) asks for.
class Wanted {
 public:
  Wanted(std::int64_t type, int flags);
  bool matches(const Message& message) const;
  Message* find_in(MessageList& messages) const;

 private:
  enum class Search : std::uint8_t { kAny, kEqual, kNotEqual, kAtMost, kNumber };
  Search search_;
  std::int64_t type_;
};

class MessageQueue final : public Object {
 public:
  MessageQueue(int key, int flags)
      : Object(key, flags),
        changed(now_in_seconds()),
        largest_bytes(static_cast<std::uint64_t>(limits.largest_queue)) {}
  ~MessageQueue() override;

  QueueRecord record() const;
  // Waits for room unless it must not (kNoWait in `flags`): kAgain, kIdRm, kAcces, kRestartNoHandler.
  Result<void> send(const Ref<Message>& message, int flags);
  // The message, taken out unless `flags` has kCopy. k2Big if it is larger than `size` and must not be cut.
  Result<Ref<Message>> receive(const Wanted& wanted, std::size_t size, int flags);
  // After IPC_SET: who waits looks again whether it may, and whether there is room now.
  void settings_changed();
  // IPC_RMID.
  void remove();

 private:
  struct Receiver {
    Receiver(const Wanted& what, std::size_t largest, std::int32_t who) : wanted(what), size(largest), tid(who) {}
    const Wanted& wanted;
    std::size_t size;
    std::int32_t tid;
    Ref<Message> message;
    bool finished = false;
    Errno result = Errno::kNone;  // kAgain: it is to look again
    task::WaitQueue done;
    ListNode node;
  };
  struct Sender {
    explicit Sender(std::size_t of_size) : size(of_size) {}
    std::size_t size;
    bool may_go_on = false;
    task::WaitQueue done;
    ListNode node;
  };

  bool fits(std::size_t size) const { return size + bytes_ <= largest_bytes && count_ + 1 <= largest_bytes; }
  bool hand_over(const Ref<Message>& message);
  void end_receivers(Errno result);
  void let_senders_go_on();
  Ref<Message> take(Message& message);

  MessageList messages_;
  std::uint64_t bytes_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t sent_ = 0, received_ = 0;
  std::int32_t last_sender_ = 0, last_receiver_ = 0;
  List<Receiver, &Receiver::node> receivers_;
  List<Sender, &Sender::node> senders_;

 public:
  std::int64_t changed = 0;
  std::uint64_t largest_bytes = 0;
};

TableOf<MessageQueue>& message_queues();
// Of all queues.
std::uint64_t queued_messages();
std::uint64_t queued_bytes();

// msgget(2).
Result<int> get_message_queue(int key, int flags);

}  // namespace kernel::ipc
