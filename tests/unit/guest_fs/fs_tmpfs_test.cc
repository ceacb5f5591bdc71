// A tmpfs with a size: what counts against it, and what can be said of one.
#include "fs/ram/tmpfs_options.h"
#include "fs_tree.h"

namespace husk::test {
namespace {

using fs::TmpfsOptions;

constexpr std::uint64_t kMemory = 1000;  // pages

TEST(TmpfsOptionsTest, Values) {
  const auto options = TmpfsOptions::parse("size=5000,mode=0700,uid=1,gid=4294967294,nr_inodes=2k", kMemory).take();
  EXPECT_EQ(options.pages, 2u);
  EXPECT_EQ(options.permissions, 0700u);
  EXPECT_EQ(options.uid, 1u);
  EXPECT_EQ(options.gid, 4294967294u);
  EXPECT_EQ(options.inodes, 2048u);
  EXPECT_EQ(TmpfsOptions::parse("", kMemory).take().pages, std::nullopt);
  EXPECT_EQ(TmpfsOptions::parse("size=25%", kMemory).take().pages, 250u);
  EXPECT_EQ(TmpfsOptions::parse("size=1M", kMemory).take().pages, 256u);
  EXPECT_EQ(TmpfsOptions::parse(",,nr_blocks=7,", kMemory).take().pages, 7u);
  EXPECT_EQ(TmpfsOptions::parse("size=1g,size=0", kMemory).take().pages, 0u);
}

TEST(TmpfsOptionsTest, WhatIsNone) {
  for (const char* bad :
       {"size", "size=", "size=x", "size=-1", "size=k", "size=99999999999999999999", "size=9999999999g",
        "size=9999999999%", "size=%", "mode=8", "mode=", "mode=17777", "mode=99999999999999999999999", "uid=4294967295",
        "uid=root", "huge=always", "=1", "size=1,bad"}) {
    EXPECT_EQ(error_of(TmpfsOptions::parse(bad, kMemory)), code(Errno::kInval)) << bad;
  }
}

class Tmpfs : public Tree {
 protected:
  void mount_with(std::string_view options) {
    fs_ = fs::RamFs::create_tmpfs(TmpfsOptions::parse(options, kMemory).take()).take();
    mount(fs_);
  }
  int limit(std::string_view options) { return error_of(fs_->limit(TmpfsOptions::parse(options, kMemory).take())); }
  std::uint64_t blocks_free() { return fs_->statistics().blocks_free; }

  Ref<fs::RamFs> fs_;
};

TEST_F(Tmpfs, AFullOneTakesWhatFits) {
  mount_with("size=8k");
  EXPECT_EQ(fs_->statistics().blocks, 2u);
  auto file = open("a", fs::kCreate | fs::kReadWrite).take();
  const std::string text(3 * 4096, 'a');
  IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(text.data(), text.size())));
  EXPECT_EQ(file->write(buffer).take(), 2u * 4096);
  IoBuffer more = IoBuffer::kernel_source(std::as_bytes(std::span(text.data(), 1)));
  EXPECT_EQ(error_of(file->write(more)), code(Errno::kNoSpc));
  EXPECT_EQ(blocks_free(), 0u);
  EXPECT_EQ(error_of(fs::truncate(file->inode(), 4096)), kOk);
  EXPECT_EQ(blocks_free(), 1u);
  EXPECT_EQ(unlink("a"), kOk);
  EXPECT_EQ(blocks_free(), 1u) << "it is open";
  file = nullptr;
  EXPECT_EQ(blocks_free(), 2u);
}

TEST_F(Tmpfs, MappingsAndReservationsCountToo) {
  mount_with("size=8k");
  auto file = open("a", fs::kCreate | fs::kReadWrite).take();
  EXPECT_EQ(error_of(fs::truncate(file->inode(), 4 * 4096)), kOk) << "a hole";
  EXPECT_EQ(error_of(file->allocate(0, 0, 3 * 4096)), code(Errno::kNoSpc));
  EXPECT_EQ(blocks_free(), 2u) << "all or nothing";
  EXPECT_EQ(error_of(file->allocate(0, 0, 2 * 4096)), kOk);
  EXPECT_EQ(blocks_free(), 0u);
}

TEST_F(Tmpfs, Inodes) {
  mount_with("nr_inodes=3");
  EXPECT_EQ(fs_->statistics().files, 3u);
  EXPECT_EQ(fs_->statistics().files_free, 2u) << "the root is one";
  EXPECT_EQ(write("a", ""), kOk);
  EXPECT_EQ(mkdir("d"), kOk);
  EXPECT_EQ(write("b", ""), code(Errno::kNoSpc));
  EXPECT_EQ(mkdir("e"), code(Errno::kNoSpc));
  EXPECT_EQ(link("a", "b"), code(Errno::kNoSpc)) << "a further name counts, as on Linux";
  EXPECT_EQ(rmdir("d"), kOk);
  EXPECT_EQ(link("a", "b"), kOk);
  EXPECT_EQ(write("c", ""), code(Errno::kNoSpc));
  EXPECT_EQ(unlink("a"), kOk);
  EXPECT_EQ(write("c", ""), kOk);
  EXPECT_EQ(rename("b", "c"), kOk);
  EXPECT_EQ(fs_->statistics().files_free, 1u);
}

TEST_F(Tmpfs, TheRootIsAsAsked) {
  mount_with("mode=750,uid=7,gid=8");
  EXPECT_EQ(stat("/").mode & 07777, 0750u);
  EXPECT_EQ(stat("/").uid, 7u);
  EXPECT_EQ(stat("/").gid, 8u);
  mount_with("");
  EXPECT_EQ(stat("/").mode & 07777, 01777u);
}

TEST_F(Tmpfs, LimitsCanBeChanged) {
  mount_with("");
  EXPECT_EQ(write("a", std::string(3 * 4096, 'a')), kOk);
  EXPECT_EQ(limit("size=8k"), code(Errno::kInval)) << "it has more";
  EXPECT_EQ(limit("size=12k,nr_inodes=1"), code(Errno::kInval));
  EXPECT_EQ(limit("size=12k"), kOk);
  EXPECT_EQ(blocks_free(), 0u);
  EXPECT_EQ(limit("size=0"), kOk);
  EXPECT_GT(blocks_free(), 3u);
}

}  // namespace
}  // namespace husk::test
