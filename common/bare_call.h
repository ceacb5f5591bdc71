// System calls without libc: for programs that have none, and for a process that shares another's memory while that one
// goes on running, where errno (one variable, in the other's thread-local storage) must not be written.
#pragma once

#include <sys/syscall.h>

namespace husk::bare {

// Returns what the kernel returns: -4095 to -1 is an error number with its sign changed. Arguments that are left out are
// 0: a call that has them (futex(2)'s timeout, the flags of pidfd_send_signal(2)) would else find what the registers
// happen to hold.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline long address(const void* pointer) {
  return reinterpret_cast<long>(pointer);
}

[[noreturn]] inline void leave(int status) {
  for (;;) system_call(SYS_exit_group, status);
}

}  // namespace husk::bare
