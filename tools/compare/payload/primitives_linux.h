// Linux: system calls without a libc.
#pragma once

#include <linux/time.h>

#include "common/bare_call.h"
#include "tools/compare/payload/primitives.h"

namespace husk::payload {

using bare::address;
using bare::system_call;

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
