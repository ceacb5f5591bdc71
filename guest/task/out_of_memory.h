// What happens when a payload touches memory and there is no frame left.
#pragma once

#include <cstdint>

namespace kernel::task {

// Kills the process that holds the most memory and logs why. True: it was another one, it is gone, try again. False: it
// is the current process, which will end on its way to user mode.
bool make_room();
std::uint64_t out_of_memory_kills();

}  // namespace kernel::task
