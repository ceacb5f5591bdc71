// A directory of a RamFs: entries in RAM, over the entries of a directory of the image if it comes from there.
//
// An entry in RAM hides the image's entry of the same name; one without an inode says that the name was removed (what
// overlay file systems call a whiteout). A directory of the image that nobody changed has no entries in RAM at all.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/ram/ram_inode.h"
#include "lib/string.h"
#include "lib/vector.h"

namespace kernel::fs {

struct RamEntry {
  String name;
  Ref<RamInode> inode;         // null: removed
  std::uint64_t position = 0;  // order of creation, for readdir
  RamEntry* next = nullptr;    // in its hash bucket
};

// The entries in RAM of one directory: found by name through a hash table once there are many, and by position, the order
// of creation, through an array that keeps the places of those that went until they are as many as the others.
class RamEntries {
 public:
  RamEntry* find(std::string_view name);
  // kNoMem. The name must not be there.
  Result<RamEntry*> add(std::string_view name, Ref<RamInode> inode);
  // Takes the entry out; the caller deletes it.
  void take_out(RamEntry& entry);
  // The first entry with a position of at least `position`, or null.
  RamEntry* from(std::uint64_t position);
  RamEntry* first() { return from(0); }
  RamEntry* after(RamEntry& entry) { return from(entry.position + 1); }
  // Takes some entry out, or null, when all go: find() does not work any more.
  RamEntry* take_last();
  std::size_t count() const { return count_; }

 private:
  struct Place {
    std::uint64_t position;
    RamEntry* entry;  // null: taken out
  };
  static std::size_t hash(std::string_view name);
  Result<void> rehash(std::size_t buckets);
  Place* place(std::uint64_t position);
  void drop_empty_places();

  Vector<Place> order_;        // by ascending position
  Vector<RamEntry*> buckets_;  // empty while there are few
  std::size_t count_ = 0;
  std::uint64_t next_position_ = 0;
};

class RamDirectory final : public RamInode {
 public:
  RamDirectory(RamFs& fs, const NewInode& attributes) : RamInode(fs, attributes) { links_ = 1; }
  RamDirectory(RamFs& fs, const erofs::InodeInfo& lower) : RamInode(fs, lower), lower_(lower), has_lower_(true) {}
  ~RamDirectory() override;

  void populate_later(RamFs::Populate function) { populate_ = function; }
  void make_root() { links_ = 2; }  // its own parent

  Result<Ref<Inode>> lookup(std::string_view name) override;
  Result<Ref<Inode>> create(std::string_view name, const NewInode& attributes) override;
  Result<Ref<Inode>> create_unnamed(const NewInode& attributes) override;
  Result<void> link(std::string_view name, Inode& target) override;
  Result<void> unlink(std::string_view name, Inode& child) override;
  Result<void> rmdir(std::string_view name, Inode& child) override;
  Result<void> rename(std::string_view name, Inode& child, Inode& new_directory, std::string_view new_name,
                      Inode* replaced, bool exchange) override;
  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override;

 protected:
  std::uint64_t size() const override;
  std::uint64_t blocks() const override { return has_lower_ ? (lower_.size + 4095) / 4096 * 8 : 0; }

 private:
  class LowerVisitor;
  class EmptinessVisitor;

  Result<void> populate();
  bool removed() const { return links_ == 0; }
  Result<RamEntries*> entries();
  RamEntry* find_entry(std::string_view name) { return entries_ ? entries_->find(name) : nullptr; }
  Result<bool> lower_has(std::string_view name) const;
  // Makes `name` mean `inode`; whatever it meant before is forgotten without further consequences.
  Result<void> set_entry(std::string_view name, Ref<RamInode> inode);
  // Makes sure that clear_entry(name) cannot fail.
  Result<void> prepare_clear(std::string_view name);
  void clear_entry(std::string_view name);
  Result<void> check_empty();

  erofs::InodeInfo lower_;
  bool has_lower_ = false;
  RamFs::Populate populate_ = nullptr;
  RamEntries* entries_ = nullptr;
};

}  // namespace kernel::fs
