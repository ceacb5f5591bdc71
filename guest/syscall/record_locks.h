// fcntl(2)'s locking commands: struct flock in, byte ranges out.
#pragma once

#include "fs/file.h"
#include "syscall/table.h"

namespace kernel::syscall {

// `owned_by_file`: an open file description lock (F_OFD_*) instead of one of the process.
SyscallResult get_record_lock(fs::File& file, std::uint64_t flock_address, bool owned_by_file);
// `fd` is where the caller found the file.
SyscallResult set_record_lock(int fd, const Ref<fs::File>& file, std::uint64_t flock_address, bool owned_by_file,
                              bool wait);

}  // namespace kernel::syscall
