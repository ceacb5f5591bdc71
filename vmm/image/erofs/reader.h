// Reads EROFS images as the writer here makes them (docs/image-format.md): extended inodes, FLAT_PLAIN files, names, links and
// attributes. An image of several devices, too: its layers are files of their own.
//
// An image is made from what somebody else has made, so it is not believed: each number is checked against the file's size
// before it is used, and what makes no sense is a husk::Error. What the reader does not do is remember: an image in which a
// directory is in itself has no end, so who walks one counts, or enters each directory once.
//
//   Reader reader(fd, {});
//   reader.for_each_entry(reader.inode(reader.root()), [&](std::string_view name, std::uint64_t nid) { ... });
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/image/erofs/device_table.h"
#include "vmm/image/erofs/format.h"
#include "vmm/image/erofs/tree.h"
#include "vmm/image/erofs/xattrs.h"

namespace husk::image::erofs {

class Reader {
 public:
  // A file, whose numbers are checked.
  struct Inode {
    std::uint64_t nid = 0;
    Attributes attributes;
    std::uint32_t links = 0;
    std::uint32_t data = 0;  // the first block, or a device's number as the format has it
    std::uint64_t size = 0;
    std::uint64_t tail = 0;  // the image's byte behind the inode and its attributes
    std::uint32_t xattr_bytes = 0;
    Layout layout = Layout::kFlatPlain;

    bool is(unsigned type) const { return (attributes.mode & S_IFMT) == type; }
  };

  // `fd`: the image, open for reading for as long as the reader is used. `layers`: the same of each of its devices, in the
  // order of its table; empty for an image without, or for who reads no contents. Throws husk::Error, as all of these do.
  Reader(int fd, std::vector<int> layers);

  std::uint64_t root() const { return root_; }
  const std::vector<Device>& devices() const { return devices_; }
  // Of the image itself, without those of its devices.
  std::uint64_t blocks() const { return bytes_ / kBlock; }

  Inode inode(std::uint64_t nid) const;

  // Without "." and "..", in the image's order, and each as a name can be.
  using Visit = std::function<void(std::string_view name, std::uint64_t nid)>;
  void for_each_entry(const Inode& directory, const Visit& visit) const;

  std::string target(const Inode& link) const;
  std::vector<Xattr> xattrs(const Inode& inode) const;
  static dev_t device(const Inode& special);

  // Of a regular file, from `offset` on: as many bytes as there is room for, or all that are left.
  std::size_t read(const Inode& file, std::uint64_t offset, std::span<std::byte> into) const;
  // Throws unless all blocks of a regular file are the image's, or one of its devices'.
  void require_contents(const Inode& file) const;

 private:
  [[noreturn]] void refuse(std::string_view why) const;
  // Of the image itself: through a cache of blocks.
  void load(std::uint64_t offset, std::span<std::byte> into) const;
  template <typename T>
  T get(std::uint64_t offset) const {
    T value;
    load(offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  std::string text(std::uint64_t offset, std::uint64_t size) const;
  // A directory's or link's contents, block `index` of them.
  std::string block_of(const Inode& inode, std::uint64_t index) const;
  void visit_block(const std::string& block, std::string& previous, const Visit& visit) const;
  void read_from(int fd, std::uint64_t offset, std::span<std::byte> into) const;
  void read_devices(std::uint64_t count, std::uint64_t offset);

  int fd_;
  std::vector<int> layers_;
  std::vector<Device> devices_;
  std::uint64_t bytes_ = 0;
  std::uint64_t metadata_ = 0;
  std::uint64_t root_ = 0;

  // What lies near in the tree lies near in the image: few blocks are enough.
  static constexpr std::size_t kCached = 64;
  struct CachedBlock {
    std::uint64_t number = ~std::uint64_t{0};
    std::array<std::byte, kBlock> bytes;
  };
  mutable std::unique_ptr<std::array<CachedBlock, kCached>> cache_;
};

}  // namespace husk::image::erofs
