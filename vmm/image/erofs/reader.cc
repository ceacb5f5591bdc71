#include "vmm/image/erofs/reader.h"

#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"

namespace husk::image::erofs {
namespace {

std::uint64_t size_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) throw Error::from_errno("look at", "the image");
  return static_cast<std::uint64_t>(status.st_size);
}

bool has_known_type(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      return true;
    default:
      return false;
  }
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace

void Reader::refuse(std::string_view why) const {
  throw Error("read", "an EROFS image", why);
}

Reader::Reader(int fd, std::vector<int> layers)
    : fd_(fd),
      layers_(std::move(layers)),
      bytes_(size_of(fd)),
      cache_(std::make_unique<std::array<CachedBlock, kCached>>()) {
  if (bytes_ < kBlock || bytes_ % kBlock != 0 || bytes_ > kMaxImage) refuse("it is no whole blocks");
  const auto super = get<SuperBlock>(kSuperOffset);
  if (super.magic != kMagic || super.block_bits != kBlockBits) refuse("it has no superblock as husk writes it");
  if (super.blocks != blocks()) refuse("it has another size than its superblock says");
  if ((super.incompatible & ~kIncompatDeviceTable) != 0) refuse("it is of another kind than husk makes");
  metadata_ = std::uint64_t{super.metadata_block} * kBlock;
  root_ = super.root_nid;
  if ((super.incompatible & kIncompatDeviceTable) != 0) {
    read_devices(super.extra_devices, std::uint64_t{super.device_slot} * sizeof(DeviceSlot));
  }
  if (!layers_.empty() && layers_.size() != devices_.size()) refuse("it has another number of devices");
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (size_of(layers_[i]) != devices_[i].blocks * kBlock) refuse("one of its devices has another size");
  }
}

void Reader::read_devices(std::uint64_t count, std::uint64_t offset) {
  if (count > kMaxDevices) refuse("it has more than 512 devices");
  const std::string table = text(offset, count * sizeof(DeviceSlot));
  auto devices = decode_devices(std::as_bytes(std::span(table)), blocks());
  if (!devices) refuse("its table of devices is damaged");
  devices_ = *std::move(devices);
}

void Reader::read_from(int fd, std::uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::from_errno("read", "an EROFS image");
    if (got == 0) refuse("it ends too early");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

void Reader::load(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > bytes_ || into.size() > bytes_ - offset) refuse("something in it leads behind its end");
  while (!into.empty()) {
    const std::uint64_t number = offset / kBlock;
    CachedBlock& cached = (*cache_)[number % kCached];
    if (cached.number != number) {
      cached.number = ~std::uint64_t{0};  // also if what follows throws
      read_from(fd_, number * kBlock, cached.bytes);
      cached.number = number;
    }
    const std::size_t begin = offset % kBlock;
    const std::size_t count = std::min<std::size_t>(kBlock - begin, into.size());
    std::memcpy(into.data(), cached.bytes.data() + begin, count);
    into = into.subspan(count);
    offset += count;
  }
}

std::string Reader::text(std::uint64_t offset, std::uint64_t size) const {
  if (offset > bytes_ || size > bytes_ - offset) refuse("something in it leads behind its end");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  load(offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

Reader::Inode Reader::inode(std::uint64_t nid) const {
  if (nid > bytes_ / kSlot) refuse("an inode's number leads behind its end");
  const std::uint64_t offset = metadata_ + nid * kSlot;
  const auto raw = get<ExtendedInode>(offset);
  Inode inode{.nid = nid,
              .attributes = {.mode = raw.mode,
                             .uid = raw.uid,
                             .gid = raw.gid,
                             .mtime_s = static_cast<std::int64_t>(raw.mtime_s),
                             .mtime_ns = raw.mtime_ns},
              .links = raw.links,
              .data = raw.data,
              .size = raw.size,
              .tail = 0,
              .xattr_bytes = 0,
              .layout = static_cast<Layout>(raw.format >> 1)};
  if (raw.format != format_of(Layout::kFlatPlain) && raw.format != format_of(Layout::kFlatInline)) {
    refuse("an inode is of another kind than husk writes");
  }
  if (!has_known_type(raw.mode) || raw.mtime_ns >= 1'000'000'000) refuse("an inode is damaged");
  if (raw.xattr_count != 0) {
    inode.xattr_bytes = static_cast<std::uint32_t>(sizeof(XattrHeader) + 4 * (std::size_t{raw.xattr_count} - 1));
  }
  inode.tail = offset + sizeof raw + inode.xattr_bytes;
  if (inode.is(S_IFREG)) require_contents(inode);
  return inode;
}

void Reader::require_contents(const Inode& file) const {
  if (file.layout != Layout::kFlatPlain) refuse("a file's last part is elsewhere than husk writes it");
  if (file.size == 0) return;
  const std::uint64_t blocks = blocks_of(file.size);
  if (std::uint64_t{file.data} + blocks <= this->blocks()) return;
  for (const Device& device : devices_) {
    if (file.data < device.first_block || blocks > device.blocks) continue;
    if (file.data - device.first_block <= device.blocks - blocks) return;
  }
  refuse("a file's contents are not in it");
}

std::string Reader::block_of(const Inode& inode, std::uint64_t index) const {
  const std::uint64_t size = std::min(kBlock, inode.size - index * kBlock);
  const std::uint64_t inline_from =
      inode.layout == Layout::kFlatInline ? inode.size / kBlock : ~std::uint64_t{0};  // which block follows the inode
  if (index >= inline_from) {
    if (inode.tail % kBlock + size > kBlock) refuse("what follows an inode goes over a block's end");
    return text(inode.tail, size);
  }
  return text((std::uint64_t{inode.data} + index) * kBlock, size);
}

void Reader::visit_block(const std::string& block, std::string& previous, const Visit& visit) const {
  const auto entry_at = [&block](std::size_t index) {
    DirectoryEntry entry;
    std::memcpy(&entry, block.data() + index * sizeof entry, sizeof entry);
    return entry;
  };
  if (block.size() < sizeof(DirectoryEntry)) refuse("a directory is damaged");
  const std::size_t head = entry_at(0).name_offset;
  if (head == 0 || head % sizeof(DirectoryEntry) != 0 || head > block.size()) refuse("a directory is damaged");
  const std::size_t count = head / sizeof(DirectoryEntry);
  for (std::size_t i = 0; i < count; ++i) {
    const DirectoryEntry entry = entry_at(i);
    const std::size_t end = i + 1 < count ? std::size_t{entry_at(i + 1).name_offset} : block.size();
    if (entry.name_offset < head || entry.name_offset >= end || end > block.size()) refuse("a directory is damaged");
    std::string_view name(block.data() + entry.name_offset, end - entry.name_offset);
    if (i + 1 == count) name = name.substr(0, name.find('\0'));  // padded to the block's end
    if (!is_name(name)) refuse("there is a name in it that is none");
    // So each is there once, and a directory that shows one block again and again ends.
    if (name <= previous) refuse("a directory's names are out of order");
    previous = name;
    if (name != "." && name != "..") visit(name, entry.nid);
  }
}

void Reader::for_each_entry(const Inode& directory, const Visit& visit) const {
  if (!directory.is(S_IFDIR)) refuse("what should be a directory is none");
  if (directory.size > bytes_) refuse("a directory is larger than the image");
  std::string previous;
  for (std::uint64_t index = 0; index < blocks_of(directory.size); ++index) {
    visit_block(block_of(directory, index), previous, visit);
  }
}

std::string Reader::target(const Inode& link) const {
  if (!link.is(S_IFLNK) || link.size == 0 || link.size > kMaxLinkTarget) refuse("a symbolic link is damaged");
  return block_of(link, 0);  // no longer than a block
}

std::vector<Xattr> Reader::xattrs(const Inode& inode) const {
  if (inode.xattr_bytes == 0) return {};
  auto decoded = decode_xattrs(text(inode.tail - inode.xattr_bytes, inode.xattr_bytes));
  if (!decoded) refuse("extended attributes are damaged");
  return *std::move(decoded);
}

// The other way round as the writer's encode_device().
dev_t Reader::device(const Inode& special) {
  return gnu_dev_makedev((special.data & 0xfff00) >> 8, (special.data & 0xff) | ((special.data >> 12) & 0xfff00));
}

std::size_t Reader::read(const Inode& file, std::uint64_t offset, std::span<std::byte> into) const {
  if (!file.is(S_IFREG)) refuse("what should be a file is none");
  if (offset >= file.size) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file.size - offset));
  int fd = fd_;
  std::uint64_t begin = file.data;
  if (begin >= blocks()) {
    const auto behind = std::ranges::upper_bound(devices_, begin, {}, &Device::first_block);
    const auto index = static_cast<std::size_t>(behind - devices_.begin());
    if (index == 0 || index > layers_.size()) refuse("a file's contents are in a layer that is not there");
    fd = layers_[index - 1];
    begin -= devices_[index - 1].first_block;
  }
  read_from(fd, begin * kBlock + offset, into.first(count));
  return count;
}

}  // namespace husk::image::erofs
