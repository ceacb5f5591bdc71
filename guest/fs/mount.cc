#include "fs/mount.h"

#include "fs/inode.h"
#include "fs/path.h"

namespace kernel::fs {

namespace {

using MountList = List<Mount, &Mount::table_node>;

// The table owns one reference to each mount. Made by the first mount: a list's head cannot be constant-initialised.
struct MountTable {
  MountList mounts;
  int next_id = 1;
};
alignas(MountTable) constinit unsigned char g_storage[sizeof(MountTable)] = {};
constinit MountTable* g_table = nullptr;

std::uint64_t g_next_device = 1;

}  // namespace

FileSystem::FileSystem() : device_(make_device(0, static_cast<std::uint32_t>(g_next_device++))) {}

namespace {

void attach(const Ref<Mount>& mount, const Path& point, std::uint32_t flags) {
  if (!g_table) g_table = new (g_storage) MountTable;
  mount->flags = flags;
  mount->id = g_table->next_id++;
  if (point) {
    mount->parent = point.mount;
    mount->mount_point = point.dentry;
    ++point.dentry->mounts;
  }
  mount->retain();
  g_table->mounts.push_back(*mount);
}

}  // namespace

Result<Ref<Mount>> add_mount(Ref<FileSystem> file_system, const Path& point, std::string_view source,
                             std::uint32_t flags) {
  auto mount = TRY(make_ref<Mount>());
  Ref<Inode> root = TRY(file_system->root());
  mount->root = TRY(Dentry::make_root(static_cast<Ref<Inode>&&>(root), "/"));
  mount->source = TRY(String::from(source));
  mount->file_system = static_cast<Ref<FileSystem>&&>(file_system);
  attach(mount, point, flags);
  return mount;
}

Result<Ref<Mount>> add_bind_mount(const Path& source, const Path& point, std::uint32_t flags) {
  auto mount = TRY(make_ref<Mount>());
  mount->root = source.dentry;
  mount->source = TRY(source.mount->source.clone());
  mount->file_system = source.mount->file_system;
  attach(mount, point, flags);
  return mount;
}

Result<void> remove_mount(const Path& path, bool detach) {
  Mount* mount = path.mount.get();
  if (!mount || path.dentry != mount->root || !mount->parent) return Errno::kInval;
  // In use: by anything but the table and the caller's path. A mount on top of this one holds a reference, too.
  if (!detach && mount->references() > 2) return Errno::kBusy;
  --mount->mount_point->mounts;
  mount->table_node.unlink();
  mount->release();
  return {};
}

Mount* mounted_at(const Path& path) {
  if (path.dentry->mounts == 0) return nullptr;
  Mount* top = nullptr;
  for (Mount& mount : g_table->mounts) {
    if (mount.mount_point == path.dentry && mount.parent == path.mount) top = &mount;
  }
  return top;
}

Mount* next_mount(Mount* mount) {
  if (!g_table) return nullptr;
  if (!mount) return g_table->mounts.front();
  bool take_next = false;
  for (Mount& candidate : g_table->mounts) {
    if (take_next) return &candidate;
    take_next = &candidate == mount;
  }
  return nullptr;
}

Path root_path() {
  Mount* first = next_mount(nullptr);
  return {Ref<Mount>(first), first->root};
}

}  // namespace kernel::fs
