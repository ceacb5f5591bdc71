// eventfd(2): a counter that is only a descriptor.
#pragma once

#include "fs/file.h"

namespace kernel::fs {

// `flags`: O_NONBLOCK. `semaphore` (EFD_SEMAPHORE): a read takes one instead of all.
Result<Ref<File>> make_event_counter(std::uint64_t value, bool semaphore, std::uint32_t flags);

}  // namespace kernel::fs
