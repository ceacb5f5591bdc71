// A name that is about to be made, removed or renamed, with its directory's mutex: what the name means stays as it is for
// as long as this lives. Where the mutex had to be waited for, others have run since the name was looked up, so it is
// looked up once more.
#pragma once

#include <utility>

#include "fs/file_system.h"
#include "fs/inode.h"
#include "fs/walk.h"

namespace kernel::fs {

class HeldEntry {
 public:
  // The name that the text ends in; held if it is one (LastKind::kName).
  static Result<HeldEntry> look_up(const Path& start, std::string_view text);
  // One that has been looked up, with nothing that sleeps in between.
  static Result<HeldEntry> hold(Entry entry);

  HeldEntry(HeldEntry&& other) noexcept : entry_(std::move(other.entry_)), held_(std::move(other.held_)) {}
  HeldEntry(const HeldEntry&) = delete;
  HeldEntry& operator=(const HeldEntry&) = delete;
  ~HeldEntry() {
    if (held_) held_->mutex.unlock();
  }

  const Entry& operator*() const { return entry_; }
  const Entry* operator->() const { return &entry_; }

 private:
  HeldEntry() = default;
  Entry entry_;
  Ref<Inode> held_;  // the directory; null for an entry without a name
};

// The two names of a rename with both directories, in the order of fs/inode.h. They may be looked up again.
class HeldEntries {
 public:
  // Both are names, of one file system; `old_name` is what `from` was called when it was looked up.
  static Result<HeldEntries> hold(Entry& from, std::string_view old_name, Entry& to);

  HeldEntries(HeldEntries&& other) noexcept
      : file_system_(std::exchange(other.file_system_, nullptr)),
        first_(std::move(other.first_)),
        second_(std::move(other.second_)) {}
  HeldEntries(const HeldEntries&) = delete;
  HeldEntries& operator=(const HeldEntries&) = delete;
  ~HeldEntries() {
    if (second_) second_->mutex.unlock();
    if (first_) first_->mutex.unlock();
    if (file_system_) file_system_->rename_mutex.unlock();
  }

 private:
  HeldEntries() = default;
  FileSystem* file_system_ = nullptr;  // whose rename_mutex is held: kept by the paths of the entries
  Ref<Inode> first_;
  Ref<Inode> second_;  // null if both names are in one directory
};

}  // namespace kernel::fs
