// All state that belongs to the CPU and not to a task, in one struct. The entry stubs reach their CPU's relative to RIP,
// which works in both privilege modes and needs no SWAPGS; C++ asks this_cpu().
//
// There is one vCPU, so there is one of it. With more, each gets its own copy of the entry stubs (LSTAR and the TSS are
// per CPU anyway), and this_cpu() finds it from the stack: every task's lies at a multiple of its place's size
// (kernel_stack.cc).
#pragma once

#ifdef __ASSEMBLER__

#define PC_KERNEL_STACK 0
#define PC_USER_RSP 8
#define PC_PENDING 16
#define PC_FAULT_ADDRESS 24
#define PC_EXIT_FRAME 32
#define PC_ENTRY_FRAME 40
#define PC_SIZE 128

#else

#include <cstddef>
#include <cstdint>

namespace kernel::task {
class CpuScheduler;
class Task;
}  // namespace kernel::task

namespace kernel::arch {

enum class Ring : std::uint32_t { k0 = 0, k3 = 3 };

struct PerCpu {
  // What the entry stubs use.
  std::uint64_t kernel_stack_top;    // of the current task
  std::uint64_t user_rsp;            // scratch of the system call entry
  std::uint64_t pending_interrupts;  // bit n: vector 32 + n arrived while the kernel ran
  std::uint64_t fault_address;       // CR2 of the last page fault
  std::uint64_t exit_frame;          // what the return path is about to load
  struct {
    std::uint64_t rip, cs, rflags, rsp, ss;
  } entry_frame;  // what the IRETQ of ring 3's exception stubs loads: only RSP changes, with the task

  Ring ring;
  bool timer_mode_set;            // the LAPIC's timer counts towards a TSC deadline
  std::uint64_t loaded_root;      // physical address in CR3; 0: still the VMM's
  std::uint64_t gates_used;       // privileged operations asked of the CPL 0 stub
  unsigned no_switch_depth;       // arch/x86_64/no_switch.h
  task::Task* current;            // there always is one, also while the CPU idles
  task::CpuScheduler* scheduler;  // who else wants this CPU, and until when the current task has it
};

static_assert(offsetof(PerCpu, kernel_stack_top) == 0 && offsetof(PerCpu, user_rsp) == 8);
static_assert(offsetof(PerCpu, pending_interrupts) == 16 && offsetof(PerCpu, fault_address) == 24);
static_assert(offsetof(PerCpu, exit_frame) == 32 && offsetof(PerCpu, entry_frame) == 40);
static_assert(sizeof(PerCpu) == 128);

extern "C" [[gnu::visibility("hidden")]] PerCpu boot_cpu;  // entry.S

inline PerCpu& this_cpu() {
  return boot_cpu;
}

}  // namespace kernel::arch

#endif
