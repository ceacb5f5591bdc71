// unshare(2): a task gets copies of what it shares with others.
#pragma once

#include <cstdint>

#include "lib/result.h"

namespace kernel::task {

// The current task; `flags` are clone(2)'s.
Result<void> unshare(std::uint64_t flags);

}  // namespace kernel::task
