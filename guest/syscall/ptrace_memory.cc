// PTRACE_PEEKDATA, PTRACE_POKEDATA: a word of the tracee's memory. More at once is moved by process_vm_readv(2) and
// /proc/PID/mem.
#include "mm/address_space.h"
#include "syscall/ptrace_requests.h"
#include "task/task.h"

namespace kernel::syscall {

// The copies may have to wait for a page, and the tracee may be killed meanwhile: what they need is held.
SyscallResult peek_memory(task::Tracee& tracee, std::uint64_t address, std::uint64_t data) {
  const Ref<mm::AddressSpace> space = tracee.task()->space;
  std::uint64_t word = 0;
  if (!space || mm::copy_from_traced_space(*space, &word, address, sizeof word) != sizeof word) return Errno::kIo;
  TRY(mm::UserPtr<std::uint64_t>(data).write(word));
  return 0;
}

SyscallResult poke_memory(task::Tracee& tracee, std::uint64_t address, std::uint64_t data) {
  const Ref<mm::AddressSpace> space = tracee.task()->space;
  if (!space || mm::copy_to_traced_space(*space, address, &data, sizeof data) != sizeof data) return Errno::kIo;
  return 0;
}

}  // namespace kernel::syscall
