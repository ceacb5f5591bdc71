// semget(2), semop(2), semctl(2).
#include <algorithm>

#include "ipc/semaphore_set.h"
#include "ipc/undo_list.h"
#include "syscall/ipc_calls.h"
#include "syscall/time_values.h"
#include "task/task.h"

namespace kernel::syscall {

using ipc::semaphore_sets;
using ipc::SemaphoreOperation;
using ipc::SemaphoreSet;

namespace {

// SEMUSZ and the like: numbers that stand for nothing any more, as Linux tells them (include/uapi/linux/sem.h).
constexpr std::int32_t kUndoStructureSize = 20;

SyscallResult tell_limits(int command, std::uint64_t address) {
  const ipc::Limits& limits = ipc::limits;
  ipc::SemaphoreInformation information{};
  information.map = information.undo_structures = ipc::Limits().semaphores;
  information.sets = limits.semaphore_sets;
  information.semaphores = limits.semaphores;
  information.per_set = limits.semaphores_per_set;
  information.operations = limits.semaphore_operations;
  information.undo_entries = ipc::Limits().semaphore_operations;
  information.largest = ipc::kSemaphoreMaximum;
  const bool usage = command == ipc::kSemaphoreUsage;
  information.undo_size = usage ? semaphore_sets().count() : kUndoStructureSize;
  information.adjustment = usage ? ipc::semaphores_in_use() : ipc::kAdjustmentMaximum;
  TRY(mm::UserPtr<ipc::SemaphoreInformation>(address).write(information));
  return static_cast<std::uint64_t>(semaphore_sets().highest_place());
}

SyscallResult tell_state(int id, int command, std::uint64_t address) {
  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find_for_stat(id, command != ipc::kStat));
  if (command != ipc::kSemaphoreStatAny) TRY(set->check(ipc::kAskRead));
  const int result = command == ipc::kStat ? 0 : set->id();
  TRY(mm::UserPtr<ipc::SemaphoreRecord>(address).write(set->record()));
  return static_cast<std::uint64_t>(result);
}

SyscallResult change(int id, std::uint64_t address) {
  const ipc::SemaphoreRecord wanted = TRY(mm::UserPtr<ipc::SemaphoreRecord>(address).read());
  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find(id));
  TRY(set->check_control());
  TRY(set->set_permission(wanted.permission));
  set->changed = ipc::now_in_seconds();
  return 0;
}

SyscallResult remove_set(int id) {
  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find(id));
  TRY(set->check_control());
  set->remove();
  return 0;
}

// The numbers of a whole set, on their way to or from a payload.
struct Values {
  static Result<Values> of(const SemaphoreSet& set) {
    const auto count = static_cast<std::size_t>(set.count());
    Values values;
    values.memory = TRY(ipc::KernelMemory::reserve(count * sizeof(std::uint16_t)));
    TRY(values.numbers.resize(count));
    return values;
  }
  std::size_t bytes() const { return numbers.size() * sizeof(std::uint16_t); }

  Vector<std::uint16_t> numbers;
  ipc::KernelMemory memory;
};

SyscallResult read_all(const SemaphoreSet& set, std::uint64_t address) {
  Values values = TRY(Values::of(set));
  for (int i = 0; i < set.count(); ++i) values.numbers[static_cast<std::size_t>(i)] = set.semaphore(i).value;
  TRY(mm::copy_to_user(address, values.numbers.data(), values.bytes()));
  return 0;
}

SyscallResult write_all(SemaphoreSet& set, std::uint64_t address) {
  Values values = TRY(Values::of(set));
  TRY(mm::copy_from_user(values.numbers.data(), address, values.bytes()));
  for (const std::uint16_t value : values.numbers) {
    if (value > ipc::kSemaphoreMaximum) return Errno::kRange;
  }
  if (set.removed()) return Errno::kIdRm;
  set.set_values(values.numbers.span());
  return 0;
}

SyscallResult write_one(int id, int number, int value) {
  if (value < 0 || value > ipc::kSemaphoreMaximum) return Errno::kRange;
  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find(id));
  if (number < 0 || number >= set->count()) return Errno::kInval;
  TRY(set->check(ipc::kAskWrite));
  set->set_value(number, static_cast<std::uint16_t>(value));
  return 0;
}

SyscallResult read_one(SemaphoreSet& set, int number, int command) {
  if (number < 0 || number >= set.count()) return Errno::kInval;
  switch (command) {
    case ipc::kSemaphoreGetValue:
      return set.semaphore(number).value;
    case ipc::kSemaphoreGetPid:
      return static_cast<std::uint64_t>(set.semaphore(number).last);
    default:
      return static_cast<std::uint64_t>(set.waiters(number, command == ipc::kSemaphoreCountZero));
  }
}

SyscallResult access_values(int id, int number, int command, std::uint64_t argument) {
  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find(id));
  TRY(set->check(command == ipc::kSemaphoreSetAll ? ipc::kAskWrite : ipc::kAskRead));
  if (command == ipc::kSemaphoreGetAll) return read_all(*set, argument);
  if (command == ipc::kSemaphoreSetAll) return write_all(*set, argument);
  return read_one(*set, number, command);
}

Result<ipc::Undo*> undo_of(SemaphoreSet& set) {
  task::Task& self = task::current();
  if (!self.undo_list) self.undo_list = TRY(task::UndoList::create());
  return static_cast<ipc::UndoList&>(*self.undo_list).of(set);
}

SyscallResult operate(int id, mm::UserPtr<const SemaphoreOperation> address, unsigned count,
                      mm::UserPtr<const Timespec> timeout) {
  // The time comes before everything else, as on Linux.
  Result<std::uint64_t> duration = kEndOfTimeNs;
  if (timeout) {
    const Timespec time = TRY(timeout.read());
    duration = nanoseconds_of(time);
  }
  if (static_cast<int>(count) > ipc::limits.semaphore_operations || count > 0x7fff'ffff) return Errno::k2Big;
  if (count == 0 || id < 0) return Errno::kInval;
  const auto memory = TRY(ipc::KernelMemory::reserve(count * sizeof(SemaphoreOperation)));
  Vector<SemaphoreOperation> operations;
  TRY(operations.resize(count));
  TRY(mm::copy_from_user(operations.data(), address.address(), count * sizeof(SemaphoreOperation)));
  if (!duration) return duration.error();
  const Deadline deadline = timeout ? Deadline::after(duration.value()) : Deadline::never();

  const Ref<SemaphoreSet> set = TRY(semaphore_sets().find(id));
  bool alters = false, undoes = false;
  int highest = 0;
  for (const SemaphoreOperation& operation : operations) {
    alters = alters || operation.change != 0;
    undoes = undoes || (operation.flags & ipc::kUndo);
    highest = std::max<int>(highest, operation.number);
  }
  ipc::Undo* undo = undoes ? TRY(undo_of(*set)) : nullptr;
  if (highest >= set->count()) return Errno::kFBig;
  TRY(set->check(alters ? ipc::kAskWrite : ipc::kAskRead));
  TRY(set->operate(operations.span(), undo, deadline));
  return 0;
}

}  // namespace

SyscallResult sys_semget(int key, int count, int flags) {
  if (count < 0 || count > ipc::limits.semaphores_per_set) return Errno::kInval;
  return static_cast<std::uint64_t>(TRY(ipc::get_semaphore_set(key, count, flags)));
}

SyscallResult sys_semop(int id, mm::UserPtr<const SemaphoreOperation> operations, unsigned count) {
  return operate(id, operations, count, {});
}

SyscallResult sys_semtimedop(int id, mm::UserPtr<const SemaphoreOperation> operations, unsigned count,
                             mm::UserPtr<const Timespec> timeout) {
  return operate(id, operations, count, timeout);
}

SyscallResult sys_semctl(int id, int number, int command, std::uint64_t argument) {
  if (id < 0) return Errno::kInval;
  switch (command) {
    case ipc::kLimits:
    case ipc::kSemaphoreUsage:
      return tell_limits(command, argument);
    case ipc::kStat:
    case ipc::kSemaphoreStat:
    case ipc::kSemaphoreStatAny:
      return tell_state(id, command, argument);
    case ipc::kSemaphoreGetAll:
    case ipc::kSemaphoreGetValue:
    case ipc::kSemaphoreGetPid:
    case ipc::kSemaphoreCountIncrease:
    case ipc::kSemaphoreCountZero:
    case ipc::kSemaphoreSetAll:
      return access_values(id, number, command, argument);
    case ipc::kSemaphoreSetValue:
      return write_one(id, number, static_cast<int>(argument));
    case ipc::kSet:
      return change(id, argument);
    case ipc::kRemove:
      return remove_set(id);
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
