// Path walks and changes of the tree, on a RAM file system over an EROFS image and on a plain tmpfs.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "fs/file_table.h"
#include "fs/fs.h"
#include "fs/pipe.h"
#include "fs/ram/ram_fs.h"
#include "fs/splice.h"
#include "fs/vfs.h"
#include "fs_image.h"

namespace husk::test {
namespace {

using kernel::Errno;
using kernel::Ref;
using kernel::mm::IoBuffer;
namespace fs = kernel::fs;

// Errors print as numbers.
template <typename T>
int error_of(const kernel::Result<T>& result) {
  return static_cast<int>(result.error());
}
constexpr int kOk = 0;
int code(Errno error) {
  return static_cast<int>(error);
}

class Tree : public testing::Test {
 protected:
  void over_image() {
    TemporaryTree tree;
    tree.write("etc/passwd", "root:x:0:0\n");
    tree.write("bin/tool", std::string(10'000, 'T'));
    tree.write("bin/second", "second");
    std::filesystem::create_hard_link(tree.path() / "bin/second", tree.path() / "bin/third");
    tree.write("dir/a/b/c", "deep");
    std::filesystem::create_symlink("../etc/passwd", tree.path() / "bin/relative");
    std::filesystem::create_symlink("/etc", tree.path() / "absolute");
    std::filesystem::create_symlink("loop2", tree.path() / "loop1");
    std::filesystem::create_symlink("loop1", tree.path() / "loop2");
    std::filesystem::create_symlink("nowhere", tree.path() / "dangling");
    std::filesystem::permissions(tree.path() / "bin/tool", std::filesystem::perms(0755));
    for (int i = 0; i < 40; ++i) tree.write("list/f" + std::to_string(i), "");
    std::filesystem::permissions(tree.path(), std::filesystem::perms(0755));
    image_.emplace(tree.path(), "--all-root");
    std::string_view why;
    auto image = fs::erofs::Image::open(image_->bytes(), why);
    ASSERT_TRUE(image.ok()) << why;
    mount(fs::RamFs::create_over(image.value()).take());
  }
  void empty() { mount(fs::RamFs::create("tmpfs", 0755).take()); }

  void mount(Ref<fs::RamFs> file_system) {
    auto mounted = fs::add_mount(file_system, fs::Path{}, "test", 0).take();
    root_ = fs::Path{mounted, mounted->root};
    machine_.task().fs = kernel::make_ref<fs::FsContext>(root_, root_).take();
  }

  const fs::Path& cwd() { return machine_.task().fs->working_directory; }
  kernel::Result<Ref<fs::File>> open(std::string_view path, std::uint32_t flags = fs::kReadOnly,
                                     std::uint32_t mode = 0644) {
    return fs::open(cwd(), path, flags, mode);
  }
  int try_open(std::string_view path, std::uint32_t flags = fs::kReadOnly) { return error_of(open(path, flags)); }
  int write(std::string_view path, std::string_view text,
            std::uint32_t flags = fs::kCreate | fs::kTruncate | fs::kWriteOnly) {
    auto file = open(path, flags);
    if (!file) return error_of(file);
    IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(text.data(), text.size())));
    auto count = file.value()->write(buffer);
    return count && count.value() == text.size() ? 0 : error_of(count);
  }
  std::string read(std::string_view path) {
    auto file = open(path);
    if (!file) return "error " + std::to_string(error_of(file));
    std::string text(100'000, '\0');
    auto count = file.value()->read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
    if (!count) return "error " + std::to_string(error_of(count));
    text.resize(count.value());
    return text;
  }
  fs::Metadata stat(std::string_view path, fs::LastLink last = fs::LastLink::kFollow) {
    auto found = fs::resolve(cwd(), path, last);
    EXPECT_TRUE(found.ok()) << path << " " << error_of(found);
    if (!found) return {};
    return found.value().dentry->inode()->metadata().take();
  }
  std::set<std::string> list(std::string_view path) {
    class Visitor final : public fs::DirectoryVisitor {
     public:
      bool entry(std::string_view name, std::uint64_t, fs::FileType, std::uint64_t) override {
        if (taken++ == 5) return false;  // in pieces, as getdents does
        EXPECT_TRUE(names.emplace(name).second) << name << " came twice";
        return true;
      }
      std::set<std::string> names;
      int taken = 0;
    } visitor;
    auto file = open(path, fs::kDirectoryOnly);
    if (!file) return {"error"};
    std::size_t before;
    do {
      before = visitor.names.size();
      visitor.taken = 0;
      EXPECT_TRUE(file.value()->iterate(visitor).ok());
    } while (visitor.names.size() != before);
    visitor.names.erase(".");
    visitor.names.erase("..");
    return visitor.names;
  }
  int mkdir(std::string_view path) { return error_of(fs::make_directory(cwd(), path, 0755)); }
  int unlink(std::string_view path) { return error_of(fs::unlink(cwd(), path)); }
  int rmdir(std::string_view path) { return error_of(fs::remove_directory(cwd(), path)); }
  int rename(std::string_view from, std::string_view to, std::uint32_t flags = 0) {
    return error_of(fs::rename(cwd(), from, cwd(), to, flags));
  }
  int link(std::string_view from, std::string_view to) {
    auto source = fs::resolve(cwd(), from, fs::LastLink::kKeep);
    return source ? error_of(fs::make_link(source.value(), cwd(), to)) : error_of(source);
  }
  std::string text(const fs::Path& path) { return std::string(fs::path_text(path, root_).take().view()); }
  void become(std::uint32_t uid, std::uint32_t gid) {
    auto& credentials = machine_.task().credentials;
    credentials.uid = credentials.euid = credentials.suid = credentials.fsuid = uid;
    credentials.gid = credentials.egid = credentials.sgid = credentials.fsgid = gid;
  }

  Kernel machine_{4096};
  std::optional<ErofsImage> image_;
  fs::Path root_;
};

TEST_F(Tree, WalksPaths) {
  over_image();
  EXPECT_EQ(read("/etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("etc//.//../etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("/../../etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("bin/relative"), "root:x:0:0\n");
  EXPECT_EQ(read("absolute/passwd"), "root:x:0:0\n");
  EXPECT_EQ(try_open("loop1"), code(Errno::kLoop));
  EXPECT_EQ(try_open("dangling"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("absent"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("absent/x"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("etc/passwd/x"), code(Errno::kNotDir));
  EXPECT_EQ(try_open("etc/passwd/"), code(Errno::kNotDir));
  EXPECT_EQ(try_open(""), code(Errno::kNoEnt));
  EXPECT_EQ(try_open(std::string(256, 'n')), code(Errno::kNameTooLong));
  EXPECT_EQ(try_open("absolute", fs::kNoFollow), code(Errno::kLoop));
  EXPECT_EQ(try_open("absolute/", fs::kNoFollow | fs::kDirectoryOnly), kOk);
  EXPECT_EQ(try_open("etc/passwd", fs::kDirectoryOnly), code(Errno::kNotDir));
  EXPECT_EQ(try_open("etc", fs::kWriteOnly), code(Errno::kIsDir));
  EXPECT_TRUE(kernel::fs::change_directory("dir/a").ok());
  EXPECT_EQ(read("b/c"), "deep");
  EXPECT_EQ(text(cwd()), "/dir/a");
  EXPECT_EQ(read("../../absolute/passwd"), "root:x:0:0\n");
}

TEST_F(Tree, CreatesAndWritesOverTheImage) {
  over_image();
  EXPECT_EQ(write("etc/new", "fresh"), kOk);
  EXPECT_EQ(read("etc/new"), "fresh");
  EXPECT_EQ(try_open("etc/new", fs::kCreate | fs::kExclusive | fs::kWriteOnly), code(Errno::kExist));
  EXPECT_EQ(write("dangling", "through the link"), kOk);
  EXPECT_EQ(read("nowhere"), "through the link");
  const auto before = stat("etc/passwd");
  EXPECT_EQ(write("etc/passwd", "changed", fs::kWriteOnly | fs::kTruncate), kOk);
  EXPECT_EQ(read("etc/passwd"), "changed");
  const auto after = stat("etc/passwd");
  EXPECT_EQ(before.inode, after.inode);
  EXPECT_EQ(before.device, after.device);
  EXPECT_EQ(after.size, 7U);
  // Appending copies what was there.
  EXPECT_EQ(write("bin/tool", "tail", fs::kWriteOnly | fs::kAppend), kOk);
  EXPECT_EQ(read("bin/tool"), std::string(10'000, 'T') + "tail");
  EXPECT_EQ(list("etc"), (std::set<std::string>{"new", "passwd"}));
}

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

TEST_F(Tree, ChecksPermissions) {
  over_image();
  EXPECT_EQ(mkdir("private"), kOk);
  EXPECT_EQ(write("private/file", "secret"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "private", fs::LastLink::kFollow).value(), 0700)), kOk);
  EXPECT_EQ(mkdir("shared"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "shared", fs::LastLink::kFollow).value(), 01777)), kOk);
  EXPECT_EQ(write("shared/roots", ""), kOk);
  become(1000, 1000);
  EXPECT_EQ(try_open("private/file"), code(Errno::kAcces));
  EXPECT_EQ(try_open("private"), code(Errno::kAcces));
  EXPECT_EQ(try_open("etc/passwd", fs::kWriteOnly), code(Errno::kAcces));
  EXPECT_EQ(write("etc/new", ""), code(Errno::kAcces));
  EXPECT_EQ(write("shared/mine", ""), kOk);
  EXPECT_EQ(stat("shared/mine").uid, 1000U);
  EXPECT_EQ(unlink("shared/roots"), code(Errno::kPerm)) << "sticky";
  EXPECT_EQ(unlink("shared/mine"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "etc", fs::LastLink::kFollow).value(), 0777)),
            code(Errno::kPerm));
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin/tool")), kOk);
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin/second")), code(Errno::kAcces));
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin")), code(Errno::kAcces));
}

TEST_F(Tree, SparseFilesAndTruncation) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  const std::string end = "end";
  IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(end.data(), end.size())));
  EXPECT_EQ(file->write_at(1 << 20, buffer).value(), 3U);
  EXPECT_EQ(stat("f").size, (1U << 20) + 3);
  EXPECT_EQ(stat("f").blocks, 8U);
  std::string read_back(10, 'x');
  EXPECT_EQ(file->read_at((1 << 20) - 7, std::as_writable_bytes(std::span(read_back.data(), 10))).value(), 10U);
  EXPECT_EQ(read_back, std::string(7, '\0') + "end");
  ASSERT_TRUE(file->inode().truncate((1 << 20) + 1).ok());
  ASSERT_TRUE(file->inode().truncate((1 << 20) + 3).ok());
  EXPECT_EQ(file->read_at(1 << 20, std::as_writable_bytes(std::span(read_back.data(), 3))).value(), 3U);
  EXPECT_EQ(read_back.substr(0, 3), std::string("e\0\0", 3)) << "what was cut off reads as zero";
}

TEST_F(Tree, FullIsNoSpace) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  const std::string chunk(1 << 20, 'x');
  int failure = 0;
  for (int i = 0; i < 100 && failure == 0; ++i) {
    IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
    failure = error_of(file->write(buffer));
  }
  EXPECT_EQ(failure, code(Errno::kNoSpc));
  EXPECT_GT(machine_.frames_total - machine_.frames_used, 50U) << "a reserve is left";
  file = nullptr;
  EXPECT_EQ(unlink("f"), kOk);
  EXPECT_LT(machine_.frames_used, 10U) << "and all of it came back";
}

// What fails leaves the file as it was: its size, its contents and what it holds.
TEST_F(Tree, AllocationIsAllOrNothing) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  ASSERT_EQ(write("f", "some text"), kOk);
  const auto before = stat("f");
  const std::uint64_t used = machine_.frames_used;
  constexpr int kKeepSize = 1, kPunchHole = 2;
  const std::uint64_t all = machine_.frames_total * 4096;
  for (const int mode : {0, kKeepSize}) {
    for (const std::uint64_t length : {all - (100 << 12), all, all * 1000, (std::uint64_t{1} << 43) - 1}) {
      EXPECT_EQ(error_of(file->allocate(mode, 0, length)), code(Errno::kNoSpc)) << mode << " " << length;
      EXPECT_EQ(stat("f").size, before.size);
      EXPECT_EQ(stat("f").blocks, before.blocks);
      EXPECT_EQ(machine_.frames_used, used);
    }
  }
  std::string text(9, ' ');
  EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text.data(), 9))).value(), 9U);
  EXPECT_EQ(text, "some text");
  EXPECT_EQ(error_of(file->allocate(kKeepSize, 0, 1 << 20)), kOk);
  EXPECT_EQ(stat("f").size, before.size);
  EXPECT_EQ(stat("f").blocks, 8U * 256);
  EXPECT_EQ(error_of(file->allocate(kPunchHole | kKeepSize, 2, 3)), kOk);
  EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text.data(), 9))).value(), 9U);
  EXPECT_EQ(text, std::string("so\0\0\0text", 9));
}

// A write from memory that is not there neither moves the end of the file nor fills a hole.
TEST_F(Tree, FailedWritesLeaveNoTrace) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  ASSERT_EQ(write("f", "text"), kOk);
  const std::uint64_t used = machine_.frames_used;
  IoBuffer bad = IoBuffer::user(16, 100);
  EXPECT_EQ(error_of(file->write_at(1 << 20, bad)), code(Errno::kFault));
  EXPECT_EQ(stat("f").size, 4U);
  EXPECT_EQ(machine_.frames_used, used);
}

// What was looked up before a directory's mutex had to be waited for is looked up again afterwards.
TEST_F(Tree, NamesAreLookedUpAgainAfterAWait) {
  over_image();
  const auto other = machine_.make_task();
  kernel::task::Mutex& mutex = root_.dentry->inode()->mutex;
  // While the task waits for the root directory, the other one, which has it, does `meanwhile`, and lets go.
  const auto contended = [&](auto meanwhile, auto operation) {
    machine_.run(other.get());
    mutex.lock();
    machine_.run(nullptr);
    int waits = 0;
    machine_.on_block = [&] {
      ++waits;
      machine_.run(other.get());
      meanwhile();
      mutex.unlock();
      machine_.run(nullptr);
    };
    const int result = operation();
    machine_.on_block = nullptr;
    EXPECT_EQ(waits, 1);
    EXPECT_TRUE(mutex.is_free());
    return result;
  };
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

// A page of the payload's that is not there at once: what was moved before it is not moved twice, and not lost.
class Withheld final : public kernel::mm::PendingPage {
 public:
  kernel::Result<void> wait() override {
    ++waits;
    Kernel& machine = Kernel::current();
    machine.withheld_page += machine.withheld_page < last ? kernel::mm::kPageSize : 0;
    if (waits % 2 == 0) machine.withheld = nullptr;  // it was not there yet the first time
    return killed ? kernel::Result<void>(Errno::kIntr) : kernel::Result<void>();
  }
  int waits = 0;
  std::uint64_t last = 0;
  bool killed = false;
};

TEST_F(Tree, TransfersWaitForPagesOfThePayload) {
  empty();
  alignas(4096) static char memory[6 * 4096];
  struct Iovec {
    const void* base;
    std::size_t length;
  };
  const auto address = [](const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); };
  for (std::size_t i = 0; i < sizeof memory; ++i) memory[i] = static_cast<char>(i % 251);
  std::string expected;
  const Iovec parts[] = {{memory + 10, 4000}, {memory + 4090, 8300}, {memory + 20'000, 1000}, {memory, 3}};
  for (const Iovec& part : parts) expected.append(static_cast<const char*>(part.base), part.length);
  for (std::size_t page = 0; page < 6; ++page) {
    const auto withheld = kernel::make_ref<Withheld>().take();
    const auto withhold = [&] { machine_.withheld_page = address(memory) + page * 4096, machine_.withheld = withheld; };
    auto file = open("f" + std::to_string(page), fs::kReadWrite | fs::kCreate).take();
    withhold();
    IoBuffer source = IoBuffer::from_iovec(address(parts), 4).take();
    EXPECT_EQ(file->write(source).value(), expected.size()) << page;
    std::string got(expected.size(), '-');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(got))).value(), got.size());
    EXPECT_EQ(got, expected) << page;

    alignas(4096) static char target[6 * 4096];
    const Iovec into[] = {{target + 4000, 200}, {target + 8000, 300}, {target, 3}, {target + 12'000, 10'000}};
    machine_.withheld_page = address(target) + page * 4096, machine_.withheld = withheld;
    IoBuffer room = IoBuffer::from_iovec(address(into), 4).take();
    EXPECT_EQ(file->read_at(0, room).value(), 10'503u);
    std::string read;
    for (const Iovec& part : into) read.append(static_cast<const char*>(part.base), part.length);
    EXPECT_EQ(read, expected.substr(0, 10'503)) << page;
  }
  // Who is killed while he waits has moved what he has moved.
  const auto withheld = kernel::make_ref<Withheld>().take();
  withheld->killed = true;
  machine_.withheld_page = address(memory) + 4096, machine_.withheld = withheld;
  auto file = open("killed", fs::kReadWrite | fs::kCreate).take();
  IoBuffer source = IoBuffer::user(address(memory), sizeof memory);
  EXPECT_EQ(file->write(source).value(), 4096u);
  EXPECT_EQ(error_of(file->write(source)), code(Errno::kIntr));
  EXPECT_EQ(withheld->waits, 2);
  machine_.withheld = nullptr;
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

TEST_F(Tree, PipesKeepOrderAndBounds) {
  empty();
  auto ends = fs::make_pipe(fs::kNonBlock).take();
  std::mt19937 generator(7);
  std::string sent, received;
  for (int i = 0; i < 2000; ++i) {
    std::string chunk(1 + generator() % 9000, ' ');
    for (char& c : chunk) c = static_cast<char>(generator());
    IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
    auto written = ends.writer->write(buffer);
    if (written) {
      EXPECT_TRUE(chunk.size() > 4096 || written.value() == chunk.size()) << "PIPE_BUF bytes go in at once";
      sent += chunk.substr(0, written.value());
    } else {
      EXPECT_EQ(error_of(written), code(Errno::kAgain));
    }
    std::string space(1 + generator() % 9000, ' ');
    IoBuffer into = IoBuffer::kernel(std::as_writable_bytes(std::span(space.data(), space.size())));
    auto got = ends.reader->read(into);
    if (got) received += space.substr(0, got.value());
    if (i % 100 == 50) (void)fs::set_pipe_capacity(*ends.reader, 4096u << (generator() % 6)).ok();
  }
  ends.writer = nullptr;
  std::string rest(1 << 20, ' ');
  IoBuffer into = IoBuffer::kernel(std::as_writable_bytes(std::span(rest.data(), rest.size())));
  received += rest.substr(0, ends.reader->read(into).value());
  EXPECT_EQ(sent, received);
  EXPECT_EQ(ends.reader->read(into).value(), 0U) << "end of file";
  ends.reader = nullptr;
  EXPECT_EQ(machine_.frames_used, 0U);
}

// Bytes wander through three pipes by read, write, splice and tee, and pages are shared on the way: all arrive in order.
TEST_F(Tree, SplicedBytesKeepOrder) {
  empty();
  auto first = fs::make_pipe(fs::kNonBlock).take();
  auto second = fs::make_pipe(fs::kNonBlock).take();
  auto copy = fs::make_pipe(fs::kNonBlock).take();
  std::mt19937 generator(11);
  std::string sent, received, teed, seen;
  const auto read_some = [&](fs::File& file, std::string& into) {
    std::string space(1 + generator() % 9000, ' ');
    IoBuffer buffer = IoBuffer::kernel(std::as_writable_bytes(std::span(space.data(), space.size())));
    if (auto got = file.read(buffer)) into += space.substr(0, got.value());
  };
  for (int i = 0; i < 4000; ++i) {
    switch (generator() % 5) {
      case 0: {
        std::string chunk(1 + generator() % 9000, ' ');
        for (char& c : chunk) c = static_cast<char>(generator());
        IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
        if (auto written = first.writer->write(buffer)) sent += chunk.substr(0, written.value());
        break;
      }
      case 1:
        (void)fs::splice(*first.reader, nullptr, *second.writer, nullptr, 1 + generator() % 20'000, true).ok();
        break;
      case 2: {
        // What is at the front of the second pipe: what was received so far ends where it begins.
        auto count = fs::tee(*second.reader, *copy.writer, 1 + generator() % 9000, true);
        if (!count) break;
        const std::size_t from = received.size();
        seen.clear();
        while (seen.size() < count.value()) read_some(*copy.reader, seen);
        ASSERT_EQ(seen, sent.substr(from, count.value()));
        break;
      }
      case 3:
        read_some(*second.reader, received);
        break;
      default:
        if (generator() % 50 == 0) (void)fs::set_pipe_capacity(*second.reader, 4096u << (generator() % 6)).ok();
    }
    ASSERT_EQ(received, sent.substr(0, received.size()));
  }
  EXPECT_GT(received.size(), 100'000U);
  first = second = copy = {};
  EXPECT_EQ(machine_.frames_used, 0U);
}

TEST_F(Tree, WritingToNobodyIsSigpipe) {
  empty();
  auto ends = fs::make_pipe(0).take();
  ends.reader = nullptr;
  std::byte data[1] = {};
  IoBuffer buffer = IoBuffer::kernel_source(data);
  EXPECT_EQ(error_of(ends.writer->write(buffer)), code(Errno::kPipe));
  EXPECT_EQ(machine_.signals, std::vector<int>{kernel::task::kSigPipe});
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
