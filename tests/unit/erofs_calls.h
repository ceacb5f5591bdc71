// Calls of the EROFS writer made of bytes, a model of what they should leave, and a look at whether the image has it. For random
// bytes, and for bytes that a fuzzer chose.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/erofs_reader.h"
#include "vmm/error.h"
#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"

namespace husk::test {

class ErofsCalls {
 public:
  explicit ErofsCalls(std::span<const std::uint8_t> bytes)
      : bytes_(bytes),
        fd_(::memfd_create("image", MFD_CLOEXEC)),
        writer_(fd_.get(), {.uuid = {}, .limits = {.image = 64 << 20, .entries = 300, .memory = 1 << 20}}) {
    directories_.push_back({image::erofs::NodeId::kRoot, ""});
    model_[""] = std::make_shared<File>(
        File{.id = image::erofs::NodeId::kRoot, .mode = S_IFDIR | 0755, .data = {}, .xattrs = {}});
  }

  void run() {
    while (!bytes_.empty()) call();
    writer_.finish();
    compare();
  }

 private:
  using NodeId = image::erofs::NodeId;
  struct File {
    NodeId id;
    std::uint16_t mode;
    std::string data;
    std::map<std::string, std::string> xattrs;
  };
  struct Directory {
    NodeId id;
    std::string path;
  };

  std::size_t take(std::size_t below) {
    std::size_t value = 0;
    for (std::size_t most = 1; most < below && !bytes_.empty(); most *= 256, bytes_ = bytes_.subspan(1)) {
      value = value * 256 + bytes_.front();
    }
    return value % below;
  }

  // Few names, so that some meet; some of them long, so that directories have several blocks; some that are none.
  std::string take_name() {
    static constexpr std::array<std::size_t, 8> kLengths = {1, 1, 2, 3, 40, 200, 255, 256};
    static constexpr std::string_view kFirst = "+-.abc/";
    const std::size_t length = kLengths[take(kLengths.size())];
    return std::string(1, kFirst[take(kFirst.size())]) + std::string(length - 1, static_cast<char>('.' + take(50)));
  }

  std::string take_data() {
    static constexpr std::array<std::size_t, 8> kSizes = {0, 1, 100, 4000, 4095, 4096, 4097, 70'000};
    return std::string(kSizes[take(kSizes.size())] + take(4), static_cast<char>(take(3)));
  }

  // A call that is refused must leave everything as it was.
  template <typename Make>
  void add(const Directory& directory, const std::string& name, std::uint16_t mode, std::string data,
           const Make& make) {
    const std::string path = directory.path + "/" + name;
    try {
      const NodeId id = make();
      EXPECT_FALSE(model_.contains(path)) << path;
      model_[path] = std::make_shared<File>(File{.id = id, .mode = mode, .data = std::move(data), .xattrs = {}});
      if (S_ISDIR(mode)) directories_.push_back({id, path});
    } catch (const Error&) {
    }
  }

  void add_file(const Directory& directory, const std::string& name) {
    const std::string data = take_data();
    add(directory, name, S_IFREG | 0644, data, [&] {
      const NodeId id = writer_.begin_file(directory.id, name, {.mode = S_IFREG | 0644});
      if (data.find_first_not_of('\0') == std::string::npos) {
        writer_.append_zeros(data.size());
      } else {
        writer_.append(std::as_bytes(std::span(data)));
      }
      writer_.end_file();
      return id;
    });
  }

  void call() {
    const Directory directory = directories_[take(directories_.size())];
    const std::string name = take_name();
    const std::string path = directory.path + "/" + name;
    switch (take(8)) {
      case 0:
      case 1:
        return add_file(directory, name);
      case 2:
        return add(directory, name, S_IFDIR | 0700, {},
                   [&] { return writer_.add_directory(directory.id, name, {.mode = S_IFDIR | 0700}); });
      case 3: {
        std::string target = take_data();
        return add(directory, name, S_IFLNK | 0777, target,
                   [&] { return writer_.add_symlink(directory.id, name, {.mode = S_IFLNK | 0777}, target); });
      }
      case 4:
        return add(directory, name, S_IFIFO | 0600, {},
                   [&] { return writer_.add_special(directory.id, name, {.mode = S_IFIFO | 0600}); });
      case 5:
        return link(directory, name);
      case 6:
        return set_xattrs();
      case 7:
        return remove(directory, name);
    }
  }

  std::shared_ptr<File> take_file() {
    return std::next(model_.begin(), static_cast<std::ptrdiff_t>(take(model_.size())))->second;
  }

  void link(const Directory& directory, const std::string& name) {
    const std::shared_ptr<File> file = take_file();
    try {
      writer_.add_hard_link(directory.id, name, file->id);
      EXPECT_FALSE(S_ISDIR(file->mode));
      model_[directory.path + "/" + name] = file;
    } catch (const Error&) {
    }
  }

  void set_xattrs() {
    const std::shared_ptr<File> file = take_file();
    std::map<std::string, std::string> xattrs;
    for (std::size_t count = take(4); count != 0; --count) xattrs["user." + std::to_string(take(5))] = take_data();
    std::vector<image::erofs::Xattr> list;
    for (const auto& [name, value] : xattrs) list.push_back({name, value});
    try {
      writer_.set_xattrs(file->id, list);
      file->xattrs = xattrs;
    } catch (const Error&) {
    }
  }

  void remove(const Directory& directory, const std::string& name) {
    const std::string path = directory.path + "/" + name;
    EXPECT_EQ(writer_.remove(directory.id, name), model_.contains(path)) << path;
    std::erase_if(model_,
                  [&](const auto& entry) { return entry.first == path || entry.first.starts_with(path + "/"); });
    std::erase_if(directories_,
                  [&](const Directory& one) { return one.path == path || one.path.starts_with(path + "/"); });
  }

  void compare() const {
    const ErofsReader reader("/proc/self/fd/" + std::to_string(fd_.get()));
    EXPECT_EQ(reader.files().size(), model_.size());
    std::map<NodeId, std::uint32_t> links;
    for (const auto& [path, file] : model_) ++links[file->id];
    for (const auto& [path, file] : model_) {
      ASSERT_TRUE(reader.files().contains(path)) << path;
      const ErofsReader::File& found = reader.files().at(path);
      EXPECT_EQ(found.mode, file->mode) << path;
      EXPECT_TRUE(found.data == file->data) << path;
      EXPECT_TRUE(found.xattrs == file->xattrs) << path;
      if (!S_ISDIR(file->mode)) {
        EXPECT_EQ(found.links, links[file->id]) << path;
      }
    }
    const image::erofs::Reader own(fd_.get(), {});
    std::size_t count = 0;
    compare_own(own, own.root(), "", count);
    EXPECT_EQ(count, model_.size());
  }

  // The reader that husk itself has.
  void compare_own(const image::erofs::Reader& reader, std::uint64_t nid, const std::string& path,
                   std::size_t& count) const {
    ++count;
    const image::erofs::Reader::Inode inode = reader.inode(nid);
    ASSERT_TRUE(model_.contains(path)) << path;
    const File& file = *model_.at(path);
    EXPECT_EQ(inode.attributes.mode, file.mode) << path;
    std::map<std::string, std::string> xattrs;
    for (const image::erofs::Xattr& xattr : reader.xattrs(inode)) xattrs[xattr.name] = xattr.value;
    EXPECT_TRUE(xattrs == file.xattrs) << path;
    if (inode.is(S_IFLNK)) {
      EXPECT_EQ(reader.target(inode), file.data) << path;
    } else if (inode.is(S_IFREG)) {
      std::string data(static_cast<std::size_t>(inode.size) + 10, 'x');
      data.resize(reader.read(inode, 0, std::as_writable_bytes(std::span(data))));
      EXPECT_TRUE(data == file.data) << path;
    } else if (inode.is(S_IFDIR)) {
      reader.for_each_entry(inode, [&](std::string_view name, std::uint64_t child) {
        compare_own(reader, child, path + "/" + std::string(name), count);
      });
    }
  }

  std::span<const std::uint8_t> bytes_;
  UniqueFd fd_;
  image::erofs::ErofsWriter writer_;
  std::vector<Directory> directories_;
  std::map<std::string, std::shared_ptr<File>> model_;
};

}  // namespace husk::test
