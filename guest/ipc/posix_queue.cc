#include "ipc/posix_queue.h"

#include <algorithm>
#include <utility>

#include "fs/abi.h"
#include "ipc/limits.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::ipc {
namespace {

constinit int count_ = 0;

bool is_privileged() {
  return task::current().credentials.can(task::Capability::kSysResource);
}

// What a queue counts for RLIMIT_MSGQUEUE: Linux adds the size of its own structures (getrlimit(2)).
constexpr std::uint64_t kMessageHeader = 48, kTreeNode = 48;
std::uint64_t charge_of(std::uint64_t messages, std::uint64_t size) {
  return messages * size + messages * kMessageHeader + std::min<std::uint64_t>(messages, kPriorities) * kTreeNode;
}

Result<void> check(const QueueShape& shape) {
  const bool privileged = is_privileged();
  const std::int64_t most = privileged ? kMostPosixMessages : limits.posix_messages;
  const std::int64_t largest = privileged ? kLargestPosixMessage : limits.posix_message_size;
  const bool fits = shape.messages > 0 && shape.messages <= most && shape.size > 0 && shape.size <= largest;
  return fits ? Result<void>() : Errno::kInval;
}

}  // namespace

QueueShape QueueShape::by_default() {
  return {std::min(limits.posix_messages, limits.default_posix_messages),
          std::min(limits.posix_message_size, limits.default_posix_message_size)};
}

Result<void> PosixQueue::initialise(const QueueShape& shape) {
  if (count_ >= limits.posix_queues && !is_privileged()) return Errno::kNoSpc;
  TRY(check(shape));
  const auto messages = static_cast<std::uint64_t>(shape.messages);
  const auto size = static_cast<std::uint64_t>(shape.size);
  const std::uint64_t charge = charge_of(messages, size);
  const task::Task& self = task::current();
  Ref<task::User> user = TRY(task::User::of(self.credentials.uid));
  const std::uint64_t limit = self.process->limits.current(task::Resource::kMessageQueues);
  if (charge > limit || user->queue_bytes > limit - charge) return Errno::kMFile;
  // The queue itself, and its heap at its largest: a growing vector may be twice as long.
  memory_ = TRY(KernelMemory::reserve(sizeof *this + 2 * messages * sizeof(Ref<Message>)));
  user->queue_bytes += charge;
  user_ = std::move(user);
  charged_ = charge;
  most_ = messages;
  size_ = size;
  ++count_;
  return {};
}

PosixQueue::~PosixQueue() {
  if (!user_) return;
  user_->queue_bytes -= charged_;
  --count_;
}

// The order of a heap whose first element is the largest.
bool PosixQueue::comes_later(const Ref<Message>& a, const Ref<Message>& b) {
  return a->type != b->type ? a->type < b->type : a->sequence > b->sequence;
}

Result<void> PosixQueue::insert(const Ref<Message>& message) {
  TRY(heap_.push_back(message));
  message->sequence = next_sequence_++;
  bytes_ += message->text.size();
  std::push_heap(heap_.begin(), heap_.end(), comes_later);
  return {};
}

Ref<Message> PosixQueue::take_first() {
  std::pop_heap(heap_.begin(), heap_.end(), comes_later);
  Ref<Message> message = std::move(heap_.back());
  heap_.pop_back();
  bytes_ -= message->text.size();
  return message;
}

Result<void> PosixQueue::send(const Ref<Message>& message, bool non_blocking, Deadline deadline) {
  if (heap_.size() >= most_) {
    if (non_blocking) return Errno::kAgain;
    Sender sender(message);
    line_up(senders_, sender);
    const auto waited = sender.done.wait_until([&] { return sender.finished; }, deadline);
    sender.node.unlink();
    return sender.finished ? Result<void>() : waited;
  }
  if (Receiver* receiver = receivers_.pop_front()) {
    receiver->message = message;
    receiver->done.wake_all();
    return {};
  }
  TRY(insert(message));
  notify();
  changed_.wake(fs::kPollReadable);
  return {};
}

Result<Ref<Message>> PosixQueue::receive(bool non_blocking, Deadline deadline) {
  if (heap_.empty()) {
    if (non_blocking) return Errno::kAgain;
    Receiver receiver;
    line_up(receivers_, receiver);
    const auto waited = receiver.done.wait_until([&] { return static_cast<bool>(receiver.message); }, deadline);
    receiver.node.unlink();
    if (receiver.message) return std::move(receiver.message);
    return waited.error();
  }
  Ref<Message> message = take_first();
  Sender* sender = senders_.front();
  if (!sender) {
    changed_.wake(fs::kPollWritable);
  } else if (insert(sender->message)) {
    sender->node.unlink();
    sender->finished = true;
    sender->done.wake_all();
  }
  return message;
}

// A message has come, and nobody waited for it.
void PosixQueue::notify() {
  constexpr auto kFromQueue = static_cast<task::SignalCode>(-3);  // SI_MESGQ
  if (!notified_ || heap_.size() != 1) return;
  const Ref<task::Process> process = std::exchange(notified_, nullptr);
  const bool listens =
      process->life.state != task::ProcessState::kZombie && process->program.generation == notified_program_;
  if (const Ref<Listener> listener = std::move(notification_.listener)) listener->message_came();
  if (notification_.kind != Notification::Kind::kSignal || notification_.signal == 0 || !listens) return;
  task::SignalInfo info = task::signal_from_current(notification_.signal, kFromQueue);
  info.sender.value = notification_.value;
  task::send_signal(*process, info);
}

Result<void> PosixQueue::ask_for_notification(Notification notification) {
  if (notified_) return Errno::kBusy;
  notification_ = std::move(notification);
  notified_ = task::current().process;
  notified_program_ = notified_->program.generation;
  return {};
}

void PosixQueue::cancel_notification() {
  if (notified_ != task::current().process) return;
  notified_ = nullptr;
  if (const Ref<Listener> listener = std::move(notification_.listener)) listener->removed();
}

int PosixQueue::notified_pid() const {
  return notified_ ? notified_->ids.pid : 0;
}

}  // namespace kernel::ipc
