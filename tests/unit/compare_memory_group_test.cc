// What a memory control group counts, of files as the kernel writes them, in both versions.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/unit/temporary_tree.h"
#include "tools/compare/measure/memory_group.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

class MemoryGroupFiles : public ::testing::Test {
 protected:
  void write(const char* name, const char* text) { tree_.write(name, text); }
  fs::path group() const { return tree_.path(); }

 private:
  test::TemporaryTree tree_;
};

TEST_F(MemoryGroupFiles, Version1CountsTheGroupsBelowToo) {
  // "rss" and "cache" are the group's own; usage_in_bytes has what the processors hold in advance.
  write("memory.stat", "cache 4096\nrss 8192\nmapped_file 4096\ntotal_cache 40960\ntotal_rss 81920\n");
  write("memory.kmem.usage_in_bytes", "12288\n");
  write("memory.usage_in_bytes", "999999999\n");
  const std::optional<GroupMemory> memory = read_group(group(), false);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->pages_bytes, 122'880U);
  EXPECT_EQ(memory->kernel_bytes, 12'288U);
  EXPECT_EQ(memory->total_bytes(), 135'168U);
}

TEST_F(MemoryGroupFiles, Version2HasItAllInOneFile) {
  write("memory.stat", "anon 81920\nfile 40960\nkernel 12288\nkernel_stack 4096\nsock 8192\nshmem 4096\n");
  const std::optional<GroupMemory> memory = read_group(group(), true);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->pages_bytes, 122'880U);
  EXPECT_EQ(memory->kernel_bytes, 20'480U);
}

TEST_F(MemoryGroupFiles, NothingIsMadeUpWhereTheKernelDoesNotCount) {
  EXPECT_FALSE(read_group(group(), true));
  write("memory.stat", "anon 81920\nfile 40960\nkernel_stack 4096\n");  // before Linux 5.18
  EXPECT_FALSE(read_group(group(), true));
  write("memory.stat", "total_cache 40960\ntotal_rss 81920\n");  // cgroup.memory=nokmem
  EXPECT_FALSE(read_group(group(), false));
}

TEST(MemoryGroups, OneBelowAnotherIsCountedWithIt) {
  EXPECT_EQ(outermost({"/c/a", "/c/a/b", "/c/ab", "/c/a/b/c"}), (std::set<fs::path>{"/c/a", "/c/ab"}));
}

}  // namespace
}  // namespace husk::compare
