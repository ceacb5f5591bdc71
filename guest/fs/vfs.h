// The operations of the system calls on names: what each checks and does, over path walks (fs/walk.h), permissions
// (fs/access.h) and the file systems' inodes. All act as the current task. `start` is where a relative path begins.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/file.h"
#include "fs/path.h"
#include "fs/walk.h"
#include "lib/result.h"

namespace kernel::fs {

// open(2): `flags` are O_*, `mode` the permissions of a new file (before the umask).
Result<Ref<File>> open(const Path& start, std::string_view text, std::uint32_t flags, std::uint32_t mode);
// Opens what is at `path` (which exists), after checking permissions.
Result<Ref<File>> open_path(const Path& path, std::uint32_t flags);
// O_PATH.
Result<Ref<File>> open_path_only(const Path& path, std::uint32_t flags);

// Attributes of a new inode in `directory`: the current task's ids and umask, and what a set-group-ID directory passes
// on.
Result<NewInode> new_attributes(Inode& directory, std::uint32_t mode);

// mknod(2), mkdir(2), symlink(2): `mode` has the type.
Result<void> make_node(const Path& start, std::string_view text, std::uint32_t mode, std::uint64_t device);
// bind(2) of a Unix socket: `mode` has the type; where it is now.
Result<Path> make_socket(const Path& start, std::string_view text, std::uint32_t mode);
Result<void> make_directory(const Path& start, std::string_view text, std::uint32_t mode);
Result<void> make_symlink(std::string_view target, const Path& start, std::string_view text);
Result<void> make_link(const Path& existing, const Path& start, std::string_view text);
Result<void> unlink(const Path& start, std::string_view text);
Result<void> remove_directory(const Path& start, std::string_view text);

// renameat2(2).
inline constexpr std::uint32_t kRenameNoReplace = 1;
inline constexpr std::uint32_t kRenameExchange = 2;
Result<void> rename(const Path& old_start, std::string_view old_text, const Path& new_start, std::string_view new_text,
                    std::uint32_t flags);

Result<void> truncate(const Path& path, std::uint64_t size);
Result<void> truncate(Inode& inode, std::uint64_t size);  // of a regular file that may be written
Result<void> change_permissions(const Path& path, std::uint32_t permissions);
// ~0: leave it as it is.
Result<void> change_owner(const Path& path, std::uint32_t uid, std::uint32_t gid);

// utimensat(2). A null time leaves it as it is; `set_to_now` as UTIME_NOW for both, which needs only write permission.
struct NewTimes {
  const Timespec* accessed = nullptr;
  const Timespec* modified = nullptr;
  bool set_to_now = false;
};
Result<void> change_times(const Path& path, const NewTimes& times);

// access(2): `wanted` as R_OK, W_OK, X_OK.
Result<void> check_path_access(const Path& path, unsigned wanted);

// kRoFs if the mount is read-only.
Result<void> check_writable_mount(const Path& path);

}  // namespace kernel::fs
