// Names that change: on a RAM file system over an EROFS image.
#include <map>
#include <random>

#include "fs_tree.h"

namespace husk::test {
namespace {

TEST_F(Tree, HardLinksOfTheImageStayTogether) {
  over_image();
  EXPECT_EQ(stat("bin/second").links, 2U);
  EXPECT_EQ(write("bin/second", "both", fs::kWriteOnly | fs::kTruncate), kOk);
  EXPECT_EQ(read("bin/third"), "both");
  EXPECT_EQ(stat("bin/second").inode, stat("bin/third").inode);
  EXPECT_EQ(unlink("bin/second"), kOk);
  EXPECT_EQ(stat("bin/third").links, 1U);
  EXPECT_EQ(link("bin/third", "etc/fourth"), kOk);
  EXPECT_EQ(stat("etc/fourth").links, 2U);
  EXPECT_EQ(link("etc", "etc2"), code(Errno::kPerm));
}

TEST_F(Tree, RemovesNamesOfTheImage) {
  over_image();
  EXPECT_EQ(unlink("etc/passwd"), kOk);
  EXPECT_EQ(try_open("etc/passwd"), code(Errno::kNoEnt));
  EXPECT_EQ(list("etc"), std::set<std::string>{});
  EXPECT_EQ(write("etc/passwd", "again"), kOk);
  EXPECT_EQ(read("etc/passwd"), "again");
  EXPECT_EQ(list("etc"), (std::set<std::string>{"passwd"}));
  EXPECT_EQ(unlink("etc/passwd"), kOk);
  EXPECT_EQ(rmdir("etc"), kOk);
  EXPECT_EQ(mkdir("etc"), kOk);
  EXPECT_EQ(list("etc"), std::set<std::string>{}) << "a new directory does not show the old one's files";
  EXPECT_EQ(rmdir("dir"), code(Errno::kNotEmpty));
  EXPECT_EQ(unlink("dir"), code(Errno::kIsDir));
  EXPECT_EQ(rmdir("bin/tool"), code(Errno::kNotDir));
  EXPECT_EQ(rmdir("."), code(Errno::kInval));
  EXPECT_EQ(rmdir("dir/.."), code(Errno::kNotEmpty));
  EXPECT_EQ(rmdir("/"), code(Errno::kBusy));
  EXPECT_EQ(unlink("absent"), code(Errno::kNoEnt));
}

TEST_F(Tree, ReadsAndRemovesWhileIterating) {
  over_image();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(write("list/new" + std::to_string(i), ""), kOk);
  class Remover final : public fs::DirectoryVisitor {
   public:
    bool entry(std::string_view name, std::uint64_t, fs::FileType, std::uint64_t) override {
      if (names.size() == 7) return false;
      names.emplace_back(name);
      return true;
    }
    std::vector<std::string> names;
  };
  auto directory = open("list", fs::kDirectoryOnly).take();
  int removed = 0;
  while (true) {
    Remover visitor;
    ASSERT_TRUE(directory->iterate(visitor).ok());
    if (visitor.names.empty()) break;
    for (const std::string& name : visitor.names) {
      if (name == "." || name == "..") continue;
      EXPECT_EQ(unlink("list/" + name), kOk) << name;
      ++removed;
    }
  }
  EXPECT_EQ(removed, 70);
  EXPECT_EQ(rmdir("list"), kOk);
}

TEST_F(Tree, RenamesFilesAndDirectoriesOfTheImage) {
  over_image();
  const auto before = stat("dir/a");
  EXPECT_EQ(rename("dir/a", "moved"), kOk);
  EXPECT_EQ(read("moved/b/c"), "deep");
  EXPECT_EQ(try_open("dir/a"), code(Errno::kNoEnt));
  EXPECT_EQ(stat("moved").inode, before.inode);
  EXPECT_EQ(rename("moved", "moved/b/inside"), code(Errno::kInval));
  EXPECT_EQ(rename("etc/passwd", "bin/tool"), kOk);
  EXPECT_EQ(read("bin/tool"), "root:x:0:0\n");
  EXPECT_EQ(list("etc"), std::set<std::string>{});
  EXPECT_EQ(rename("bin/tool", "dir"), code(Errno::kIsDir));
  EXPECT_EQ(rename("dir", "bin/tool"), code(Errno::kNotDir));
  EXPECT_EQ(rename("dir", "bin"), code(Errno::kNotEmpty));
  EXPECT_EQ(rename("dir", "etc"), kOk) << "an empty directory may be replaced";
  EXPECT_EQ(rename("bin/second", "bin/third"), kOk) << "two names of one file: nothing happens";
  EXPECT_EQ(read("bin/second"), "second");
  EXPECT_EQ(rename("bin/tool", "bin/second", fs::kRenameNoReplace), code(Errno::kExist));
  EXPECT_EQ(rename("bin/tool", "moved", fs::kRenameExchange), kOk);
  EXPECT_EQ(read("moved"), "root:x:0:0\n");
  EXPECT_EQ(read("bin/tool/b/c"), "deep");
  EXPECT_EQ(rename("absent", "x"), code(Errno::kNoEnt));
  EXPECT_EQ(rename("bin/.", "x"), code(Errno::kBusy));
}

TEST_F(Tree, NamesInUseFollowChanges) {
  over_image();
  ASSERT_TRUE(kernel::fs::change_directory("dir/a/b").ok());
  EXPECT_EQ(error_of(fs::rename(root_, "dir", root_, "other", 0)), kOk);
  EXPECT_EQ(text(cwd()), "/other/a/b");
  EXPECT_EQ(read("../b/c"), "deep");
  auto file = open("c").take();
  EXPECT_EQ(unlink("c"), kOk);
  EXPECT_EQ(text(file->path()), "/other/a/b/c (deleted)");
  std::byte data[4];
  EXPECT_EQ(file->read_at(0, data).value(), 4U);
  EXPECT_EQ(error_of(fs::remove_directory(root_, "other/a/b")), kOk);
  EXPECT_EQ(write("new", "x"), code(Errno::kNoEnt)) << "nothing can be made in a removed directory";
}

// What was looked up before a directory's mutex had to be waited for is looked up again afterwards.
TEST_F(Tree, NamesAreLookedUpAgainAfterAWait) {
  over_image();
  const auto dentry = [&](std::string_view name) { return fs::Dentry::look_up_held(root_.dentry, name).take(); };
  const auto remove = [&](std::string_view name) {
    const auto entry = dentry(name);
    ASSERT_TRUE(root_.dentry->inode()->unlink(name, *entry->inode()).ok());
    entry->remove();
  };
  const auto make = [&](std::string_view name) {
    fs::NewInode attributes;
    attributes.mode = fs::mode_of(fs::FileType::kRegular, 0600);
    dentry(name)->fill_in(root_.dentry->inode()->create(name, attributes).take());
  };
  const auto make_directory = [&] { return error_of(fs::make_directory(root_, "new", 0700)); };
  EXPECT_EQ(contended([&] { make("new"); }, make_directory), code(Errno::kExist));
  EXPECT_EQ(contended([&] { remove("new"); }, [&] { return unlink("new"); }), code(Errno::kNoEnt));
  const auto create = [&](std::uint32_t flags) {
    return [this, flags] { return try_open("file", fs::kCreate | flags); };
  };
  EXPECT_EQ(contended([&] { make("file"); }, create(fs::kExclusive)), code(Errno::kExist));
  EXPECT_EQ(contended([&] { remove("file"); }, [&] { return error_of(fs::rename(root_, "file", root_, "to", 0)); }),
            code(Errno::kNoEnt));
  EXPECT_EQ(contended([&] { make("file"); }, create(0)), kOk);
  EXPECT_EQ(contended([] {}, [&] { return error_of(fs::rename(root_, "dir", root_, "etc/dir", 0)); }), kOk);
  EXPECT_EQ(read("etc/dir/a/b/c"), "deep");
  EXPECT_EQ(contended([] {}, [&] { return error_of(fs::remove_directory(root_, "list")); }), code(Errno::kNotEmpty));
}

TEST_F(Tree, DeepDirectoriesNeedNoStack) {
  empty();
  constexpr int kDepth = 20'000;
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_EQ(mkdir("d"), kOk);
    ASSERT_TRUE(kernel::fs::change_directory("d").ok());
  }
  ASSERT_TRUE(kernel::fs::change_directory("/").ok());
  machine_.task().fs->working_directory = root_;
}

TEST_F(Tree, TwoLookUpsOfOneNameFindOneEntry) {
  over_image();
  for (const std::string_view name : {"etc", "nothing"}) {
    Ref<fs::Dentry> theirs;
    // The other one is looking it up when we come, and is done when we get the directory.
    const Ref<fs::Dentry> ours = contended([&] { theirs = fs::Dentry::look_up_held(root_.dentry, name).take(); },
                                           [&] { return fs::Dentry::look_up(root_.dentry, name).take(); });
    EXPECT_EQ(ours.get(), theirs.get()) << name;
  }
}

// A random sequence of operations on the tree and on a model of it: names and contents must agree at every step.
TEST_F(Tree, AgreesWithAModel) {
  over_image();
  std::map<std::string, std::string> files;  // path to contents
  std::mt19937 generator(99);
  for (int i = 0; i < 40; ++i) files["list/f" + std::to_string(i)] = "";
  const auto any = [&] { return "list/f" + std::to_string(generator() % 60); };
  for (int step = 0; step < 4000; ++step) {
    const std::string a = any(), b = any();
    const bool has_a = files.contains(a);
    switch (generator() % 4) {
      case 0: {
        const std::string contents = std::to_string(step);
        ASSERT_EQ(write(a, contents), kOk);
        files[a] = contents;
        break;
      }
      case 1:
        ASSERT_EQ(unlink(a), has_a ? kOk : code(Errno::kNoEnt));
        files.erase(a);
        break;
      case 2:
        ASSERT_EQ(rename(a, b), has_a ? kOk : code(Errno::kNoEnt));
        if (has_a && a != b) {
          files[b] = files[a];
          files.erase(a);
        }
        break;
      case 3:
        ASSERT_EQ(read(a), has_a ? files[a] : "error 2");
        break;
    }
    if (step % 200 == 0) {
      std::set<std::string> names;
      for (const auto& [path, contents] : files) names.insert(path.substr(5));
      ASSERT_EQ(list("list"), names);
    }
  }
}

}  // namespace
}  // namespace husk::test
