// What the network shows in /proc/net and /proc/sys/net (proc(5); fs/proc/additions.h).
#pragma once

#include <span>

#include "fs/proc/proc_fs.h"

namespace kernel::net {

std::span<const fs::ProcNode> proc_files();
std::span<const fs::ProcNode> sysctls();  // sysctls.cc

}  // namespace kernel::net
