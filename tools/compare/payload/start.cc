// The payload of `husk compare` when no IMAGE is given: the same source for every runner, as a static Linux program
// without libc (so that what is measured is the isolation and not a start-up routine), and as a WASI module.
//
//   payload          exits at once, status 0
//   payload --stamp  writes CLOCK_MONOTONIC as read by its first system call to standard output, then, in a second
//                    write, CLOCK_MONOTONIC as read after the first one; each as two int64: seconds, nanoseconds
//   payload --idle   writes one byte when it is ready, then waits for the end of standard input
//   payload OPTION   see options.cc
//
// This file is all that the first three touch: on Linux the linker script gives it a page of its own.
#include "tools/compare/payload/start.h"

#include "tools/compare/payload/options.h"
#include "tools/compare/payload/primitives.h"

namespace husk::payload {
namespace {

bool write_moment(const Moment& moment) {
  return write_some(kStandardOutput, &moment, sizeof moment) == sizeof moment;
}

[[noreturn]] void stamp() {
  Moment moment;
  read_clock(moment);
  if (!write_moment(moment)) leave(kFailed);
  read_clock(moment);
  leave(write_moment(moment) ? 0 : kFailed);
}

[[noreturn]] void idle() {
  char byte = '.';
  write_some(kStandardOutput, &byte, 1);
  while (read_some(kStandardInput, &byte, 1) > 0) {
  }
  leave(0);
}

}  // namespace

[[noreturn]] void start(int count, const char* const* arguments) {
  if (count < 2) leave(0);
  // No option but these two has these letters there, and a string comparison would lie in another page.
  const char* option = arguments[1];
  if (count == 2 && option[0] == '-' && option[1] == '-' && option[2] == 's' && option[3] == 't') stamp();
  if (count == 2 && option[0] == '-' && option[1] == '-' && option[2] == 'i') idle();
  leave(run_options(count, arguments));
}

}  // namespace husk::payload
