// POSIX message queues: mq_overview(7).
#pragma once

#include "lib/time.h"
#include "syscall/table.h"
#include "syscall/timer_calls.h"

namespace kernel::syscall {

struct QueueAttributes {  // struct mq_attr of <linux/mqueue.h>
  std::int64_t flags, most_messages, largest_message, messages;
  std::int64_t reserved[4];
};
static_assert(sizeof(QueueAttributes) == 64);

SyscallResult sys_mq_open(mm::UserString name, std::uint32_t flags, std::uint32_t mode,
                          mm::UserPtr<const QueueAttributes> attributes);
SyscallResult sys_mq_unlink(mm::UserString name);
SyscallResult sys_mq_timedsend(int fd, mm::UserBuffer message, std::size_t size, std::uint32_t priority,
                               mm::UserPtr<const Timespec> timeout);
SyscallResult sys_mq_timedreceive(int fd, mm::UserBuffer message, std::size_t size, mm::UserPtr<std::uint32_t> priority,
                                  mm::UserPtr<const Timespec> timeout);
SyscallResult sys_mq_notify(int fd, mm::UserPtr<const SignalEvent> event);
SyscallResult sys_mq_getsetattr(int fd, mm::UserPtr<const QueueAttributes> wanted, mm::UserPtr<QueueAttributes> old);

inline constexpr Entry kMqueueCalls[] = {
    row<sys_mq_open>(240, "mq_open"),           row<sys_mq_unlink>(241, "mq_unlink"),
    row<sys_mq_timedsend>(242, "mq_timedsend"), row<sys_mq_timedreceive>(243, "mq_timedreceive"),
    row<sys_mq_notify>(244, "mq_notify"),       row<sys_mq_getsetattr>(245, "mq_getsetattr"),
};

}  // namespace kernel::syscall
