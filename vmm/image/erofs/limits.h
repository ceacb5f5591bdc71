// What an image may hold, and how much of this machine its making may take. Whatever is beyond a limit is refused with
// an error that names it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vmm/image/erofs/format.h"

namespace husk::image::erofs {

// Of the format, or of Linux, which could not use more.
inline constexpr std::uint64_t kMaxImage = ((std::uint64_t{1} << 32) - 1) * kBlock;  // block numbers of 32 bits
inline constexpr std::size_t kMaxName = 255;
inline constexpr std::size_t kMaxLinkTarget = 4095;  // PATH_MAX with its NUL
// Directories within each other: a path of 4096 bytes cannot name more.
inline constexpr std::uint32_t kMaxDepth = 2048;
// One attribute's value has a size of 16 bits, and all of an inode's with their names a count of words of 16 bits.
inline constexpr std::size_t kMaxXattrValue = 65535;
inline constexpr std::size_t kMaxXattrs = sizeof(XattrHeader) + 4 * std::size_t{65534};
// The root's follow it in the first block.
inline constexpr std::size_t kMaxRootXattrs = kBlock - kRootOffset - sizeof(ExtendedInode);

// What the writer of one image may use.
struct Limits {
  std::uint64_t image = kMaxImage;  // bytes
  std::uint64_t entries = 16'000'000;
  // Bytes of memory for names, inodes, link targets and attributes: about 200 an entry. Contents are not kept.
  std::uint64_t memory = std::uint64_t{2} << 30;
};

}  // namespace husk::image::erofs
