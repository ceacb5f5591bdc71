// A directory entry that is in use: the link from a directory and a name to an inode, kept in memory while a path walk,
// an open file, a working directory or a mount refers to it or to something below it.
//
// A name has at most one Dentry at a time, so renaming or removing it is seen by all who hold it. What is not in use
// costs nothing: the file systems find names again in their own structures. A dentry without an inode is negative: the
// name that a walk looked for and that create, mkdir and so on may fill in.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {

class Inode;

class Dentry final : public RefCounted {
 public:
  // A root of a file system, or a nameless object such as a pipe (`name` is what /proc/PID/fd shows).
  static Result<Ref<Dentry>> make_root(Ref<Inode> inode, std::string_view name);
  // The entry `name` of the directory `parent`: the one in use, or a new one after asking the file system. Negative
  // when there is no such name. Errors: whatever the file system's lookup reports besides kNoEnt.
  static Result<Ref<Dentry>> look_up(const Ref<Dentry>& parent, std::string_view name);

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
  friend class NamesInUse;

  Ref<Dentry> parent_;
  String name_;
  Ref<Inode> inode_;
  Dentry* next_in_bucket_ = nullptr;
  unsigned children_ = 0;  // in the table of names in use
  bool in_use_ = false;    // in that table: has an inode, was not removed, and its file system's names are stable
  bool removed_ = false;
};

}  // namespace kernel::fs
