// Linux: system calls without a libc.
#pragma once

#include <linux/time.h>
#include <sys/syscall.h>

#include "tools/compare/payload/primitives.h"

namespace husk::payload {

inline long system_call(long number, long a = 0, long b = 0, long c = 0) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

inline long system_call(long number, long a, long b, long c, long d, long e = 0, long f = 0) {
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

inline void read_clock(Moment& moment) {
  static_assert(sizeof moment == sizeof(timespec));
  system_call(SYS_clock_gettime, CLOCK_MONOTONIC, address(&moment));
}

inline long write_some(int descriptor, const void* bytes, size_t size) {
  return system_call(SYS_write, descriptor, address(bytes), static_cast<long>(size));
}

inline long read_some(int descriptor, void* bytes, size_t size) {
  return system_call(SYS_read, descriptor, address(bytes), static_cast<long>(size));
}

}  // namespace husk::payload
