// The ABI's segment selectors for the assembler (abi/husk_abi.h has them for C++; trap.cc asserts that they agree).
#pragma once

#define SELECTOR_KERNEL_CS 0x10
#define SELECTOR_KERNEL_SS 0x18
#define SELECTOR_USER_SS 0x2b
#define SELECTOR_USER_CS 0x33
#define SELECTOR_TSS 0x40
#define KERNEL_HIGH_WORD 0x7f80 /* bits 47:32 of the lowest kernel address */
#define VECTOR_SYSCALL 256
#define MSR_X2APIC_EOI 0x80b
#define END_OF_INTERRUPT_SIZE 17 /* bytes of code: boot/pvh/entry.S has another version of it */
