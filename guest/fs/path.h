// A place in the tree that payloads see: a name (dentry) on a mounted file system. See path_resolution(7).
#pragma once

#include <utility>

#include "fs/dentry.h"
#include "fs/mount.h"
#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {

struct Path {
  Path() = default;
  Path(Ref<Mount> on_mount, Ref<Dentry> at) : mount(std::move(on_mount)), dentry(std::move(at)) {}
  Path(const Path&) = default;
  Path(Path&&) = default;
  // The old dentry goes before the old mount, as in the destructor: a mount that was detached takes its file system with
  // it, and the dentry's inode must not outlive that.
  Path& operator=(Path other) noexcept {
    std::swap(mount, other.mount);
    std::swap(dentry, other.dentry);
    return *this;
  }
  ~Path() = default;

  Ref<Mount> mount;  // null for what has no name in the tree: a pipe
  Ref<Dentry> dentry;

  explicit operator bool() const { return static_cast<bool>(dentry); }
  friend bool operator==(const Path& a, const Path& b) { return a.mount == b.mount && a.dentry == b.dentry; }
};

// The absolute name of `path` as seen from `root`: what getcwd(2) and /proc/PID/exe show. Of something that is not below
// `root` the name from the top of the tree; something that was removed ends in " (deleted)".
Result<String> path_text(const Path& path, const Path& root);
bool is_below(const Path& path, const Path& root);  // or is it
// The name of an entry from the root of its file system, wherever that is mounted (/proc/PID/mountinfo).
Result<String> path_in_file_system(const Dentry& entry);

}  // namespace kernel::fs
