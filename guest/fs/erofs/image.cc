#include "fs/erofs/image.h"

#include <algorithm>

#include "lib/string.h"

namespace kernel::fs::erofs {

namespace {

// FT_* of a directory entry (erofs_fs.h) to a FileType; what is unknown is taken from the inode when it is looked up.
FileType file_type_of(std::uint8_t value) {
  switch (value) {
    case 2:
      return FileType::kDirectory;
    case 3:
      return FileType::kCharDevice;
    case 4:
      return FileType::kBlockDevice;
    case 5:
      return FileType::kFifo;
    case 6:
      return FileType::kSocket;
    case 7:
      return FileType::kSymlink;
    default:
      return FileType::kRegular;
  }
}

bool is_known(FileType type) {
  switch (type) {
    case FileType::kFifo:
    case FileType::kCharDevice:
    case FileType::kDirectory:
    case FileType::kBlockDevice:
    case FileType::kRegular:
    case FileType::kSymlink:
    case FileType::kSocket:
      return true;
    case FileType::kNone:
      break;
  }
  return false;
}

bool is_dot_or_dot_dot(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace

Result<std::span<const std::byte>> Image::bytes_at(std::uint64_t offset, std::uint64_t length) const {
  if (offset > own_size_ || length > own_size_ - offset) {
    if (devices_ != 0) return bytes_of_device(offset, length);
    return Errno::kIo;
  }
  return bytes_.subspan(offset, length);
}

Image::Range Image::device(std::uint64_t index) const {
  DeviceSlot slot;
  memcpy(&slot, device_table_ + index * sizeof slot, sizeof slot);
  return {std::uint64_t{slot.first_block} << kBlockShift, std::uint64_t{slot.blocks} << kBlockShift};
}

Result<std::span<const std::byte>> Image::bytes_of_device(std::uint64_t offset, std::uint64_t length) const {
  // The last one that does not begin behind it: they are in order.
  std::uint64_t low = 0;
  std::uint64_t high = devices_;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (device(middle).start <= offset ? low : high) = middle;
  }
  const Range found = device(low);
  if (offset < found.start || offset - found.start > found.size || length > found.size - (offset - found.start)) {
    return Errno::kIo;
  }
  return bytes_.subspan(offset, length);
}

Result<void> Image::read_devices(const SuperBlock& super) {
  const std::uint64_t own_size = std::uint64_t{super.blocks} << kBlockShift;
  if (own_size > bytes_.size()) return Errno::kIo;
  own_size_ = own_size;
  const std::uint64_t size = super.extra_devices * sizeof(DeviceSlot);
  device_table_ = TRY(bytes_at(super.device_slot * sizeof(DeviceSlot), size)).data();
  std::uint64_t end = own_size_;
  for (std::uint64_t i = 0; i < super.extra_devices; ++i) {
    const Range found = device(i);
    if (found.start < end || found.size == 0 || found.start + found.size > bytes_.size()) return Errno::kIo;
    end = found.start + found.size;
  }
  devices_ = super.extra_devices;
  return {};
}

Result<Image> Image::open(std::span<const std::byte> bytes, std::string_view& why) {
  Image image;
  image.bytes_ = bytes;
  image.own_size_ = bytes.size();
  why = "it is too short";
  const auto super = TRY(image.load<SuperBlock>(kSuperOffset));
  why = "it has no EROFS magic number";
  if (super.magic != kSuperMagic) return Errno::kIo;
  why = "its block size is not 4096";
  if (super.block_shift != kBlockShift) return Errno::kIo;
  why = "it uses features that are not supported (compression)";
  if (super.feature_incompat & ~(kFeatureLz4ZeroPadding | kFeatureChunkedFile | kFeatureDeviceTable)) return Errno::kIo;
  why = "its table of devices is damaged";
  if (super.feature_incompat & kFeatureDeviceTable) TRY(image.read_devices(super));
  image.metadata_offset_ = std::uint64_t{super.metadata_block} << kBlockShift;
  image.shared_attributes_ = std::uint64_t{super.xattr_block} << kBlockShift;
  image.root_nid_ = super.root_nid;
  image.inodes_ = super.inodes;
  image.build_time_ = super.build_time;
  image.build_time_nanoseconds_ = super.build_time_nanoseconds;
  why = "its root directory is damaged";
  const auto root = TRY(image.inode(image.root_nid_));
  if (root.type() != FileType::kDirectory) return Errno::kIo;
  why = {};
  return image;
}

Result<InodeInfo> Image::inode(std::uint64_t nid) const {
  if (nid > bytes_.size() / kSlotSize) return Errno::kIo;
  const std::uint64_t offset = metadata_offset_ + nid * kSlotSize;
  const auto format = TRY(load<std::uint16_t>(offset));
  if (format & ~0xfu) return Errno::kIo;

  InodeInfo info;
  info.nid = nid;
  info.layout = static_cast<Layout>(format >> 1);
  if (format & 1) {
    const auto raw = TRY(load<ExtendedInode>(offset));
    info.mode = raw.mode, info.uid = raw.uid, info.gid = raw.gid, info.links = raw.links;
    info.size = raw.size, info.data = raw.data;
    info.modified = raw.modified, info.modified_nanoseconds = raw.modified_nanoseconds;
    info.attributes_size = xattr_size(raw.xattr_count);
    info.trailer = offset + sizeof raw + info.attributes_size;
  } else {
    const auto raw = TRY(load<CompactInode>(offset));
    info.mode = raw.mode, info.uid = raw.uid, info.gid = raw.gid, info.links = raw.links;
    info.size = raw.size, info.data = raw.data;
    info.modified = build_time_, info.modified_nanoseconds = build_time_nanoseconds_;
    info.attributes_size = xattr_size(raw.xattr_count);
    info.trailer = offset + sizeof raw + info.attributes_size;
  }
  if (!is_known(info.type()) || info.modified_nanoseconds >= 1'000'000'000) return Errno::kIo;
  if (info.layout != Layout::kFlatPlain && info.layout != Layout::kFlatInline && info.layout != Layout::kChunkBased) {
    return Errno::kIo;
  }
  // Flat data lies in the image, so it cannot be larger; a file with holes can, up to what off_t holds.
  const std::uint64_t largest = info.layout == Layout::kChunkBased ? std::uint64_t{1} << 60 : bytes_.size();
  if (info.size > largest) return Errno::kIo;
  return info;
}

Result<Image::Extent> Image::map(const InodeInfo& file, std::uint64_t offset) const {
  if (offset >= file.size) return Errno::kIo;
  if (file.layout == Layout::kChunkBased) return map_chunk(file, offset);

  const std::uint64_t start = std::uint64_t{file.data} << kBlockShift;
  std::uint64_t end_of_blocks = file.size;
  if (file.layout == Layout::kFlatInline) {
    end_of_blocks = (file.size - 1) / kBlockSize * kBlockSize;
    if (offset >= end_of_blocks) {
      const std::uint64_t in_tail = offset - end_of_blocks;
      const std::uint64_t length = file.size - offset;
      // The tail never crosses a block (erofs.rst: "on-disk inode" section), which also bounds what a page copy needs.
      if ((file.trailer & (kBlockSize - 1)) + in_tail + length > kBlockSize) return Errno::kIo;
      return Extent{TRY(bytes_at(file.trailer + in_tail, length)).data(), length};
    }
  }
  const std::uint64_t length = end_of_blocks - offset;
  return Extent{TRY(bytes_at(start + offset, length)).data(), length};
}

Result<Image::Extent> Image::map_chunk(const InodeInfo& file, std::uint64_t offset) const {
  if (file.data & ~(kChunkBlockBits | kChunkIndexes)) return Errno::kIo;
  const std::uint32_t shift = kBlockShift + (file.data & kChunkBlockBits);
  const std::uint64_t chunk = offset >> shift;
  const std::uint64_t in_chunk = offset & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t length = std::min((std::uint64_t{1} << shift) - in_chunk, file.size - offset);
  if (chunk > bytes_.size()) return Errno::kIo;

  std::uint32_t block;
  if (file.data & kChunkIndexes) {
    const std::uint64_t table = (file.trailer + 7) & ~std::uint64_t{7};
    const auto index = TRY(load<ChunkIndex>(table + chunk * sizeof(ChunkIndex)));
    if (index.device != 0) return Errno::kIo;
    block = index.block;
  } else {
    const std::uint64_t table = (file.trailer + 3) & ~std::uint64_t{3};
    block = TRY(load<std::uint32_t>(table + chunk * sizeof(std::uint32_t)));
  }
  if (block == kNullBlock) return Extent{nullptr, length};
  return Extent{TRY(bytes_at((std::uint64_t{block} << kBlockShift) + in_chunk, length)).data(), length};
}

Result<Image::Block> Image::block(const InodeInfo& directory, std::uint64_t index) const {
  const std::uint64_t offset = index * kBlockSize;
  const auto extent = TRY(map(directory, offset));
  Block block;
  block.data = extent.data;
  block.size = static_cast<std::uint32_t>(std::min({extent.length, directory.size - offset, kBlockSize}));
  if (!block.data || block.size < sizeof(DirectoryEntry)) return Errno::kIo;
  if (block.size < std::min(directory.size - offset, kBlockSize)) return Errno::kIo;
  DirectoryEntry first;
  memcpy(&first, block.data, sizeof first);
  const std::uint32_t names = first.name_offset;
  if (names < sizeof(DirectoryEntry) || names % sizeof(DirectoryEntry) != 0 || names >= block.size) return Errno::kIo;
  block.count = names / sizeof(DirectoryEntry);
  return block;
}

Result<Image::Entry> Image::entry(const Block& block, std::uint32_t index) {
  DirectoryEntry raw;
  memcpy(&raw, block.data + index * sizeof raw, sizeof raw);
  std::uint32_t end = block.size;
  if (index + 1 < block.count) {
    DirectoryEntry next;
    memcpy(&next, block.data + (index + 1) * sizeof next, sizeof next);
    end = next.name_offset;
  }
  const std::uint32_t names = block.count * sizeof(DirectoryEntry);
  if (raw.name_offset < names || end > block.size || raw.name_offset >= end) return Errno::kIo;
  std::string_view name(reinterpret_cast<const char*>(block.data) + raw.name_offset, end - raw.name_offset);
  // Only the last name of a block may be shorter than its space: a NUL ends it.
  if (index + 1 == block.count) name = name.substr(0, std::min(name.find('\0'), name.size()));
  if (name.empty() || name.size() > kNameMax || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    return Errno::kIo;
  }
  return Entry{raw.nid, file_type_of(raw.file_type), name};
}

Result<std::uint64_t> Image::look_up(const InodeInfo& directory, std::string_view name) const {
  if (directory.size == 0) return Errno::kNoEnt;
  // The block to search is the last one whose first name is not greater.
  std::uint64_t low = 0;
  std::uint64_t high = (directory.size + kBlockSize - 1) / kBlockSize;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    const Block candidate = TRY(block(directory, middle));
    const auto first = TRY(entry(candidate, 0));
    if (first.name <= name) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const Block candidates = TRY(block(directory, low));
  std::uint32_t left = 0;
  std::uint32_t right = candidates.count;
  while (left < right) {
    const std::uint32_t middle = left + (right - left) / 2;
    const auto found = TRY(entry(candidates, middle));
    if (found.name == name) return found.nid;
    if (found.name < name) {
      left = middle + 1;
    } else {
      right = middle;
    }
  }
  return Errno::kNoEnt;
}

Result<bool> Image::iterate(const InodeInfo& directory, std::uint64_t position, std::uint64_t base,
                            DirectoryVisitor& visitor) const {
  const std::uint64_t blocks = (directory.size + kBlockSize - 1) / kBlockSize;
  std::uint64_t index = position / kBlockSize;
  std::uint64_t first = (position % kBlockSize + sizeof(DirectoryEntry) - 1) / sizeof(DirectoryEntry);
  for (; index < blocks; ++index, first = 0) {
    const Block current = TRY(block(directory, index));
    for (std::uint64_t i = first; i < current.count; ++i) {
      const auto found = TRY(entry(current, static_cast<std::uint32_t>(i)));
      if (is_dot_or_dot_dot(found.name)) continue;
      const std::uint64_t next = index * kBlockSize + (i + 1) * sizeof(DirectoryEntry);
      if (!visitor.entry(found.name, found.nid, found.type, base + next)) return false;
    }
  }
  return true;
}

Result<String> Image::read_link(const InodeInfo& link) const {
  if (link.size == 0 || link.size >= kPathMax) return Errno::kIo;
  String target;
  for (std::uint64_t offset = 0; offset < link.size;) {
    const auto extent = TRY(map(link, offset));
    if (!extent.data) return Errno::kIo;
    TRY(target.append({reinterpret_cast<const char*>(extent.data), extent.length}));
    offset += extent.length;
  }
  if (target.view().find('\0') != std::string_view::npos) return Errno::kIo;
  return target;
}

}  // namespace kernel::fs::erofs
