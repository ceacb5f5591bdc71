// The capabilities that a program gives who executes it: its attribute security.capability (capabilities(7), "File
// capabilities").
#pragma once

#include <optional>

#include "lib/result.h"
#include "task/capabilities.h"

namespace kernel::fs {

class Inode;

struct FileCapabilities {
  task::CapabilitySet permitted, inheritable;
  bool effective = false;  // what the program has is in force at once
};

// None: it has no such attribute, or one for another user namespace than this one. kInval: it makes no sense; kIo.
Result<std::optional<FileCapabilities>> file_capabilities(Inode& inode);

}  // namespace kernel::fs
