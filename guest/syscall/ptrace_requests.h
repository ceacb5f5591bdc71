// What the requests of ptrace(2) that move data do, one by one; ptrace_calls.cc says which is which. `Tracee` is stopped, and
// so stays that while the caller does not sleep: copies from and to the tracer's memory may, so they come before or after.
#pragma once

#include "syscall/table.h"
#include "task/trace/tracee.h"

namespace kernel::syscall {

// The tracee of the current task with this number, if it is stopped. kSrch.
Result<Ref<task::Tracee>> stopped_tracee(int tid);

// ptrace_memory.cc
SyscallResult peek_memory(task::Tracee& tracee, std::uint64_t address, std::uint64_t data);
SyscallResult poke_memory(task::Tracee& tracee, std::uint64_t address, std::uint64_t data);

// ptrace_registers.cc
enum class Direction : bool { kFromTracee, kToTracee };
SyscallResult peek_user(task::Tracee& tracee, std::uint64_t offset, std::uint64_t data);
SyscallResult poke_user(task::Tracee& tracee, std::uint64_t offset, std::uint64_t value);
SyscallResult move_registers(task::Tracee& tracee, Direction direction, std::uint64_t data, std::size_t size);
SyscallResult move_legacy_vectors(task::Tracee& tracee, Direction direction, std::uint64_t data, std::size_t size);
SyscallResult move_register_set(task::Tracee& tracee, Direction direction, std::uint64_t type, std::uint64_t vector);
SyscallResult change_segment_base(task::Tracee& tracee, std::uint64_t operation, std::uint64_t argument);

// ptrace_signals.cc
SyscallResult get_signal_info(task::Tracee& tracee, std::uint64_t data);
SyscallResult set_signal_info(task::Tracee& tracee, std::uint64_t data);
SyscallResult peek_signals(task::Tracee& tracee, std::uint64_t arguments, std::uint64_t data);
SyscallResult get_signal_mask(task::Tracee& tracee, std::uint64_t size, std::uint64_t data);
SyscallResult set_signal_mask(task::Tracee& tracee, std::uint64_t size, std::uint64_t data);

// ptrace_call_info.cc
SyscallResult get_call_info(task::Tracee& tracee, std::uint64_t size, std::uint64_t data);
SyscallResult set_call_info(task::Tracee& tracee, std::uint64_t size, std::uint64_t data);
SyscallResult get_sequence_area(task::Tracee& tracee, std::uint64_t size, std::uint64_t data);

}  // namespace kernel::syscall
