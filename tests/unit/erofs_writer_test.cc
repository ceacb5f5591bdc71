// The EROFS writer by itself: what it writes, what it refuses, and that equal calls make equal images.
#include "vmm/image/erofs/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/erofs_calls.h"
#include "tests/unit/erofs_reader.h"
#include "tests/unit/error_of.h"
#include "tests/unit/temporary_tree.h"

namespace husk::image::erofs {
namespace {

using test::error_of;

constexpr Attributes kDirectory{.mode = S_IFDIR | 0755};
constexpr Attributes kFile{.mode = S_IFREG | 0644};
constexpr Attributes kLink{.mode = S_IFLNK | 0777};

class ErofsWriterTest : public testing::Test {
 protected:
  ErofsWriterTest() : fd_(::open(path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}

  std::string path() const { return area_ / "image"; }
  ErofsWriter make(const Limits& limits = {}) const {
    return ErofsWriter(fd_.get(), {.uuid = {1, 2, 3}, .limits = limits});
  }
  std::string image() const {
    std::ifstream stream(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // fsck.erofs, where it is installed, has a look as well.
  test::ErofsReader read() const {
    const std::string command = "fsck.erofs " + path() + " >/dev/null 2>&1";
    if (::access("/usr/bin/fsck.erofs", X_OK) == 0) {
      EXPECT_EQ(::system(command.c_str()), 0);
    }
    return test::ErofsReader(path());
  }

  static NodeId add(ErofsWriter& writer, NodeId directory, std::string_view name, std::string_view text) {
    const NodeId id = writer.begin_file(directory, name, kFile);
    writer.append(std::as_bytes(std::span(text)));
    writer.end_file();
    return id;
  }

  test::TemporaryTree area_;
  UniqueFd fd_;
};

TEST_F(ErofsWriterTest, WritesNothingButARoot) {
  ErofsWriter writer = make();
  writer.finish();
  const test::ErofsReader reader = read();
  ASSERT_EQ(reader.files().size(), 1u);
  EXPECT_EQ(reader.files().at("").links, 2u);
  EXPECT_EQ(image().size(), 4096u);
}

TEST_F(ErofsWriterTest, WritesEveryType) {
  ErofsWriter writer = make();
  const NodeId etc = writer.add_directory(
      NodeId::kRoot, "etc",
      {.mode = S_IFDIR | 01750, .uid = 70000, .gid = 80000, .mtime_s = -5, .mtime_ns = 999'999'999});
  writer.add_directory(etc, "empty", kDirectory);
  const NodeId hosts = add(writer, etc, "hosts", "127.0.0.1\n");
  writer.add_hard_link(NodeId::kRoot, "hosts-again", hosts);
  const NodeId link = writer.add_symlink(etc, "link", kLink, "../x");
  writer.add_hard_link(etc, "link-again", link);
  writer.add_special(etc, "disk", {.mode = S_IFBLK | 0600}, makedev(4095, 1'048'575));
  writer.add_special(etc, "pipe", {.mode = S_IFIFO | 0600}, makedev(7, 7));
  writer.add_special(etc, "socket", {.mode = S_IFSOCK | 0600});
  writer.finish();
  const test::ErofsReader reader = read();
  const auto& files = reader.files();
  EXPECT_EQ(files.size(), 10u);
  EXPECT_EQ(files.at("").links, 3u);
  EXPECT_EQ(files.at("/etc").links, 3u);
  EXPECT_EQ(files.at("/etc").uid, 70000u);
  EXPECT_EQ(files.at("/etc").gid, 80000u);
  EXPECT_EQ(files.at("/etc").mode, S_IFDIR | 01750u);
  EXPECT_EQ(files.at("/etc").mtime_s, -5);
  EXPECT_EQ(files.at("/etc").mtime_ns, 999'999'999u);
  EXPECT_EQ(files.at("/etc/hosts").data, "127.0.0.1\n");
  EXPECT_EQ(files.at("/etc/hosts").links, 2u);
  EXPECT_EQ(files.at("/etc/hosts").nid, files.at("/hosts-again").nid);
  EXPECT_EQ(files.at("/etc/link").data, "../x");
  EXPECT_EQ(files.at("/etc/link").nid, files.at("/etc/link-again").nid);
  EXPECT_EQ(files.at("/etc/disk").rdev, 0xffffffffu);
  EXPECT_EQ(files.at("/etc/pipe").rdev, 0u);
}

// Sizes around what ends in a block, after an inode, or in a block of its own.
TEST_F(ErofsWriterTest, WritesEverySize) {
  ErofsWriter writer = make();
  for (const std::size_t size : {1, 2, 3, 63, 4031, 4032, 4033, 4095}) {
    writer.add_symlink(NodeId::kRoot, "link" + std::to_string(size), kLink, std::string(size, 'l'));
  }
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 8192, 524'287, 524'288, 1'100'000}) {
    add(writer, NodeId::kRoot, "file" + std::to_string(size), std::string(size, 'f'));
  }
  // Directories of every size up to three blocks, by names of 200 bytes and one that fills up.
  for (std::size_t entries = 0; entries < 60; ++entries) {
    for (const std::size_t last : {1, 120, 255}) {
      const NodeId directory =
          writer.add_directory(NodeId::kRoot, "d" + std::to_string(entries) + "-" + std::to_string(last), kDirectory);
      for (std::size_t i = 0; i < entries; ++i) {
        writer.add_special(directory, std::to_string(1000 + i) + std::string(196, 'n'), {.mode = S_IFIFO});
      }
      writer.add_special(directory, std::string(last, 'z'), {.mode = S_IFIFO});
    }
  }
  writer.finish();
  const test::ErofsReader reader = read();
  for (const auto& [path, file] : reader.files()) {
    if (!path.starts_with("/link") && !path.starts_with("/file")) continue;
    EXPECT_EQ(file.data, std::string(std::stoul(path.substr(5)), path[1])) << path;
  }
  EXPECT_EQ(reader.files().size(), 1u + 8 + 9 + 180 + 180 + 3 * (59 * 60 / 2));
}

TEST_F(ErofsWriterTest, SortsByBytes) {
  ErofsWriter writer = make();
  for (const char* name : {"~", "\xff", "a", "-", "+", "...", ".a", "-a", "!", "\x01", "Z"})
    add(writer, NodeId::kRoot, name, name);
  writer.finish();
  const test::ErofsReader reader = read();  // which checks the order
  EXPECT_EQ(reader.files().size(), 12u);
  EXPECT_EQ(reader.files().at("/-").data, "-");
}

TEST_F(ErofsWriterTest, LeavesHolesForZeros) {
  ErofsWriter writer = make();
  writer.begin_file(NodeId::kRoot, "sparse", kFile);
  writer.append_zeros(5);
  writer.append(std::as_bytes(std::span("x", 1)));
  writer.append_zeros(4 << 20);
  writer.append(std::as_bytes(std::span("y", 1)));
  writer.end_file();
  writer.begin_file(NodeId::kRoot, "zeros", kFile);
  writer.append_zeros(100'000);
  writer.end_file();
  writer.finish();
  std::string expected(6 + (4 << 20) + 1, '\0');
  expected[5] = 'x';
  expected.back() = 'y';
  const test::ErofsReader reader = read();
  EXPECT_TRUE(reader.files().at("/sparse").data == expected);
  EXPECT_EQ(reader.files().at("/zeros").data, std::string(100'000, '\0'));
  struct stat status {};
  ASSERT_EQ(::fstat(fd_.get(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
}

TEST_F(ErofsWriterTest, KeepsAttributesOfAnySize) {
  ErofsWriter writer = make();
  std::map<std::string, std::string> large;
  std::vector<Xattr> xattrs;
  for (int i = 0; i < 3; ++i) large["user." + std::to_string(i)] = std::string(65535, static_cast<char>('a' + i));
  large["security.capability"] = std::string(20, '\1');
  large["trusted." + std::string(247, 't')] = "";
  large["system.posix_acl_access"] = "acl";
  for (const auto& [name, value] : large) xattrs.push_back({name, value});
  const NodeId file = add(writer, NodeId::kRoot, "file", "data");
  writer.set_xattrs(file, xattrs);
  const NodeId directory = writer.add_directory(NodeId::kRoot, "directory", kDirectory);
  for (int i = 0; i < 30; ++i) add(writer, directory, std::to_string(i), "x");
  writer.set_xattrs(directory, xattrs);
  // So many bytes that the tail of the directory does just fit after them, or just not.
  for (int size = 3600; size < 4096; ++size) {
    const NodeId id = writer.add_symlink(directory, "link" + std::to_string(size), kLink, "to");
    writer.set_xattrs(id, std::array{Xattr{"user.x", std::string(static_cast<std::size_t>(size), 'x')}});
  }
  writer.set_xattrs(NodeId::kRoot, std::array{Xattr{"user.r", std::string(2800, 'r')}});
  writer.finish();
  const test::ErofsReader reader = read();
  EXPECT_EQ(reader.files().at("/file").xattrs, large);
  EXPECT_EQ(reader.files().at("/directory").xattrs, large);
  EXPECT_EQ(reader.files().at("/directory/link4000").data, "to");
  EXPECT_EQ(reader.files().at("").xattrs.at("user.r").size(), 2800u);
}

TEST_F(ErofsWriterTest, RemovesAndReplaces) {
  ErofsWriter writer = make();
  const NodeId usr = writer.add_directory(NodeId::kRoot, "usr", kDirectory);
  const NodeId bin = writer.add_directory(usr, "bin", kDirectory);
  const NodeId tool = add(writer, bin, "tool", "old");
  writer.add_hard_link(NodeId::kRoot, "tool", tool);
  writer.add_symlink(bin, "link", kLink, "tool");
  EXPECT_EQ(writer.find_path("/usr//bin/tool"), tool);
  EXPECT_EQ(writer.find_path("usr/bin/link/x"), NodeId::kNone);
  EXPECT_EQ(writer.find_path("usr/../tool"), NodeId::kNone);
  EXPECT_FALSE(writer.remove(NodeId::kRoot, "nothing"));
  EXPECT_TRUE(writer.remove(usr, "bin"));
  EXPECT_EQ(writer.find_path("usr/bin"), NodeId::kNone);
  add(writer, usr, "bin", "a file now");
  writer.set_attributes(usr, {.mode = S_IFDIR | 0700, .uid = 5});
  EXPECT_EQ(writer.attributes(usr).uid, 5u);
  writer.finish();
  const test::ErofsReader reader = read();
  EXPECT_EQ(reader.files().size(), 4u);
  EXPECT_EQ(reader.files().at("/tool").data, "old");
  EXPECT_EQ(reader.files().at("/tool").links, 1u);
  EXPECT_EQ(reader.files().at("/usr").links, 2u);
  EXPECT_EQ(reader.files().at("/usr/bin").data, "a file now");
}

TEST_F(ErofsWriterTest, HoldsWhatAnyCallsLeave) {
  std::mt19937 random(14);
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    std::vector<std::uint8_t> bytes(random() % 3000);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    test::ErofsCalls(bytes).run();
  }
}

TEST_F(ErofsWriterTest, IsReproducible) {
  const auto build = [this] {
    ErofsWriter writer = make();
    const NodeId directory = writer.add_directory(NodeId::kRoot, "directory", kDirectory);
    for (int i = 0; i < 300; ++i) add(writer, directory, std::to_string(i * 7919 % 1000), std::to_string(i));
    writer.set_xattrs(directory, std::array{Xattr{"user.b", "1"}, Xattr{"user.a", "2"}});
    writer.finish();
    return image();
  };
  const std::string first = build();
  EXPECT_TRUE(build() == first);
}

TEST_F(ErofsWriterTest, RefusesWhatNoImageCanHold) {
  ErofsWriter writer = make();
  const NodeId file = add(writer, NodeId::kRoot, "file", "x");
  const NodeId directory = writer.add_directory(NodeId::kRoot, "directory", kDirectory);
  const auto refused = [&](const std::function<void()>& action) { return error_of(action); };
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_NE(refused([&] { add(writer, NodeId::kRoot, name, ""); }).find("no name of a file"), std::string::npos)
        << name;
  }
  EXPECT_NE(refused([&] { add(writer, NodeId::kRoot, std::string(256, 'n'), ""); }).find("255 bytes"),
            std::string::npos);
  EXPECT_NE(refused([&] { add(writer, NodeId::kRoot, "file", ""); }).find("already"), std::string::npos);
  EXPECT_NE(refused([&] { add(writer, file, "below", ""); }).find("no directory"), std::string::npos);
  EXPECT_NE(refused([&] { add(writer, NodeId::kNone, "below", ""); }).find("no directory"), std::string::npos);
  EXPECT_NE(refused([&] { writer.add_hard_link(directory, "loop", directory); }).find("one name only"),
            std::string::npos);
  EXPECT_NE(refused([&] { writer.add_symlink(directory, "l", kLink, ""); }).find("nowhere"), std::string::npos);
  EXPECT_NE(refused([&] { writer.add_symlink(directory, "l", kLink, std::string(4096, 'l')); }).find("4095"),
            std::string::npos);
  EXPECT_NE(refused([&] { writer.add_symlink(directory, "l", kFile, "x"); }).find("type"), std::string::npos);
  EXPECT_NE(refused([&] { writer.add_special(directory, "s", kFile); }).find("type"), std::string::npos);
  EXPECT_NE(refused([&] { writer.add_special(directory, "s", {.mode = S_IFCHR}, makedev(4096, 0)); }).find("4096"),
            std::string::npos);
  EXPECT_NE(refused([&] { writer.set_attributes(file, kDirectory); }).find("type"), std::string::npos);
  EXPECT_NE(
      refused([&] { writer.set_attributes(file, {.mode = S_IFREG, .mtime_ns = 1'000'000'000}); }).find("nanoseconds"),
      std::string::npos);
  const std::string huge(65536, 'x');
  for (const Xattr& xattr : {Xattr{"user.x", huge}, Xattr{"user.", ""}, Xattr{"system.nfs4_acl", ""}, Xattr{"x", ""},
                             Xattr{"user." + std::string(251, 'x'), ""}, Xattr{std::string("user.\0", 6), ""}}) {
    EXPECT_NE(refused([&] { writer.set_xattrs(file, std::array{xattr}); }), "") << xattr.name;
  }
  EXPECT_NE(refused([&] {
              writer.set_xattrs(file, std::array{Xattr{"user.x", ""}, Xattr{"user.x", ""}});
            }).find("two"),
            std::string::npos);
  std::vector<Xattr> many;
  for (int i = 0; i < 5; ++i) many.push_back({"user." + std::to_string(i), std::string(65535, 'x')});
  EXPECT_NE(refused([&] { writer.set_xattrs(file, many); }).find("262148"), std::string::npos);
  EXPECT_NE(refused([&] {
              writer.set_xattrs(NodeId::kRoot, std::array{Xattr{"user.x", std::string(2900, 'x')}});
            }).find("2880"),
            std::string::npos);
  // None of it has changed anything.
  writer.finish();
  EXPECT_EQ(read().files().size(), 3u);
}

TEST_F(ErofsWriterTest, KeepsToItsLimits) {
  ErofsWriter few = make({.entries = 3});
  for (const char* name : {"a", "b", "c"}) add(few, NodeId::kRoot, name, "");
  EXPECT_NE(error_of([&] { add(few, NodeId::kRoot, "d", ""); }).find("more than 3 files"), std::string::npos);
  few.remove(NodeId::kRoot, "a");
  add(few, NodeId::kRoot, "d", "");

  ErofsWriter small = make({.memory = 1 << 20});
  int count = 0;
  EXPECT_NE(error_of([&] {
              for (; count < 100'000; ++count)
                small.add_special(NodeId::kRoot, std::to_string(count), {.mode = S_IFIFO});
            }).find("more than 1 MiB of memory"),
            std::string::npos);
  EXPECT_GT(count, 3000);
  // What is removed can be used again.
  for (int i = 0; i < count; ++i) small.remove(NodeId::kRoot, std::to_string(i));
  for (int i = 0; i < count; ++i) small.add_symlink(NodeId::kRoot, "l", kLink, "x"), small.remove(NodeId::kRoot, "l");

  ErofsWriter short_one = make({.image = 100'000});
  short_one.begin_file(NodeId::kRoot, "large", kFile);
  EXPECT_NE(error_of([&] { short_one.append_zeros(96'000); }).find("more than 100000 bytes"), std::string::npos);

  ErofsWriter longest = make();
  longest.begin_file(NodeId::kRoot, "large", kFile);
  EXPECT_NE(error_of([&] { longest.append_zeros(kMaxImage); }).find("16 TiB"), std::string::npos);

  ErofsWriter deep = make();
  NodeId at = NodeId::kRoot;
  EXPECT_NE(error_of([&] {
              for (;;) at = deep.add_directory(at, "d", kDirectory);
            }).find("2048 directories"),
            std::string::npos);
}

TEST_F(ErofsWriterTest, SaysThatACallCameTooEarlyOrTooLate) {
  ErofsWriter writer = make();
  EXPECT_NE(error_of([&] { writer.end_file(); }), "");
  writer.begin_file(NodeId::kRoot, "file", kFile);
  EXPECT_NE(error_of([&] { add(writer, NodeId::kRoot, "other", ""); }), "");
  EXPECT_NE(error_of([&] { writer.finish(); }), "");
  writer.end_file();
  writer.finish();
  EXPECT_NE(error_of([&] { add(writer, NodeId::kRoot, "other", ""); }), "");
}

}  // namespace
}  // namespace husk::image::erofs
