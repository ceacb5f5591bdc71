// What the tests of path walks and of changes of the tree share: a RAM file system over an EROFS image, or a plain tmpfs.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "fs/file_table.h"
#include "fs/fs.h"
#include "fs/ram/ram_fs.h"
#include "fs/vfs.h"
#include "fs_image.h"

namespace husk::test {

using kernel::Errno;
using kernel::Ref;
using kernel::mm::IoBuffer;
namespace fs = kernel::fs;

// Errors print as numbers.
template <typename T>
int error_of(const kernel::Result<T>& result) {
  return static_cast<int>(result.error());
}
inline constexpr int kOk = 0;
inline int code(Errno error) {
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

  // Does `operation`; while the task waits for the root directory, another one, which has it, does `meanwhile`, and lets go.
  template <typename Meanwhile, typename Operation>
  auto contended(Meanwhile meanwhile, Operation operation) {
    const auto other = machine_.make_task();
    kernel::task::Mutex& mutex = root_.dentry->inode()->mutex;
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
    auto result = operation();
    machine_.on_block = nullptr;
    EXPECT_EQ(waits, 1);
    EXPECT_TRUE(mutex.is_free());
    return result;
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

}  // namespace husk::test
