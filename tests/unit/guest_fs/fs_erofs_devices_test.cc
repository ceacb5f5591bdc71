// The EROFS reader over images of several devices: what it finds in them, and what between them.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "fs/erofs/image.h"
#include "fs_image.h"

namespace husk::test {
namespace {

namespace erofs = kernel::fs::erofs;
using erofs::Image;
using erofs::InodeInfo;
using kernel::Errno;

constexpr std::uint64_t kBlock = erofs::kBlockSize;

// An image of one file whose contents are moved to a device far behind the image, and the table of that behind the image's own
// blocks. What is between is marked.
class Devices : public testing::Test {
 protected:
  Devices() {
    TemporaryTree tree;
    tree.write("file", std::string(2 * kBlock, 'f'));
    ErofsImage plain(tree.path(), "-x-1 -E noinline_data,force-inode-extended");
    const std::uint64_t blocks = plain.bytes().size() / kBlock;
    bytes_.assign((blocks + 1 + kGap + kDeviceBlocks + kGap + 1) * kBlock, std::byte{'?'});
    std::memcpy(bytes_.data(), plain.bytes().data(), plain.bytes().size());
    own_blocks_ = blocks + 1;  // with the table
    std::memset(at(blocks * kBlock), 0, kBlock);
    first_ = own_blocks_ + kGap;
    second_ = first_ + kDeviceBlocks + kGap;
    std::memset(at(first_ * kBlock), 'f', kDeviceBlocks * kBlock);
    std::memset(at(second_ * kBlock), 's', kBlock);
    table_ = blocks * kBlock;
    put_device(0, first_, kDeviceBlocks);
    put_device(1, second_, 1);
    super([&](erofs::SuperBlock& super) {
      super.feature_incompat |= erofs::kFeatureDeviceTable;
      super.blocks = static_cast<std::uint32_t>(own_blocks_);
      super.extra_devices = 2;
      super.device_slot = static_cast<std::uint16_t>(table_ / sizeof(erofs::DeviceSlot));
    });
    place_file(first_);
  }

  std::byte* at(std::uint64_t offset) { return bytes_.data() + offset; }

  template <typename Change>
  void super(const Change& change) {
    erofs::SuperBlock super;
    std::memcpy(&super, at(erofs::kSuperOffset), sizeof super);
    change(super);
    std::memcpy(at(erofs::kSuperOffset), &super, sizeof super);
  }
  void put_device(std::uint64_t index, std::uint64_t first_block, std::uint64_t blocks) {
    erofs::DeviceSlot slot{};
    slot.first_block = static_cast<std::uint32_t>(first_block);
    slot.blocks = static_cast<std::uint32_t>(blocks);
    std::memcpy(at(table_ + index * sizeof slot), &slot, sizeof slot);
  }

  // Where the file's contents are said to begin.
  void place_file(std::uint64_t block) {
    const auto data = static_cast<std::uint32_t>(block);
    std::memcpy(at(inode_offset() + offsetof(erofs::ExtendedInode, data)), &data, sizeof data);
  }
  std::uint64_t inode_offset() {
    std::string_view why;
    auto image = Image::open(bytes_, why);
    EXPECT_TRUE(image.ok()) << why;
    const InodeInfo root = image.value().inode(image.value().root_nid()).take();
    const std::uint64_t nid = image.value().look_up(root, "file").take();
    erofs::SuperBlock super;
    std::memcpy(&super, at(erofs::kSuperOffset), sizeof super);
    return super.metadata_block * kBlock + nid * erofs::kSlotSize;
  }

  // The file's contents, or nothing.
  std::string read() {
    std::string_view why;
    auto image = Image::open(bytes_, why);
    if (!image) return "refused: " + std::string(why);
    const InodeInfo root = image.value().inode(image.value().root_nid()).take();
    const InodeInfo file = image.value().inode(image.value().look_up(root, "file").take()).take();
    auto extent = image.value().map(file, 0);
    if (!extent) return extent.error() == Errno::kIo ? "EIO" : "another error";
    return {reinterpret_cast<const char*>(extent.value().data), extent.value().length};
  }
  std::string refusal() {
    std::string_view why;
    auto image = Image::open(bytes_, why);
    return image ? "" : std::string(why);
  }

  static constexpr std::uint64_t kGap = 3;
  static constexpr std::uint64_t kDeviceBlocks = 4;
  std::vector<std::byte> bytes_;
  std::uint64_t own_blocks_ = 0, first_ = 0, second_ = 0, table_ = 0;
};

TEST_F(Devices, ContentsAreWhereverADeviceHasThem) {
  EXPECT_EQ(read(), std::string(2 * kBlock, 'f'));
  place_file(first_ + kDeviceBlocks - 2);
  EXPECT_EQ(read(), std::string(2 * kBlock, 'f'));
  place_file(0);
  EXPECT_EQ(read().size(), 2 * kBlock);  // the image's own
}

TEST_F(Devices, BetweenDevicesIsNothing) {
  for (const std::uint64_t block :
       {own_blocks_ - 1, own_blocks_, first_ - 1, first_ + kDeviceBlocks - 1, first_ + kDeviceBlocks, second_ - 1,
        second_, second_ + 1, second_ + 100, std::uint64_t{0xffff'ffff}}) {
    place_file(block);
    EXPECT_EQ(read(), "EIO") << block;
  }
}

TEST_F(Devices, ATableThatMakesNoSenseIsRefused) {
  const std::string damaged = "its table of devices is damaged";
  EXPECT_EQ(refusal(), "");
  put_device(1, first_ + 1, 1);  // within another
  EXPECT_EQ(refusal(), damaged);
  put_device(1, first_ - 1, 1);  // before another
  EXPECT_EQ(refusal(), damaged);
  put_device(1, second_, 2);  // over the end
  EXPECT_EQ(refusal(), damaged);
  put_device(1, second_, 0);
  EXPECT_EQ(refusal(), damaged);
  put_device(1, second_, 1);
  put_device(0, own_blocks_ - 1, 1);  // within the image
  EXPECT_EQ(refusal(), damaged);
  put_device(0, first_, kDeviceBlocks);
  super([](erofs::SuperBlock& super) { super.extra_devices = 0xffff; });
  EXPECT_EQ(refusal(), damaged);
  super([](erofs::SuperBlock& super) { super.extra_devices = 2, super.device_slot = 0xffff; });
  EXPECT_EQ(refusal(), damaged);
  super([&](erofs::SuperBlock& super) {
    super.device_slot = static_cast<std::uint16_t>(table_ / sizeof(erofs::DeviceSlot));
    super.blocks = 0xffff'ffff;
  });
  EXPECT_EQ(refusal(), damaged);
  super([](erofs::SuperBlock& super) { super.blocks = 0; });
  EXPECT_EQ(refusal(), damaged);
}

}  // namespace
}  // namespace husk::test
