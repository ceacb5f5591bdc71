// What IPC shows in /proc (fs/proc/additions.h).
#pragma once

#include <span>

#include "fs/proc/proc_fs.h"

namespace kernel::ipc {

std::span<const fs::ProcNode> proc_nodes();      // of /proc
std::span<const fs::ProcNode> kernel_sysctls();  // of /proc/sys/kernel
std::span<const fs::ProcNode> file_sysctls();    // of /proc/sys/fs

}  // namespace kernel::ipc
