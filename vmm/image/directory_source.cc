#include "vmm/image/directory_source.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"

namespace husk::image {
namespace {

using erofs::NodeId;

constexpr std::size_t kDirentBuffer = 32 * 1024;
constexpr std::size_t kMaxXattrList = 64 * 1024;  // XATTR_LIST_MAX
constexpr std::size_t kMaxXattrValue = 64 * 1024;

erofs::Attributes attributes_of(const struct stat& status) {
  return {.mode = static_cast<std::uint16_t>(status.st_mode),
          .uid = status.st_uid,
          .gid = status.st_gid,
          .mtime_s = status.st_mtim.tv_sec,
          .mtime_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec)};
}

int open_below(int directory, const char* path, std::uint64_t flags) {
  const open_how how{.flags = flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

// How an open file, or a name in the working directory, is asked for its attributes.
struct XattrCalls {
  std::function<ssize_t(char* list, std::size_t size)> list;
  std::function<ssize_t(const char* name, void* value, std::size_t size)> get;
};

XattrCalls calls_for(int fd) {
  return {.list = [fd](char* list, std::size_t size) { return ::flistxattr(fd, list, size); },
          .get = [fd](const char* name, void* value, std::size_t size) { return ::fgetxattr(fd, name, value, size); }};
}

XattrCalls calls_for(const char* path) {
  return {
      .list = [path](char* list, std::size_t size) { return ::llistxattr(path, list, size); },
      .get = [path](const char* name, void* value, std::size_t size) { return ::lgetxattr(path, name, value, size); }};
}

class DirectorySource {
 public:
  DirectorySource(int root, const std::string& root_name, erofs::ErofsWriter& writer)
      : root_(root), root_name_(root_name), writer_(writer) {}

  void run();

 private:
  struct Pending {
    std::string path;  // relative to the root; empty: the root
    NodeId id;
  };
  // Where an entry was found, and what it is.
  struct Entry {
    int directory;
    const Pending& parent;
    const std::string& name;
    const struct stat& status;
  };

  void visit(const Pending& directory);
  std::vector<std::string> read_names(int fd, const Pending& directory);
  void add(const Entry& entry, std::vector<Pending>& below);
  NodeId add_file(const Entry& entry);
  NodeId add_symlink(const Entry& entry);
  void copy(int fd, std::uint64_t size, const Entry& entry);
  void copy_sparse(int fd, std::uint64_t size, const Entry& entry);
  void add_xattrs(NodeId id, const XattrCalls& calls, const std::string& path);

  static std::string path_below(const Pending& directory, const std::string& name) {
    return directory.path.empty() ? name : directory.path + "/" + name;
  }
  static std::string path_of(const Entry& entry) { return path_below(entry.parent, entry.name); }
  std::string shown(const std::string& path) const { return path.empty() ? root_name_ : root_name_ + "/" + path; }
  [[noreturn]] void fail(const std::string& path) const { throw Error::from_errno("read", shown(path)); }

  int root_;
  const std::string& root_name_;
  erofs::ErofsWriter& writer_;
  std::vector<Pending> pending_;
  std::map<std::pair<dev_t, ino_t>, NodeId> linked_;  // what has several names, and had one of them here
  bool noted_xattrs_ = false;
  std::vector<char> xattr_list_ = std::vector<char>(kMaxXattrList);
  std::vector<char> xattr_value_ = std::vector<char>(kMaxXattrValue);
  alignas(dirent64) std::array<char, kDirentBuffer> buffer_;
};

void DirectorySource::run() {
  struct stat status {};
  if (::fstat(root_, &status) != 0) fail({});
  writer_.set_attributes(NodeId::kRoot, attributes_of(status));
  pending_.push_back({.path = {}, .id = NodeId::kRoot});
  while (!pending_.empty()) {
    const Pending directory = std::move(pending_.back());
    pending_.pop_back();
    visit(directory);
  }
}

// By the path below the root: no descriptor is held for a directory on the way.
void DirectorySource::visit(const Pending& directory) {
  const UniqueFd fd(open_below(root_, directory.path.empty() ? "." : directory.path.c_str(), O_DIRECTORY));
  // The working directory is for attributes of what cannot be opened, for which there are calls by path only.
  if (!fd || ::fchdir(fd.get()) != 0) fail(directory.path);
  add_xattrs(directory.id, calls_for(fd.get()), directory.path);
  std::vector<Pending> below;
  for (const std::string& name : read_names(fd.get(), directory)) {
    struct stat status {};
    if (::fstatat(fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) fail(path_below(directory, name));
    add({.directory = fd.get(), .parent = directory, .name = name, .status = status}, below);
  }
  // The first one is to be the next.
  std::move(below.rbegin(), below.rend(), std::back_inserter(pending_));
}

std::vector<std::string> DirectorySource::read_names(int fd, const Pending& directory) {
  std::vector<std::string> names;
  for (;;) {
    const ssize_t got = ::getdents64(fd, buffer_.data(), buffer_.size());
    if (got < 0) fail(directory.path);
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at);
      at += entry->d_reclen;
      const std::string_view name(entry->d_name);
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
  // The order in a directory is the file system's own affair: an equal tree must give an equal image.
  std::ranges::sort(names);
  return names;
}

void DirectorySource::add(const Entry& entry, std::vector<Pending>& below) {
  const struct stat& status = entry.status;
  if (S_ISDIR(status.st_mode)) {
    std::string path = path_of(entry);
    if (path.size() >= PATH_MAX) {
      throw Error("read", shown(path.substr(0, 60)) + "...", "its path has more than 4095 bytes", "shorten it");
    }
    const NodeId id = writer_.add_directory(entry.parent.id, entry.name, attributes_of(status));
    below.push_back({.path = std::move(path), .id = id});
    return;
  }
  const std::pair key(status.st_dev, status.st_ino);
  if (status.st_nlink > 1) {
    if (const auto known = linked_.find(key); known != linked_.end()) {
      return writer_.add_hard_link(entry.parent.id, entry.name, known->second);
    }
  }
  NodeId id = NodeId::kNone;
  if (S_ISREG(status.st_mode)) {
    id = add_file(entry);
  } else {
    id = S_ISLNK(status.st_mode)
             ? add_symlink(entry)
             : writer_.add_special(entry.parent.id, entry.name, attributes_of(status), status.st_rdev);
    add_xattrs(id, calls_for(entry.name.c_str()), path_of(entry));
  }
  if (status.st_nlink > 1) linked_.emplace(key, id);
}

NodeId DirectorySource::add_file(const Entry& entry) {
  const UniqueFd fd(open_below(entry.directory, entry.name.c_str(), O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) fail(path_of(entry));
  if (!S_ISREG(status.st_mode) || status.st_dev != entry.status.st_dev || status.st_ino != entry.status.st_ino) {
    throw Error("read", shown(path_of(entry)), "it was replaced meanwhile");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const NodeId id = writer_.begin_file(entry.parent.id, entry.name, attributes_of(status));
  if (static_cast<std::uint64_t>(status.st_blocks) < size / 512) {
    copy_sparse(fd.get(), size, entry);
  } else {
    copy(fd.get(), size, entry);
  }
  writer_.end_file();
  add_xattrs(id, calls_for(fd.get()), path_of(entry));
  return id;
}

// `size` bytes from where the file is.
void DirectorySource::copy(int fd, std::uint64_t size, const Entry& entry) {
  while (size != 0) {
    const std::span<std::byte> room = writer_.room();
    const ssize_t got = ::read(fd, room.data(), static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), size)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_of(entry));
    if (got == 0) throw Error("read", shown(path_of(entry)), "it was shortened meanwhile");
    writer_.commit(static_cast<std::size_t>(got));
    size -= static_cast<std::uint64_t>(got);
  }
}

void DirectorySource::copy_sparse(int fd, std::uint64_t size, const Entry& entry) {
  for (std::uint64_t at = 0; at < size;) {
    const auto end = static_cast<off_t>(size);
    off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) data = end;  // a hole to the end
    if (data < 0) fail(path_of(entry));
    data = std::min(data, end);
    writer_.append_zeros(static_cast<std::uint64_t>(data) - at);
    if (data == end) return;
    const off_t hole = ::lseek(fd, data, SEEK_HOLE);
    if (hole < 0 || ::lseek(fd, data, SEEK_SET) != data) fail(path_of(entry));
    copy(fd, static_cast<std::uint64_t>(std::min(hole, end) - data), entry);
    at = static_cast<std::uint64_t>(std::min(hole, end));
  }
}

NodeId DirectorySource::add_symlink(const Entry& entry) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(entry.directory, entry.name.c_str(), target.data(), target.size());
  if (size < 0) fail(path_of(entry));
  return writer_.add_symlink(entry.parent.id, entry.name, attributes_of(entry.status),
                             std::string_view(target.data(), static_cast<std::size_t>(size)));
}

// Those that the process may see: "trusted." ones are for CAP_SYS_ADMIN alone (xattr(7)), which it does not have.
void DirectorySource::add_xattrs(NodeId id, const XattrCalls& calls, const std::string& path) {
  const ssize_t listed = calls.list(xattr_list_.data(), xattr_list_.size());
  if (listed < 0 && errno != EOPNOTSUPP) fail(path);
  if (listed <= 0) return;
  std::vector<erofs::Xattr> xattrs;
  std::string_view names(xattr_list_.data(), static_cast<std::size_t>(listed));
  while (!names.empty()) {
    std::string name(names.substr(0, names.find('\0')));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (!erofs::is_storable_xattr(name)) {
      if (!std::exchange(noted_xattrs_, true)) {
        helper_note("an image has no extended attributes like " + name + " of " + shown(path));
      }
      continue;
    }
    const ssize_t size = calls.get(name.c_str(), xattr_value_.data(), xattr_value_.size());
    if (size < 0 && errno == ENODATA) continue;  // removed meanwhile, or for others only
    if (size < 0) fail(path);
    xattrs.push_back(
        {.name = std::move(name), .value = std::string(xattr_value_.data(), static_cast<std::size_t>(size))});
  }
  writer_.set_xattrs(id, xattrs);
}

}  // namespace

void add_directory_tree(int directory, const std::string& name, erofs::ErofsWriter& writer) {
  DirectorySource(directory, name, writer).run();
}

}  // namespace husk::image
