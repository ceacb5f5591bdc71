// What the processes through which a payload reaches the host hold, and can do there (docs/isolation.md).
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace husk::compare {

// Of all of them together: what one of them has or can do, the payload has or can do. As an object for JSON:
// docs/compare-json.md, `isolation_facts`. What cannot be read is not in it; `unreadable` says why.
nlohmann::ordered_json inspect(const std::vector<pid_t>& processes);

}  // namespace husk::compare
