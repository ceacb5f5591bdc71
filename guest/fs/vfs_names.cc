// Making, linking, removing and renaming names.
#include <optional>
#include <utility>

#include "fs/access.h"
#include "fs/held_entry.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// A name to make: it must not exist yet. A trailing slash is for directories only.
Result<HeldEntry> look_up_new(const Path& start, std::string_view text, bool directory) {
  HeldEntry entry = TRY(HeldEntry::look_up(start, text));
  if (entry->kind != LastKind::kName || entry->exists()) return Errno::kExist;
  if (entry->trailing_slash && !directory) return Errno::kNoEnt;
  TRY(check_writable_mount(entry->directory));
  return entry;
}

Result<void> check_may_create(const Entry& entry) {
  return check_access(*entry.directory.dentry->inode(), kMayWrite | kMayExecute);
}

Result<void> create_at(const Entry& entry, const NewInode& attributes) {
  Ref<Inode> inode = TRY(entry.directory.dentry->inode()->create(entry.dentry->name(), attributes));
  entry.dentry->fill_in(std::move(inode));
  notify_name(*entry.directory.dentry->inode(), *entry.dentry->inode(), entry.dentry->name(), kInCreate);
  return {};
}

// The file system has removed the name. If nobody but the caller uses it, that is the end of the file, too.
void drop_name(Inode& directory, Dentry& entry) {
  entry.remove();
  if (entry.references() == 1) notify_name_dropped(*entry.inode());
  notify_name(directory, *entry.inode(), entry.name(), kInDelete);
}

// Not even two places of one file system: link(2), rename(2).
bool same_mount(const Path& a, const Path& b) {
  return a.mount && a.mount == b.mount;
}

// The errors of a last component that names no entry: "." and "..", or the root.
Result<void> check_removable_name(const Entry& found, Errno dot, Errno dot_dot, Errno root) {
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
  if (path.mount && path.mount->read_only()) return Errno::kRoFs;
  return {};
}

Result<void> make_node(const Path& start, std::string_view text, std::uint32_t mode, std::uint64_t device) {
  const HeldEntry held = TRY(look_up_new(start, text, false));
  const Entry& entry = *held;
  TRY(check_may_create(entry));
  const auto type = static_cast<FileType>(mode >> 12);
  if ((type == FileType::kCharDevice || type == FileType::kBlockDevice) &&
      !Subject::current().can(task::Capability::kMknod)) {
    return Errno::kPerm;
  }
  NewInode attributes = TRY(new_attributes(*entry.directory.dentry->inode(), mode));
  attributes.special_device = device;
  return create_at(entry, attributes);
}

Result<Path> make_socket(const Path& start, std::string_view text, std::uint32_t mode) {
  const HeldEntry held = TRY(look_up_new(start, text, false));
  const Entry& entry = *held;
  TRY(check_may_create(entry));
  TRY(create_at(entry, TRY(new_attributes(*entry.directory.dentry->inode(), mode))));
  return entry.place();
}

Result<void> make_directory(const Path& start, std::string_view text, std::uint32_t mode) {
  const HeldEntry held = TRY(look_up_new(start, text, true));
  const Entry& entry = *held;
  TRY(check_may_create(entry));
  const std::uint32_t permissions = mode & (0777 | kModeSticky);
  const NewInode attributes =
      TRY(new_attributes(*entry.directory.dentry->inode(), mode_of(FileType::kDirectory, permissions)));
  return create_at(entry, attributes);
}

Result<void> make_symlink(std::string_view target, const Path& start, std::string_view text) {
  const HeldEntry held = TRY(look_up_new(start, text, false));
  const Entry& entry = *held;
  TRY(check_may_create(entry));
  NewInode attributes = TRY(new_attributes(*entry.directory.dentry->inode(), mode_of(FileType::kSymlink, 0)));
  attributes.mode = mode_of(FileType::kSymlink, 0777);
  attributes.target = target;
  return create_at(entry, attributes);
}

Result<void> make_link(const Path& existing, const Path& start, std::string_view text) {
  Inode& inode = *existing.dentry->inode();
  const HeldEntry held = TRY(look_up_new(start, text, false));
  const Entry& entry = *held;
  if (!same_mount(existing, entry.directory)) return Errno::kXdev;
  TRY(check_may_create(entry));
  if (inode.is_directory()) return Errno::kPerm;
  TRY(entry.directory.dentry->inode()->link(entry.dentry->name(), inode));
  entry.dentry->fill_in(existing.dentry->inode_ref());
  notify(inode, kInAttrib);
  notify_name(*entry.directory.dentry->inode(), inode, entry.dentry->name(), kInCreate);
  return {};
}

// Linux asks for a writable mount before it looks whether the name exists, and about a trailing slash before it looks at
// permissions (fs/namei.c, do_unlinkat); programs see which of two errors they get.
Result<void> unlink(const Path& start, std::string_view text) {
  const HeldEntry held = TRY(HeldEntry::look_up(start, text));
  const Entry& found = *held;
  TRY(check_removable_name(found, Errno::kIsDir, Errno::kIsDir, Errno::kIsDir));
  TRY(check_writable_mount(found.directory));
  if (!found.exists()) return Errno::kNoEnt;
  Inode& directory = *found.directory.dentry->inode();
  Inode& victim = *found.dentry->inode();
  if (found.trailing_slash) return victim.is_directory() ? Errno::kIsDir : Errno::kNotDir;
  TRY(check_removal(directory, victim));
  if (victim.is_directory()) return Errno::kIsDir;
  if (found.is_mount_point()) return Errno::kBusy;
  TRY(directory.unlink(found.dentry->name(), victim));
  notify(victim, kInAttrib);
  drop_name(directory, *found.dentry);
  return {};
}

Result<void> remove_directory(const Path& start, std::string_view text) {
  const HeldEntry held = TRY(HeldEntry::look_up(start, text));
  const Entry& found = *held;
  TRY(check_removable_name(found, Errno::kInval, Errno::kNotEmpty, Errno::kBusy));
  TRY(check_writable_mount(found.directory));
  if (!found.exists()) return Errno::kNoEnt;
  Inode& directory = *found.directory.dentry->inode();
  Inode& victim = *found.dentry->inode();
  TRY(check_removal(directory, victim));
  if (!victim.is_directory()) return Errno::kNotDir;
  if (found.is_mount_point()) return Errno::kBusy;
  const task::Mutex::Lock lock(victim.mutex);  // nothing is made in it meanwhile
  TRY(directory.rmdir(found.dentry->name(), victim));
  drop_name(directory, *found.dentry);
  return {};
}

namespace {

// rename(2): the errors that depend on the two names alone, in Linux's order (fs/namei.c, do_renameat2).
Result<void> check_rename_names(const Entry& from, const Entry& to, std::uint32_t flags) {
  const bool exchange = flags & kRenameExchange;
  if (!from.exists()) return Errno::kNoEnt;
  if ((flags & kRenameNoReplace) && to.exists()) return Errno::kExist;
  if (exchange && !to.exists()) return Errno::kNoEnt;
  if (exchange && !to.dentry->inode()->is_directory() && to.trailing_slash) return Errno::kNotDir;
  if (!from.dentry->inode()->is_directory() && (from.trailing_slash || (to.trailing_slash && !exchange)))
    return Errno::kNotDir;
  // A directory cannot become part of itself, nor replace one that contains it.
  if (to.directory.dentry->is_below(*from.dentry)) return Errno::kInval;
  if (to.exists() && from.directory.dentry->is_below(*to.dentry)) return exchange ? Errno::kInval : Errno::kNotEmpty;
  return {};
}

// A directory that moves to another one gets a new "..", which is a change of the directory itself.
Result<void> check_may_move(Inode& moved, const Inode& from, const Inode& to) {
  if (!moved.is_directory() || &from == &to) return {};
  return check_access(moved, kMayWrite);
}

// Tells of a move, as fsnotify_move() of Linux does.
void notify_moved(Inode& old_directory, std::string_view old_name, Inode& new_directory, std::string_view new_name,
                  Inode& moved, Inode* replaced) {
  const std::uint32_t cookie = next_move_cookie();
  notify_name(old_directory, moved, old_name, kInMovedFrom, cookie);
  notify_name(new_directory, moved, new_name, kInMovedTo, cookie);
  if (replaced) notify(*replaced, kInAttrib);
  notify(moved, kInMoveSelf);
}

}  // namespace

Result<void> rename(const Path& old_start, std::string_view old_text, const Path& new_start, std::string_view new_text,
                    std::uint32_t flags) {
  if (flags & ~(kRenameNoReplace | kRenameExchange)) return Errno::kInval;
  if (flags == (kRenameNoReplace | kRenameExchange)) return Errno::kInval;
  Entry from = TRY(look_up_entry(old_start, old_text));
  const String old_name = TRY(String::from(from.dentry ? from.dentry->name() : std::string_view()));
  Entry to = TRY(look_up_entry(new_start, new_text));
  const Errno no_name = flags & kRenameNoReplace ? Errno::kExist : Errno::kBusy;
  if (!same_mount(from.directory, to.directory)) return Errno::kXdev;
  TRY(check_removable_name(from, Errno::kBusy, Errno::kBusy, Errno::kBusy));
  TRY(check_removable_name(to, no_name, no_name, no_name));
  TRY(check_writable_mount(from.directory));
  const HeldEntries held = TRY(HeldEntries::hold(from, old_name, to));
  TRY(check_rename_names(from, to, flags));

  const bool exchange = flags & kRenameExchange;
  Dentry& source = *from.dentry;
  Dentry& target = *to.dentry;
  Inode& moved = *source.inode();
  Inode* replaced = target.inode();
  Inode& old_directory = *from.directory.dentry->inode();
  Inode& new_directory = *to.directory.dentry->inode();
  if (replaced == &moved) return {};  // two names of one file: rename(2) does nothing
  TRY(check_removal(old_directory, moved));
  TRY(replaced ? check_removal(new_directory, *replaced) : check_access(new_directory, kMayWrite | kMayExecute));
  if (replaced && !exchange) {
    if (moved.is_directory() && !replaced->is_directory()) return Errno::kNotDir;
    if (!moved.is_directory() && replaced->is_directory()) return Errno::kIsDir;
  }
  TRY(check_may_move(moved, old_directory, new_directory));
  if (exchange) TRY(check_may_move(*replaced, new_directory, old_directory));
  if (from.is_mount_point() || to.is_mount_point()) return Errno::kBusy;
  // A directory that is replaced must stay empty until it is.
  const Ref<Inode> emptied(replaced && replaced->is_directory() && !exchange ? replaced : nullptr);
  std::optional<task::Mutex::Lock> lock;
  if (emptied) lock.emplace(emptied->mutex);
  String target_name = TRY(String::from(target.name()));
  const bool watched = anybody_watches();
  TRY(old_directory.rename(source.name(), moved, new_directory, target.name(), replaced, exchange));
  if (exchange) {
    source.exchange(target);
  } else {
    source.move(target, std::move(target_name));
  }
  if (!watched) return {};
  notify_moved(old_directory, old_name, new_directory, source.name(), moved, exchange ? nullptr : replaced);
  if (exchange) notify_moved(new_directory, source.name(), old_directory, old_name, *replaced, nullptr);
  return {};
}

}  // namespace kernel::fs
