// The limits of IPC in /proc/sys, which root may change: sysctl(8), sysvipc(7). See Linux's ipc/ipc_sysctl.c.
#pragma once

#include <limits>
#include <string_view>

#include "fs/proc/proc_fs.h"
#include "ipc/limits.h"

namespace kernel::fs {

// The one decimal number of a line that is written to a sysctl; kInval for anything else.
Result<std::uint64_t> sysctl_number(std::string_view text, std::uint64_t largest, std::uint64_t smallest = 0);
void show_semaphore_limits(ProcText& text);
Result<void> change_semaphore_limits(std::string_view text);

template <auto Member>
void show_limit(ProcText& text) {
  text.print("{}\n", ipc::limits.*Member);
}

template <auto Member, std::uint64_t kLargest, std::uint64_t kSmallest>
Result<void> change_limit(std::string_view text) {
  auto& value = ipc::limits.*Member;
  value = static_cast<std::remove_reference_t<decltype(value)>>(TRY(sysctl_number(text, kLargest, kSmallest)));
  return {};
}

template <auto Member, std::uint64_t kLargest, std::uint64_t kSmallest = 0>
consteval ProcNode limit_node(std::string_view name) {
  return {.name = name, .generate = show_limit<Member>, .accept = change_limit<Member, kLargest, kSmallest>};
}

inline constexpr std::uint64_t kLargestInt = std::numeric_limits<int>::max();
inline constexpr std::uint64_t kLargestLong = std::numeric_limits<std::uint64_t>::max();

// Of /proc/sys/kernel.
inline constexpr ProcNode kIpcKernelNodes[] = {
    limit_node<&ipc::Limits::largest_message, kLargestInt>("msgmax"),
    limit_node<&ipc::Limits::largest_queue, kLargestInt>("msgmnb"),
    limit_node<&ipc::Limits::queues, ipc::kMostObjects>("msgmni"),
    {.name = "sem", .generate = show_semaphore_limits, .accept = change_semaphore_limits},
    limit_node<&ipc::Limits::all_segments, kLargestLong>("shmall"),
    limit_node<&ipc::Limits::largest_segment, kLargestLong>("shmmax"),
    limit_node<&ipc::Limits::segments, ipc::kMostObjects>("shmmni"),
};

// Of /proc/sys/fs/mqueue.
inline constexpr ProcNode kQueueNodes[] = {
    limit_node<&ipc::Limits::default_posix_messages, ipc::kMostPosixMessages, 1>("msg_default"),
    limit_node<&ipc::Limits::posix_messages, ipc::kMostPosixMessages, 1>("msg_max"),
    limit_node<&ipc::Limits::default_posix_message_size, ipc::kLargestPosixMessage, 128>("msgsize_default"),
    limit_node<&ipc::Limits::posix_message_size, ipc::kLargestPosixMessage, 128>("msgsize_max"),
    limit_node<&ipc::Limits::posix_queues, kLargestInt>("queues_max"),
};

}  // namespace kernel::fs
