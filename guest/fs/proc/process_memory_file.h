#pragma once

#include "fs/proc/proc_fs.h"

namespace kernel::fs {

// Opens /proc/PID/mem. kAcces if the current task may not trace the process (ptrace(2)).
Result<Ref<File>> open_process_memory(int pid, const Path& path, std::uint32_t flags);

}  // namespace kernel::fs
