// The on-disk format of EROFS, as far as husk reads it: Documentation/filesystems/erofs.rst of Linux and erofs_fs.h of
// erofs-utils 1.5. Little-endian. Uncompressed images of 4 KiB blocks only.
#pragma once

#include <cstdint>

namespace kernel::fs::erofs {

inline constexpr std::uint32_t kSuperMagic = 0xe0f5e1e2;
inline constexpr std::uint64_t kSuperOffset = 1024;
inline constexpr std::uint32_t kBlockShift = 12;
inline constexpr std::uint64_t kBlockSize = 1 << kBlockShift;
inline constexpr std::uint64_t kSlotSize = 32;  // unit of inode numbers (nid)

// feature_incompat. Bits of compression are refused, but LZ4_0PADDING says nothing about an image that compresses
// nothing.
inline constexpr std::uint32_t kFeatureLz4ZeroPadding = 0x1;
inline constexpr std::uint32_t kFeatureChunkedFile = 0x4;
inline constexpr std::uint32_t kFeatureDeviceTable = 0x8;

struct SuperBlock {
  std::uint32_t magic;
  std::uint32_t checksum;
  std::uint32_t feature_compat;
  std::uint8_t block_shift;
  std::uint8_t extension_slots;
  std::uint16_t root_nid;
  std::uint64_t inodes;
  std::uint64_t build_time;
  std::uint32_t build_time_nanoseconds;
  std::uint32_t blocks;
  std::uint32_t metadata_block;
  std::uint32_t xattr_block;
  std::uint8_t uuid[16];
  std::uint8_t volume_name[16];
  std::uint32_t feature_incompat;
  std::uint16_t compression;
  std::uint16_t extra_devices;
  std::uint16_t device_slot;  // where their table begins, in units of a DeviceSlot
  std::uint8_t rest[38];
};
static_assert(sizeof(SuperBlock) == 128);

// A part of the image's space of block numbers that another file has.
struct DeviceSlot {
  std::uint8_t tag[64];
  std::uint32_t blocks;
  std::uint32_t first_block;  // "mapped_blkaddr"
  std::uint8_t reserved[56];
};
static_assert(sizeof(DeviceSlot) == 128);

enum class Layout : std::uint8_t {
  kFlatPlain = 0,
  kCompressedFull = 1,
  kFlatInline = 2,  // the last, partial block follows the inode
  kCompressedCompact = 3,
  kChunkBased = 4,
};

// What both forms of an inode begin with. `format`: bit 0 is the form (0 compact, 1 extended), bits 3:1 the Layout.
struct CompactInode {
  std::uint16_t format;
  std::uint16_t xattr_count;
  std::uint16_t mode;
  std::uint16_t links;
  std::uint32_t size;
  std::uint32_t reserved;
  std::uint32_t data;  // first block, or device number, or chunk format
  std::uint32_t inode;
  std::uint16_t uid;
  std::uint16_t gid;
  std::uint32_t reserved2;
};
static_assert(sizeof(CompactInode) == 32);

struct ExtendedInode {
  std::uint16_t format;
  std::uint16_t xattr_count;
  std::uint16_t mode;
  std::uint16_t reserved;
  std::uint64_t size;
  std::uint32_t data;
  std::uint32_t inode;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint64_t modified;
  std::uint32_t modified_nanoseconds;
  std::uint32_t links;
  std::uint8_t reserved2[16];
};
static_assert(sizeof(ExtendedInode) == 64);

// Inline extended attributes: a header of 12 bytes and `xattr_count - 1` units of 4 bytes: first the numbers of those that
// inodes share, then this inode's own.
constexpr std::uint32_t xattr_size(std::uint16_t count) {
  return count == 0 ? 0 : 12 + 4 * (std::uint32_t{count} - 1);
}

struct XattrHeader {
  std::uint32_t name_filter;  // a bit for each name that is not there, where feature_compat says so; not needed
  std::uint8_t shared_count;  // numbers of 4 bytes, in units of 4 bytes from the super block's xattr_block on
  std::uint8_t reserved[7];
};
static_assert(sizeof(XattrHeader) == 12);

// Followed by the name without what name_index stands for, and the value. The next one begins at a multiple of 4 bytes.
struct XattrEntry {
  std::uint8_t name_length;
  std::uint8_t name_index;
  std::uint16_t value_size;
};
static_assert(sizeof(XattrEntry) == 4);
inline constexpr std::uint64_t kXattrUnit = 4;

// Chunk format (the inode's `data`): log2 of blocks per chunk, and whether the table has 8-byte indexes or block
// numbers.
inline constexpr std::uint32_t kChunkBlockBits = 0x1f;
inline constexpr std::uint32_t kChunkIndexes = 0x20;
inline constexpr std::uint32_t kNullBlock = 0xffffffff;  // a hole

struct ChunkIndex {
  std::uint16_t advise;
  std::uint16_t device;
  std::uint32_t block;
};
static_assert(sizeof(ChunkIndex) == 8);

// A directory is blocks of entries sorted by name; each block has its entries first and their names after them, and the
// first entry's name offset tells how many entries there are.
struct [[gnu::packed]] DirectoryEntry {
  std::uint64_t nid;
  std::uint16_t name_offset;
  std::uint8_t file_type;  // FT_*: see file_type_of
  std::uint8_t reserved;
};
static_assert(sizeof(DirectoryEntry) == 12);

}  // namespace kernel::fs::erofs
