// All registers that a program may hold values in while others run.
#pragma once

#include <cstdint>

namespace fuzz {

struct alignas(64) RegisterFile {
  std::uint64_t vectors[16][2];  // XMM0..15
  std::uint64_t general[11];     // RBX, RBP, R8..R15, RAX
};

// Loads them, counts to `turns` without a system call, and stores them.
extern "C" void hold_registers(const RegisterFile* in, RegisterFile* out, std::uint64_t turns);

}  // namespace fuzz

asm(R"(
.text
.type hold_registers, @function
hold_registers:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  push %rsi
  mov %rdx, %rcx
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqa 16*\n(%rdi), %xmm\n
.endr
  mov 256(%rdi), %rbx
  mov 264(%rdi), %rbp
  mov 272(%rdi), %r8
  mov 280(%rdi), %r9
  mov 288(%rdi), %r10
  mov 296(%rdi), %r11
  mov 304(%rdi), %r12
  mov 312(%rdi), %r13
  mov 320(%rdi), %r14
  mov 328(%rdi), %r15
  mov 336(%rdi), %rax
1:
  dec %rcx
  jnz 1b
  pop %rsi
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqa %xmm\n, 16*\n(%rsi)
.endr
  mov %rbx, 256(%rsi)
  mov %rbp, 264(%rsi)
  mov %r8, 272(%rsi)
  mov %r9, 280(%rsi)
  mov %r10, 288(%rsi)
  mov %r11, 296(%rsi)
  mov %r12, 304(%rsi)
  mov %r13, 312(%rsi)
  mov %r14, 320(%rsi)
  mov %r15, 328(%rsi)
  mov %rax, 336(%rsi)
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
)");
