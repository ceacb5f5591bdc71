// The four operations that an empty run, --stamp and --idle need. They are inline, so that those runs touch no page
// besides start.cc's own. Failures are negative error numbers of the platform.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace husk::payload {

inline constexpr int kStandardInput = 0;
inline constexpr int kStandardOutput = 1;
inline constexpr int kStandardError = 2;

// A reading of the monotonic clock; Linux's struct timespec on 64-bit machines.
struct Moment {
  int64_t seconds;
  int64_t nanoseconds;
};

[[noreturn]] inline void leave(int status);
inline void read_clock(Moment& moment);
inline long write_some(int descriptor, const void* bytes, size_t size);
inline long read_some(int descriptor, void* bytes, size_t size);

}  // namespace husk::payload

#if defined(__wasi__)
#include "tools/compare/payload/primitives_wasi.h"
#else
#include "tools/compare/payload/primitives_linux.h"
#endif
