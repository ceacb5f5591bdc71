// What both directions of the console have in common: one request at a time, whose bytes lie in the queue's own page or,
// if they are many, in a buffer that is allocated when it is first needed.
#pragma once

#include <cstddef>

#include "drivers/virtqueue.h"
#include "mm/frame.h"

namespace kernel::drivers {

inline constexpr VirtQueue::Token kOnlyRequest = 0;
inline constexpr unsigned kLargeBufferOrder = 4;
inline constexpr std::size_t kLargeBufferSize = std::size_t{mm::kPageSize} << kLargeBufferOrder;

}  // namespace kernel::drivers
