// The second half of an image: directories, links, inodes and the superblock, when all contents have been written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vmm/image/erofs/device_table.h"
#include "vmm/image/erofs/output.h"
#include "vmm/image/erofs/tree.h"

namespace husk::image::erofs {

using Uuid = std::array<std::uint8_t, 16>;

// Where what lies is decided first, because a directory names its files by where their inodes are: after the contents
// come the blocks of directories and links, then the inodes, directory by directory. An inode and what follows it,
// extended attributes and the last part of a directory or of a link's target, are in one block if that can hold them;
// if not, that part has a block of its own.
class Metadata {
 public:
  Metadata(Tree& tree, Output& output) : tree_(tree), output_(output) {}

  // `devices`: placed here, behind the image's own blocks; their table is the first that is written.
  void write(const Uuid& uuid, std::span<Device> devices);

 private:
  struct Place {
    std::uint64_t first_block = 0;  // of the directory's or link's blocks
    bool is_inline = false;         // the last of them follows the inode
  };

  void collect();
  void visit(NodeId id);
  void place(std::size_t index);
  void write_blocks(std::size_t index);
  void write_inode(std::size_t index);
  void write_first_block(const Uuid& uuid);
  std::uint32_t data_of(std::size_t index) const;

  // An inode, its attributes and its tail.
  std::string inode_bytes(std::size_t index) const;
  std::uint64_t directory_size(NodeId id) const;
  // A directory's or a link's contents, block after block.
  template <typename Sink>
  void for_each_block(NodeId id, const Sink& sink) const;
  template <typename Visit>
  void for_each_entry(NodeId id, const Visit& visit) const;
  std::uint64_t offset_of(NodeId id) const;
  std::uint64_t nid_of(NodeId id) const { return offset_of(id) / kSlot; }

  Tree& tree_;
  Output& output_;
  std::vector<NodeId> order_;  // every inode once, the root first
  std::vector<Place> places_;  // in that order
  std::uint64_t next_block_ = 0;
  std::uint64_t inode_bytes_ = 0;  // of the inodes that have their places
  std::uint64_t inodes_begin_ = 0;
  std::span<Device> devices_;
  std::uint64_t table_begin_ = 0;
};

}  // namespace husk::image::erofs
