// Making, linking, removing and renaming names.
#include <utility>

#include "fs/access.h"
#include "fs/inode.h"
#include "fs/vfs.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// What a new name needs: it must not exist, and its directory must be writable.
Result<Lookup> look_up_new(const Path& start, std::string_view text, bool directory) {
  Lookup found = TRY(look_up(start, text, LastLink::kKeep));
  if (found.exists()) return Errno::kExist;
  if (found.trailing_slash && !directory) return Errno::kNoEnt;
  TRY(check_writable_mount(found.parent));
  TRY(check_access(*found.parent.dentry->inode(), kMayWrite | kMayExecute));
  return found;
}

Result<void> create_at(Lookup& found, const NewInode& attributes) {
  Ref<Inode> inode = TRY(found.parent.dentry->inode()->create(found.path.dentry->name(), attributes));
  found.path.dentry->fill_in(std::move(inode));
  return {};
}

bool same_file_system(const Path& a, const Path& b) {
  return a.mount && a.mount == b.mount;
}

// The errors of a last component that names no entry: "." and "..", or the root.
Result<void> check_removable_name(const Lookup& found, Errno dot, Errno dot_dot, Errno root) {
  switch (found.kind) {
    case LastKind::kName:
      return {};
    case LastKind::kDot:
      return dot;
    case LastKind::kDotDot:
      return dot_dot;
    case LastKind::kRoot:
      return root;
  }
  return Errno::kInval;
}

}  // namespace

Result<void> check_writable_mount(const Path& path) {
  if (path.mount && (path.mount->flags & kMountReadOnly)) return Errno::kRoFs;
  return {};
}

Result<void> make_node(const Path& start, std::string_view text, std::uint32_t mode, std::uint64_t device) {
  const auto type = static_cast<FileType>(mode >> 12);
  if ((type == FileType::kCharDevice || type == FileType::kBlockDevice) && !Subject::current().can(task::Capability::kMknod)) {
    return Errno::kPerm;
  }
  Lookup found = TRY(look_up_new(start, text, false));
  NewInode attributes = TRY(new_attributes(*found.parent.dentry->inode(), mode));
  attributes.special_device = device;
  return create_at(found, attributes);
}

Result<void> make_directory(const Path& start, std::string_view text, std::uint32_t mode) {
  Lookup found = TRY(look_up_new(start, text, true));
  const std::uint32_t permissions = mode & (0777 | kModeSticky);
  const NewInode attributes =
      TRY(new_attributes(*found.parent.dentry->inode(), mode_of(FileType::kDirectory, permissions)));
  return create_at(found, attributes);
}

Result<void> make_symlink(std::string_view target, const Path& start, std::string_view text) {
  Lookup found = TRY(look_up_new(start, text, false));
  NewInode attributes = TRY(new_attributes(*found.parent.dentry->inode(), mode_of(FileType::kSymlink, 0)));
  attributes.mode = mode_of(FileType::kSymlink, 0777);
  attributes.target = target;
  return create_at(found, attributes);
}

Result<void> make_link(const Path& existing, const Path& start, std::string_view text) {
  Inode& inode = *existing.dentry->inode();
  Lookup found = TRY(look_up_new(start, text, false));
  if (!same_file_system(existing, found.parent)) return Errno::kXdev;
  if (inode.is_directory()) return Errno::kPerm;
  TRY(found.parent.dentry->inode()->link(found.path.dentry->name(), inode));
  found.path.dentry->fill_in(existing.dentry->inode_ref());
  return {};
}

Result<void> unlink(const Path& start, std::string_view text) {
  Lookup found = TRY(look_up(start, text, LastLink::kKeep));
  TRY(check_removable_name(found, Errno::kIsDir, Errno::kIsDir, Errno::kIsDir));
  if (!found.exists()) return Errno::kNoEnt;
  Inode& directory = *found.parent.dentry->inode();
  Inode& victim = *found.path.dentry->inode();
  TRY(check_writable_mount(found.parent));
  TRY(check_removal(directory, victim));
  if (victim.is_directory()) return Errno::kIsDir;
  if (found.trailing_slash) return Errno::kNotDir;
  if (found.path.dentry->mounts > 0) return Errno::kBusy;
  TRY(directory.unlink(found.path.dentry->name(), victim));
  found.path.dentry->remove();
  return {};
}

Result<void> remove_directory(const Path& start, std::string_view text) {
  Lookup found = TRY(look_up(start, text, LastLink::kKeep));
  TRY(check_removable_name(found, Errno::kInval, Errno::kNotEmpty, Errno::kBusy));
  if (!found.exists()) return Errno::kNoEnt;
  // The root of a mount cannot go; the entry under it is hidden.
  if (found.path.mount != found.parent.mount) return Errno::kBusy;
  Inode& directory = *found.parent.dentry->inode();
  Inode& victim = *found.path.dentry->inode();
  TRY(check_writable_mount(found.parent));
  TRY(check_removal(directory, victim));
  if (!victim.is_directory()) return Errno::kNotDir;
  TRY(directory.rmdir(found.path.dentry->name(), victim));
  found.path.dentry->remove();
  return {};
}

Result<void> rename(const Path& old_start, std::string_view old_text, const Path& new_start, std::string_view new_text,
                    std::uint32_t flags) {
  if (flags & ~(kRenameNoReplace | kRenameExchange)) return Errno::kInval;
  if (flags == (kRenameNoReplace | kRenameExchange)) return Errno::kInval;
  Lookup from = TRY(look_up(old_start, old_text, LastLink::kKeep));
  Lookup to = TRY(look_up(new_start, new_text, LastLink::kKeep));
  TRY(check_removable_name(from, Errno::kBusy, Errno::kBusy, Errno::kBusy));
  TRY(check_removable_name(to, Errno::kBusy, Errno::kBusy, Errno::kBusy));
  if (!from.exists()) return Errno::kNoEnt;
  const bool exchange = flags & kRenameExchange;
  if (exchange && !to.exists()) return Errno::kNoEnt;
  if ((flags & kRenameNoReplace) && to.exists()) return Errno::kExist;
  if (!same_file_system(from.parent, to.parent)) return Errno::kXdev;
  if (from.path.mount != from.parent.mount || (to.exists() && to.path.mount != to.parent.mount)) return Errno::kBusy;

  Dentry& source = *from.path.dentry;
  Dentry& target = *to.path.dentry;
  Inode& moved = *source.inode();
  Inode* replaced = target.inode();
  Inode& old_directory = *from.parent.dentry->inode();
  Inode& new_directory = *to.parent.dentry->inode();
  TRY(check_writable_mount(from.parent));
  TRY(check_removal(old_directory, moved));
  TRY(check_access(new_directory, kMayWrite | kMayExecute));
  if (replaced) TRY(check_removal(new_directory, *replaced));
  if (!moved.is_directory() && (from.trailing_slash || (to.trailing_slash && !exchange))) return Errno::kNotDir;
  if (replaced == &moved) return {};  // two names of one file: rename(2) does nothing

  // A directory cannot become part of itself, nor replace one that contains it.
  if (to.parent.dentry->is_below(source)) return Errno::kInval;
  if (replaced && from.parent.dentry->is_below(target)) return exchange ? Errno::kInval : Errno::kNotEmpty;
  if (replaced && !exchange) {
    if (moved.is_directory() && !replaced->is_directory()) return Errno::kNotDir;
    if (!moved.is_directory() && replaced->is_directory()) return Errno::kIsDir;
    if (target.mounts > 0) return Errno::kBusy;
  }
  TRY(old_directory.rename(source.name(), moved, new_directory, target.name(), replaced, exchange));
  if (exchange) {
    source.exchange(target);
  } else {
    source.move(target);
  }
  return {};
}

}  // namespace kernel::fs
