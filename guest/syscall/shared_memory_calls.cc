// shmget(2), shmop(2), shmctl(2).
#include "ipc/shared_memory.h"
#include "syscall/ipc_calls.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using ipc::Segment;
using ipc::segments;

namespace {

template <typename T>
Result<void> write_record(mm::UserBuffer address, const T& record) {
  return mm::UserPtr<T>(address).write(record);
}

SyscallResult tell_limits(mm::UserBuffer address) {
  ipc::SharedLimits limits{};
  limits.largest = ipc::limits.largest_segment;
  limits.smallest = 1;
  limits.segments = limits.segments_per_process = static_cast<std::uint64_t>(ipc::limits.segments);
  limits.all_pages = ipc::limits.all_segments;
  TRY(write_record(address, limits));
  return static_cast<std::uint64_t>(segments().highest_place());
}

SyscallResult tell_usage(mm::UserBuffer address) {
  ipc::SharedUsage usage{};
  usage.segments = segments().count();
  usage.pages = ipc::segment_pages();
  usage.resident = ipc::resident_segment_pages();
  TRY(write_record(address, usage));
  return static_cast<std::uint64_t>(segments().highest_place());
}

SyscallResult tell_state(int id, int command, mm::UserBuffer address) {
  const Ref<Segment> segment = TRY(segments().find_for_stat(id, command != ipc::kStat));
  if (command != ipc::kSharedStatAny) TRY(segment->check(ipc::kAskRead));
  const ipc::SharedRecord record = segment->record();
  const int result = command == ipc::kStat ? 0 : segment->id();
  TRY(write_record(address, record));
  return static_cast<std::uint64_t>(result);
}

SyscallResult change(int id, mm::UserBuffer address) {
  const ipc::SharedRecord wanted = TRY(mm::UserPtr<ipc::SharedRecord>(address).read());
  const Ref<Segment> segment = TRY(segments().find(id));
  TRY(segment->check_control());
  TRY(segment->set_permission(wanted.permission));
  segment->changed = ipc::now_in_seconds();
  return 0;
}

SyscallResult remove_segment(int id) {
  const Ref<Segment> segment = TRY(segments().find(id));
  TRY(segment->check_control());
  segment->remove_when_unmapped();
  return 0;
}

SyscallResult change_lock(int id, bool lock) {
  const Ref<Segment> segment = TRY(segments().find(id));
  const task::Task& self = task::current();
  if (!self.credentials.can(task::Capability::kIpcLock)) {
    const std::uint32_t euid = self.credentials.euid;
    if (euid != segment->uid && euid != segment->cuid) return Errno::kPerm;
    if (lock && self.process->limits.current(task::Resource::kLockedMemory) == 0) return Errno::kPerm;
  }
  if (lock) {
    TRY(segment->lock());
  } else {
    segment->unlock();
  }
  return 0;
}

}  // namespace

SyscallResult sys_shmget(int key, std::uint64_t size, int flags) {
  return static_cast<std::uint64_t>(TRY(ipc::get_segment(key, size, flags)));
}

SyscallResult sys_shmat(int id, std::uint64_t address, int flags) {
  if (id < 0) return Errno::kInval;
  return ipc::attach(*task::current().space, id, address, flags);
}

SyscallResult sys_shmdt(std::uint64_t address) {
  TRY(ipc::detach(*task::current().space, address));
  return 0;
}

SyscallResult sys_shmctl(int id, int command, mm::UserBuffer record) {
  if (id < 0 || command < 0) return Errno::kInval;
  switch (command) {
    case ipc::kLimits:
      return tell_limits(record);
    case ipc::kSharedUsage:
      return tell_usage(record);
    case ipc::kStat:
    case ipc::kSharedStat:
    case ipc::kSharedStatAny:
      return tell_state(id, command, record);
    case ipc::kSet:
      return change(id, record);
    case ipc::kRemove:
      return remove_segment(id);
    case ipc::kSharedLock:
    case ipc::kSharedUnlock:
      return change_lock(id, command == ipc::kSharedLock);
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
