#include "fs/mount.h"

#include <utility>

#include "fs/abi.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "fs/path.h"
#include "lib/vector.h"

namespace kernel::fs {

namespace {

using MountList = List<Mount, &Mount::table_node>;

std::uint64_t g_next_device = 1;

// The table owns one reference to each mount. A hash table finds what is mounted on a place: walks ask that at each step
// that has a mount on it.
class MountTable {
 public:
  MountList mounts;

  static std::size_t hash(const Mount* parent, const Dentry* point) {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio: spreads aligned addresses
    const auto key = reinterpret_cast<std::uint64_t>(parent) * 31 + reinterpret_cast<std::uint64_t>(point);
    return key * kMultiplier >> 32;
  }
  Mount*& bucket(const Mount* parent, const Dentry* point) {
    return buckets_[hash(parent, point) & (buckets_.size() - 1)];
  }
  Mount* find(const Mount* parent, const Dentry* point) {
    Mount* mount = bucket(parent, point);
    while (mount && (mount->parent.get() != parent || mount->mount_point.get() != point)) mount = mount->next_in_bucket;
    return mount;
  }
  // Makes room for `count` more; putting them in cannot fail afterwards.
  Result<void> reserve(std::size_t count) {
    if (count_ + count > kMaxMounts) return Errno::kNoSpc;
    constexpr std::size_t kFirstBuckets = 16;
    std::size_t wanted = buckets_.empty() ? kFirstBuckets : buckets_.size();
    while (wanted < (count_ + count) / 2) wanted *= 2;
    if (wanted == buckets_.size()) return {};
    Vector<Mount*> bigger;
    TRY(bigger.resize(wanted));
    buckets_ = std::move(bigger);
    for (Mount& mount : mounts) put_in_bucket(mount);
    return {};
  }
  void insert(Mount& mount) {
    mounts.push_back(mount);
    put_in_bucket(mount);
    ++count_;
    if (mount.mount_point) ++mount.mount_point->mounts;
    if (mount.id == 0) mount.id = next_id_++;
  }
  void take_out(Mount& mount) {
    Mount** link = &bucket(mount.parent.get(), mount.mount_point.get());
    while (*link != &mount) link = &(*link)->next_in_bucket;
    *link = std::exchange(mount.next_in_bucket, nullptr);
    mount.table_node.unlink();
    --count_;
    if (mount.mount_point) --mount.mount_point->mounts;
  }

 private:
  void put_in_bucket(Mount& mount) {
    Mount*& first = bucket(mount.parent.get(), mount.mount_point.get());
    mount.next_in_bucket = first;
    first = &mount;
  }

  Vector<Mount*> buckets_;  // a power of two
  std::size_t count_ = 0;
  int next_id_ = 1;
};
// Made by the first mount: a list's head cannot be constant-initialised.
alignas(MountTable) constinit unsigned char g_storage[sizeof(MountTable)] = {};
constinit MountTable* g_table = nullptr;

MountTable& table() {
  if (!g_table) g_table = new (g_storage) MountTable;
  return *g_table;
}

// The table takes over a reference.
void attach(const Ref<Mount>& mount, const Path& point) {
  mount->parent = point.mount;
  mount->mount_point = point.dentry;
  mount->retain();
  table().insert(*mount);
}

Result<void> check_point(const Path& point) {
  if (!point.mount || !point.mount->attached()) return Errno::kInval;
  if (point.dentry->removed()) return Errno::kNoEnt;
  return {};
}

Result<Ref<Mount>> copy_of(const Mount& original, const Ref<Dentry>& root) {
  auto mount = TRY(make_ref<Mount>());
  mount->root = root;
  mount->source = TRY(original.source.clone());
  mount->file_system = original.file_system;
  mount->flags = original.flags;
  return mount;
}

// Where the mount stands in its parent is at `place` or below it.
bool stands_below(const Mount& mount, const Path& place) {
  return mount.parent == place.mount && mount.mount_point->is_below(*place.dentry);
}

}  // namespace

// In one pass, since parents come before what is mounted on them: mounts can be stacked by the thousand.
void mark_tree(const Mount& top) {
  for (Mount& mount : table().mounts) mount.in_tree = &mount == &top || (mount.parent && mount.parent->in_tree);
}

Mount::~Mount() {
  if (file_system && file_system->references() == 1) notify_unmounted(*file_system);
}

FileSystem::FileSystem() : device_(make_device(0, static_cast<std::uint32_t>(g_next_device++))) {}

Result<Ref<Dentry>> FileSystem::root_entry() {
  return Dentry::make_root(TRY(root()), "/");
}

Result<Ref<Mount>> add_mount(Ref<FileSystem> file_system, const Path& point, std::string_view source,
                             std::uint32_t flags) {
  if (point) {
    TRY(check_point(point));
    if (point.mount->file_system == file_system && point.dentry == point.mount->root) return Errno::kBusy;
  }
  auto mount = TRY(make_ref<Mount>());
  mount->root = TRY(file_system->root_entry());
  mount->source = TRY(String::from(source));
  mount->file_system = std::move(file_system);
  mount->flags = flags;
  TRY(table().reserve(1));
  attach(mount, point);
  return mount;
}

Result<void> add_bind_mount(const Path& source, const Path& point, bool recursive) {
  if (!source.mount || !source.mount->attached() || source.mount->unbindable) return Errno::kInval;
  TRY(check_point(point));
  // The copies are made first, and put into the tree when nothing can fail any more. A copy knows its parent: the copy of
  // the original's parent.
  struct Copy {
    Ref<Mount> mount;
    const Mount* original;
  };
  Vector<Copy> copies;
  const auto add = [&](Mount& original, const Ref<Dentry>& root) -> Result<void> {
    Ref<Mount> mount = TRY(copy_of(original, root));
    Mount* made = mount.get();
    TRY(copies.push_back(Copy{std::move(mount), &original}));
    original.copy = made;
    return table().reserve(copies.size());
  };
  const auto make_copies = [&]() -> Result<void> {
    TRY(add(*source.mount, source.dentry));
    if (!recursive) return {};
    for (Mount& mount : table().mounts) {
      // Of what is mounted on the source's own mount only that below the source is meant.
      const bool meant = mount.parent && mount.parent->copy && !mount.copy &&
                         (mount.parent != source.mount || stands_below(mount, source));
      if (meant && !mount.unbindable) TRY(add(mount, mount.root));
    }
    return {};
  };
  const Result<void> made = make_copies();
  if (made) {
    for (Copy& copy : copies) {
      const bool is_top = copy.original == source.mount.get();
      attach(copy.mount, is_top ? point : Path{Ref<Mount>(copy.original->parent->copy), copy.original->mount_point});
    }
  }
  for (Mount& mount : table().mounts) mount.copy = nullptr;
  return made;
}

Result<void> move_mount(const Path& path, const Path& point) {
  Mount* mount = path.mount.get();
  if (!mount || path.dentry != mount->root || !mount->attached() || !mount->parent) return Errno::kInval;
  TRY(check_point(point));
  if (mount->root->inode()->is_directory() != point.dentry->inode()->is_directory()) return Errno::kInval;
  mark_tree(*mount);
  if (point.mount->in_tree) return Errno::kLoop;
  // All that is mounted on it goes to the end of the table with it, so that parents stay before children.
  MountList moved;
  for (Mount& each : table().mounts) {
    if (!each.in_tree) continue;
    table().take_out(each);
    moved.push_back(each);
  }
  mount->mount_point = point.dentry;
  mount->parent = point.mount;
  while (Mount* each = moved.pop_front()) table().insert(*each);
  return {};
}

Result<void> remove_mount(const Path& path, bool detach) {
  Mount* top = path.mount.get();
  if (!top || path.dentry != top->root || !top->attached() || !top->parent) return Errno::kInval;
  // In use: by anything but the table and the caller's path. A mount on top of this one holds a reference, too.
  if (!detach && top->references() > 2) return Errno::kBusy;
  mark_tree(*top);
  MountList removed;
  for (Mount& mount : table().mounts) {
    if (!mount.in_tree) continue;
    table().take_out(mount);
    removed.push_back(mount);
  }
  while (Mount* mount = removed.pop_front()) {
    // A walk that is still inside does not find its way back up, as on Linux.
    mount->mount_point = nullptr;
    mount->parent = nullptr;
    mount->release();
  }
  return {};
}

Result<void> expire_mount(const Path& path) {
  Mount& mount = *path.mount;
  if (!mount.parent) return Errno::kInval;
  if (mount.references() > 2) return Errno::kBusy;
  if (mount.expiry_crossings != 0 && mount.crossings == mount.expiry_crossings + 1) return remove_mount(path, false);
  mount.expiry_crossings = mount.crossings;
  return Errno::kAgain;
}

Result<void> change_mount_flags(Mount& mount, std::uint32_t flags) {
  if ((flags & kMountReadOnly) && !mount.read_only() && mount.writers > 0) return Errno::kBusy;
  mount.flags = flags;
  return {};
}

Result<void> change_read_only(FileSystem& file_system, bool read_only) {
  if (read_only && !file_system.read_only) {
    for (Mount& mount : table().mounts) {
      if (mount.file_system.get() == &file_system && mount.writers > 0) return Errno::kBusy;
    }
  }
  file_system.read_only = read_only;
  return {};
}

Mount* mounted_at(const Path& path) {
  if (path.dentry->mounts == 0) return nullptr;
  Mount* mount = table().find(path.mount.get(), path.dentry.get());
  if (mount) ++mount->crossings;
  return mount;
}

Result<void> for_each_mount(MountVisitor visit, void* context) {
  for (Mount& mount : table().mounts) TRY(visit(mount, context));
  return {};
}

Path root_path() {
  Mount* first = table().mounts.front();
  return {Ref<Mount>(first), first->root};
}

}  // namespace kernel::fs
