// Random numbers for a payload: getrandom(2) and the random devices.
#pragma once

#include <cstddef>

#include "lib/result.h"
#include "mm/io_buffer.h"

namespace kernel::task {

// Fills the buffer; how much it got. Up to 256 bytes are never cut short by a signal (getrandom(2)). kFault only if
// nothing was stored.
Result<std::size_t> write_random(mm::IoBuffer& buffer);

}  // namespace kernel::task
