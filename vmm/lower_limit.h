// Limits of the calling process (setrlimit(2)) that it cannot raise again without a capability.
#pragma once

#include <cstdint>

namespace husk {

// Lowers the hard limit of `resource` to `most`, and the soft one with it; lower ones that the caller set stay. False
// and errno where that fails. Async-signal-safe.
bool lower_limit(int resource, std::uint64_t most);

}  // namespace husk
