#include "arch/x86_64/privileged.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/xapic.h"

extern "C" void halt_until_interrupt_ring0();  // entry.S

namespace kernel::arch {
namespace {

constexpr std::uint32_t kMsrTscDeadline = 0x6e0;
constexpr std::uint32_t kMsrX2apicLvtTimer = 0x832;  // SDM vol. 3, 11.12.1.2
constexpr std::uint64_t kLvtTscDeadlineMode = 2u << 17;

// The operations of entry.S's ring3_breakpoint.
enum class Gate : std::uint64_t {
  kLoadCr3 = 0,
  kInvlpg = 1,
  kWriteMsr = 2,
  kHalt = 3,
  kWritePort = 4,
  kReadPort = 5,
  kReset = 6
};

std::uint64_t gate(Gate operation, std::uint64_t first = 0, std::uint64_t second = 0) {
  ++this_cpu().gates_used;
  auto result = static_cast<std::uint64_t>(operation);
  asm volatile("int3" : "+a"(result), "+D"(first), "+S"(second)::"rcx", "rdx", "memory");
  return result;
}

bool in_ring3() {
  return this_cpu().ring == Ring::k3;
}

void write_msr(std::uint32_t msr, std::uint64_t value) {
  if (in_ring3()) {
    gate(Gate::kWriteMsr, msr, value);
  } else {
    asm volatile("wrmsr" ::"c"(msr), "a"(static_cast<std::uint32_t>(value)),
                 "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
  }
}

}  // namespace

void load_page_table(std::uint64_t root_physical) {
  this_cpu().loaded_root = root_physical;
  if (in_ring3()) {
    gate(Gate::kLoadCr3, root_physical);
  } else {
    asm volatile("mov %0, %%cr3" ::"r"(root_physical) : "memory");
  }
}

std::uint64_t loaded_page_table() {
  return this_cpu().loaded_root;
}

void flush_tlb() {
  load_page_table(loaded_page_table());
}

void flush_tlb_pages(std::uint64_t virtual_address, std::uint64_t pages) {
  if (in_ring3()) {
    gate(Gate::kInvlpg, virtual_address, pages);
    return;
  }
  for (; pages != 0; --pages, virtual_address += husk::abi::kPageSize)
    asm volatile("invlpg (%0)" ::"r"(virtual_address) : "memory");
}

void set_timer_deadline(std::uint64_t tsc) {
  if (xapic_timer_in_use()) return set_xapic_timer(tsc);
  if (PerCpu& cpu = this_cpu(); !cpu.timer_mode_set) {
    cpu.timer_mode_set = true;
    write_msr(kMsrX2apicLvtTimer, kLvtTscDeadlineMode | husk::abi::kTimerVector);
    // Orders the mode before the deadline (SDM vol. 3, 11.5.4.1).
    asm volatile("mfence" ::: "memory");
  }
  write_msr(kMsrTscDeadline, tsc);
}

void wait_for_interrupt() {
  if (in_ring3()) {
    gate(Gate::kHalt);
    return;
  }
  // Interrupts are disabled in ring 0, so none can come between the test and the HLT.
  if (this_cpu().pending_interrupts == 0) halt_until_interrupt_ring0();
}

void let_interrupts_in() {
  // STI takes effect after the next instruction. A KVM that emulates CPL 0 does not look for interrupts between two
  // instructions, only where something else made it stop: so the door stays open for a while, which costs a processor that
  // executes them next to nothing. Whoever must not miss the time looks at the clock (task::preemption_point()).
  if (!in_ring3()) asm volatile("sti; .rept 32; nop; .endr; cli" ::: "memory");
}

bool holds_interrupts_back() {
  return !in_ring3();
}

std::uint32_t read_and_let_interrupts_in(const volatile std::uint32_t* device_register) {
  std::uint32_t value;
  asm volatile("sti; nop; movl %1, %0; nop; nop; cli" : "=r"(value) : "m"(*device_register) : "memory");
  return value;
}

void write_port(std::uint16_t port, std::uint8_t value) {
  if (in_ring3()) {
    gate(Gate::kWritePort, port, value);
  } else {
    asm volatile("outb %0, %1" ::"a"(value), "d"(port) : "memory");
  }
}

std::uint8_t read_port(std::uint16_t port) {
  if (in_ring3()) return static_cast<std::uint8_t>(gate(Gate::kReadPort, port));
  std::uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "d"(port) : "memory");
  return value;
}

void reset_machine() {
  if (in_ring3()) gate(Gate::kReset);
  const struct [[gnu::packed]] {
    std::uint16_t limit = 0;
    std::uint64_t base = 0;
  } no_table;
  asm volatile("lidt %0; ud2" ::"m"(no_table));
  __builtin_unreachable();
}

std::uint64_t gate_count() {
  return this_cpu().gates_used;
}

}  // namespace kernel::arch
