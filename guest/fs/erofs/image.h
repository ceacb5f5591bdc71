// A reader of EROFS images that lie in memory. Nothing is copied: file data is handed out as pointers into the image.
//
// The image is untrusted. Every offset and count is checked against the image before use, every loop is bounded by the
// size of what it walks, and what makes no sense is kIo. The bytes do not change while the VM runs (a read-only memory
// slot over a private file), so a checked value stays checked.
//
// An image over several devices (docs/image-format.md) has each of them where its table says: one behind the other in the same
// bytes, but between two there can be bytes that nobody has mapped, and to touch these ends the VM. So what leads there is kIo:
// zeros would be a file's contents that no file ever had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fs/erofs/format.h"
#include "fs/inode.h"
#include "lib/result.h"
#include "lib/string.h"

namespace kernel::fs::erofs {

// An inode, decoded and checked.
struct InodeInfo {
  std::uint64_t nid = 0;
  std::uint64_t size = 0;
  std::uint64_t modified = 0;  // seconds since the Epoch
  std::uint64_t trailer = 0;   // image offset of what follows the inode and its xattrs: inline data or chunk table
  std::uint32_t modified_nanoseconds = 0;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t links = 0;
  std::uint32_t data = 0;             // as in the on-disk inode
  std::uint32_t attributes_size = 0;  // of its extended attributes, which end at the trailer; 0: it has none
  Layout layout = Layout::kFlatPlain;

  std::uint64_t attributes() const { return trailer - attributes_size; }
  FileType type() const { return static_cast<FileType>(mode >> 12); }
};

// Receives an inode's extended attributes. Names are whole ("user.colour").
class AttributeVisitor {
 public:
  virtual Result<void> attribute(std::string_view name, std::span<const std::byte> value) = 0;

 protected:
  ~AttributeVisitor() = default;
};

class Image {
 public:
  Image() = default;
  // Checks the super block; on failure `why` says what is wrong with the image.
  static Result<Image> open(std::span<const std::byte> bytes, std::string_view& why);

  std::uint64_t root_nid() const { return root_nid_; }
  std::uint64_t size() const { return bytes_.size(); }
  std::uint64_t inodes() const { return inodes_; }
  // Whether [data, data + length), which starts in the image, also ends in it, and in the same device.
  bool contains(const std::byte* data, std::uint64_t length) const {
    return bytes_at(static_cast<std::uint64_t>(data - bytes_.data()), length).ok();
  }

  Result<InodeInfo> inode(std::uint64_t nid) const;

  // The contiguous bytes of a file from `offset` (< size) on: as many as lie together, up to the end of the file. A
  // hole has no data pointer.
  struct Extent {
    const std::byte* data = nullptr;
    std::uint64_t length = 0;
  };
  Result<Extent> map(const InodeInfo& file, std::uint64_t offset) const;

  // kNoEnt if the directory has no such name.
  Result<std::uint64_t> look_up(const InodeInfo& directory, std::string_view name) const;
  // Entries from byte `position` of the directory on (0, or a position that an earlier call gave), without "." and
  // "..". `base` is added to the positions given to the visitor. Returns false if the visitor stopped.
  Result<bool> iterate(const InodeInfo& directory, std::uint64_t position, std::uint64_t base,
                       DirectoryVisitor& visitor) const;
  Result<String> read_link(const InodeInfo& link) const;
  // The inode's own attributes, then those that it shares (image_attributes.cc).
  Result<void> visit_attributes(const InodeInfo& inode, AttributeVisitor& visitor) const;

 private:
  // One block of a directory, with the number of its entries checked.
  struct Block {
    const std::byte* data;
    std::uint32_t size;
    std::uint32_t count;
  };
  struct Entry {
    std::uint64_t nid;
    FileType type;
    std::string_view name;
  };

  Result<std::span<const std::byte>> bytes_at(std::uint64_t offset, std::uint64_t length) const;
  // The same behind the image's own bytes.
  Result<std::span<const std::byte>> bytes_of_device(std::uint64_t offset, std::uint64_t length) const;
  Result<void> read_devices(const SuperBlock& super);
  struct Range {
    std::uint64_t start, size;
  };
  Range device(std::uint64_t index) const;
  Result<Extent> map_chunk(const InodeInfo& file, std::uint64_t offset) const;
  Result<Block> block(const InodeInfo& directory, std::uint64_t index) const;
  static Result<Entry> entry(const Block& block, std::uint32_t index);
  // The attribute at `offset`, which ends at `end` at the latest; where the next one may begin.
  Result<std::uint64_t> visit_attribute(std::uint64_t offset, std::uint64_t end, AttributeVisitor& visitor) const;
  template <typename T>
  Result<T> load(std::uint64_t offset) const {
    const auto bytes = TRY(bytes_at(offset, sizeof(T)));
    T value;
    memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> bytes_;
  std::uint64_t own_size_ = 0;  // of the bytes, what no other device has
  std::uint64_t devices_ = 0;
  const std::byte* device_table_ = nullptr;
  std::uint64_t metadata_offset_ = 0;
  std::uint64_t shared_attributes_ = 0;  // image offset
  std::uint64_t root_nid_ = 0;
  std::uint64_t inodes_ = 0;
  std::uint64_t build_time_ = 0;
  std::uint32_t build_time_nanoseconds_ = 0;
};

}  // namespace kernel::fs::erofs
