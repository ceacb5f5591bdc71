// vmm/image: the layout that the guest relies on, and the cache's behaviour.
#include "vmm/image/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <thread>

#include "tests/unit/erofs_reader.h"
#include "tests/unit/error_of.h"
#include "tests/unit/temporary_tree.h"
#include "vmm/error.h"
#include "vmm/image/container_source.h"
#include "vmm/image/directory_image.h"
#include "vmm/image/named_image.h"
#include "vmm/log.h"

namespace husk::image {
namespace {

namespace fs = std::filesystem;
using test::error_of;

class ImageTest : public testing::Test {
 protected:
  ImageTest() : cache_(area_ / "cache") {
    tree_.write("bin/sh", "#!\n");
    tree_.write("etc/hosts", "127.0.0.1 localhost\n");
  }

  std::string directory() const { return tree_.path().string(); }
  RootImage resolve_directory() const { return resolve(directory(), cache_); }

  std::set<std::string> cached_files(const std::string& suffix) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(cache_.directories())) {
      if (entry.path().string().ends_with(suffix)) names.insert(entry.path().filename());
    }
    return names;
  }

  test::TemporaryTree area_;
  test::TemporaryTree tree_;
  CacheDir cache_;
};

// ---------------------------------------------------------------- layout

TEST_F(ImageTest, KeepsEveryFileAsItIs) {
  tree_.write("empty", "");
  tree_.write("page", std::string(4096, 'p'));
  tree_.write("page_and_one", std::string(4097, 'q'));
  tree_.write("large", std::string(1'000'003, 'r'));
  fs::resize_file(tree_ / "empty", 0);
  tree_.write("sparse", "start");
  fs::resize_file(tree_ / "sparse", 100'000);
  fs::create_hard_link(tree_ / "page", tree_ / "etc/page_again");
  fs::create_symlink("bin/sh", tree_ / "link");
  fs::create_symlink(std::string(4000, 't'), tree_ / "long_link");
  ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0640), 0);
  ASSERT_EQ(::chmod((tree_ / "bin/sh").c_str(), 04755), 0);
  for (int i = 0; i < 500; ++i) tree_.write("many/a-name-that-fills-directory-blocks-" + std::to_string(i), "x");
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod((tree_ / "device").c_str(), S_IFCHR | 0600, makedev(259, 70000)), 0);
    ASSERT_EQ(::chown((tree_ / "page").c_str(), 70000, 80000), 0);
  }

  const test::ErofsReader image(resolve_directory().erofs_path);
  std::size_t count = 1;
  for (const auto& entry : fs::recursive_directory_iterator(tree_.path())) {
    ++count;
    const std::string path = entry.path().string().substr(directory().size());
    ASSERT_TRUE(image.files().contains(path)) << path;
    const test::ErofsReader::File& file = image.files().at(path);
    struct stat status {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(file.mode, status.st_mode) << path;
    EXPECT_EQ(file.uid, status.st_uid) << path;
    EXPECT_EQ(file.gid, status.st_gid) << path;
    EXPECT_EQ(file.links, status.st_nlink) << path;
    EXPECT_EQ(file.mtime_s, status.st_mtim.tv_sec) << path;
    EXPECT_EQ(file.mtime_ns, status.st_mtim.tv_nsec) << path;
    if (entry.is_symlink()) {
      EXPECT_EQ(file.data, fs::read_symlink(entry.path()).string()) << path;
    } else if (entry.is_regular_file()) {
      std::ifstream stream(entry.path(), std::ios::binary);
      EXPECT_EQ(file.data, std::string(std::istreambuf_iterator<char>(stream), {})) << path;
    } else if (S_ISCHR(status.st_mode)) {
      // new_encode_dev() of Linux: 8 low bits of the minor, 12 bits of the major, the other bits of the minor.
      EXPECT_EQ(file.rdev, (70000u & 0xff) | (259u << 8) | ((70000u & ~0xffu) << 12)) << path;
    }
  }
  EXPECT_EQ(image.files().size(), count);
  EXPECT_EQ(image.files().at("/page").nid, image.files().at("/etc/page_again").nid);
}

TEST_F(ImageTest, KeepsExtendedAttributes) {
  const std::string path = tree_ / "etc/hosts";
  // struct vfs_cap_data (linux/capability.h): revision 2, effective; CAP_NET_RAW.
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  if (::setxattr(path.c_str(), "user.test", "value", 5, 0) != 0 ||
      ::setxattr(path.c_str(), "security.capability", capability.data(), capability.size(), 0) != 0) {
    GTEST_SKIP() << "no extended attributes here: " << std::strerror(errno);
  }
  ASSERT_EQ(::setxattr(tree_.path().c_str(), "user.of_the_root", "r", 1, 0), 0);
  const test::ErofsReader image(resolve_directory().erofs_path);
  EXPECT_EQ(image.files().at("/etc/hosts").xattrs,
            (std::map<std::string, std::string>{{"user.test", "value"}, {"security.capability", capability}}));
  EXPECT_EQ(image.files().at("").xattrs, (std::map<std::string, std::string>{{"user.of_the_root", "r"}}));
  EXPECT_TRUE(image.files().at("/bin/sh").xattrs.empty());
}

// ---------------------------------------------------------------- the cache of directories

TEST_F(ImageTest, UsesTheCachedImageOfAnUnchangedDirectory) {
  const RootImage first = resolve_directory();
  const RootImage second = resolve_directory();
  struct stat a {
  }, b{};
  ASSERT_EQ(::fstat(first.fd.get(), &a), 0);
  ASSERT_EQ(::fstat(second.fd.get(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino);
  EXPECT_EQ(first.size, static_cast<std::uint64_t>(a.st_size));
  EXPECT_EQ(first.source_directory, fs::canonical(tree_.path()).string());
}

TEST_F(ImageTest, FindsTheSameImageByAnotherSpellingOfThePath) {
  const std::string path = resolve_directory().erofs_path;
  EXPECT_EQ(resolve(directory() + "/bin/../", cache_).erofs_path, path);
}

TEST_F(ImageTest, RebuildsAChangedDirectoryAndRemovesTheOldImage) {
  const RootImage old = resolve_directory();
  tree_.write("etc/hosts", "127.0.0.1 LOCALHOST\n");  // right after the build: the clock tick may be the same
  const RootImage fresh = resolve_directory();
  EXPECT_NE(fresh.erofs_path, old.erofs_path);
  EXPECT_EQ(test::ErofsReader(fresh.erofs_path).files().at("/etc/hosts").data, "127.0.0.1 LOCALHOST\n");
  EXPECT_EQ(cached_files(".erofs").size(), 1u);
  char byte = 0;
  EXPECT_EQ(::pread(old.fd.get(), &byte, 1, 1024), 1) << "a running VM keeps its image";
}

TEST_F(ImageTest, NeverMissesAnEditHoweverQuick) {
  for (int i = 0; i < 20; ++i) {
    const std::string text = "edit " + std::to_string(100 + i);
    tree_.write("etc/hosts", text);
    ASSERT_EQ(test::ErofsReader(resolve_directory().erofs_path).files().at("/etc/hosts").data, text);
  }
}

TEST_F(ImageTest, CleansUpAfterAKilledBuild) {
  const std::string name =
      *[&] {
        resolve_directory();
        return cached_files(".erofs");
      }()
           .begin();
  const std::string leftover = cache_.directories() + "/" + name.substr(0, name.find('.')) + ".99999.tmp";
  std::ofstream(leftover) << "half an image";
  tree_.write("etc/new", "x");
  resolve_directory();
  EXPECT_FALSE(fs::exists(leftover));
}

TEST_F(ImageTest, ConcurrentRunsBuildOneImage) {
  for (int i = 0; i < 200; ++i) tree_.write("data/" + std::to_string(i), std::string(20'000, 'd'));
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 1;
      try {
        status = resolve_directory().fd ? 0 : 1;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(cached_files(".erofs").size(), 1u);
  EXPECT_EQ(cached_files(".tmp").size(), 0u);
}

// ---------------------------------------------------------------- names

TEST_F(ImageTest, ImportedImagesDoNotFollowTheirDirectory) {
  const NamedImage made = import_directory(directory(), "alpine", cache_);
  EXPECT_EQ(made.entries, 4u);
  tree_.write("etc/hosts", "changed");
  const RootImage image = resolve("alpine", cache_);
  EXPECT_EQ(image.size, made.size);
  EXPECT_EQ(image.source_directory, "");
  EXPECT_EQ(test::ErofsReader(image.erofs_path).files().at("/etc/hosts").data, "127.0.0.1 localhost\n");

  const NamedImage described = inspect_image("alpine", cache_);
  EXPECT_EQ(described.source_directory, fs::canonical(tree_.path()).string());
  EXPECT_EQ(described.entries, 4u);
  EXPECT_EQ(described.created, made.created);

  import_directory(directory(), "alpine", cache_);
  EXPECT_EQ(test::ErofsReader(resolve("alpine", cache_).erofs_path).files().at("/etc/hosts").data, "changed");
}

TEST_F(ImageTest, ListsAndRemovesNamedImages) {
  EXPECT_TRUE(list_images(cache_).empty());
  import_directory(directory(), "two", cache_);
  import_directory(directory(), "one", cache_);
  std::vector<std::string> names;
  for (const NamedImage& image : list_images(cache_)) names.push_back(image.name);
  EXPECT_EQ(names, (std::vector<std::string>{"one", "two"}));
  remove_image("one", cache_);
  EXPECT_EQ(list_images(cache_).size(), 1u);
  EXPECT_NE(error_of([&] { remove_image("one", cache_); }), "");
  EXPECT_NE(error_of([&] { resolve("one", cache_); }), "");
}

TEST_F(ImageTest, SurvivesABrokenDescription) {
  import_directory(directory(), "name", cache_);
  for (const char* text : {"", "{", "[]", R"({"source": 7, "entries": "many"})"}) {
    fs::remove(cache_.images() + "/name.json");
    std::ofstream(cache_.images() + "/name.json") << text;
    EXPECT_EQ(inspect_image("name", cache_).name, "name") << text;
  }
}

TEST_F(ImageTest, ANameWinsOverADirectoryUnlessItIsWrittenAsAPath) {
  import_directory(directory(), "root", cache_);
  const fs::path before = fs::current_path();
  fs::current_path(area_.path());
  area_.write("root/file", "x");
  area_.write("plain/file", "x");
  EXPECT_EQ(resolve("root", cache_).source_directory, "");
  EXPECT_EQ(resolve("./root", cache_).source_directory, fs::canonical(area_.path() / "root").string());
  EXPECT_EQ(resolve("plain", cache_).source_directory, fs::canonical(area_.path() / "plain").string());
  fs::current_path(before);
}

TEST(ImageName, IsAFileNameAndNeverAPath) {
  for (const char* name : {"a", "debian-12", "x.y_z", "0"}) EXPECT_TRUE(is_valid_name(name)) << name;
  for (const char* name : {"", ".", "..", "-x", "a/b", "A", "a b", "../etc", "ä"})
    EXPECT_FALSE(is_valid_name(name)) << name;
  EXPECT_FALSE(is_valid_name(std::string(129, 'a')));
}

// ---------------------------------------------------------------- errors, one line each

TEST_F(ImageTest, SaysWhatIsWrongWithTheImage) {
  EXPECT_NE(error_of([&] { resolve(directory() + "/nowhere", cache_); }).find("nowhere"), std::string::npos);
  EXPECT_NE(error_of([&] { resolve("nowhere", cache_); }).find("nowhere"), std::string::npos);
  EXPECT_NE(error_of([&] { resolve("", cache_); }), "");
  EXPECT_NE(error_of([&] { resolve("/dev/null", cache_); }).find("not a directory"), std::string::npos);
  fs::create_directory(tree_ / "nothing");
  EXPECT_NE(error_of([&] { resolve(tree_ / "nothing", cache_); }).find("empty"), std::string::npos);
  EXPECT_NE(error_of([&] { import_directory(tree_ / "nothing", "x", cache_); }).find("empty"), std::string::npos);
  EXPECT_NE(error_of([&] { import_directory(directory(), "../x", cache_); }), "");
  EXPECT_TRUE(list_images(cache_).empty());
}

TEST_F(ImageTest, KeepsTheLongestNames) {
  tree_.write(std::string(255, 'n'), "fits");
  EXPECT_TRUE(test::ErofsReader(resolve_directory().erofs_path).files().contains("/" + std::string(255, 'n')));
}

TEST_F(ImageTest, SaysThatTheCacheCannotBeWritten) {
  area_.write("file", "not a directory");
  const std::string text = error_of([&] { resolve(directory(), CacheDir(area_ / "file/cache")); });
  EXPECT_NE(text.find("HUSK_CACHE_DIR"), std::string::npos) << text;
}

TEST_F(ImageTest, SaysThatTheCacheLiesInTheImage) {
  const std::string text = error_of([&] { resolve(directory(), CacheDir(tree_ / "cache")); });
  EXPECT_NE(text.find("lies in it"), std::string::npos) << text;
}

TEST(CacheDirectory, FollowsTheEnvironment) {
  const char* saved = std::getenv("HUSK_CACHE_DIR");
  const std::string before = saved != nullptr ? saved : "";
  ::setenv("HUSK_CACHE_DIR", "/somewhere", 1);
  EXPECT_EQ(CacheDir::from_environment().path(), "/somewhere");
  ::unsetenv("HUSK_CACHE_DIR");
  if (::geteuid() == 0) {
    EXPECT_EQ(CacheDir::from_environment().path(), "/var/cache/husk");
  }
  if (saved != nullptr) ::setenv("HUSK_CACHE_DIR", before.c_str(), 1);
}

TEST(ContainerSource, IsNamedAsOtherToolsNameIt) {
  const auto source = parse_container_source("docker-archive:/a/b.tar:name:tag");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->path, "/a/b.tar");
  EXPECT_EQ(source->reference, "name:tag");
  EXPECT_EQ(source->layout, "docker-archive");
  EXPECT_EQ(parse_container_source("oci:dir")->reference, "");
  EXPECT_EQ(parse_container_source("dir:a:b")->path, "a:b");
  EXPECT_EQ(parse_container_source("-")->path, "");
  EXPECT_FALSE(parse_container_source("./oci:dir"));
  EXPECT_FALSE(parse_container_source("name"));
  EXPECT_NE(error_of([] { parse_container_source("oci:"); }).find("nothing behind"), std::string::npos);
  EXPECT_NE(error_of([] { parse_container_source("oci:dir:"); }).find("nothing behind"), std::string::npos);
}

TEST(DirectoryWalk, IsToldWithAdviceOnlyWhenItTakesLong) {
  const auto told = [](log::Severity level, std::uint64_t ns) {
    log::set_level(level);
    testing::internal::CaptureStderr();
    report_walk("/some/root", 9000, ns);
    log::set_level(log::Severity::kWarning);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(told(log::Severity::kWarning, 50'000'000), "");
  EXPECT_EQ(told(log::Severity::kInfo, kLongWalkNs), "");
  EXPECT_THAT(told(log::Severity::kInfo, kLongWalkNs + 1),
              testing::AllOf(testing::HasSubstr("9000 files"), testing::HasSubstr("2.0 ms"),
                             testing::HasSubstr("husk image import")));
  EXPECT_THAT(told(log::Severity::kDebug, 1'234'000),
              testing::AllOf(testing::HasSubstr("1234.0 us (9000 files)"), testing::Not(testing::HasSubstr("import"))));
}

}  // namespace
}  // namespace husk::image
