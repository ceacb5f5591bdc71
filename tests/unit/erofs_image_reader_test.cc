// husk's reader of EROFS images, with images that were damaged, or made to do harm: what it refuses, and that it ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/error_of.h"
#include "vmm/error.h"
#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"

namespace husk::image::erofs {
namespace {

using test::error_of;

class ErofsImageReaderTest : public testing::Test {
 protected:
  ErofsImageReaderTest() : fd_(::memfd_create("image", MFD_CLOEXEC)) {
    ErofsWriter writer(fd_.get(), {});
    const NodeId directory = writer.add_directory(NodeId::kRoot, "d", {.mode = S_IFDIR | 0755});
    for (int i = 0; i < 300; ++i) add(writer, directory, "file-" + std::to_string(i), std::string(100, 'x'));
    writer.add_symlink(directory, "link", {.mode = S_IFLNK | 0777}, "target");
    writer.set_xattrs(add(writer, NodeId::kRoot, "file", std::string(10'000, 'y')),
                      std::array{Xattr{"user.a", "value"}, Xattr{"trusted.b", ""}});
    writer.finish();
  }

  static NodeId add(ErofsWriter& writer, NodeId directory, const std::string& name, const std::string& text) {
    const NodeId id = writer.begin_file(directory, name, {.mode = S_IFREG | 0644});
    writer.append(std::as_bytes(std::span(text)));
    writer.end_file();
    return id;
  }

  std::uint64_t size() const {
    struct stat status {};
    ::fstat(fd_.get(), &status);
    return static_cast<std::uint64_t>(status.st_size);
  }
  template <typename T>
  void put(std::uint64_t offset, T value) {
    ASSERT_EQ(::pwrite(fd_.get(), &value, sizeof value, static_cast<off_t>(offset)),
              static_cast<ssize_t>(sizeof value));
  }

  // All that can be reached; "" or what was refused.
  static std::string walk(int fd) {
    return error_of([&] {
      const Reader reader(fd, {});
      unsigned left = 2000;
      walk(reader, reader.inode(reader.root()), left);
    });
  }
  static void walk(const Reader& reader, const Reader::Inode& inode, unsigned& left) {
    if (left == 0) return;
    --left;
    reader.xattrs(inode);
    if (inode.is(S_IFLNK)) reader.target(inode);
    std::vector<std::byte> piece(5000);
    if (inode.is(S_IFREG)) reader.read(inode, inode.size / 2, piece);
    if (!inode.is(S_IFDIR)) return;
    reader.for_each_entry(inode, [&](std::string_view, std::uint64_t nid) { walk(reader, reader.inode(nid), left); });
  }

  UniqueFd fd_;
};

TEST_F(ErofsImageReaderTest, SaysWhatIsWrong) {
  EXPECT_EQ(walk(fd_.get()), "");
  const UniqueFd empty(::memfd_create("empty", MFD_CLOEXEC));
  EXPECT_NE(walk(empty.get()).find("no whole blocks"), std::string::npos);
  put(kSuperOffset + offsetof(SuperBlock, incompatible), std::uint32_t{1});
  EXPECT_NE(walk(fd_.get()).find("another kind"), std::string::npos);
  put(kSuperOffset + offsetof(SuperBlock, incompatible), std::uint32_t{0});
  put(kRootOffset + offsetof(ExtendedInode, size), std::uint64_t{1} << 60);
  EXPECT_NE(walk(fd_.get()).find("larger than the image"), std::string::npos);
  put(kSuperOffset + offsetof(SuperBlock, magic), std::uint32_t{0});
  EXPECT_NE(walk(fd_.get()).find("no superblock"), std::string::npos);
  put(kSuperOffset + offsetof(SuperBlock, magic), kMagic);
  ASSERT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(size() - kBlock)), 0);
  EXPECT_NE(walk(fd_.get()).find("another size"), std::string::npos);
}

TEST_F(ErofsImageReaderTest, DevicesAreInOrderAndApart) {
  const Device one{.tag = {1}, .contents = {3}, .first_block = 512, .blocks = 5};
  const Device two{.tag = {2}, .contents = {4}, .first_block = 1024, .blocks = 512};
  const auto decode = [](std::vector<Device> devices, std::uint64_t blocks = 10) {
    const std::string table = encode_devices(devices);
    return decode_devices(std::as_bytes(std::span(table)), blocks);
  };
  const auto good = decode({one, two});
  ASSERT_TRUE(good && good->size() == 2);
  EXPECT_EQ((*good)[1].tag, two.tag);
  EXPECT_EQ((*good)[1].contents, two.contents);
  EXPECT_EQ((*good)[1].first_block, 1024u);
  EXPECT_EQ((*good)[1].blocks, 512u);
  EXPECT_FALSE(decode({two, one}));
  EXPECT_FALSE(decode({one, one}));
  EXPECT_FALSE(decode({one, two}, 513));
  EXPECT_FALSE(decode({{.tag = {1}, .contents = {}, .first_block = 512, .blocks = 0}}));
  EXPECT_FALSE(decode({{.tag = {1}, .contents = {}, .first_block = 0xffff'ffff, .blocks = 2}}));
  std::vector<Device> placed(3);
  placed[0].blocks = 1, placed[1].blocks = 600, placed[2].blocks = 1;
  EXPECT_TRUE(place_devices(placed, 3));
  EXPECT_EQ(placed[0].first_block, 3u);
  EXPECT_EQ(placed[1].first_block, 512u);
  EXPECT_EQ(placed[2].first_block, 1112u);
  placed[1].blocks = std::uint64_t{1} << 32;
  EXPECT_FALSE(place_devices(placed, 3));
}

// Whatever is in it: an error, or something, and nothing outside (the sanitizers' builds see more).
TEST_F(ErofsImageReaderTest, SurvivesDamage) {
  std::mt19937 random(1);
  const std::uint64_t bytes = size();
  unsigned refused = 0;
  for (int round = 0; round < 150; ++round) {
    const UniqueFd copy(::memfd_create("copy", MFD_CLOEXEC));
    std::string image(bytes, '\0');
    ASSERT_EQ(::pread(fd_.get(), image.data(), bytes, 0), static_cast<ssize_t>(bytes));
    // What is behind the contents, most of the time: there the numbers are.
    for (int i = 0; i < 8; ++i) {
      const std::uint64_t from = random() % 4 == 0 ? 1024 : bytes - bytes / 16;
      image[from + random() % (bytes - from)] = static_cast<char>(random());
    }
    ASSERT_EQ(::write(copy.get(), image.data(), bytes), static_cast<ssize_t>(bytes));
    if (!walk(copy.get()).empty()) ++refused;
  }
  EXPECT_GT(refused, 10u);
}

}  // namespace
}  // namespace husk::image::erofs
