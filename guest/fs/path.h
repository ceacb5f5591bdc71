// A place in the tree that payloads see: a name (dentry) on a mounted file system. See path_resolution(7).
#pragma once

#include "fs/dentry.h"
#include "fs/mount.h"
#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {

struct Path {
  Ref<Mount> mount;  // null for what has no name in the tree: a pipe
  Ref<Dentry> dentry;

  explicit operator bool() const { return static_cast<bool>(dentry); }
  friend bool operator==(const Path& a, const Path& b) { return a.mount == b.mount && a.dentry == b.dentry; }
};

// The absolute name of `path` as seen from `root`: what getcwd(2) and /proc/PID/exe show. Something that is not below
// `root` is prefixed "(unreachable)"; something that was removed ends in " (deleted)".
Result<String> path_text(const Path& path, const Path& root);

}  // namespace kernel::fs
