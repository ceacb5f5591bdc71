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
  kMountNoSymlinks = 256,  // MS_NOSYMFOLLOW
};

inline constexpr std::size_t kMaxMounts = 100'000;  // /proc/sys/fs/mount-max of Linux

// What is in the table has a parent that is, too (but for the root), and the table owns it. What was taken out stays
// for those who still use it, and has no parent: so a mount never keeps a chain of others alive.
class Mount final : public RefCounted {
 public:
  ~Mount() override;

  bool attached() const { return table_node.linked(); }
  bool read_only() const { return (flags & kMountReadOnly) || file_system->read_only; }

  Ref<FileSystem> file_system;
  Ref<Dentry> root;         // of the file system, or what a bind mount shows of it
  Ref<Mount> parent;        // null for the root mount, and for one that was taken out
  Ref<Dentry> mount_point;  // in the parent
  String source;            // as /proc/mounts shows it
  std::uint32_t flags = 0;
  int id = 0;                          // /proc/PID/mountinfo
  bool unbindable = false;             // MS_UNBINDABLE
  unsigned writers = 0;                // files open for writing through this mount
  std::uint64_t crossings = 0;         // walks that came by
  std::uint64_t expiry_crossings = 0;  // as many had come when umount2(2) MNT_EXPIRE marked it; 0: it did not
  ListNode table_node;                 // in the order of mounting: parents come before what is mounted on them
  Mount* next_in_bucket = nullptr;
  Mount* copy = nullptr;  // only while a tree is copied
  bool in_tree = false;   // in the one that mark_tree() was last asked for
};

// Mounts `file_system` at `point`, a directory (or, for the very first mount, the empty path). kNoEnt if the point was
// removed, kInval if it is on a mount that was taken out, kBusy if the same file system is mounted there, kNoSpc beyond
// kMaxMounts, here and below.
Result<Ref<Mount>> add_mount(Ref<FileSystem> file_system, const Path& point, std::string_view source,
                             std::uint32_t flags);
// The same part of the tree at a second place, with the flags of the mount that it is on; `recursive`: with what is
// mounted below it. All of it or nothing.
Result<void> add_bind_mount(const Path& source, const Path& point, bool recursive);
// MS_MOVE: `path` is the root of a mount. kInval if it is not, kLoop if `point` is below it.
Result<void> move_mount(const Path& path, const Path& point);
// kInval if `path` is not the root of a mount; kBusy if the mount is in use, unless `detach`: then it and all that is
// mounted on it go from the tree at once, and for good when their last users have gone.
Result<void> remove_mount(const Path& path, bool detach);
// umount2(2) MNT_EXPIRE: marks an unused mount (kAgain), or removes it if no walk came by since it was marked, but for
// the one that led to this call.
Result<void> expire_mount(const Path& path);
// Sets Mount::in_tree for every mount of the table: whether it is `top` or mounted somewhere on it.
void mark_tree(const Mount& top);
// kBusy if it would become read-only and a file is open for writing through it.
Result<void> change_mount_flags(Mount& mount, std::uint32_t flags);
// The same for all the mounts of the file system (MS_REMOUNT without MS_BIND).
Result<void> change_read_only(FileSystem& file_system, bool read_only);

// The mount on top of `path`, or null.
Mount* mounted_at(const Path& path);
// Calls `visit` for each mount in the order of mounting, until it fails.
using MountVisitor = Result<void> (*)(Mount&, void*);
Result<void> for_each_mount(MountVisitor visit, void* context);
template <typename Visit>
Result<void> for_each_mount(Visit visit) {
  return for_each_mount([](Mount& mount, void* context) { return (*static_cast<Visit*>(context))(mount); }, &visit);
}
Path root_path();

}  // namespace kernel::fs
