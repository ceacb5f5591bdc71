// An inode of a RamFs: its attributes, and the link to the image if it comes from there.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/erofs/image.h"
#include "fs/inode.h"
#include "fs/ram/ram_fs.h"
#include "lib/list.h"
#include "mm/ram_object.h"

namespace kernel::fs {

class RamInode : public Inode {
 public:
  // A new one, with no name yet.
  static Result<Ref<RamInode>> create(RamFs& fs, const NewInode& attributes);
  // One of the image.
  static Result<Ref<RamInode>> from_lower(RamFs& fs, const erofs::InodeInfo& lower);

  RamInode(RamFs& fs, const NewInode& attributes);
  RamInode(RamFs& fs, const erofs::InodeInfo& lower);
  ~RamInode() override;

  Result<Metadata> metadata() override;
  Result<void> change_metadata(const MetadataChange& change) override;
  bool keeps_extended_attributes() const override { return true; }
  Result<const ExtendedAttributes*> extended_attributes() override;
  Result<void> set_extended_attribute(std::string_view name, std::span<const std::byte> value,
                                      std::uint32_t flags) override;
  Result<void> remove_extended_attribute(std::string_view name) override;

  RamFs& fs() const;
  std::uint64_t number() const { return number_; }
  std::uint32_t links() const { return links_; }
  bool is_lower() const { return from_image_; }

  // A name was added or removed. The first change of an inode of the image makes it stay in memory.
  void add_link();
  void drop_link();
  void touch_changed();  // ctime is now

 protected:
  friend class RamFs;

  // To be called before or after each change: from now on the image does not tell the whole truth about this inode.
  void mark_changed();
  void touch_modified();  // mtime and ctime are now
  virtual std::uint64_t size() const { return 0; }
  virtual std::uint64_t blocks() const { return 0; }

  std::uint32_t permissions_;
  std::uint32_t uid_, gid_;
  std::uint32_t links_;
  std::uint64_t number_;  // st_ino; the nid of an inode of the image
  std::uint64_t special_device_ = 0;
  Timespec accessed_{}, modified_{}, changed_{};

 private:
  bool counts_names() const { return !from_image_ && !is_directory(); }

  class AttributeReader;
  // Reads those of the image when they are asked for the first time.
  Result<void> read_attributes();

  ExtendedAttributes* attributes_ = nullptr;  // most inodes have none
  bool unread_attributes_ = false;            // the image has some
  RamInode* next_in_bucket_ = nullptr;
  bool from_image_ = false;
  bool remembered_ = false;  // in the file system's table
  bool kept_ = false;        // the table owns a reference
};

// A symbolic link made in RAM (one of the image reads its target from there).
class RamSymlink final : public RamInode {
 public:
  RamSymlink(RamFs& fs, const NewInode& attributes) : RamInode(fs, attributes) {}
  RamSymlink(RamFs& fs, const erofs::InodeInfo& lower) : RamInode(fs, lower), lower_(lower) {}
  Result<void> set_target(std::string_view target);
  Result<String> read_link() override;

 protected:
  std::uint64_t size() const override { return is_lower() ? lower_.size : target_.size(); }
  // Linux's EROFS counts a block for every inode with contents, wherever these are.
  std::uint64_t blocks() const override { return is_lower() ? (lower_.size + 4095) / 4096 * 8 : 0; }

 private:
  erofs::InodeInfo lower_;
  String target_;
};

// A FIFO, socket or device node.
class RamSpecial final : public RamInode {
 public:
  RamSpecial(RamFs& fs, const NewInode& attributes) : RamInode(fs, attributes) {}
  RamSpecial(RamFs& fs, const erofs::InodeInfo& lower) : RamInode(fs, lower) { special_device_ = lower.data; }
};

}  // namespace kernel::fs
