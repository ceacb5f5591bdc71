// Images that no tool makes: what tests/fuzz/erofs_fuzz.cc has found, and what a reader of erofs_fs.h could think of.
#include <cstring>

#include "fs/extended_attributes.h"
#include "fs_tree.h"

namespace husk::test {
namespace {

namespace erofs = fs::erofs;

class HostileImage : public Tree {
 protected:
  void make(const TemporaryTree& tree, const std::string& options = "") {
    std::filesystem::permissions(tree.path(), std::filesystem::perms(0755));
    image_.emplace(tree.path(), "--all-root " + options);
    reader_ = opened();
  }
  erofs::Image opened() {
    std::string_view why;
    auto image = erofs::Image::open(image_->bytes(), why);
    EXPECT_TRUE(image.ok()) << why;
    return image.take();
  }
  void mount_it() { mount(fs::RamFs::create_over(opened()).take()); }

  erofs::InodeInfo inode(std::initializer_list<std::string_view> path) {
    erofs::InodeInfo found = reader_.inode(reader_.root_nid()).take();
    for (const std::string_view name : path) found = reader_.inode(reader_.look_up(found, name).take()).take();
    return found;
  }
  // The inode in the image, to be changed (of the extended form).
  erofs::ExtendedInode* raw(const erofs::InodeInfo& info) {
    return reinterpret_cast<erofs::ExtendedInode*>(image_->bytes().data() + info.attributes()) - 1;
  }
  // The entry `name` of a directory means `nid` from now on.
  void redirect(const erofs::InodeInfo& directory, std::string_view name, std::uint64_t nid) {
    auto* block = const_cast<std::byte*>(reader_.map(directory, 0).take().data);
    auto* entries = reinterpret_cast<erofs::DirectoryEntry*>(block);
    for (std::size_t i = 0; i < entries[0].name_offset / sizeof *entries; ++i) {
      const char* text = reinterpret_cast<const char*>(block) + entries[i].name_offset;
      if (std::strncmp(text, name.data(), name.size()) == 0) entries[i].nid = nid;
    }
    EXPECT_EQ(reader_.look_up(directory, name).take(), nid);
  }

  erofs::Image reader_;
};

// Found by the fuzzer: rmdir(2) of a directory within itself waited for the mutex that it had.
TEST_F(HostileImage, HasADirectoryWithinItself) {
  TemporaryTree tree;
  tree.write("a/b/c/file", "x");
  make(tree);
  redirect(inode({"a", "b"}), "c", inode({"a"}).nid);
  mount_it();
  EXPECT_EQ(list("a"), std::set<std::string>{"b"});
  EXPECT_EQ(try_open("a/b/c"), code(Errno::kIo));
  EXPECT_EQ(try_open("a/b/c/b"), code(Errno::kIo));
  EXPECT_EQ(rmdir("a/b/c"), code(Errno::kIo));
  EXPECT_EQ(rename("a", "a/b/c/new"), code(Errno::kIo));
  EXPECT_EQ(mkdir("a/b/new"), kOk);
  EXPECT_EQ(rename("a", "a/b/new/a"), code(Errno::kInval));
}

TEST_F(HostileImage, HasADirectoryTwice) {
  TemporaryTree tree;
  tree.write("a/file", "x");
  tree.write("b/file", "x");
  make(tree);
  redirect(inode({}), "b", inode({"a"}).nid);
  mount_it();
  const fs::Path held = fs::resolve(cwd(), "a", fs::LastLink::kFollow).take();
  EXPECT_EQ(try_open("b"), code(Errno::kIo));
  EXPECT_EQ(rename("b", "a/b"), code(Errno::kIo));
  EXPECT_EQ(read("a/file"), "x");
}

TEST_F(HostileImage, HasTheRootWithinIt) {
  TemporaryTree tree;
  tree.write("a/file", "x");
  make(tree);
  redirect(inode({}), "a", reader_.root_nid());
  mount_it();
  EXPECT_EQ(try_open("a"), code(Errno::kIo));
  EXPECT_EQ(rmdir("a"), code(Errno::kIo));
}

// A table of four bytes is enough for a hole of 8 TiB, and some thousand for one of an exabyte.
TEST_F(HostileImage, HasAHugeHole) {
  constexpr std::uint32_t kLargestChunk = 31;
  TemporaryTree tree;
  tree.write("huge", std::string(5 * 4096, 'x'));
  tree.write("larger", std::string(5 * 4096, 'x'));
  make(tree, "-E force-inode-extended --chunksize=4096");
  for (const char* name : {"huge", "larger"}) {
    const erofs::InodeInfo file = inode({name});
    raw(file)->size = std::uint64_t{1} << (name[0] == 'h' ? 43 : 60);
    raw(file)->data = kLargestChunk;
    const std::uint64_t table = (file.trailer + 3) & ~std::uint64_t{3};
    std::memcpy(image_->bytes().data() + table, &erofs::kNullBlock, sizeof erofs::kNullBlock);
  }
  mount_it();
  EXPECT_EQ(read("huge"), std::string(100'000, '\0'));
  EXPECT_EQ(write("huge", "abc", fs::kWriteOnly), kOk);
  EXPECT_EQ(read("huge").substr(0, 4), std::string("abc\0", 4));
  EXPECT_EQ(stat("huge").size, std::uint64_t{1} << 43);
  EXPECT_EQ(write("larger", "abc", fs::kWriteOnly), code(Errno::kFBig));
  EXPECT_EQ(write("larger", "abc", fs::kWriteOnly | fs::kTruncate), kOk);
}

class HostileAttributes : public HostileImage {
 protected:
  // A file whose inode is followed by `bytes` in place of its attributes.
  int list_of(std::string bytes, std::uint8_t shared = 0) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
    TemporaryTree tree;
    tree.write("file", std::string(4096, 'x'));
    make(tree, "-E force-inode-extended,noinline_data");
    // An inode at the end of the image, where there is room.
    const erofs::InodeInfo file = inode({"file"});
    std::vector<std::byte> larger(image_->bytes().begin(), image_->bytes().end());
    const std::size_t at = larger.size();
    larger.resize(at + sizeof(erofs::ExtendedInode) + sizeof(erofs::XattrHeader) + bytes.size());
    std::memcpy(larger.data() + at, raw(file), sizeof(erofs::ExtendedInode));
    auto* copy = reinterpret_cast<erofs::ExtendedInode*>(larger.data() + at);
    copy->xattr_count = static_cast<std::uint16_t>(1 + bytes.size() / 4);
    auto* header = reinterpret_cast<erofs::XattrHeader*>(copy + 1);
    *header = {};
    header->shared_count = shared;
    std::memcpy(header + 1, bytes.data(), bytes.size());
    image_.emplace(larger);
    reader_ = opened();
    const std::uint64_t meta = reinterpret_cast<const erofs::SuperBlock*>(larger.data() + 1024)->metadata_block;
    redirect(inode({}), "file", (at - meta * 4096) / erofs::kSlotSize);
    mount_it();
    const fs::Path path = fs::resolve(cwd(), "file", fs::LastLink::kFollow).take();
    auto names = fs::list_extended_attributes(path);
    if (!names) {
      // What cannot be read is no reason for not using the file.
      EXPECT_EQ(read("file"), std::string(4096, 'x'));
      return error_of(names);
    }
    names_.assign(reinterpret_cast<const char*>(names.value().data()), names.value().size());
    return kOk;
  }
  static std::string attribute(std::uint8_t index, std::string_view name, std::string_view value) {
    std::string text{static_cast<char>(name.size()), static_cast<char>(index), static_cast<char>(value.size() & 0xff),
                     static_cast<char>(value.size() >> 8)};
    text.append(name).append(value);
    text.resize((text.size() + 3) / 4 * 4);
    return text;
  }
  std::string names_;
};

TEST_F(HostileAttributes, AreErrorsWhenTheyAreRead) {
  EXPECT_EQ(list_of(attribute(1, "a", "1") + attribute(1, "b", "2")), kOk);
  EXPECT_EQ(names_, std::string("user.a\0user.b\0", 14));
  EXPECT_EQ(list_of(attribute(1, "a", "1") + attribute(9, "b", "2") + attribute(0x81, "c", "")), kOk);
  EXPECT_EQ(names_, std::string("user.a\0", 7)) << "what is not known is passed over";
  EXPECT_EQ(list_of(""), kOk);
  EXPECT_EQ(names_, "");
  const int kBad = code(Errno::kIo);
  EXPECT_EQ(list_of(attribute(1, "a", "1") + attribute(1, "a", "2")), kBad) << "twice";
  EXPECT_EQ(list_of(attribute(1, "", "1")), kBad) << "a prefix alone";
  EXPECT_EQ(list_of(attribute(2, "a", "1")), kBad) << "more than the whole name";
  EXPECT_EQ(list_of(attribute(1, std::string(251, 'n'), "1")), kBad) << "a name of 256 bytes";
  EXPECT_EQ(list_of(attribute(1, std::string("a\0b", 3), "1")), kBad);
  EXPECT_EQ(list_of(std::string("\x20\x01\x00\x00", 4)), kBad) << "a name beyond the end";
  EXPECT_EQ(list_of(std::string("\x01\x01\xff\xff"
                                "a\0\0\0",
                                8)),
            kBad)
      << "a value beyond the end";
  EXPECT_EQ(list_of("", 1), kBad) << "a shared one of which there is no number";
  EXPECT_EQ(list_of(std::string("\xff\xff\xff\xff", 4), 1), kBad) << "a number beyond the image";
  EXPECT_EQ(list_of(std::string(1020, '\xff'), 255), kBad);
}

TEST_F(HostileAttributes, AreNotMoreThanAProgramCouldSet) {
  std::string many;
  for (int i = 0; i < 3; ++i) many += attribute(1, "n" + std::to_string(i), std::string(60'000, 'v'));
  EXPECT_EQ(list_of(many), code(Errno::kIo));
  many.clear();
  for (int i = 0; i < 9'000; ++i) many += attribute(1, "n" + std::to_string(i), "");
  EXPECT_EQ(list_of(many), code(Errno::kIo));
}

}  // namespace
}  // namespace husk::test
