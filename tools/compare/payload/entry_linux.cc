// Linux's entry point. System V ABI, AMD64 supplement, 3.4.1: at entry the stack pointer points at argc, followed by
// the argument pointers.
#include "tools/compare/payload/start.h"

extern "C" [[noreturn]] void payload_entry(const long* stack) {
  husk::payload::start(static_cast<int>(stack[0]), reinterpret_cast<const char* const*>(stack + 1));
}

asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call payload_entry\n");
