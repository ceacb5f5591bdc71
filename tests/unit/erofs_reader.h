// A second reader of EROFS, independent of the guest's, that checks what docs/image-format.md promises while it reads.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace husk::test {

class ErofsReader {
 public:
  struct File {
    std::uint64_t nid = 0;
    std::uint32_t mode = 0, uid = 0, gid = 0, links = 0, rdev = 0;
    std::int64_t mtime_s = 0;
    std::uint32_t mtime_ns = 0;
    std::string data;  // contents, link target; empty for directories
    std::map<std::string, std::string> xattrs;
  };

  explicit ErofsReader(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    image_.assign(std::istreambuf_iterator<char>(stream), {});
    EXPECT_GE(image_.size(), kBlock) << path;
    EXPECT_EQ(image_.size() % kBlock, 0u);
    if (image_.size() < kBlock) return;
    EXPECT_EQ(at<std::uint32_t>(1024), 0xE0F5E1E2u);
    EXPECT_EQ(at<std::uint8_t>(1024 + 12), 12) << "blkszbits";
    EXPECT_EQ(at<std::uint32_t>(1024 + 80), 0u) << "feature_incompat";
    metadata_ = at<std::uint32_t>(1024 + 40) * kBlock;
    read_tree(at<std::uint16_t>(1024 + 14), "");
  }

  // Every file by its path below the root; the root is "".
  const std::map<std::string, File>& files() const { return files_; }

 private:
  static constexpr std::uint64_t kBlock = 4096;
  static constexpr unsigned kFlatPlain = 0, kFlatInline = 2;
  static constexpr std::uint32_t kTypeMask = 0170000, kDirectory = 0040000, kRegular = 0100000;

  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    EXPECT_LE(offset + sizeof value, image_.size());
    if (offset + sizeof value <= image_.size()) std::memcpy(&value, image_.data() + offset, sizeof value);
    return value;
  }

  std::string bytes(std::uint64_t offset, std::uint64_t size) const {
    EXPECT_LE(offset + size, image_.size());
    return offset + size <= image_.size() ? image_.substr(offset, size) : std::string();
  }

  // Bytes of extended attributes between an inode and what follows it.
  std::uint64_t xattr_bytes(std::uint64_t inode) const {
    const auto count = at<std::uint16_t>(inode + 2);
    return count == 0 ? 0 : 12 + 4 * (count - 1u);
  }

  std::map<std::string, std::string> xattrs(std::uint64_t inode) const {
    static const std::map<unsigned, std::string> kPrefixes = {{1, "user."},
                                                              {2, "system.posix_acl_access"},
                                                              {3, "system.posix_acl_default"},
                                                              {4, "trusted."},
                                                              {6, "security."}};
    std::map<std::string, std::string> result;
    const std::uint64_t end = inode + 64 + xattr_bytes(inode);
    EXPECT_TRUE(end == inode + 64 || at<std::uint8_t>(inode + 64 + 4) == 0) << "shared attributes";
    for (std::uint64_t entry = inode + 64 + 12; entry < end;) {
      const std::size_t name = at<std::uint8_t>(entry);
      const std::size_t value = at<std::uint16_t>(entry + 2);
      const std::string text = kPrefixes.at(at<std::uint8_t>(entry + 1)) + bytes(entry + 4, name);
      EXPECT_TRUE(result.emplace(text, bytes(entry + 4 + name, value)).second) << text;
      entry += (4 + name + value + 3) / 4 * 4;
      EXPECT_LE(entry, end) << text;
    }
    return result;
  }

  std::string contents(std::uint64_t inode, unsigned layout, std::uint64_t size) const {
    const std::uint64_t start = at<std::uint32_t>(inode + 16) * kBlock;
    if (layout == kFlatPlain) return size == 0 ? std::string() : bytes(start, size);
    EXPECT_EQ(layout, kFlatInline);
    const std::uint64_t full = size / kBlock * kBlock;
    const std::uint64_t tail = inode + 64 + xattr_bytes(inode);
    EXPECT_NE(size, full) << "nothing to be inline";
    EXPECT_LE(tail % kBlock + (size - full), kBlock) << "an inline tail crosses a block's end";
    return (full != 0 ? bytes(start, full) : std::string()) + bytes(tail, size - full);
  }

  void read_tree(std::uint64_t nid, const std::string& path) {
    const std::uint64_t inode = metadata_ + nid * 32;
    const auto format = at<std::uint16_t>(inode);
    const unsigned layout = (format >> 1) & 7;
    EXPECT_EQ(format & 1, 1) << path << ": not an extended inode";
    EXPECT_LE(inode % kBlock + 64, kBlock) << path << ": an inode crosses a block's end";
    File file{.nid = nid,
              .mode = at<std::uint16_t>(inode + 4),
              .uid = at<std::uint32_t>(inode + 24),
              .gid = at<std::uint32_t>(inode + 28),
              .links = at<std::uint32_t>(inode + 44),
              .rdev = at<std::uint32_t>(inode + 16),
              .mtime_s = at<std::int64_t>(inode + 32),
              .mtime_ns = at<std::uint32_t>(inode + 40),
              .data = {},
              .xattrs = xattrs(inode)};
    const auto size = at<std::uint64_t>(inode + 8);
    const std::string data = contents(inode, layout, size);
    const std::uint32_t type = file.mode & kTypeMask;
    if (type == kRegular) check_pages(path, inode, layout, size);
    if (type != kDirectory) file.data = data;
    files_[path] = file;
    if (type == kDirectory) read_entries(data, path);
  }

  // What DAX needs: whole pages, and zeros after the end of the file.
  void check_pages(const std::string& path, std::uint64_t inode, unsigned layout, std::uint64_t size) const {
    EXPECT_EQ(layout, kFlatPlain) << path;
    if (size % kBlock == 0) return;
    const std::uint64_t end = at<std::uint32_t>(inode + 16) * kBlock + size;
    const std::string tail = bytes(end, kBlock - size % kBlock);
    EXPECT_EQ(tail.find_first_not_of('\0'), std::string::npos) << path << ": bytes after the end of the file";
  }

  void read_entries(const std::string& data, const std::string& path) {
    std::string previous;
    for (std::uint64_t block = 0; block < data.size(); block += kBlock) {
      const std::string entries = data.substr(block, kBlock);
      const auto field = [&entries](std::size_t offset, auto value) {
        std::memcpy(&value, entries.data() + offset, sizeof value);
        return value;
      };
      const std::size_t count = field(8, std::uint16_t{}) / 12u;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t start = field(12 * i + 8, std::uint16_t{});
        const std::size_t end = i + 1 < count ? field(12 * (i + 1) + 8, std::uint16_t{}) : entries.size();
        const std::string name = entries.substr(start, end - start).c_str();  // NUL-padded in a block's last entry
        EXPECT_LT(previous, name) << path << ": entries out of order";
        previous = name;
        if (name != "." && name != "..") read_tree(field(12 * i, std::uint64_t{}), path + "/" + name);
      }
    }
  }

  std::string image_;
  std::uint64_t metadata_ = 0;
  std::map<std::string, File> files_;
};

}  // namespace husk::test
