// The mount table: which file system shows where. See mount(2), mount_namespaces(7); there is one mount namespace.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/dentry.h"
#include "fs/file_system.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {

struct Path;

// mount(2) flags that are per mount.
enum MountFlag : std::uint32_t {
  kMountReadOnly = 1,
  kMountNoSuid = 2,
  kMountNoDev = 4,
  kMountNoExec = 8,
};

class Mount final : public RefCounted {
 public:
  Ref<FileSystem> file_system;
  Ref<Dentry> root;         // of the file system
  Ref<Mount> parent;        // null for the root mount
  Ref<Dentry> mount_point;  // in the parent
  String source;            // as /proc/mounts shows it
  std::uint32_t flags = 0;
  int id = 0;  // /proc/PID/mountinfo
  ListNode table_node;
};

// Mounts `file_system` at `point`, a directory (or, for the very first mount, the empty path).
Result<Ref<Mount>> add_mount(Ref<FileSystem> file_system, const Path& point, std::string_view source,
                             std::uint32_t flags);
// The same part of the tree at a second place.
Result<Ref<Mount>> add_bind_mount(const Path& source, const Path& point, std::uint32_t flags);
// kInval if `path` is not the root of a mount; kBusy if the mount is in use, unless `detach`: then it goes from the
// tree at once, and for good when its last user has gone.
Result<void> remove_mount(const Path& path, bool detach);

// The mount on top of `path`, or null.
Mount* mounted_at(const Path& path);
// The first mount, or the one after `mount`, in order of mounting; null at the end.
Mount* next_mount(Mount* mount);
Path root_path();

}  // namespace kernel::fs
