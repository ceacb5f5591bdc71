// One byte sent back and forth between this process and a child of it.
#pragma once

#include "tools/compare/payload/bench.h"

namespace husk::payload {

// What a process reads from and writes to; both can be the same.
struct Channel {
  int read;
  int write;
};

// Times round trips. The child gets `theirs`, this process keeps `ours`; all are closed afterwards, which also ends the
// child: it reads the end of file when this process ends, whatever the reason.
Outcome ping_pong(const BenchContext& context, Measured& measured, Channel ours, Channel theirs);

}  // namespace husk::payload
