// The EROFS reader against images that mkfs.erofs made, and against damaged ones.
#include "fs/erofs/image.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>

#include "fs/erofs/file_object.h"
#include "fs_image.h"

namespace husk::test {
namespace {

using kernel::Errno;
using kernel::fs::FileType;
using kernel::fs::erofs::Image;
using kernel::fs::erofs::InodeInfo;

class Names final : public kernel::fs::DirectoryVisitor {
 public:
  bool entry(std::string_view name, std::uint64_t inode, FileType type, std::uint64_t next) override {
    if (found.size() >= limit) return false;
    EXPECT_TRUE(found.emplace(std::string(name), std::pair(inode, type)).second) << name << " came twice";
    position = next;
    return true;
  }
  std::map<std::string, std::pair<std::uint64_t, FileType>> found;
  std::uint64_t position = 0;
  std::size_t limit = ~std::size_t{0};
};

std::string contents(const Image& image, const InodeInfo& file) {
  std::string text;
  while (text.size() < file.size) {
    auto extent = image.map(file, text.size());
    if (!extent || extent.value().length == 0) return "unreadable";
    const auto& piece = extent.value();
    piece.data ? text.append(reinterpret_cast<const char*>(piece.data), piece.length) : text.append(piece.length, '\0');
  }
  return text;
}

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + generator() % 26);
  return text;
}

void make_tree(const TemporaryTree& tree) {
  tree.write("hello", "hello, world\n");
  tree.write("empty", "");
  tree.write("page", random_text(4096, 1));
  tree.write("big", random_text(1'234'567, 2));
  tree.write("dir/sub/file", random_text(5000, 3));
  for (int i = 0; i < 1500; ++i) tree.write("many/name-" + std::to_string(i), std::to_string(i));
  std::filesystem::create_symlink("dir/sub/file", tree.path() / "link");
  std::filesystem::create_hard_link(tree.path() / "hello", tree.path() / "hello2");
  ::mkfifo((tree / "fifo").c_str(), 0640);
}

Image open_image(ErofsImage& file) {
  std::string_view why;
  auto image = Image::open(file.bytes(), why);
  EXPECT_TRUE(image.ok()) << why;
  return image.take();
}

InodeInfo find(const Image& image, std::initializer_list<std::string_view> path) {
  InodeInfo inode = image.inode(image.root_nid()).take();
  for (std::string_view name : path) {
    auto nid = image.look_up(inode, name);
    EXPECT_TRUE(nid.ok()) << name;
    inode = image.inode(nid.take()).take();
  }
  return inode;
}

class Layouts : public testing::TestWithParam<const char*> {};

TEST_P(Layouts, ReadsWhatMkfsWrote) {
  TemporaryTree tree;
  make_tree(tree);
  ErofsImage file(tree.path(), GetParam());
  const Image image = open_image(file);
  EXPECT_EQ(contents(image, find(image, {"hello"})), "hello, world\n");
  EXPECT_EQ(contents(image, find(image, {"empty"})), "");
  EXPECT_EQ(contents(image, find(image, {"page"})), random_text(4096, 1));
  EXPECT_EQ(contents(image, find(image, {"big"})), random_text(1'234'567, 2));
  EXPECT_EQ(contents(image, find(image, {"dir", "sub", "file"})), random_text(5000, 3));
  EXPECT_EQ(image.read_link(find(image, {"link"})).value().view(), "dir/sub/file");
  EXPECT_EQ(find(image, {"hello"}).nid, find(image, {"hello2"}).nid);
  EXPECT_EQ(find(image, {"hello"}).links, 2U);
  EXPECT_EQ(find(image, {"fifo"}).mode, 0010640U);
  const InodeInfo many = find(image, {"many"});
  for (int i = 0; i < 1500; ++i) {
    const std::string name = "name-" + std::to_string(i);
    auto nid = image.look_up(many, name);
    ASSERT_TRUE(nid.ok()) << name;
    EXPECT_EQ(contents(image, image.inode(nid.value()).take()), std::to_string(i));
  }
  for (const char* absent : {"name-", "name-1500", "a", "zzz", "name-0x", "~"}) {
    EXPECT_EQ(image.look_up(many, absent).error(), Errno::kNoEnt) << absent;
  }
}

TEST_P(Layouts, IteratesInPieces) {
  TemporaryTree tree;
  make_tree(tree);
  ErofsImage file(tree.path(), GetParam());
  const Image image = open_image(file);
  const InodeInfo many = find(image, {"many"});
  Names names;
  bool complete = false;
  while (!complete) {
    names.limit = names.found.size() + 7;
    auto result = image.iterate(many, names.position, 0, names);
    ASSERT_TRUE(result.ok());
    complete = result.value();
  }
  EXPECT_EQ(names.found.size(), 1500U);
}

TEST_P(Layouts, PagesShowTheFileAndZerosBehindIt) {
  kernel::Ref<kernel::mm::PendingPage> pending;
  Kernel machine;
  TemporaryTree tree;
  make_tree(tree);
  ErofsImage file(tree.path(), GetParam());
  const Image image = open_image(file);
  const InodeInfo big = find(image, {"big"});
  const auto object = kernel::make_ref<kernel::fs::erofs::FileObject>(image, big).take();
  const std::string expected = random_text(1'234'567, 2);
  const std::size_t pages = (expected.size() + 4095) / 4096;
  for (std::size_t i = 0; i < pages; ++i) {
    auto page = object->page(i, kernel::mm::MemoryObject::Access::kRead, pending);
    ASSERT_TRUE(page.ok());
    std::string wanted = expected.substr(i * 4096, 4096);
    wanted.resize(4096, '\0');
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(page.value().data()), 4096), wanted) << "page " << i;
  }
  EXPECT_EQ(object->page(pages, kernel::mm::MemoryObject::Access::kRead, pending).error(), Errno::kFault);
  EXPECT_LE(machine.frames_used, 1U) << "only a tail may be copied";
}

INSTANTIATE_TEST_SUITE_P(Erofs, Layouts,
                         testing::Values("", "-E noinline_data", "-E force-inode-compact", "-E force-inode-extended",
                                         "--chunksize=4096", "--chunksize=65536",
                                         "--chunksize=4096 -E force-chunk-indexes"));

TEST(Erofs, RefusesWhatIsNoImage) {
  std::string_view why;
  std::vector<std::byte> bytes(8192);
  EXPECT_EQ(Image::open(bytes, why).error(), Errno::kIo);
  EXPECT_EQ(Image::open({}, why).error(), Errno::kIo);
  EXPECT_FALSE(why.empty());
}

// Walks everything that can be reached, as a payload could. Whatever the image says, this ends and touches only the
// image (the address sanitizer watches).
void walk(const Image& image, const InodeInfo& inode, unsigned depth, unsigned& budget) {
  if (budget == 0) return;
  --budget;
  if (inode.type() == FileType::kDirectory) {
    if (depth > 4) return;
    class Visitor final : public kernel::fs::DirectoryVisitor {
     public:
      bool entry(std::string_view name, std::uint64_t, FileType, std::uint64_t) override {
        names.emplace(name);
        return names.size() < 200;
      }
      std::set<std::string> names;
    } visitor;
    (void)image.iterate(inode, 0, 0, visitor).ok();
    for (const std::string& name : visitor.names) {
      auto nid = image.look_up(inode, name);
      if (!nid) continue;
      auto child = image.inode(nid.value());
      if (child) walk(image, child.value(), depth + 1, budget);
    }
  } else if (inode.type() == FileType::kSymlink) {
    (void)image.read_link(inode).ok();
  } else if (inode.type() == FileType::kRegular) {
    unsigned sum = 0;
    for (std::uint64_t offset = 0, steps = 0; offset < inode.size && steps < 100; ++steps) {
      auto extent = image.map(inode, offset);
      if (!extent || extent.value().length == 0) break;
      if (extent.value().data) {
        sum += static_cast<unsigned>(extent.value().data[0]);
        sum += static_cast<unsigned>(extent.value().data[extent.value().length - 1]);
      }
      offset += extent.value().length;
    }
    kernel::Ref<kernel::mm::PendingPage> pending;
    const auto object = kernel::make_ref<kernel::fs::erofs::FileObject>(image, inode).take();
    for (std::uint64_t page : {std::uint64_t{0}, inode.size / 4096, inode.size / 8192}) {
      (void)object->page(page, kernel::mm::MemoryObject::Access::kRead, pending).ok();
      (void)object->resident_page(page);
    }
    volatile unsigned keep = sum;
    (void)keep;
  }
}

TEST(Erofs, SurvivesDamage) {
  Kernel machine;
  TemporaryTree tree;
  tree.write("a/b/file", random_text(9000, 4));
  tree.write("a/small", "x");
  for (int i = 0; i < 300; ++i) tree.write("many/n" + std::to_string(i), "y");
  std::filesystem::create_symlink("a/b/file", tree.path() / "link");
  for (const char* options : {"", "-E noinline_data", "--chunksize=4096"}) {
    ErofsImage original(tree.path(), options);
    // Metadata sits in the first blocks; that is where damage matters.
    const std::size_t interesting = std::min<std::size_t>(original.bytes().size(), 40'000);
    std::mt19937 generator(12345);
    for (int round = 0; round < 600; ++round) {
      std::size_t size = original.bytes().size();
      if (round % 10 == 0) size = generator() % size;
      ErofsImage damaged(original.bytes().first(size));
      const unsigned changes = 1 + generator() % 8;
      for (unsigned i = 0; i < changes && size > 1024; ++i) {
        const std::size_t position = 1024 + generator() % (std::min(interesting, size) - 1024 + 1);
        if (position >= size) continue;
        const auto value = generator();
        damaged.bytes()[position] = value % 3 == 0 ? std::byte{0xff} : std::byte(value >> 8);
      }
      std::string_view why;
      auto image = Image::open(damaged.bytes(), why);
      if (!image) continue;
      unsigned budget = 2000;
      walk(image.value(), image.value().inode(image.value().root_nid()).take(), 0, budget);
    }
  }
}

}  // namespace
}  // namespace husk::test
