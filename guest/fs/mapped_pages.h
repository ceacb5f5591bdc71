// Taking pages of a file away from whoever has mapped them.
#pragma once

#include <cstdint>

#include "mm/memory_object.h"

namespace kernel::fs {

// The pages [first, end) of `object` are no longer part of it, or no longer the same: all processes that have them
// mapped fault on their next access (SIGBUS beyond the end of the file, mmap(2)). Private copies go, too, as on Linux.
void drop_mapped_pages(const mm::MemoryObject& object, std::uint64_t first, std::uint64_t end);

}  // namespace kernel::fs
