// Arguments that the file system calls have in common: descriptors and path names.
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/walk.h"
#include "lib/result.h"
#include "lib/string.h"
#include "mm/user_ptr.h"
#include "syscall/table.h"

namespace kernel::syscall {

// The current task's open file; kBadF.
Result<Ref<fs::File>> file_argument(int fd);
// Up to PATH_MAX bytes with the NUL; kNameTooLong, kFault.
Result<String> path_argument(mm::UserString path);

// What the path of an *at(2) call means; it must exist. `flags`: AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW are for the
// caller to turn into `last`; with AT_EMPTY_PATH an empty path means the descriptor itself.
Result<fs::Path> resolve_argument(int directory_fd, mm::UserString path, fs::LastLink last, std::uint32_t flags = 0);

// What a descriptor refers to, O_PATH included; kBadF.
Result<fs::Path> resolve_argument_fd(int fd);

inline fs::LastLink last_link(std::uint32_t at_flags) {
  return at_flags & fs::kAtSymlinkNoFollow ? fs::LastLink::kKeep : fs::LastLink::kFollow;
}

// System calls that return nothing but success.
inline SyscallResult done(const Result<void>& result) {
  if (!result) return result.error();
  return 0;
}

}  // namespace kernel::syscall
