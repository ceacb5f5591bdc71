#include "syscall/table.h"

#include <array>

#include "syscall/attribute_calls.h"
#include "syscall/capability_calls.h"
#include "syscall/descriptor_calls.h"
#include "syscall/directory_calls.h"
#include "syscall/epoll_calls.h"
#include "syscall/event_calls.h"
#include "syscall/file_calls.h"
#include "syscall/futex_calls.h"
#include "syscall/id_calls.h"
#include "syscall/io_priority_calls.h"
#include "syscall/ipc_calls.h"
#include "syscall/memory_calls.h"
#include "syscall/misc_calls.h"
#include "syscall/mount_calls.h"
#include "syscall/mqueue_calls.h"
#include "syscall/notify_calls.h"
#include "syscall/pidfd_calls.h"
#include "syscall/poll_calls.h"
#include "syscall/process_attribute_calls.h"
#include "syscall/process_calls.h"
#include "syscall/process_memory_calls.h"
#include "syscall/ptrace_calls.h"
#include "syscall/scheduling_calls.h"
#include "syscall/signal_calls.h"
#include "syscall/socket_calls.h"
#include "syscall/splice_calls.h"
#include "syscall/stat_calls.h"
#include "syscall/time_calls.h"
#include "syscall/timer_calls.h"
#include "syscall/xattr_calls.h"

namespace kernel::syscall {
namespace {

void two_rows_have_the_same_number() {}  // not constexpr: calling it stops the compilation

// A dense table, made at compile time, so that it is read-only data and costs nothing at boot. A number that two rows
// claim does not compile.
template <typename... Groups>
consteval std::array<Entry, kTableSize> merge(const Groups&... groups) {
  std::array<Entry, kTableSize> table{};
  auto add = [&](const auto& group) {
    for (const Entry& entry : group) {
      if (table[entry.number].handler) two_rows_have_the_same_number();
      table[entry.number] = entry;
    }
  };
  (add(groups), ...);
  return table;
}

constexpr std::array<Entry, kTableSize> kTable = merge(
    kAttributeCalls, kCapabilityCalls, kDescriptorCalls, kDirectoryCalls, kEpollCalls, kEventCalls, kFileCalls,
    kFutexCalls, kIdCalls, kIoPriorityCalls, kIpcCalls, kMemoryCalls, kMiscCalls, kMountCalls, kMqueueCalls,
    kNotifyCalls, kPidfdCalls, kPollCalls, kProcessAttributeCalls, kProcessCalls, kProcessMemoryCalls, kPtraceCalls,
    kSchedulingCalls, kSignalCalls, kSocketCalls, kSpliceCalls, kStatCalls, kTimeCalls, kTimerCalls, kXattrCalls);

}  // namespace

const Entry* find(std::uint64_t number) {
  if (number >= kTableSize || !kTable[number].handler) return nullptr;
  return &kTable[number];
}

}  // namespace kernel::syscall
