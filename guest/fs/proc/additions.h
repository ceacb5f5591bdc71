// What other layers show in /proc: ipc its objects, net its sockets, and both their limits. File systems know nothing of them; the
// tables are put together when the kernel is linked.
#pragma once

#include <span>

#include "fs/proc/proc_fs.h"

namespace kernel::fs {

struct ProcAddition {
  ProcPlace place;
  std::span<const ProcNode> (*nodes)();
};

// Defined above all layers: guest/tables.cc.
std::span<const ProcAddition> proc_additions();

}  // namespace kernel::fs
