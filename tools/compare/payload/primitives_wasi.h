// WASI: wasi-libc, and WASI's own clock, whose reading is one number.
#pragma once

#include <errno.h>
#include <unistd.h>
#include <wasi/api.h>

#include "tools/compare/payload/primitives.h"

namespace husk::payload {

[[noreturn]] inline void leave(int status) {
  __wasi_proc_exit(static_cast<__wasi_exitcode_t>(status));
}

inline void read_clock(Moment& moment) {
  constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
  __wasi_timestamp_t now = 0;
  // An error leaves 0: the only one that there is says that the clock does not exist.
  static_cast<void>(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now));
  moment.seconds = static_cast<int64_t>(now) / kNanosecondsPerSecond;
  moment.nanoseconds = static_cast<int64_t>(now) % kNanosecondsPerSecond;
}

inline long write_some(int descriptor, const void* bytes, size_t size) {
  const ssize_t written = ::write(descriptor, bytes, size);
  return written < 0 ? -errno : written;
}

inline long read_some(int descriptor, void* bytes, size_t size) {
  const ssize_t got = ::read(descriptor, bytes, size);
  return got < 0 ? -errno : got;
}

}  // namespace husk::payload
