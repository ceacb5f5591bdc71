// A regular file of a RamFs. Its data is the image's, read in place and mapped from there, until somebody opens it for
// writing; from then on it is a RamObject.
#pragma once

#include <cstdint>

#include "fs/erofs/file_object.h"
#include "fs/file.h"
#include "fs/ram/ram_inode.h"
#include "mm/io_buffer.h"
#include "mm/ram_object.h"

namespace kernel::fs {

class RamFile final : public RamInode {
 public:
  RamFile(RamFs& fs, const NewInode& attributes) : RamInode(fs, attributes) {}
  RamFile(RamFs& fs, const erofs::InodeInfo& lower) : RamInode(fs, lower), lower_(lower) {}

  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override;
  Result<void> truncate(std::uint64_t new_size) override;
  Result<void> change_metadata(const MetadataChange& change) override;
  Result<Ref<mm::MemoryObject>> memory_object() override;
  void rest() override;
  void written_through_mapping() override { touch_modified(); }

  Result<std::size_t> read(std::uint64_t offset, mm::IoBuffer& buffer);
  Result<std::size_t> write(std::uint64_t offset, mm::IoBuffer& buffer);
  // lseek(2)'s SEEK_DATA and SEEK_HOLE; `offset` is before the end.
  Result<std::uint64_t> find(std::uint64_t offset, bool data) const;
  // fallocate(2).
  Result<void> allocate(int mode, std::uint64_t offset, std::uint64_t length);
  std::uint64_t file_size() const { return size(); }
  // F_ADD_SEALS (fs/memory_file.h).
  std::uint32_t seals() const { return seals_; }
  void add_seals(std::uint32_t seals) { seals_ |= seals; }

 protected:
  std::uint64_t size() const override { return data_ ? data_->size() : lower_.size; }
  std::uint64_t blocks() const override {
    return data_ ? data_->resident_frames() * 8 : (lower_.size + 4095) / 4096 * 8;
  }

 private:
  bool in_image() const { return is_lower() && !data_; }
  // Moves the data to RAM, the first `keep` bytes of it.
  Result<void> copy_up(std::uint64_t keep);
  Result<std::size_t> read_image(std::uint64_t offset, mm::IoBuffer& buffer);
  Result<std::size_t> read_ram(std::uint64_t offset, mm::IoBuffer& buffer);
  Result<mm::FrameRef> page_to_write(std::uint64_t index);
  void drop_pages(std::uint64_t first, std::uint64_t end);
  Result<void> punch(std::uint64_t offset, std::uint64_t end);
  Result<void> reserve(std::uint64_t first, std::uint64_t end);
  void drop_privileges();
  // kPerm if a seal forbids to make the file `new_size` long.
  Result<void> check_resize(std::uint64_t new_size) const;

  erofs::InodeInfo lower_;
  Ref<erofs::FileObject> lower_object_;
  Ref<mm::RamObject> data_;  // null: in the image, or nothing was ever written
  std::uint32_t seals_ = 0;
};

}  // namespace kernel::fs
