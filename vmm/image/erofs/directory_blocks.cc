#include "vmm/image/erofs/directory_blocks.h"

#include <sys/stat.h>

#include <cstring>

namespace husk::image::erofs {
namespace {

// FT_* (include/linux/fs_types.h, fs_umode_to_ftype).
std::uint8_t type_of(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 1;
    case S_IFDIR:
      return 2;
    case S_IFCHR:
      return 3;
    case S_IFBLK:
      return 4;
    case S_IFIFO:
      return 5;
    case S_IFSOCK:
      return 6;
    case S_IFLNK:
      return 7;
    default:
      return 0;
  }
}

constexpr std::uint64_t entry_size(std::size_t name_size) {
  return sizeof(DirectoryEntry) + name_size;
}

}  // namespace

void DirectorySize::add(std::size_t name_size) {
  if (last_block_ + entry_size(name_size) > kBlock) {
    ++full_blocks_;
    last_block_ = 0;
  }
  last_block_ += entry_size(name_size);
}

void DirectoryBlocks::add(std::string_view name, std::uint64_t nid, std::uint16_t mode) {
  if (bytes_ + entry_size(name.size()) > kBlock) flush(kBlock);
  bytes_ += entry_size(name.size());
  entries_.push_back(
      {.nid = nid, .name_offset = static_cast<std::uint16_t>(names_.size()), .type = type_of(mode), .reserved = 0});
  names_.insert(names_.end(), name.begin(), name.end());
}

void DirectoryBlocks::flush(std::uint64_t size) {
  const std::size_t head = entries_.size() * sizeof(DirectoryEntry);
  for (DirectoryEntry& entry : entries_) entry.name_offset = static_cast<std::uint16_t>(entry.name_offset + head);
  block_.fill(std::byte{0});
  if (head != 0) std::memcpy(block_.data(), entries_.data(), head);
  if (!names_.empty()) std::memcpy(block_.data() + head, names_.data(), names_.size());
  sink_(std::span(block_).first(static_cast<std::size_t>(size)));
  entries_.clear();
  names_.clear();
  bytes_ = 0;
}

}  // namespace husk::image::erofs
