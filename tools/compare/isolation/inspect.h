// What the processes through which a payload reaches the host hold, and can do there (docs/isolation.md).
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>

#include "tools/compare/runner.h"

namespace husk::compare {

// `root`: the runner's process, whose payload is idle. Those that count are, of its descendants: with a VM, the ones
// that have a vCPU open; else the last in the chain that is in namespaces of its own, or the last where none is: the payload
// (or the language runtime that executes it).
std::vector<pid_t> processes_that_count(pid_t root, Isolation isolation);

// As an object for JSON; docs/compare-json.md, `isolation_facts`.
nlohmann::ordered_json inspect(const std::vector<pid_t>& processes);

}  // namespace husk::compare
