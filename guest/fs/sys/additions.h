// What other layers show in /sys: net its devices. As with /proc (fs/proc/additions.h) the tables are put together when the kernel is
// linked.
#pragma once

#include <span>

#include "fs/sys/sys_fs.h"

namespace kernel::fs {

struct SysAddition {
  SysPlace place;
  std::span<const SysNode> (*nodes)();
};

// Defined above all layers: guest/tables.cc.
std::span<const SysAddition> sys_additions();

}  // namespace kernel::fs
