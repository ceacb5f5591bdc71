// What holds the image cache against neighbours, damage, killed builds and quick hands. Only what every version of the
// cache has is used (resolve, import, list, remove, the directories' names), so that these tests can be run against
// another one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/erofs_reader.h"
#include "tests/unit/error_of.h"
#include "tests/unit/temporary_tree.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/image.h"
#include "vmm/image/named_image.h"

namespace husk::image {
namespace {

namespace fs = std::filesystem;
using test::error_of;

constexpr uid_t kStranger = 54321;

std::string contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ImageCacheTest : public testing::Test {
 protected:
  ImageCacheTest() : cache_(area_ / "cache") {
    tree_.write("bin/sh", "#!\n");
    tree_.write("etc/hosts", "127.0.0.1 localhost\n");
  }

  RootImage run() const { return resolve(tree_.path(), cache_); }
  void import(const std::string& name) const { import_directory(tree_.path(), name, cache_); }

  // The file of the cache's directory `folder` that ends in `suffix`; there must be exactly one.
  static std::string only_file(const std::string& folder, const std::string& suffix) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().string().ends_with(suffix)) found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1u) << folder << " *" << suffix;
    return found.empty() ? std::string() : found[0];
  }

  static std::size_t count(const std::string& folder, const std::string& suffix) {
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(folder)) found += entry.path().string().ends_with(suffix) ? 1 : 0;
    return found;
  }

  template <typename Action>
  static void expect_refusal(Action&& action, const std::string& reason) {
    const std::string text = error_of(action);
    EXPECT_NE(text.find(reason), std::string::npos) << text;
  }

  test::TemporaryTree area_;
  test::TemporaryTree tree_;
  CacheDir cache_;
};

// ---------------------------------------------------------------- whose it is

TEST_F(ImageCacheTest, RefusesACacheOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to somebody else";
  run();
  import("box");
  for (const std::string& path :
       {cache_.path(), cache_.images(), cache_.directories(), cache_.images() + "/box.erofs"}) {
    ASSERT_EQ(::chown(path.c_str(), kStranger, 0), 0) << path;
    const std::string text = error_of([&] {
      if (path != cache_.directories()) resolve("box", cache_);
      run();
    });
    EXPECT_NE(text.find(path + ": it belongs to uid 54321, not to you"), std::string::npos) << text;
    EXPECT_NE(text.find("HUSK_CACHE_DIR"), std::string::npos) << text;
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
  run();
}

TEST_F(ImageCacheTest, RefusesACacheThatOthersCanWriteTo) {
  run();
  import("box");
  for (const mode_t mode : {0777u, 0770u, 01777u, 0722u}) {
    ASSERT_EQ(::chmod(cache_.path().c_str(), mode), 0);
    expect_refusal([&] { run(); }, "can write to it");
    expect_refusal([&] { resolve("box", cache_); }, "can write to it");
    expect_refusal([&] { import("other"); }, "can write to it");
    expect_refusal([&] { list_images(cache_); }, "can write to it");
    expect_refusal([&] { remove_image("box", cache_); }, "can write to it");
  }
  ASSERT_EQ(::chmod(cache_.path().c_str(), 0755), 0);
  run();
  ASSERT_EQ(::chmod((cache_.images() + "/box.erofs").c_str(), 0666), 0);
  expect_refusal([&] { resolve("box", cache_); }, "can write to it");
}

// A parent decides which directory the cache is, unless it is sticky, as /tmp is.
TEST_F(ImageCacheTest, RefusesAParentThatOthersCanChange) {
  fs::create_directories(area_ / "parent/inner");
  const CacheDir cache(area_ / "parent/inner/cache");
  const auto use = [&] { resolve(tree_.path(), cache); };
  ASSERT_EQ(::chmod((area_ / "parent").c_str(), 01777), 0);
  use();
  for (const mode_t mode : {0777u, 0775u}) {
    ASSERT_EQ(::chmod((area_ / "parent").c_str(), mode), 0);
    expect_refusal(use, "can write to " + (area_ / "parent"));
  }
  ASSERT_EQ(::chmod((area_ / "parent").c_str(), 0755), 0);
  use();
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown((area_ / "parent").c_str(), kStranger, 0), 0);
  expect_refusal(use, (area_ / "parent") + " could be exchanged: it belongs to uid 54321");
}

TEST_F(ImageCacheTest, FollowsOnlyLinksOfTheUserOrRoot) {
  fs::create_directory(area_ / "real");
  fs::create_directory_symlink(area_ / "real", area_ / "link");
  const CacheDir cache(area_ / "link/cache");
  resolve(tree_.path(), cache);
  EXPECT_TRUE(fs::exists(area_ / "real/cache/directories"));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chmod(area_.path().c_str(), 01777), 0);  // a place where strangers can make links
  ASSERT_EQ(::lchown((area_ / "link").c_str(), kStranger, 0), 0);
  expect_refusal([&] { resolve(tree_.path(), cache); }, "a symbolic link of somebody else's");
}

TEST_F(ImageCacheTest, FollowsNoLinkInsideTheCache) {
  run();
  import("box");
  const std::string elsewhere = area_ / "elsewhere";
  const auto replace = [&](const std::string& path) {
    fs::remove_all(elsewhere);
    fs::rename(path, elsewhere);
    fs::create_symlink(elsewhere, path);
  };
  const auto put_back = [&](const std::string& path) {
    fs::remove(path);
    fs::rename(elsewhere, path);
  };
  replace(cache_.directories());
  expect_refusal([&] { run(); }, "symbolic link");
  put_back(cache_.directories());
  replace(cache_.images());
  expect_refusal([&] { resolve("box", cache_); }, "symbolic link");
  expect_refusal([&] { import("other"); }, "symbolic link");
  put_back(cache_.images());
  replace(cache_.images() + "/box.erofs");
  expect_refusal([&] { resolve("box", cache_); }, "symbolic link");
  put_back(cache_.images() + "/box.erofs");

  const std::string lock = only_file(cache_.directories(), ".lock");
  replace(lock);
  tree_.write("etc/hosts", "changed\n");
  expect_refusal([&] { run(); }, "symbolic link");
  put_back(lock);
  run();
}

TEST_F(ImageCacheTest, WritesThroughNoLinkThatWaitsUnderATemporaryName) {
  import("first");
  area_.write("victim", "precious");
  fs::create_symlink(area_ / "victim", cache_.images() + "/box.erofs." + std::to_string(::getpid()) + ".tmp");
  expect_refusal([&] { import("box"); }, "symbolic link");
  EXPECT_EQ(contents(area_ / "victim"), "precious");
}

TEST_F(ImageCacheTest, OpensNoFifo) {
  import("box");
  const std::string path = cache_.images() + "/box.erofs";
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::atomic<bool> done{false};
  std::thread savior([&] {  // a writer, so that a version that waits for one fails instead of hanging
    for (int i = 0; i < 100 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (!done) ::close(::open(path.c_str(), O_WRONLY | O_NONBLOCK));
  });
  expect_refusal([&] { resolve("box", cache_); }, "not a regular file");
  done = true;
  savior.join();
}

TEST_F(ImageCacheTest, KeepsImagesThatNobodyCanWriteTo) {
  run();
  import("box");
  for (const std::string& path : {only_file(cache_.directories(), ".erofs"), cache_.images() + "/box.erofs"}) {
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0400u) << path;
    EXPECT_EQ(status.st_uid, ::geteuid()) << path;
    EXPECT_EQ(status.st_gid, ::getegid()) << path;
  }
}

// ---------------------------------------------------------------- damage

struct Harm {
  const char* name;
  std::function<void(const std::string&)> inflict;
};

void poke(const std::string& path, off_t offset, char byte) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::pwrite(fd, &byte, 1, offset), 1);
  ::close(fd);
}

// With the times put back, as a fault of the disk or a careful program would leave them.
void poke_unseen(const std::string& path, off_t offset, char byte) {
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  poke(path, offset, byte);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

const Harm kHarms[] = {
    {"empty", [](const std::string& path) { fs::resize_file(path, 0); }},
    {"a few bytes", [](const std::string& path) { fs::resize_file(path, 100); }},
    {"a block short", [](const std::string& path) { fs::resize_file(path, fs::file_size(path) - 4096); }},
    {"no whole blocks", [](const std::string& path) { fs::resize_file(path, fs::file_size(path) - 1); }},
    {"a block long", [](const std::string& path) { fs::resize_file(path, fs::file_size(path) + 4096); }},
    {"no magic", [](const std::string& path) { poke_unseen(path, 1024, 0); }},
    {"another superblock", [](const std::string& path) { poke_unseen(path, 1024 + 60, 'x'); }},
    {"another root inode", [](const std::string& path) { poke_unseen(path, 1024 + 128 + 4, 'x'); }},
    {"written to", [](const std::string& path) { poke(path, 4096, 'x'); }},
};

TEST_F(ImageCacheTest, MakesADamagedImageOfADirectoryAnew) {
  for (const Harm& harm : kHarms) {
    run();
    const std::string path = only_file(cache_.directories(), ".erofs");
    fs::permissions(path, fs::perms(0600));
    harm.inflict(path);
    RootImage image;
    EXPECT_EQ(error_of([&] { image = run(); }), "") << harm.name;
    if (!image.fd) continue;
    const test::ErofsReader reader(image.erofs_path);
    ASSERT_TRUE(reader.files().contains("/etc/hosts")) << harm.name;
    EXPECT_EQ(reader.files().at("/etc/hosts").data, "127.0.0.1 localhost\n") << harm.name;
    struct stat status {};
    ASSERT_EQ(::stat(image.erofs_path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0400u) << harm.name << ": this is the damaged file";
  }
}

TEST_F(ImageCacheTest, SaysHowToGetADamagedNamedImageBack) {
  const std::string source = fs::canonical(tree_.path());
  for (const Harm& harm : kHarms) {
    import("box");
    const std::string path = cache_.images() + "/box.erofs";
    fs::permissions(path, fs::perms(0600));
    harm.inflict(path);
    const std::string text = error_of([&] { resolve("box", cache_); });
    EXPECT_NE(text.find("damaged"), std::string::npos) << harm.name << ": " << text;
    EXPECT_NE(text.find("husk image import " + source + " box"), std::string::npos) << harm.name << ": " << text;
    EXPECT_EQ(error_of([&] { EXPECT_EQ(list_images(cache_).size(), 1u); }), "") << harm.name;
  }
  // It can be removed like any other.
  EXPECT_EQ(error_of([&] { remove_image("box", cache_); }), "");

  test::TemporaryTree passing;
  passing.write("file", "x");
  import_directory(passing.path(), "box", cache_);
  fs::permissions(cache_.images() + "/box.erofs", fs::perms(0600));
  fs::resize_file(cache_.images() + "/box.erofs", 4096);
  fs::remove_all(passing.path());
  expect_refusal([&] { resolve("box", cache_); }, "which is gone");
}

TEST_F(ImageCacheTest, WhoRunsFromAnImageKeepsIt) {
  import("box");
  const RootImage running = resolve("box", cache_);
  const auto mapped = [&] {
    void* address = ::mmap(nullptr, running.size, PROT_READ, MAP_SHARED, running.fd.get(), 0);
    const std::string bytes(static_cast<const char*>(address), running.size);
    ::munmap(address, running.size);
    return bytes;
  };
  const std::string before = mapped();
  tree_.write("etc/hosts", "changed\n");
  import("box");
  EXPECT_TRUE(mapped() == before) << "after an import of the same name";
  remove_image("box", cache_);
  EXPECT_TRUE(mapped() == before) << "after rm";
  EXPECT_EQ(::fcntl(running.fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

// ---------------------------------------------------------------- changes that leave no trace in a file's times

TEST_F(ImageCacheTest, SeesStoresToAPageThatWasDirtyBefore) {
  struct statfs file_system {};
  ASSERT_EQ(::statfs(tree_.path().c_str(), &file_system), 0);
  if (file_system.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs does not tell; docs/image-format.md says so";
  tree_.write("data", "0000");
  const int fd = ::open((tree_ / "data").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  auto* const page = static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  ASSERT_NE(page, MAP_FAILED);
  ::close(fd);
  page[0] = 'a';  // dirty from here on, without a sync
  for (const char letter : {'b', 'c', 'd'}) {
    run();
    page[0] = letter;
    EXPECT_EQ(test::ErofsReader(run().erofs_path).files().at("/data").data, std::string(1, letter) + "000");
  }
  ::munmap(page, 4096);
}

TEST_F(ImageCacheTest, ConvergesOnTheLastOfManyQuickEdits) {
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> done{false};
    std::atomic<bool> started{false};
    std::string last;
    std::thread writer([&] {
      for (int i = 0; i < 400 && !done; ++i) {
        last = "round " + std::to_string(round) + " edit " + std::to_string(1000 + i);
        tree_.write("etc/hosts", last);
        started = true;
        std::this_thread::sleep_for(std::chrono::microseconds(500 * (i % 7)));
      }
    });
    while (!started) std::this_thread::yield();
    error_of([&] { run(); });  // may say that the files keep changing
    done = true;
    writer.join();
    EXPECT_EQ(test::ErofsReader(run().erofs_path).files().at("/etc/hosts").data, last);
  }
}

// ---------------------------------------------------------------- sizes

// Two files that claim 2^63 - 1 bytes each: whoever adds their blocks up in 64 bits gets 0.
TEST_F(ImageCacheTest, RefusesSparseFilesThatNoImageCanHold) {
  std::string pattern = "/dev/shm/husk-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) GTEST_SKIP() << "no /dev/shm";
  for (const char* name : {"/one", "/two"}) {
    std::ofstream(pattern + name) << "x";
    if (::truncate((pattern + name).c_str(), std::numeric_limits<off_t>::max()) != 0) {
      fs::remove_all(pattern);
      GTEST_SKIP() << "/dev/shm does not take files of 2^63 - 1 bytes";
    }
  }
  // In a child that cannot fill the disk if it is not refused.
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string text = error_of([&] { resolve(pattern, cache_); });
    std::fprintf(stderr, "%s\n", text.c_str());
    ::_exit(text.find("16 TiB") != std::string::npos ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  fs::remove_all(pattern);
}

// ---------------------------------------------------------------- leftovers

TEST_F(ImageCacheTest, SweepsWhatAKilledImportLeft) {
  for (int i = 0; i < 300; ++i) tree_.write("data/" + std::to_string(i), std::string(100'000, 'd'));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    error_of([&] { import("killed"); });
    ::_exit(0);
  }
  bool seen = false;
  for (int i = 0; i < 10'000 && !seen && ::waitpid(child, nullptr, WNOHANG) == 0; ++i) {
    seen = fs::exists(cache_.images()) && count(cache_.images(), ".tmp") > 0;
    if (!seen) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(seen) << "the import was not caught at work";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  fs::remove_all(tree_ / "data");
  // The builder's helper dies with it, but not in the same instant.
  for (int i = 0; i < 500 && count(cache_.images(), ".tmp") > 0; ++i) {
    import("other");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(count(cache_.images(), ".tmp"), 0u);
  import("killed");
}

// ---------------------------------------------------------------- who makes the image

TEST_F(ImageCacheTest, BuildsWhileItsParentIgnoresChildren) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(error_of([&] { run(); }), "");
  EXPECT_EQ(::signal(SIGCHLD, before), SIG_IGN);
}

std::string field(const std::string& status, const std::string& name) {
  const std::size_t at = status.find("\n" + name + ":");
  if (at == std::string::npos) return "(none)";
  const std::size_t start = status.find_first_not_of(" \t", at + name.size() + 2);
  return status.substr(start, status.find('\n', start) - start);
}

// What /proc says of this process's child `name` while it runs; kills it then.
struct Seen {
  std::string status, environment, limits;
  std::set<int> descriptors;
};
Seen observe_child(const std::string& name) {
  Seen seen;
  const std::string children = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  for (int i = 0; i < 20'000; ++i) {
    std::ifstream list(children);
    for (pid_t pid = 0; list >> pid;) {
      const std::string proc = "/proc/" + std::to_string(pid);
      // The filter comes last: it is past all preparations.
      if (contents(proc + "/comm") != name + "\n") continue;
      seen.status = contents(proc + "/status");
      if (field(seen.status, "Seccomp") != "2") continue;
      seen.environment = contents(proc + "/environ");
      seen.limits = contents(proc + "/limits");
      for (const auto& entry : fs::directory_iterator(proc + "/fd")) {
        seen.descriptors.insert(std::stoi(entry.path().filename()));
      }
      ::kill(pid, SIGKILL);
      return seen;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return seen;
}

TEST_F(ImageCacheTest, MakesImagesWithoutPrivileges) {
  // Enough to be caught at work, and nothing that has to be written to the disk before: blocks that are allocated are read
  // as zeros.
  tree_.write("large", "x");
  const UniqueFd large(::open((tree_ / "large").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::posix_fallocate(large.get(), 0, 128 << 20), 0);
  ::setenv("HUSK_TEST_SECRET", "hunter2", 1);
  const int inherited = ::fcntl(STDERR_FILENO, F_DUPFD, 100);  // without FD_CLOEXEC
  ASSERT_GE(inherited, 100);
  Seen seen;
  std::thread observer([&] { seen = observe_child("husk-image"); });
  error_of([&] { run(); });
  observer.join();
  ::close(inherited);
  ::unsetenv("HUSK_TEST_SECRET");

  ASSERT_FALSE(seen.status.empty()) << "it was not caught at work";
  const bool root = ::geteuid() == 0;
  if (root) {
    const std::uint64_t user = std::stoull(field(seen.status, "Uid"));
    EXPECT_GE(user, kFirstUser);
    EXPECT_LE(user, kLastUser);
    const std::string id = std::to_string(user);
    const std::string all = id + "\t" + id + "\t" + id + "\t" + id;
    EXPECT_EQ(field(seen.status, "Uid"), all);
    EXPECT_EQ(field(seen.status, "Gid"), all);
    EXPECT_EQ(field(seen.status, "Groups"), "");
    EXPECT_EQ(field(seen.status, "CapBnd"), "0000000000000004");
  }
  // CAP_DAC_READ_SEARCH is number 2: root's tree may have files that only their owners can read.
  for (const char* set : {"CapPrm", "CapEff"}) {
    EXPECT_EQ(field(seen.status, set), root ? "0000000000000004" : "0000000000000000") << set;
  }
  for (const char* set : {"CapInh", "CapAmb"}) EXPECT_EQ(field(seen.status, set), "0000000000000000") << set;
  EXPECT_EQ(field(seen.status, "NoNewPrivs"), "1");
  EXPECT_EQ(field(seen.status, "Seccomp"), "2");
  EXPECT_EQ(field(seen.status, "SigIgn").find_first_not_of('0'), field(seen.status, "SigIgn").size() - 7)
      << "only SIGXFSZ is ignored: " << field(seen.status, "SigIgn");
  EXPECT_EQ(seen.environment.find("hunter2"), std::string::npos);
  EXPECT_FALSE(seen.descriptors.contains(inherited));
  EXPECT_NE(seen.limits.find("Max core file size        0 "), std::string::npos) << seen.limits;
  EXPECT_EQ(seen.limits.find("Max file size             unlimited"), std::string::npos) << seen.limits;
}

// Everything that a hostile tree can hold and that an image can store.
TEST_F(ImageCacheTest, BuildsFromAHostileTree) {
  std::string deep = "deep";
  for (int i = 0; i < 300; ++i) deep += "/d";
  tree_.write(deep + "/file", "bottom");
  for (const char* name : {"new\nline", "\x1b[2Jescape", "\xff\xfe", "-U", "a b", "%s%n", "\\", "...."}) {
    tree_.write(name, name);
  }
  fs::create_symlink("/proc/self/fd/3", tree_ / "magic");
  fs::create_symlink("loop", tree_ / "loop");
  ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0), 0);
  tree_.write("secret", "unreadable");
  ASSERT_EQ(::chmod((tree_ / "secret").c_str(), ::geteuid() == 0 ? 0 : 0400), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::mknod((tree_ / "zero").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
    ASSERT_EQ(::mknod((tree_ / "disk").c_str(), S_IFBLK | 0600, makedev(7, 99)), 0);
    fs::create_directory(tree_ / "theirs");
    tree_.write("theirs/file", "x");
    ASSERT_EQ(::chown((tree_ / "theirs").c_str(), kStranger, kStranger), 0);
    ASSERT_EQ(::chmod((tree_ / "theirs").c_str(), 0700), 0);
  }
  const test::ErofsReader reader(run().erofs_path);
  const auto data = [&](const std::string& path) {
    return reader.files().contains(path) ? reader.files().at(path).data : "(missing)";
  };
  EXPECT_EQ(data("/" + deep + "/file"), "bottom");
  EXPECT_EQ(data("/new\nline"), "new\nline");
  EXPECT_EQ(data("/-U"), "-U");
  EXPECT_EQ(data("/magic"), "/proc/self/fd/3");
  EXPECT_EQ(data("/secret"), "unreadable");
  if (::geteuid() == 0) {
    EXPECT_EQ(data("/theirs/file"), "x");
    EXPECT_EQ(reader.files().at("/theirs").uid, kStranger);
  }
}

}  // namespace
}  // namespace husk::image
