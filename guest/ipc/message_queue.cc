#include "ipc/message_queue.h"

#include <utility>

#include "lib/global.h"
#include "task/task.h"

namespace kernel::ipc {
namespace {

constinit Global<TableOf<MessageQueue>> queues_;
constinit std::uint64_t all_messages_ = 0;
constinit std::uint64_t all_bytes_ = 0;

}  // namespace

Wanted::Wanted(std::int64_t type, int flags) : search_(Search::kAny), type_(type) {
  constexpr std::int64_t kLargest = ~std::uint64_t{0} >> 1;
  if (flags & kCopy) {
    search_ = Search::kNumber;
  } else if (type < 0) {
    search_ = Search::kAtMost;
    type_ = type == -kLargest - 1 ? kLargest : -type;
  } else if (type > 0) {
    search_ = flags & kExcept ? Search::kNotEqual : Search::kEqual;
  }
}

bool Wanted::matches(const Message& message) const {
  switch (search_) {
    case Search::kAny:
    case Search::kNumber:
      return true;
    case Search::kEqual:
      return message.type == type_;
    case Search::kNotEqual:
      return message.type != type_;
    case Search::kAtMost:
      return message.type <= type_;
  }
  return false;
}

// The first that matches; of those up to a type, the first with the lowest.
Message* Wanted::find_in(MessageList& messages) const {
  Message* lowest = nullptr;
  std::int64_t number = 0;
  for (Message& message : messages) {
    if (!matches(message)) continue;
    if (search_ == Search::kAtMost) {
      if (!lowest || message.type < lowest->type) lowest = &message;
      if (lowest->type == 1) break;
    } else if (search_ != Search::kNumber || number++ == type_) {
      return &message;
    }
  }
  return lowest;
}

MessageQueue::~MessageQueue() {
  all_messages_ -= count_;
  all_bytes_ -= bytes_;
}

QueueRecord MessageQueue::record() const {
  QueueRecord record{};
  record.permission = permission();
  record.sent = sent_, record.received = received_, record.changed = changed;
  record.bytes = bytes_;
  record.messages = count_;
  record.largest_bytes = largest_bytes;
  record.last_sender = last_sender_, record.last_receiver = last_receiver_;
  return record;
}

// To the first receiver that waits for one like it. Those for whom it is too large are told so on the way.
bool MessageQueue::hand_over(const Ref<Message>& message) {
  for (Receiver& receiver : receivers_) {
    if (!receiver.wanted.matches(*message)) continue;
    receiver.node.unlink();
    receiver.finished = true;
    const bool fits_receiver = message->text.size() <= receiver.size;
    if (fits_receiver) {
      receiver.message = message;
      last_receiver_ = receiver.tid;
      received_ = now_in_seconds();
    } else {
      receiver.result = Errno::k2Big;
    }
    receiver.done.wake_all();
    if (fits_receiver) return true;
  }
  return false;
}

void MessageQueue::end_receivers(Errno result) {
  while (Receiver* receiver = receivers_.pop_front()) {
    receiver->finished = true;
    receiver->result = result;
    receiver->done.wake_all();
  }
}

// In the order of coming; who finds no room goes behind the others, as on Linux.
void MessageQueue::let_senders_go_on() {
  Sender* first_kept = nullptr;
  while (Sender* sender = senders_.front()) {
    if (sender == first_kept) break;
    sender->node.unlink();
    if (!fits(sender->size)) {
      if (!first_kept) first_kept = sender;
      senders_.push_back(*sender);
      continue;
    }
    sender->may_go_on = true;
    sender->done.wake_all();
  }
}

Result<void> MessageQueue::send(const Ref<Message>& message, int flags) {
  const std::size_t size = message->text.size();
  for (;;) {
    TRY(check(kAskWrite));
    if (removed()) return Errno::kIdRm;
    if (fits(size)) break;
    if (flags & kNoWait) return Errno::kAgain;
    Sender sender(size);
    line_up(senders_, sender);
    const auto waited = sender.done.wait_until([&] { return sender.may_go_on; });
    sender.node.unlink();
    if (removed()) return Errno::kIdRm;
    if (!waited) return Errno::kRestartNoHandler;
  }
  last_sender_ = current_pid();
  sent_ = now_in_seconds();
  if (hand_over(message)) return {};
  bytes_ += size, all_bytes_ += size;
  ++count_, ++all_messages_;
  messages_.push_back(message);
  return {};
}

Ref<Message> MessageQueue::take(Message& message) {
  Ref<Message> taken = messages_.take(message);
  bytes_ -= taken->text.size(), all_bytes_ -= taken->text.size();
  --count_, --all_messages_;
  received_ = now_in_seconds();
  last_receiver_ = current_pid();
  let_senders_go_on();
  return taken;
}

Result<Ref<Message>> MessageQueue::receive(const Wanted& wanted, std::size_t size, int flags) {
  for (;;) {
    TRY(check(kAskRead));
    if (removed()) return Errno::kIdRm;
    if (Message* found = wanted.find_in(messages_)) {
      if (size < found->text.size() && !(flags & kNoError)) return Errno::k2Big;
      if (flags & kCopy) return Ref<Message>(found);
      return take(*found);
    }
    if (flags & kNoWait) return Errno::kNoMsg;
    constexpr std::size_t kAnySize = 0x7fff'ffff;
    Receiver receiver(wanted, flags & kNoError ? kAnySize : size, task::current().tid);
    line_up(receivers_, receiver);
    const auto waited = receiver.done.wait_until([&] { return receiver.finished; });
    receiver.node.unlink();
    if (receiver.message) return std::move(receiver.message);
    if (receiver.finished && receiver.result != Errno::kAgain) return receiver.result;
    if (!waited) return removed() ? Errno::kIdRm : Errno::kRestartNoHandler;
  }
}

void MessageQueue::settings_changed() {
  end_receivers(Errno::kAgain);
  let_senders_go_on();
}

void MessageQueue::remove() {
  const Ref<MessageQueue> kept(this);
  queues_->remove(*this);
  end_receivers(Errno::kIdRm);
  while (Sender* sender = senders_.pop_front()) {
    sender->may_go_on = true;
    sender->done.wake_all();
  }
}

TableOf<MessageQueue>& message_queues() {
  return *queues_;
}

std::uint64_t queued_messages() {
  return all_messages_;
}

std::uint64_t queued_bytes() {
  return all_bytes_;
}

Result<int> get_message_queue(int key, int flags) {
  return queues_->get(
      key, flags, [&]() -> Result<int> { return queues_->add(TRY(make_ref<MessageQueue>(key, flags)), limits.queues); },
      [](const MessageQueue&) { return true; });
}

}  // namespace kernel::ipc
