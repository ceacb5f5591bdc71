// A directory entry: the link from a directory and a name to an inode. It is in use while a path walk, an open file, a
// working directory or a mount refers to it or to something below it; then it stays for a while (fs/dentry_cache.h).
//
// A name has at most one Dentry at a time, so renaming or removing it is seen by all who hold it. A dentry without an inode
// is negative: the name that a walk looked for and that create, mkdir and so on may fill in. While a file system is asked
// for a name, which may take long, the dentry is there already, so that others who look for the name wait for the answer.
//
// A directory has at most one Dentry at a time, too: an image that shows one at two places, or within itself, is damaged,
// and the second place is kIo. On this rests that a directory and the one above it have two mutexes, and that what is moved
// below itself is noticed (Linux: d_splice_alias()).
//
// What an entry says changes under the mutex of its directory (both, for a rename); to read it takes none. Who has looked
// a name up and then has to wait for that mutex must look again (fs/held_entry.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {

class Inode;

class Dentry final : public RefCounted {
 public:
  // A root of a file system, or a nameless object such as a pipe (`name` is what /proc/PID/fd shows).
  static Result<Ref<Dentry>> make_root(Ref<Inode> inode, std::string_view name);
  // The entry `name` of the directory `parent`: the one in memory, or a new one after asking the file system, which may
  // sleep. Negative when there is no such name. Errors: whatever the file system's lookup reports besides kNoEnt. The
  // second is for who has the directory's mutex.
  static Result<Ref<Dentry>> look_up(const Ref<Dentry>& parent, std::string_view name);
  static Result<Ref<Dentry>> look_up_held(const Ref<Dentry>& parent, std::string_view name);

  Dentry() = default;
  ~Dentry() override;

  std::string_view name() const { return name_; }
  const Ref<Dentry>& parent() const { return parent_; }  // null for a root
  Inode* inode() const { return inode_.get(); }
  const Ref<Inode>& inode_ref() const { return inode_; }
  bool negative() const { return !inode_; }
  bool removed() const { return removed_; }
  // Whether this entry is `ancestor` or lies below it.
  bool is_below(const Dentry& ancestor) const;

  // What the directory operations report here once the file system has done them.
  void fill_in(Ref<Inode> inode);  // a negative dentry gets its inode
  void remove();                   // unlink, rmdir, or replaced by a rename
  // rename: takes the parent and the name of `target`, which goes away, and is called `target_name` for who still has it.
  void move(Dentry& target, String target_name);
  void exchange(Dentry& other);  // renameat2(RENAME_EXCHANGE)

  unsigned mounts = 0;  // file systems mounted here

 private:
  friend class DentryCache;

  void last_reference_dropped() override;
  static Ref<Dentry> known(const Ref<Dentry>& parent, std::string_view name);
  void set_inode(Ref<Inode> inode);
  static Result<Ref<Dentry>> ask(const Ref<Dentry>& parent, std::string_view name);

  Ref<Dentry> parent_;
  String name_;
  Ref<Inode> inode_;
  Dentry* next_in_bucket_ = nullptr;
  ListNode sibling_node_;
  ListNode rest_node_;
  bool in_table_ = false;  // was not removed, and its file system's names are stable
  bool looking_up_ = false;
  bool removed_ = false;
  List<Dentry, &Dentry::sibling_node_> children_;  // that are in the table
};

}  // namespace kernel::fs
