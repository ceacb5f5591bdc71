// The payload's user, as far as the image knows: names of users and groups, and the home directory.
#pragma once

#include <string_view>

#include "boot_parameters.h"
#include "lib/string.h"
#include "task/task.h"

namespace kernel::payload {

// Gives `task` the ids and groups that the image's /etc/passwd and /etc/group have for the name in the tree. Returns what
// is wrong, in words, or an empty text.
std::string_view find_user(const PayloadDescription& payload, task::Task& task);

// "HOME=..." by /etc/passwd, for an environment that has none: docs/device-tree.md.
Result<String> home_variable(task::Task& task);

}  // namespace kernel::payload
