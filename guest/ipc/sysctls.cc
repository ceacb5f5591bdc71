// The limits of IPC in /proc/sys, which root may change: sysctl(8), sysvipc(7). See Linux's ipc/ipc_sysctl.c.
#include <string_view>

#include "fs/proc/sysctl_value.h"
#include "ipc/limits.h"
#include "ipc/proc_files.h"

namespace kernel::ipc {

namespace {

void show_semaphore_limits(fs::ProcText& text) {
  text.print("{}\t{}\t{}\t{}\n", limits.semaphores_per_set, limits.semaphores, limits.semaphore_operations,
             limits.semaphore_sets);
}

// As many of the four as are given. Linux takes negative ones, too: then nothing can be made or done.
Result<void> change_semaphore_limits(std::string_view text) {
  Limits changed = limits;
  for (int* value :
       {&changed.semaphores_per_set, &changed.semaphores, &changed.semaphore_operations, &changed.semaphore_sets}) {
    fs::skip_sysctl_space(text);
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    bool found = false;
    const std::uint64_t number = TRY(fs::take_sysctl_number(text, found));
    if (!found && negative) return Errno::kInval;
    if (!found) break;
    if (number > fs::kLargestInt) return Errno::kInval;
    *value = negative ? -static_cast<int>(number) : static_cast<int>(number);
  }
  if (changed.semaphore_sets < 0 || changed.semaphore_sets > kMostObjects) return Errno::kInval;
  limits = changed;
  return {};
}

template <auto kMember, std::uint64_t kLargest, std::uint64_t kSmallest = 0>
consteval fs::ProcNode limit_node(std::string_view name) {
  return fs::sysctl_number_node<limits, kMember, kLargest, kSmallest>(name);
}

constexpr fs::ProcNode kQueueNodes[] = {
    limit_node<&Limits::default_posix_messages, kMostPosixMessages, 1>("msg_default"),
    limit_node<&Limits::posix_messages, kMostPosixMessages, 1>("msg_max"),
    limit_node<&Limits::default_posix_message_size, kLargestPosixMessage, 128>("msgsize_default"),
    limit_node<&Limits::posix_message_size, kLargestPosixMessage, 128>("msgsize_max"),
    limit_node<&Limits::posix_queues, fs::kLargestInt>("queues_max"),
};

constexpr fs::ProcNode kFileNodes[] = {
    {.name = "mqueue", .children = [] { return std::span<const fs::ProcNode>(kQueueNodes); }},
};

constexpr fs::ProcNode kKernelNodes[] = {
    limit_node<&Limits::largest_message, fs::kLargestInt>("msgmax"),
    limit_node<&Limits::largest_queue, fs::kLargestInt>("msgmnb"),
    limit_node<&Limits::queues, kMostObjects>("msgmni"),
    {.name = "sem", .generate = show_semaphore_limits, .accept = change_semaphore_limits},
    limit_node<&Limits::all_segments, fs::kLargestLong>("shmall"),
    limit_node<&Limits::largest_segment, fs::kLargestLong>("shmmax"),
    limit_node<&Limits::segments, kMostObjects>("shmmni"),
};

}  // namespace

std::span<const fs::ProcNode> kernel_sysctls() {
  return kKernelNodes;
}

std::span<const fs::ProcNode> file_sysctls() {
  return kFileNodes;
}

}  // namespace kernel::ipc
