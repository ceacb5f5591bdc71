// The payload of `husk compare` when no IMAGE is given: a static program without libc, so that what is measured is the
// isolation and not a start-up routine. The same file runs under every runner.
//
//   payload          exits at once, status 0
//   payload --stamp  writes a struct timespec, CLOCK_MONOTONIC as read by its first instructions, to standard output
//   payload --idle   writes one byte when it is ready, then waits for the end of standard input
#include <sys/syscall.h>

#include <ctime>

namespace {

long system_call(long number, long a = 0, long b = 0, long c = 0) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

long address(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

[[noreturn]] void leave(int status) {
  for (;;) system_call(SYS_exit_group, status);
}

[[noreturn]] void stamp() {
  timespec now;
  system_call(SYS_clock_gettime, CLOCK_MONOTONIC, address(&now));
  leave(system_call(SYS_write, 1, address(&now), sizeof now) == sizeof now ? 0 : 1);
}

[[noreturn]] void idle() {
  char byte = '.';
  system_call(SYS_write, 1, address(&byte), 1);
  while (system_call(SYS_read, 0, address(&byte), 1) > 0) {
  }
  leave(0);
}

}  // namespace

// System V ABI, AMD64 supplement, 3.4.1: at entry the stack pointer points at argc, followed by the argument pointers.
extern "C" [[noreturn]] void payload_main(const long* stack) {
  const long count = stack[0];
  if (count < 2) leave(0);
  const char* option = reinterpret_cast<const char* const*>(stack + 1)[1];
  if (option[0] == '-' && option[1] == '-' && option[2] == 's') stamp();
  if (option[0] == '-' && option[1] == '-' && option[2] == 'i') idle();
  leave(2);
}

asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call payload_main\n");
