// Which descriptors a confined VMM holds: those that it names, and standard input, output and error. Whatever else it
// inherited or forgot to close would be something that a compromised VMM could read or write.
#pragma once

#include <span>

namespace husk::sandbox {

// Closes every descriptor above 2 that is not in `kept` (close_range(2)); returns the highest that is left. Owners of
// those that are closed here get EBADF when they close them later, which is harmless: no number is used again, since a
// confined VMM can make no descriptor.
int close_all_but(std::span<const int> kept);

}  // namespace husk::sandbox
