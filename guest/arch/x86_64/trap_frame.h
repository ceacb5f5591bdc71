// The registers of interrupted user code, as the entry stubs (entry.S) lay them out on the task's kernel stack, lowest
// address first. The last five words are what the CPU itself pushes and IRETQ pops (SDM vol. 3, 6.14.2).
#pragma once

#include <cstdint>

namespace kernel::arch {

struct TrapFrame {
  std::uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rcx, rdx, rsi, rdi, rax;
  std::uint64_t vector;      // interrupt or exception number, or kSyscallVector
  std::uint64_t error_code;  // of exceptions that have one; for a system call its number, as RAX was at entry
  std::uint64_t rip, cs, rflags, rsp, ss;
};

inline constexpr std::uint64_t kSyscallVector = 256;

}  // namespace kernel::arch
