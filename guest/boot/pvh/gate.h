// What the loader's C++ asks of the CPL 0 code in entry.S, through INT3, in whichever ring it runs itself.
#pragma once

#ifdef __ASSEMBLER__

#define HANDOFF_CR3 0
#define HANDOFF_CR4 8
#define HANDOFF_GDT 22
#define HANDOFF_IDT 38
#define HANDOFF_STAR 48
#define HANDOFF_SYSCALL_MASK 56
#define HANDOFF_XCR0 64
#define HANDOFF_CS 72
#define HANDOFF_SS 80
#define HANDOFF_RFLAGS 88
#define HANDOFF_TREE 96
#define HANDOFF_RING 104

#else

#include <cstddef>
#include <cstdint>

namespace kernel::pvh {

// As LGDT and LIDT read it, from the second half-word of the second quarter on.
struct TablePointer {
  std::uint16_t padding[3] = {};
  std::uint16_t limit = 0;
  std::uint64_t base = 0;
};

// The processor's state at the kernel's entry.
struct Handoff {
  std::uint64_t cr3 = 0;
  std::uint64_t cr4 = 0;
  TablePointer gdt;
  TablePointer idt;
  std::uint64_t star = 0;
  std::uint64_t syscall_mask = 0;
  std::uint64_t xcr0 = 0;  // 0: the processor has no XSAVE
  std::uint64_t cs = 0;
  std::uint64_t ss = 0;
  std::uint64_t rflags = 0;
  std::uint64_t device_tree = 0;
  std::uint64_t ring = 0;
};
static_assert(offsetof(Handoff, gdt) + offsetof(TablePointer, limit) == 22);
static_assert(offsetof(Handoff, idt) + offsetof(TablePointer, limit) == 38);
static_assert(offsetof(Handoff, star) == 48 && offsetof(Handoff, xcr0) == 64 && offsetof(Handoff, ring) == 104);

enum class Gate : std::uint64_t { kEnterKernel, kWritePort, kReadPort, kReadMsr, kWriteMsr, kReset };

inline std::uint64_t gate(Gate operation, std::uint64_t first = 0, std::uint64_t second = 0) {
  auto result = static_cast<std::uint64_t>(operation);
  asm volatile("int3" : "+a"(result) : "D"(first), "S"(second) : "rcx", "rdx", "memory");
  return result;
}

inline void write_port(std::uint16_t port, std::uint8_t value) {
  gate(Gate::kWritePort, port, value);
}
inline std::uint8_t read_port(std::uint16_t port) {
  return static_cast<std::uint8_t>(gate(Gate::kReadPort, port));
}
inline std::uint64_t read_msr(std::uint32_t msr) {
  return gate(Gate::kReadMsr, msr);
}
inline void write_msr(std::uint32_t msr, std::uint64_t value) {
  gate(Gate::kWriteMsr, msr, value);
}

}  // namespace kernel::pvh

#endif
