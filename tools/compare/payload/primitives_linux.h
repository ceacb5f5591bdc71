// Linux: system calls without a libc.
#pragma once

#include <linux/time.h>

#include "common/bare_call.h"
#include "tools/compare/payload/primitives.h"

namespace husk::payload {

using bare::address;

// For calls that have no more than three arguments: what is measured is the call, not the zeros of further ones.
inline long system_call(long number, long a = 0, long b = 0, long c = 0) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

inline long system_call(long number, long a, long b, long c, long d, long e = 0, long f = 0) {
  return bare::system_call(number, a, b, c, d, e, f);
}

[[noreturn]] inline void leave(int status) {
  bare::leave(status);
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
