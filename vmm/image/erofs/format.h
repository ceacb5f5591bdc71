// The on-disk format of EROFS, as far as husk writes it: Documentation/filesystems/erofs.rst of Linux, and
// fs/erofs/erofs_fs.h. Little-endian, as the hosts are that husk runs on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace husk::image::erofs {

static_assert(std::endian::native == std::endian::little);

inline constexpr std::uint64_t kBlockBits = 12;
inline constexpr std::uint64_t kBlock = std::uint64_t{1} << kBlockBits;
inline constexpr std::uint64_t kSlot = 32;  // where inodes may begin: the unit of their numbers, "nid"

constexpr std::uint64_t blocks_of(std::uint64_t bytes) {
  return bytes / kBlock + (bytes % kBlock != 0 ? 1 : 0);
}

inline constexpr std::uint64_t kSuperOffset = 1024;
inline constexpr std::uint32_t kMagic = 0xE0F5'E1E2;
inline constexpr std::uint32_t kCompatChecksum = 1;  // the superblock's checksum is there
inline constexpr std::uint32_t kCompatMtime = 2;     // times are the last change's of the contents

struct SuperBlock {
  std::uint32_t magic;
  std::uint32_t checksum;  // CRC-32C of the first block from the superblock on, this field as zero
  std::uint32_t compatible;
  std::uint8_t block_bits;
  std::uint8_t extension_slots;
  std::uint16_t root_nid;
  std::uint64_t inodes;
  std::uint64_t build_time;  // of compact inodes, which are not used here
  std::uint32_t build_time_ns;
  std::uint32_t blocks;
  std::uint32_t metadata_block;  // nids count from there
  std::uint32_t xattr_block;     // of attributes that several inodes share: none here
  std::uint8_t uuid[16];
  std::uint8_t volume_name[16];
  std::uint32_t incompatible;
  std::uint16_t compression;    // not used here
  std::uint16_t extra_devices;  // beside the image itself
  std::uint16_t device_slot;    // where their table begins, in units of a slot
  std::uint8_t rest[38];
};
static_assert(sizeof(SuperBlock) == 128 && offsetof(SuperBlock, incompatible) == 80);
static_assert(offsetof(SuperBlock, extra_devices) == 86 && offsetof(SuperBlock, device_slot) == 88);

inline constexpr std::uint32_t kIncompatDeviceTable = 8;

struct DeviceSlot {
  std::uint8_t tag[64];  // its name: of a layer, the 64 hexadecimal digits of its diff id
  std::uint32_t blocks;
  std::uint32_t first_block;  // in the image's space of block numbers ("mapped_blkaddr")
  std::uint8_t reserved[24];  // newer Linux has the upper bits of the two numbers in the first six
  // Linux does not look at the last bytes. husk has SHA-256 of the device in them.
  std::uint8_t contents[32];
};
static_assert(sizeof(DeviceSlot) == 128 && offsetof(DeviceSlot, contents) == 96);

enum class Layout : std::uint16_t {
  kFlatPlain = 0,   // all data from one block on
  kFlatInline = 2,  // the last, partial block after the inode
};

struct ExtendedInode {
  std::uint16_t format;  // bit 0: extended; bits 1 to 3: Layout
  std::uint16_t xattr_count;
  std::uint16_t mode;
  std::uint16_t reserved;
  std::uint64_t size;
  std::uint32_t data;  // the first block, or a device's number
  std::uint32_t serial;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint64_t mtime_s;
  std::uint32_t mtime_ns;
  std::uint32_t links;
  std::uint8_t reserved2[16];
};
static_assert(sizeof(ExtendedInode) == 64);

constexpr std::uint16_t format_of(Layout layout) {
  return static_cast<std::uint16_t>(1 | static_cast<unsigned>(layout) << 1);
}

// The superblock's field for the root's number has 16 bits, so the root lies in the first block, where the superblock's
// checksum covers it as well.
inline constexpr std::uint64_t kRootOffset = kSuperOffset + sizeof(SuperBlock);
static_assert(kRootOffset % kSlot == 0);

// A directory is blocks of these, each with their names after them.
struct [[gnu::packed]] DirectoryEntry {
  std::uint64_t nid;
  std::uint16_t name_offset;
  std::uint8_t type;  // FT_* of include/linux/fs_types.h
  std::uint8_t reserved;
};
static_assert(sizeof(DirectoryEntry) == 12);

// What follows an inode that has extended attributes: this, then entries that begin at multiples of 4.
struct XattrHeader {
  std::uint32_t name_filter;
  std::uint8_t shared_count;
  std::uint8_t reserved[7];
};
static_assert(sizeof(XattrHeader) == 12);

struct XattrEntry {
  std::uint8_t name_size;    // without the prefix that the index stands for
  std::uint8_t name_prefix;  // EROFS_XATTR_INDEX_*
  std::uint16_t value_size;
};
static_assert(sizeof(XattrEntry) == 4);

}  // namespace husk::image::erofs
