#include "syscall/dispatch.h"

#include "lib/log.h"
#include "syscall/table.h"
#include "task/process.h"
#include "task/task.h"
#include "task/trace/stops.h"

namespace kernel::syscall {
namespace {

constinit std::uint64_t calls_ = 0;
// Numbers already reported as missing.
constinit std::uint64_t reported_[kTableSize / 64 + 1] = {};

void report_missing(std::uint64_t number) {
  if (number < kTableSize) {
    std::uint64_t& word = reported_[number / 64];
    if (word >> (number % 64) & 1) return;
    word |= std::uint64_t{1} << (number % 64);
  }
  log(LogLevel::kInfo, "system call {} is not implemented (first used by {}, pid {})", number,
      std::string_view(task::current().name), task::current().process->ids.pid);
}

}  // namespace

Errno dispatch(arch::TrapFrame& frame) {
  ++calls_;
  const Entry* entry = find(frame.error_code);
  if (!entry) {
    report_missing(frame.error_code);
    frame.rax = 0 - static_cast<std::uint64_t>(Errno::kNoSys);
    return Errno::kNoSys;
  }
  const SyscallResult result = entry->handler({{frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9}});
  frame.rax = result.ok() ? result.value() : 0 - static_cast<std::uint64_t>(result.error());
  return result.error();
}

Errno dispatch_traced(arch::TrapFrame& frame) {
  task::Task& self = task::current();
  if (task::report_call(self, frame)) dispatch(frame);
  if (self.tracee) task::report_call_end(self, frame);
  return task::interrupted_call(frame);
}

std::uint64_t call_count() {
  return calls_;
}

}  // namespace kernel::syscall
