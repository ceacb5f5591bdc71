// msgget(2), msgop(2), msgctl(2).
#include <algorithm>

#include "ipc/message_queue.h"
#include "syscall/ipc_calls.h"
#include "task/task.h"

namespace kernel::syscall {

using ipc::Message;
using ipc::message_queues;
using ipc::MessageQueue;

namespace {

// Numbers that stand for nothing any more, as Linux tells them (include/uapi/linux/msg.h).
constexpr std::int32_t kPoolKilobytes = 32000 * 16384 / 1024;
constexpr std::int32_t kSegmentSize = 16;
constexpr std::uint16_t kSegments = 0xffff;

SyscallResult tell_limits(int command, mm::UserBuffer address) {
  const auto clamp = [](std::uint64_t value) {
    return static_cast<std::int32_t>(std::min<std::uint64_t>(value, 0x7fff'ffff));
  };
  ipc::QueueInformation information{};
  information.queues = ipc::limits.queues;
  information.largest_message = ipc::limits.largest_message;
  information.largest_queue = ipc::limits.largest_queue;
  information.segment_size = kSegmentSize;
  information.segments = kSegments;
  if (command == ipc::kMessageUsage) {
    information.pool = message_queues().count();
    information.map = clamp(ipc::queued_messages());
    information.all_messages = clamp(ipc::queued_bytes());
  } else {
    information.pool = kPoolKilobytes;
    information.map = information.all_messages = ipc::Limits().largest_queue;
  }
  TRY(mm::UserPtr<ipc::QueueInformation>(address).write(information));
  return static_cast<std::uint64_t>(message_queues().highest_place());
}

SyscallResult tell_state(int id, int command, mm::UserBuffer address) {
  const Ref<MessageQueue> queue = TRY(message_queues().find_for_stat(id, command != ipc::kStat));
  if (command != ipc::kMessageStatAny) TRY(queue->check(ipc::kAskRead));
  const int result = command == ipc::kStat ? 0 : queue->id();
  TRY(mm::UserPtr<ipc::QueueRecord>(address).write(queue->record()));
  return static_cast<std::uint64_t>(result);
}

SyscallResult change(int id, mm::UserBuffer address) {
  const ipc::QueueRecord wanted = TRY(mm::UserPtr<ipc::QueueRecord>(address).read());
  const Ref<MessageQueue> queue = TRY(message_queues().find(id));
  TRY(queue->check_control());
  if (wanted.largest_bytes > static_cast<std::uint64_t>(ipc::limits.largest_queue) &&
      !task::current().credentials.can(task::Capability::kSysResource)) {
    return Errno::kPerm;
  }
  TRY(queue->set_permission(wanted.permission));
  queue->largest_bytes = wanted.largest_bytes;
  queue->changed = ipc::now_in_seconds();
  queue->settings_changed();
  return 0;
}

SyscallResult remove_queue(int id) {
  const Ref<MessageQueue> queue = TRY(message_queues().find(id));
  TRY(queue->check_control());
  queue->remove();
  return 0;
}

}  // namespace

SyscallResult sys_msgget(int key, int flags) {
  return static_cast<std::uint64_t>(TRY(ipc::get_message_queue(key, flags)));
}

SyscallResult sys_msgsnd(int id, mm::UserPtr<const std::int64_t> address, std::uint64_t size, int flags) {
  const std::int64_t type = TRY(address.read());
  if (size > static_cast<std::uint64_t>(ipc::limits.largest_message) || id < 0) return Errno::kInval;
  if (type < 1) return Errno::kInval;
  const Ref<Message> message = TRY(Message::create(type, size));
  TRY(mm::copy_from_user(message->text.data(), (address + 1).address(), size));
  const Ref<MessageQueue> queue = TRY(message_queues().find(id));
  TRY(queue->send(message, flags));
  return 0;
}

SyscallResult sys_msgrcv(int id, mm::UserPtr<std::int64_t> address, std::uint64_t size, std::int64_t type, int flags) {
  if (id < 0 || static_cast<std::int64_t>(size) < 0) return Errno::kInval;
  const bool copies = flags & ipc::kCopy;
  if (copies && ((flags & ipc::kExcept) || !(flags & ipc::kNoWait))) return Errno::kInval;
  const Ref<MessageQueue> queue = TRY(message_queues().find(id));
  const Ref<Message> message = TRY(queue->receive(ipc::Wanted(type, flags), size, flags));
  const std::size_t length = message->text.size();
  // A copy is never cut.
  if (copies && length > size) return Errno::kInval;
  TRY(address.write(message->type));
  const std::size_t count = std::min<std::uint64_t>(size, length);
  TRY(mm::copy_to_user((address + 1).address(), message->text.data(), count));
  return count;
}

SyscallResult sys_msgctl(int id, int command, mm::UserBuffer record) {
  if (id < 0 || command < 0) return Errno::kInval;
  switch (command) {
    case ipc::kLimits:
    case ipc::kMessageUsage:
      return tell_limits(command, record);
    case ipc::kStat:
    case ipc::kMessageStat:
    case ipc::kMessageStatAny:
      return tell_state(id, command, record);
    case ipc::kSet:
      return change(id, record);
    case ipc::kRemove:
      return remove_queue(id);
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
