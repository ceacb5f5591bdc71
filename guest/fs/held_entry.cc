#include "fs/held_entry.h"

#include "lib/string.h"

namespace kernel::fs {

namespace {

bool still_means(const Entry& entry, std::string_view name) {
  const Dentry& dentry = *entry.dentry;
  return !dentry.removed() && dentry.parent() == entry.directory.dentry && dentry.name() == name;
}

}  // namespace

Result<HeldEntry> HeldEntry::look_up(const Path& start, std::string_view text) {
  return hold(TRY(look_up_entry(start, text)));
}

Result<HeldEntry> HeldEntry::hold(Entry entry) {
  HeldEntry held;
  held.entry_ = std::move(entry);
  if (held.entry_.kind != LastKind::kName) return held;
  const Ref<Dentry>& directory = held.entry_.directory.dentry;
  task::Mutex& mutex = directory->inode()->mutex;
  // The entry may get another name while the mutex is waited for.
  String name;
  if (!mutex.is_free()) name = TRY(String::from(held.entry_.dentry->name()));
  const bool at_once = mutex.lock();
  held.held_ = directory->inode_ref();
  if (!at_once) held.entry_.dentry = TRY(Dentry::look_up_held(directory, name));
  return held;
}

Result<HeldEntries> HeldEntries::hold(Entry& from, std::string_view old_name, Entry& to) {
  const Ref<Dentry> old_directory = from.directory.dentry;
  const Ref<Dentry> new_directory = to.directory.dentry;
  FileSystem& file_system = old_directory->inode()->file_system();
  const String new_name = TRY(String::from(to.dentry->name()));
  HeldEntries held;
  const auto take = [](const Ref<Dentry>& directory) {
    directory->inode()->mutex.lock();
    return Ref<Inode>(directory->inode_ref());
  };
  if (old_directory->inode() == new_directory->inode()) {
    held.first_ = take(old_directory);
  } else {
    file_system.rename_mutex.lock();
    held.file_system_ = &file_system;
    const bool old_first = new_directory->is_below(*old_directory) || (!old_directory->is_below(*new_directory) &&
                                                                       old_directory->inode() < new_directory->inode());
    held.first_ = take(old_first ? old_directory : new_directory);
    held.second_ = take(old_first ? new_directory : old_directory);
  }
  // Also where nothing had to be waited for: the second name was looked up after the first.
  if (!still_means(from, old_name)) from.dentry = TRY(Dentry::look_up_held(old_directory, old_name));
  if (!still_means(to, new_name)) to.dentry = TRY(Dentry::look_up_held(new_directory, new_name));
  return held;
}

}  // namespace kernel::fs
