// What the image cache is made of: settling, the confined process that makes images, locks and temporary files, pruning.
#include "vmm/image/stable_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/erofs_reader.h"
#include "tests/unit/error_of.h"
#include "tests/unit/temporary_tree.h"
#include "vmm/cache/cache_file.h"
#include "vmm/cache/sha256.h"
#include "vmm/error.h"
#include "vmm/image/crc32c.h"
#include "vmm/image/directory_image.h"
#include "vmm/image/image.h"
#include "vmm/image/image_file.h"
#include "vmm/image/make_erofs.h"
#include "vmm/image/named_image.h"
#include "vmm/image/prune.h"

namespace husk::image {
namespace {

namespace fs = std::filesystem;
using test::error_of;

// ---------------------------------------------------------------- hashes

TEST(Sha256, GivesTheAnswersOfTheStandard) {
  // FIPS 180-4's examples, as NIST publishes them.
  EXPECT_EQ(cache::to_hex(cache::sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(cache::to_hex(cache::sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  cache::Sha256 million;
  for (int i = 0; i < 1'000; ++i) million.update(std::string(1'000, 'a'));
  EXPECT_EQ(cache::to_hex(million.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crc32c, GivesTheAnswersOfTheStandard) {
  // RFC 3720, appendix B.4; EROFS leaves out the final inversion.
  EXPECT_EQ(~crc32c(~0u, std::as_bytes(std::span("123456789", 9))), 0xE3069283u);
  const std::vector<std::byte> zeros(32);
  EXPECT_EQ(~crc32c(~0u, zeros), 0x8A9136AAu);
}

// ---------------------------------------------------------------- settling

class SettleTest : public testing::Test {
 protected:
  // Walks see these states one after the other; what happens is written down.
  std::optional<Fingerprint> settle_over(const std::vector<int>& states) {
    const auto state = [](int number) {
      Fingerprint result;
      result.digest[0] = static_cast<std::uint8_t>(number);
      return result;
    };
    std::size_t next = 1;
    return settle(state(states[0]), {.walk =
                                         [&] {
                                           log_ += "walk ";
                                           return state(states[std::min(next++, states.size() - 1)]);
                                         },
                                     .wait_a_tick = [&](const Fingerprint&) { log_ += "wait "; },
                                     .write_out = [&](const Fingerprint&) { log_ += "sync "; }});
  }

  std::string log_;
};

TEST_F(SettleTest, WaitsWritesOutAndLooksAgain) {
  ASSERT_TRUE(settle_over({1, 1}));
  EXPECT_EQ(log_, "wait sync walk ");
}

// What the second walk saw may have been changed in the very tick in which it looked: it says nothing by itself.
TEST_F(SettleTest, TrustsNoStateThatItSawOnce) {
  const std::optional<Fingerprint> result = settle_over({1, 2, 2});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->digest[0], 2);
  EXPECT_EQ(log_, "wait sync walk wait sync walk ");
}

TEST_F(SettleTest, GivesUp) {
  EXPECT_FALSE(settle_over({1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

class StableImageTest : public testing::Test {
 protected:
  StableImageTest() : cache_(area_ / "cache"), folder_(cache_.make(CacheDir::Part::kDirectories)) {
    tree_.write("etc/hosts", "127.0.0.1 localhost\n");
  }

  std::string files() const {
    std::string names;
    std::vector<std::string> all = folder_.names();
    std::sort(all.begin(), all.end());
    for (const std::string& name : all) names += name + " ";
    return names;
  }

  test::TemporaryTree area_;
  test::TemporaryTree tree_;
  CacheDir cache_;
  Folder folder_;
};

TEST_F(StableImageTest, BuildsAgainWhenFilesChangeMeanwhile) {
  const cache::TemporaryFile file(folder_, "x");
  int calls = 0;
  build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_, [&](const ErofsJob& job) {
    make_erofs(job);
    if (++calls == 1) tree_.write("late", "x");
  });
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(test::ErofsReader(file.path()).files().contains("/late"));
}

// Somebody who can rename a directory above the tree shows the image's maker another one, and the walks the right one.
TEST_F(StableImageTest, BuildsAgainWhenThePathLedElsewhereMeanwhile) {
  ASSERT_EQ(::chmod(area_.path().c_str(), 0777), 0);
  area_.write("way/root/state", "good");
  area_.write("other/root/evil", "evil");
  const std::string tree = area_ / "way/root";
  const cache::TemporaryFile file(folder_, "x");
  int calls = 0;
  build_stable_image(tree, fingerprint(tree), file, folder_, [&](const ErofsJob& job) {
    if (++calls > 1) return make_erofs(job);
    fs::rename(area_ / "way", area_ / "aside");
    fs::rename(area_ / "other", area_ / "way");
    make_erofs(job);
    fs::rename(area_ / "way", area_ / "other");
    fs::rename(area_ / "aside", area_ / "way");
  });
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(test::ErofsReader(file.path()).files().contains("/state"));
  EXPECT_FALSE(test::ErofsReader(file.path()).files().contains("/evil"));
}

TEST_F(StableImageTest, ReportsAFailureOnlyIfTheTreeIsTheSame) {
  const cache::TemporaryFile file(folder_, "x");
  int calls = 0;
  build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_, [&](const ErofsJob& job) {
    if (++calls > 1) return make_erofs(job);
    fs::remove(tree_ / "etc/hosts");
    throw Error("read", "etc/hosts", "it has gone");
  });
  EXPECT_EQ(calls, 2);
  const std::string text = error_of([&] {
    build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_,
                       [](const ErofsJob&) { throw Error("read", "something", "no reason"); });
  });
  EXPECT_NE(text.find("no reason"), std::string::npos) << text;
}

TEST_F(StableImageTest, GivesUpOnATreeThatNeverRests) {
  const cache::TemporaryFile file(folder_, "x");
  int calls = 0;
  const std::string text = error_of([&] {
    build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_,
                       [&](const ErofsJob&) { tree_.write("file" + std::to_string(++calls), "x"); });
  });
  EXPECT_NE(text.find("keep changing"), std::string::npos) << text;
}

// Whatever bit of the record or the superblock's block is wrong, also where nothing else says so.
TEST_F(StableImageTest, SeesEveryChangeOfTheFirstBlock) {
  cache::TemporaryFile file(folder_, "x");
  const Fingerprint state = build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_);
  file.publish("x.erofs");
  const std::string path = folder_.path_of("x.erofs");
  ASSERT_EQ(open_image(folder_, "x.erofs", &state.digest).damage, "");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status {};
  ASSERT_EQ(::fstat(fd.get(), &status), 0);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  for (off_t at = 0; at < 4096; at = at == 63 ? 1024 : at + 1) {  // what is between the two has no meaning
    unsigned char byte = 0;
    ASSERT_EQ(::pread(fd.get(), &byte, 1, at), 1);
    const unsigned char wrong = byte ^ static_cast<unsigned char>(1 << (at % 8));
    ASSERT_EQ(::pwrite(fd.get(), &wrong, 1, at), 1);
    ASSERT_EQ(::futimens(fd.get(), times), 0);
    EXPECT_NE(open_image(folder_, "x.erofs").damage, "") << at;
    ASSERT_EQ(::pwrite(fd.get(), &byte, 1, at), 1);
  }
  ASSERT_EQ(::futimens(fd.get(), times), 0);
  EXPECT_EQ(open_image(folder_, "x.erofs").damage, "");
}

TEST_F(StableImageTest, SaysThatTheDiskIsTooSmall) {
  if (::truncate((tree_ / "etc/hosts").c_str(), std::int64_t{15} << 40) != 0) GTEST_SKIP() << "no file of 15 TiB here";
  const cache::TemporaryFile file(folder_, "x");
  const std::string text = error_of(
      [&] { build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_, [](const ErofsJob&) {}); });
  EXPECT_NE(text.find("make room"), std::string::npos) << text;
}

TEST_F(StableImageTest, RefusesWhatIsNoImage) {
  const cache::TemporaryFile file(folder_, "x");
  const std::string text = error_of(
      [&] { build_stable_image(tree_.path(), fingerprint(tree_.path()), file, folder_, [](const ErofsJob&) {}); });
  EXPECT_NE(text.find("too short"), std::string::npos) << text;
}

// ---------------------------------------------------------------- the process that reads the tree

class HelperTest : public StableImageTest {
 protected:
  HelperTest() : file_(folder_, "x") {}

  // What the caller is told when this is done in the process.
  std::string run(const HelperWork& work, std::uint64_t expected_bytes = 1 << 20) {
    return error_of([&] {
      make_erofs_with({.image_fd = file_.fd(),
                       .directory = tree_.path(),
                       .uuid_seed = std::string(64, '0'),
                       .expected_bytes = expected_bytes},
                      work);
    });
  }

  cache::TemporaryFile file_;
};

int open2(int directory, const char* path, std::uint64_t flags) {
  const open_how how{.flags = flags | O_CLOEXEC, .mode = (flags & O_CREAT) != 0 ? 0600u : 0u, .resolve = 0};
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

[[noreturn]] void say(const std::string& what) {
  throw Error("go on", "", what);
}

TEST_F(HelperTest, PassesOnWhatItComplainsAbout) {
  const std::string text = run([](int, int) { say("the disk is \033[31m on fire\nreally"); });
  EXPECT_NE(text.find("on fire?really"), std::string::npos) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos) << text;
  EXPECT_NE(run([](int, int) { __builtin_trap(); }).find("killed by signal"), std::string::npos);
  EXPECT_EQ(run([](int, int) {}), "");
}

TEST_F(HelperTest, SaysThatTheDirectoryHasGone) {
  const ErofsJob job{
      .image_fd = file_.fd(), .directory = area_ / "nowhere", .uuid_seed = {}, .expected_bytes = 1 << 20};
  EXPECT_NE(error_of([&] { make_erofs(job); }).find("nowhere"), std::string::npos);
}

// It may read the tree and write the image, and nothing else.
TEST_F(HelperTest, ReachesTheTreeAndTheImageOnly) {
  area_.write("outside", "a secret\n");
  ASSERT_EQ(::chmod((area_ / "outside").c_str(), 0666), 0);
  ASSERT_EQ(::chmod(area_.path().c_str(), 0755), 0);
  fs::remove("/tmp/husk-test-escaped");  // of a run that failed
  tree_.write("writable", "x");
  ASSERT_EQ(::chmod((tree_ / "writable").c_str(), 0666), 0);
  const std::string text = run([&](int tree, int image) {
    std::string could;
    char byte = 0;
    const auto note = [&could](bool good, const char* what) {
      if (good) could += std::string(" ") + what;
    };
    note(open2(tree, "etc/hosts", O_RDONLY) >= 0, "read-tree");
    note(::pwrite(image, "image", 5, 0) == 5, "write-image");
    note(open2(tree, (area_ / "outside").c_str(), O_RDONLY) >= 0, "read-outside");
    note(open2(tree, "/etc/hostname", O_RDONLY) >= 0, "read-etc");
    note(open2(tree, "/proc/self/status", O_RDONLY) >= 0, "read-proc");
    note(open2(tree, (area_ / "outside").c_str(), O_WRONLY) >= 0, "write-outside");
    note(open2(tree, "writable", O_WRONLY) >= 0, "write-tree");
    note(open2(tree, "new", O_WRONLY | O_CREAT) >= 0, "create-in-tree");
    note(open2(tree, "/tmp/husk-test-escaped", O_WRONLY | O_CREAT) >= 0, "create-in-tmp");
    note(open2(tree, "/dev/null", O_WRONLY) >= 0, "write-device");
    note(::read(STDIN_FILENO, &byte, 1) != 0, "read-stdin");
    note(environ != nullptr && *environ != nullptr, "see-variables");
    say("could:" + could + ".");
  });
  EXPECT_NE(text.find("could: read-tree write-image."), std::string::npos) << text;
  EXPECT_FALSE(fs::exists("/tmp/husk-test-escaped"));
}

// What would start or change a process, or reach another machine, is not among its system calls.
TEST_F(HelperTest, HasNoOtherSystemCalls) {
  const std::string text = run([](int, int) {
    std::string could;
    const auto note = [&could](long result, const char* what) {
      if (result >= 0 || errno != EPERM) could += std::string(" ") + what;
    };
    note(::fork(), "fork");
    note(::kill(::getpid(), 0), "kill");
    note(::syscall(SYS_execve, "/bin/true", nullptr, nullptr), "execve");
    note(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    note(::syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY), "openat");
    note(::syscall(SYS_prlimit64, 0, 0, nullptr, nullptr), "prlimit");
    note(::syscall(SYS_ptrace, 0, 0, 0, 0), "ptrace");
    note(::syscall(SYS_io_uring_setup, 1, nullptr), "io_uring");
    note(::syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "code");
    note(::syscall(SYS_mprotect, nullptr, 0, PROT_EXEC), "mprotect");
    say("could:" + could + ".");
  });
  EXPECT_NE(text.find("could:."), std::string::npos) << text;
}

TEST_F(HelperTest, CannotFillTheDisk) {
  const std::string text = run([](int, int image) {
    const std::string line(1'000'000, 'x');
    for (int i = 0; i < 200; ++i) {
      if (::write(image, line.data(), line.size()) < 0) throw Error::from_errno("write", "line " + std::to_string(i));
    }
  });
  EXPECT_NE(text.find("File too large"), std::string::npos) << text;
  EXPECT_LE(fs::file_size(file_.path()), std::uint64_t{65} << 20);
}

// Files that grew since their sizes were added up.
TEST_F(HelperTest, SaysThatTheTreeHasGrown) {
  tree_.write("large", std::string(66 << 20, 'x'));
  const std::string text = error_of([&] {
    make_erofs({.image_fd = file_.fd(), .directory = tree_.path(), .uuid_seed = {}, .expected_bytes = 4096});
  });
  EXPECT_NE(text.find("more than 67112960 bytes"), std::string::npos) << text;
}

// ---------------------------------------------------------------- locks and temporary files

TEST_F(StableImageTest, SweepsWhatTheDeadLeftAndNothingElse) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const cache::TemporaryFile file(folder_, "at-work");
    EXPECT_EQ(::write(ready[1], "x", 1), 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  std::ofstream(folder_.path_of("leftover.4711.tmp")) << "half";
  std::ofstream(folder_.path_of("leftover.erofs")) << "no temporary file";
  EXPECT_GT(cache::sweep(folder_), 0u);
  EXPECT_EQ(files().find("at-work."), 0u) << files();
  EXPECT_EQ(files().find("leftover.4711"), std::string::npos) << files();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  cache::sweep(folder_);
  EXPECT_EQ(files(), "leftover.erofs ");
  ::close(ready[0]);
  ::close(ready[1]);
}

// HUSK_CACHE_DIR may name a directory with other things in it.
TEST_F(StableImageTest, SweepsNoFileThatIsNotHusks) {
  for (const char* name : {"thesis.tmp", ".tmp", "notes.today.tmp", "x.0123456789abcdef0.tmp", ".4711.tmp"}) {
    std::ofstream(folder_.path_of(name)) << "precious";
  }
  EXPECT_EQ(cache::sweep(folder_), 0u);
  EXPECT_EQ(folder_.names().size(), 5u) << files();
}

TEST_F(StableImageTest, LocksAndSweepsNothingOfSomebodyElse) {
  area_.write("cache/directories/key.lock", "");
  ASSERT_EQ(::chmod(folder_.path_of("key.lock").c_str(), 0666), 0);
  EXPECT_NE(error_of([&] { const cache::Lock lock(folder_, "key"); }).find("can write to it"), std::string::npos);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to somebody else";
  area_.write("cache/directories/key.4711.tmp", "x");
  ASSERT_EQ(::chown(folder_.path_of("key.4711.tmp").c_str(), 54321, 54321), 0);
  EXPECT_NE(error_of([&] { cache::sweep(folder_); }).find("belongs to uid 54321"), std::string::npos);
}

// Whoever waits for a lock whose file is removed meanwhile must not end up with a lock that nobody else can see.
TEST_F(StableImageTest, ALockThatWasRemovedIsMadeAnew) {
  std::optional<cache::Lock> first(std::in_place, folder_, "key");
  EXPECT_FALSE(cache::Lock::try_take(folder_, "key"));
  std::thread waiter([&] {
    const cache::Lock second(folder_, "key");
    EXPECT_TRUE(fs::exists(folder_.path_of("key.lock")));
    EXPECT_FALSE(cache::Lock::try_take(folder_, "key"));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  first->remove_file();
  first.reset();
  waiter.join();
  EXPECT_TRUE(cache::Lock::try_take(folder_, "key"));
}

TEST_F(StableImageTest, NamesOfTheCacheDoNotLeaveIt) {
  area_.write("outside", "x");
  struct stat status {};
  EXPECT_NE(error_of([&] { folder_.open("../../outside", status); }), "");
  EXPECT_NE(error_of([&] { folder_.open(area_ / "outside", status); }), "");
}

// An older husk may have made it, or somebody else.
TEST_F(StableImageTest, ClosesAFolderThatOthersCanEnter) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const Folder again = cache_.make(CacheDir::Part::kDirectories);
  struct stat status {};
  ASSERT_EQ(::fstat(again.fd(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(StableImageTest, FindsTheCacheByAnySpelling) {
  const fs::path before = fs::current_path();
  fs::current_path(area_.path());
  const std::string canonical = fs::canonical(cache_.path());
  fs::create_directory_symlink("cache", area_ / "link");
  for (const std::string& spelling : {std::string("cache"), std::string("./cache/"), std::string("link"),
                                      std::string("cache/../link/."), cache_.path() + "//images/.."}) {
    cache_.make(CacheDir::Part::kImages);
    const std::optional<Folder> found = CacheDir(spelling).find(CacheDir::Part::kTop);
    ASSERT_TRUE(found) << spelling;
    EXPECT_EQ(found->path(), canonical) << spelling;
  }
  EXPECT_FALSE(CacheDir("nowhere/cache").find(CacheDir::Part::kTop));
  fs::create_symlink("circle", area_ / "circle");
  EXPECT_NE(error_of([] { CacheDir("circle/cache").find(CacheDir::Part::kTop); }), "");
  // What is missing is made: parents as usual, the cache for its owner.
  CacheDir("new/parent/cache").make(CacheDir::Part::kTop);
  struct stat status {};
  ASSERT_EQ(::stat("new/parent/cache", &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  fs::current_path(before);
}

// ---------------------------------------------------------------- ls and prune

class PruneTest : public StableImageTest {
 protected:
  PruneTest() {
    gone_.write("file", "x");
    resolve(tree_.path(), cache_);
    resolve(gone_.path(), cache_);
    gone_path_ = fs::canonical(gone_.path());
    import_directory(tree_.path(), "named", cache_);
    fs::remove_all(gone_.path());
  }

  test::TemporaryTree gone_;
  std::string gone_path_;
};

TEST_F(PruneTest, ListsWhatIsKeptOfDirectories) {
  const std::vector<CachedDirectory> images = list_directories(cache_);
  ASSERT_EQ(images.size(), 2u);
  for (const CachedDirectory& image : images) {
    EXPECT_EQ(image.is_there, image.source != gone_path_);
    EXPECT_GT(image.bytes, 4096u);
    EXPECT_NEAR(static_cast<double>(image.created_s), static_cast<double>(::time(nullptr)), 600);
    EXPECT_EQ(image.damage, "");
  }
}

TEST_F(PruneTest, RemovesTheImagesOfDirectoriesThatAreGone) {
  std::ofstream(folder_.path_of("left.4711.tmp")) << std::string(100'000, 'x');
  const Pruned pruned = prune(cache_, Prune::kGone);
  ASSERT_EQ(pruned.removed.size(), 1u);
  EXPECT_EQ(pruned.removed[0].source, gone_path_);
  EXPECT_GT(pruned.freed, 100'000u);
  EXPECT_EQ(list_directories(cache_).size(), 1u);
  EXPECT_EQ(list_images(cache_).size(), 1u);
  EXPECT_EQ(files().find(".tmp"), std::string::npos);
  EXPECT_EQ(files().find(path_key(gone_path_)), std::string::npos) << "its lock and source file stay";
}

TEST_F(PruneTest, RemovesAllOfDirectoriesAndNoNamedOne) {
  const std::string source = fs::canonical(tree_.path());
  {
    const cache::Lock building(folder_, path_key(source));
    const Pruned pruned = prune(cache_, Prune::kAll);
    ASSERT_EQ(pruned.busy.size(), 1u);
    EXPECT_EQ(pruned.busy[0].source, source);
  }
  const RootImage running = resolve(tree_.path(), cache_);
  prune(cache_, Prune::kAll);
  EXPECT_EQ(files(), "");
  EXPECT_EQ(list_images(cache_).size(), 1u);
  char byte = 0;
  EXPECT_EQ(::pread(running.fd.get(), &byte, 1, 1024), 1) << "a running VM keeps its image";
  EXPECT_TRUE(resolve(tree_.path(), cache_).fd);
}

TEST_F(PruneTest, KnowsImagesOfOlderVersionsAndLeavesOtherFiles) {
  std::ofstream(folder_.path_of("0123456789abcdef.0123456789abcdef0123456789abcdef.erofs")) << std::string(8192, 'x');
  std::ofstream(folder_.path_of("notes.txt")) << "somebody's";
  // A path that is not the key's is not believed.
  const std::string key = path_key(gone_path_);
  fs::remove(folder_.path_of(key + ".source"));
  std::ofstream(folder_.path_of(key + ".source")) << "/";
  EXPECT_EQ(list_directories(cache_).size(), 3u);
  EXPECT_EQ(prune(cache_, Prune::kGone).removed.size(), 2u);
  EXPECT_TRUE(fs::exists(folder_.path_of("notes.txt")));
}

}  // namespace
}  // namespace husk::image
