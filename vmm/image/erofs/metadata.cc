#include "vmm/image/erofs/metadata.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vmm/error.h"
#include "vmm/image/crc32c.h"
#include "vmm/image/erofs/directory_blocks.h"
#include "vmm/image/erofs/format.h"

namespace husk::image::erofs {
namespace {

bool has_tail(const Tree::Node& node) {
  return node.is(S_IFDIR) || node.is(S_IFLNK);
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

// Depth first, each directory's files in their order: what is near in the tree is near in the image.
void Metadata::collect() {
  order_.clear();
  visit(NodeId::kRoot);
  struct Level {
    Tree::Entries::const_iterator next, end;
  };
  std::vector<Level> levels;
  const auto descend = [&](NodeId id) {
    const Tree::Entries& entries = tree_.directory(id).entries;
    levels.push_back({entries.begin(), entries.end()});
  };
  descend(NodeId::kRoot);
  while (!levels.empty()) {
    if (levels.back().next == levels.back().end) {
      levels.pop_back();
      continue;
    }
    const NodeId id = (levels.back().next++)->second;
    if (tree_.node(id).slot != Tree::kUnplaced) continue;  // a further link
    visit(id);
    if (tree_.node(id).is(S_IFDIR)) descend(id);
  }
}

void Metadata::visit(NodeId id) {
  order_.push_back(id);
  tree_.node(id).slot = 0;  // place() says where
}

template <typename Visit>
void Metadata::for_each_entry(NodeId id, const Visit& visit) const {
  const Tree::Directory& directory = tree_.directory(id);
  // The two that the tree does not have are sorted as all others are: after "+", before "a".
  std::array<std::pair<std::string_view, NodeId>, 2> dots{{{".", id}, {"..", directory.parent}}};
  auto dot = dots.begin();
  for (const auto& [name, child] : directory.entries) {
    for (; dot != dots.end() && dot->first < name; ++dot) visit(dot->first, dot->second);
    visit(std::string_view(name), child);
  }
  for (; dot != dots.end(); ++dot) visit(dot->first, dot->second);
}

std::uint64_t Metadata::directory_size(NodeId id) const {
  DirectorySize size;
  for_each_entry(id, [&size](std::string_view name, NodeId) { size.add(name.size()); });
  return size.bytes();
}

template <typename Sink>
void Metadata::for_each_block(NodeId id, const Sink& sink) const {
  if (tree_.node(id).is(S_IFLNK)) return sink(bytes_of(tree_.target(id)));
  DirectoryBlocks blocks(sink);
  for_each_entry(id, [&](std::string_view name, NodeId child) {
    blocks.add(name, nid_of(child), tree_.node(child).attributes.mode);
  });
  blocks.finish();
}

void Metadata::place(std::size_t index) {
  const NodeId id = order_[index];
  Tree::Node& node = tree_.node(id);
  if (node.is(S_IFDIR)) node.size = directory_size(id);
  const std::uint64_t head = sizeof(ExtendedInode) + tree_.xattrs(id).size();
  const std::uint64_t tail = has_tail(node) ? node.size % kBlock : 0;
  Place& place = places_[index];
  if (id == NodeId::kRoot) {
    place.is_inline = tail != 0 && kRootOffset + head + tail <= kBlock;
  } else {
    place.is_inline = tail != 0 && head + tail <= kBlock;
    const std::uint64_t together = head + (place.is_inline ? tail : 0);
    const std::uint64_t left = kBlock - inode_bytes_ % kBlock;
    if (together > left) inode_bytes_ += left;  // attributes alone may need more than a block, and begin one
    node.slot = inode_bytes_ / kSlot;
    inode_bytes_ = (inode_bytes_ + together + kSlot - 1) / kSlot * kSlot;
  }
  if (!has_tail(node)) return;
  const std::uint64_t blocks = place.is_inline ? node.size / kBlock : blocks_of(node.size);
  if (blocks == 0) return;
  place.first_block = next_block_;
  next_block_ += blocks;
}

std::uint64_t Metadata::offset_of(NodeId id) const {
  return id == NodeId::kRoot ? kRootOffset : inodes_begin_ + tree_.node(id).slot * kSlot;
}

void Metadata::write_blocks(std::size_t index) {
  const NodeId id = order_[index];
  const Tree::Node& node = tree_.node(id);
  if (places_[index].first_block == 0) return;
  std::uint64_t left = node.size - (places_[index].is_inline ? node.size % kBlock : 0);
  for_each_block(id, [&](std::span<const std::byte> block) {
    if (left == 0) return;
    output_.append(block);
    left -= block.size();
  });
  output_.pad_to_block();
}

std::uint32_t Metadata::data_of(std::size_t index) const {
  const Tree::Node& node = tree_.node(order_[index]);
  if (has_tail(node)) return static_cast<std::uint32_t>(places_[index].first_block);
  if (node.device == 0) return node.data;
  return static_cast<std::uint32_t>(devices_[node.device - 1u].first_block + node.data);
}

std::string Metadata::inode_bytes(std::size_t index) const {
  const NodeId id = order_[index];
  const Tree::Node& node = tree_.node(id);
  const Place& place = places_[index];
  const std::string& xattrs = tree_.xattrs(id);
  const Attributes& attributes = node.attributes;
  const ExtendedInode inode{.format = format_of(place.is_inline ? Layout::kFlatInline : Layout::kFlatPlain),
                            .xattr_count = static_cast<std::uint16_t>(
                                xattrs.empty() ? 0 : (xattrs.size() - sizeof(XattrHeader)) / sizeof(XattrEntry) + 1),
                            .mode = attributes.mode,
                            .reserved = 0,
                            .size = node.size,
                            .data = data_of(index),
                            .serial = static_cast<std::uint32_t>(index),
                            .uid = attributes.uid,
                            .gid = attributes.gid,
                            .mtime_s = static_cast<std::uint64_t>(attributes.mtime_s),
                            .mtime_ns = attributes.mtime_ns,
                            .links = node.links,
                            .reserved2 = {}};
  std::string bytes(reinterpret_cast<const char*>(&inode), sizeof inode);
  bytes += xattrs;
  if (place.is_inline) {
    std::uint64_t before_tail = node.size / kBlock * kBlock;
    for_each_block(id, [&](std::span<const std::byte> block) {
      if (before_tail == 0) bytes.append(reinterpret_cast<const char*>(block.data()), block.size());
      before_tail -= std::min<std::uint64_t>(before_tail, block.size());
    });
  }
  return bytes;
}

void Metadata::write_inode(std::size_t index) {
  const std::uint64_t offset = offset_of(order_[index]);
  output_.pad_to(offset);
  output_.append(bytes_of(inode_bytes(index)));
}

void Metadata::write_first_block(const Uuid& uuid) {
  std::array<std::byte, kBlock> block{};
  SuperBlock super{};
  super.magic = kMagic;
  super.compatible = kCompatChecksum | kCompatMtime;
  super.block_bits = kBlockBits;
  super.root_nid = kRootOffset / kSlot;
  super.inodes = order_.size();
  super.blocks = static_cast<std::uint32_t>(output_.position() / kBlock);
  std::memcpy(super.uuid, uuid.data(), uuid.size());
  if (!devices_.empty()) {
    super.incompatible = kIncompatDeviceTable;
    super.extra_devices = static_cast<std::uint16_t>(devices_.size());
    super.device_slot = static_cast<std::uint16_t>(table_begin_ / sizeof(DeviceSlot));
  }
  const std::string root = inode_bytes(0);
  std::memcpy(block.data() + kSuperOffset, &super, sizeof super);
  std::memcpy(block.data() + kRootOffset, root.data(), std::min<std::size_t>(root.size(), kBlock - kRootOffset));
  super.checksum = crc32c(~0u, std::span(block).subspan(kSuperOffset));
  std::memcpy(block.data() + kSuperOffset, &super, sizeof super);
  output_.finish(block);
}

void Metadata::write(const Uuid& uuid, std::span<Device> devices) {
  devices_ = devices;
  collect();
  places_.assign(order_.size(), {});
  output_.pad_to_block();
  // The superblock's field for where the table is has 16 bits, so contents of 8 MiB before it are too much.
  table_begin_ = output_.position();
  const std::uint64_t table_size = devices_.size() * sizeof(DeviceSlot);
  if (devices_.size() > kMaxDevices || (table_size != 0 && table_begin_ / sizeof(DeviceSlot) > 0xffff)) {
    throw Error("write", "the image", "its table of layers has no place");
  }
  next_block_ = table_begin_ / kBlock + blocks_of(table_size);
  for (std::size_t i = 0; i < order_.size(); ++i) place(i);
  inodes_begin_ = next_block_ * kBlock;
  // Block numbers have 32 bits. Output refuses to write past them, but what was cut off must not be written before.
  if (inodes_begin_ > kMaxImage || inode_bytes_ > kMaxImage - inodes_begin_) {
    throw Error("write", "the image", "it would have more than the 16 TiB that an EROFS image can hold");
  }
  if (!place_devices(devices_, inodes_begin_ / kBlock + blocks_of(inode_bytes_))) {
    throw Error("write", "the image", "it would have more than the 16 TiB that an EROFS image can hold");
  }
  output_.append(bytes_of(encode_devices(devices_)));
  output_.pad_to_block();
  for (std::size_t i = 0; i < order_.size(); ++i) write_blocks(i);
  for (std::size_t i = 1; i < order_.size(); ++i) write_inode(i);
  output_.pad_to_block();
  write_first_block(uuid);
}

}  // namespace husk::image::erofs
