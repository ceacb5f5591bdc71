// Where entries of directories are found by directory and name, whether somebody uses them or not: an entry whose last user
// has gone rests here, with its inode, in the order of last use, until there are too many (kShareOfMemory), memory is
// short, its directory is removed or its file system goes. So a walk asks the file system for a name once.
//
// An entry that rests has no references, and holds one to its directory's entry, which is therefore in use. What is
// removed or renamed away leaves the table at once: nothing that has no name rests, so memory of deleted files is free when
// their last user closes them. Nor do names of file systems where names come and go by themselves (procfs).
//
// Nothing here sleeps or fails, so it may be called from wherever memory is short; an inode's destructor must not sleep,
// either.
#pragma once

#include <cstddef>
#include <string_view>

#include "fs/dentry.h"
#include "lib/list.h"
#include "lib/vector.h"

namespace kernel::fs {

class FileSystem;

class DentryCache {
 public:
  // The entry, in the table but maybe at rest; null.
  Dentry* find(const Dentry& parent, std::string_view name);
  void add(Dentry& entry);
  void take_out(Dentry& entry);  // no-op for one that is not in the table

  // Its last user has gone: true if it rests now, false if it must be destroyed.
  bool rest(Dentry& entry);
  bool may_rest(const Dentry& entry) const;
  Ref<Dentry> use(Dentry& entry);

  // Destroys what rests: of a directory that was removed, of a file system that goes, or all of it. The last says
  // whether there was any.
  void drop_children(Dentry& directory);
  void drop_all_of(const FileSystem& file_system);
  bool drop_all();

 private:
  static constexpr std::size_t kFirstBuckets = 64;

  static std::size_t hash(const Dentry& parent, std::string_view name);
  std::size_t size() const { return many_.empty() ? kFirstBuckets : many_.size(); }
  Dentry*& bucket(const Dentry& parent, std::string_view name);
  void put(Dentry& entry);
  void grow();
  void wake(Dentry& entry);
  void destroy(Dentry& entry);
  void keep_to_limit();

  // A hash table, since a walk asks it at each step; where there is no memory for a bigger one, its chains get longer.
  Dentry* few_[kFirstBuckets] = {};
  Vector<Dentry*> many_;
  std::size_t count_ = 0;
  List<Dentry, &Dentry::rest_node_> resting_;  // the one that has rested longest first
  std::size_t resting_count_ = 0;
  bool dropping_ = false;
};

DentryCache& dentry_cache();

}  // namespace kernel::fs
