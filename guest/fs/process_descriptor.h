// pidfd_open(2): a descriptor that stands for a process or a thread.
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "task/pid_handle.h"

namespace kernel::fs {

// PIDFD_THREAD, which is O_EXCL, in the file's flags: it stands for the thread and not for its process.
inline constexpr std::uint32_t kThreadDescriptor = kExclusive;

// `flags`: O_NONBLOCK, kThreadDescriptor.
Result<Ref<File>> make_process_descriptor(Ref<task::PidHandle> handle, std::uint32_t flags);
// What the file stands for; kBadF if it is no such file.
Result<Ref<task::PidHandle>> handle_of(File& file);

}  // namespace kernel::fs
