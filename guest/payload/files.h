// What the user of husk wants in the payload's file system: --tmpfs, /etc/hosts and its like, --read-only. All of it is
// done by root, before the payload starts.
#pragma once

#include <string_view>

#include "boot_parameters.h"
#include "task/task.h"

namespace kernel::payload {

// mkdir -p with mode 0755, from the task's working directory, as who the task is.
Result<void> make_directories(task::Task& task, std::string_view path);

// A tmpfs has the mode of the directory that it covers, if that was there and nothing else was asked for (as runc has it),
// else 1777. The image's links are followed, but not to what is the kernel's own (kPerm). `failed` is the path of the one
// that could not be mounted.
Result<void> mount_tmpfs(const PayloadDescription& payload, task::Task& task, std::string_view& failed);

// In the place of whatever has the name: a file, or a link, whose target stays as it is.
Result<void> write_etc_files(const PayloadDescription& payload, task::Task& task, std::string_view& failed);

// The last of all changes to the root. What is mounted below it is not concerned.
Result<void> make_root_read_only();

}  // namespace kernel::payload
