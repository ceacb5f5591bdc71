// All state that belongs to the CPU and not to a task, in one struct. There is one vCPU, so there is one of it, at a
// fixed address: the entry stubs reach it relative to RIP, which works in both privilege modes and needs no SWAPGS.
// With more vCPUs each gets its own copy of the entry stubs (LSTAR and the TSS are per CPU anyway).
#pragma once

#ifdef __ASSEMBLER__

#define PC_KERNEL_STACK 0
#define PC_USER_RSP 8
#define PC_PENDING 16
#define PC_FAULT_ADDRESS 24
#define PC_EXIT_FRAME 32

#else

#include <cstddef>
#include <cstdint>

namespace kernel::task {
class Task;
}

namespace kernel::arch {

enum class Ring : std::uint32_t { k0 = 0, k3 = 3 };

struct PerCpu {
  std::uint64_t kernel_stack_top;    // of the current task
  std::uint64_t user_rsp;            // scratch of the system call entry
  std::uint64_t pending_interrupts;  // bit n: vector 32 + n arrived while the kernel ran
  std::uint64_t fault_address;       // CR2 of the last page fault
  std::uint64_t exit_frame;          // what the return path is about to load
  Ring ring;
  task::Task* current;
};

extern "C" [[gnu::visibility("hidden")]] PerCpu per_cpu;

static_assert(offsetof(PerCpu, kernel_stack_top) == 0 && offsetof(PerCpu, user_rsp) == 8);
static_assert(offsetof(PerCpu, pending_interrupts) == 16 && offsetof(PerCpu, fault_address) == 24);
static_assert(offsetof(PerCpu, exit_frame) == 32);

}  // namespace kernel::arch

#endif
