#include "vmm/image/fingerprint.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::image {
namespace {

constexpr std::uint64_t kBlock = 4096;
// What an entry costs besides its contents: an extended EROFS inode, and an entry in its directory without the name.
// Neither crosses a block's end, nor do the ends of directories and links that follow their inodes, so up to half of
// such a block may be left over.
constexpr std::uint64_t kEntryBytes = 64 + 12;
constexpr std::uint64_t kBlockShare = 2;
constexpr std::size_t kDirentBuffer = 32 * 1024;

// Changes when images of the same tree must be built anew, because they look different.
constexpr std::string_view kImageVersion = "husk image 3";

// The stat fields that matter, without padding, so that it can be hashed as bytes. Two that are the same for nearly all
// files, the device and a device file's number, are hashed only where they say something: `follows` tells.
//
// What is hashed is a sequence of D PATH NUL (a directory begins) and RECORD NAME NUL [RDEV] [DEVICE] (an entry of it).
// A record begins with E, so no sequence can be read in two ways.
struct Record {
  char begin = 'E';
  std::uint8_t follows = 0;
  std::uint16_t mode = 0;
  std::uint32_t uid = 0, gid = 0, links = 0, mtime_ns = 0, ctime_ns = 0;
  std::uint64_t inode = 0, size = 0;
  std::int64_t mtime_s = 0, ctime_s = 0;

  static constexpr std::uint8_t kRdev = 1;
  static constexpr std::uint8_t kDevice = 2;
};
static_assert(sizeof(Record) == 4 + 5 * 4 + 4 * 8);

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? ImageSize::kHuge : sum;
}

std::uint64_t whole_blocks(const struct stat& status) {
  if (status.st_size < 0) return ImageSize::kHuge;  // a file system in user space may say anything
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return (size / kBlock + (size % kBlock != 0 ? 1 : 0)) * kBlock;  // at most 2^63
}

struct PendingDirectory {
  std::string path;  // relative to the root of the walk
  std::uint64_t device;
  std::size_t depth;
  // Opening by one name instead of by the whole path saves one look-up for each directory on the way.
  std::shared_ptr<const UniqueFd> parent;  // null: as deep as descriptors may be held open
};
constexpr std::size_t kMaxHeldOpen = 64;

// A name in a buffer of names. Most pairs differ in the first eight bytes, which are compared as one number.
struct Name {
  std::uint64_t prefix;
  std::size_t offset;
};

std::uint64_t prefix_of(std::string_view name) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, name.data(), std::min(name.size(), sizeof bytes));
  return __builtin_bswap64(bytes);  // the first byte counts most; what is missing counts as NUL
}

class Walk {
 public:
  explicit Walk(const std::string& root) : root_(root) { hash_.update(kImageVersion); }

  Fingerprint run();

 private:
  void visit_directory(const PendingDirectory& directory);
  void add(std::string_view name, const struct stat& status, std::uint64_t parent_device);
  void note_file_system(const std::string& path, std::uint64_t device);
  std::string full_path(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  template <typename T>
  void hash(const T& value) {
    hash_.update(std::as_bytes(std::span(&value, 1)));
  }

  const std::string& root_;
  cache::Sha256 hash_;
  Fingerprint result_;
  UniqueFd root_fd_;
  std::vector<PendingDirectory> pending_;
  alignas(dirent64) std::array<char, kDirentBuffer> buffer_;
};

Fingerprint Walk::run() {
  root_fd_.reset(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd_) throw Error::from_errno("read directory", root_);
  struct stat status {};
  if (::fstat(root_fd_.get(), &status) != 0) throw Error::from_errno("stat directory", root_);
  hash(std::uint64_t{status.st_dev});
  add(".", status, status.st_dev);
  note_file_system({}, status.st_dev);
  result_.entries = 0;
  pending_.push_back({.path = {}, .device = status.st_dev, .depth = 0, .parent = {}});
  while (!pending_.empty()) {
    const PendingDirectory directory = std::move(pending_.back());
    pending_.pop_back();
    visit_directory(directory);
  }
  result_.digest = hash_.finish();
  return std::move(result_);
}

void Walk::visit_directory(const PendingDirectory& directory) {
  const std::string& path = directory.path;
  const std::size_t base = directory.parent == nullptr ? 0 : path.rfind('/') + 1;
  const int from = directory.parent == nullptr ? root_fd_.get() : directory.parent->get();
  UniqueFd fd(
      ::openat(from, path.empty() ? "." : path.c_str() + base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw Error::from_errno("read directory", full_path(path));

  std::string names;  // all names, each with its NUL: one allocation instead of one per name
  std::vector<Name> found;
  // Directories are opened by longer paths than one name, here and by what makes the image.
  const std::size_t path_bytes = root_.size() + 1 + path.size() + (path.empty() ? 0 : 1);
  for (;;) {
    const ssize_t got = ::getdents64(fd.get(), buffer_.data(), buffer_.size());
    if (got < 0) throw Error::from_errno("read directory", full_path(path));
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at);
      at += entry->d_reclen;
      const std::string_view name(entry->d_name);
      if (name == "." || name == "..") continue;
      if (path_bytes + name.size() >= PATH_MAX) {
        throw Error("use image directory", root_,
                    "a path in it has more than 4095 bytes; it begins with " + path.substr(0, 60), "shorten it");
      }
      found.push_back({.prefix = prefix_of(name), .offset = names.size()});
      names.append(name).push_back('\0');
    }
  }
  // The order in a directory is the file system's own affair: an equal tree must give an equal digest.
  std::sort(found.begin(), found.end(), [&names](const Name& a, const Name& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix
                                : std::strcmp(names.data() + a.offset, names.data() + b.offset) < 0;
  });

  hash_.update("D");
  hash_.update(std::string_view(path.c_str(), path.size() + 1));
  const int here = fd.get();
  std::shared_ptr<const UniqueFd> held;
  for (const Name& entry : found) {
    const std::string_view name(names.data() + entry.offset);
    struct stat status {};
    if (::fstatat(here, name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // Deleted since we read the directory. The directory's ctime tells the next walk.
      if (errno == ENOENT) continue;
      throw Error::from_errno("stat", full_path(path) + "/" + std::string(name));
    }
    add(name, status, directory.device);
    const bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && status.st_dev == directory.device) continue;
    std::string child = path.empty() ? std::string(name) : path + "/" + std::string(name);
    if (status.st_dev != directory.device && (is_directory || S_ISREG(status.st_mode))) {
      note_file_system(child, status.st_dev);
    }
    if (!is_directory) continue;
    if (held == nullptr && directory.depth < kMaxHeldOpen) held = std::make_shared<const UniqueFd>(fd.release());
    pending_.push_back(
        {.path = std::move(child), .device = status.st_dev, .depth = directory.depth + 1, .parent = held});
  }
}

void Walk::note_file_system(const std::string& path, std::uint64_t device) {
  for (const auto& known : result_.file_systems) {
    if (known.first == device) return;
  }
  struct statfs status {};
  if (::statfs(full_path(path).c_str(), &status) != 0)
    throw Error::from_errno("stat the file system of", full_path(path));
  // These have no write-back, so their pages stay mapped writable and a store is no event to the kernel. An overlay may
  // have its files on one of them, or be mounted "volatile", which makes syncfs do nothing; statfs does not tell.
  result_.sees_mapped_stores = result_.sees_mapped_stores && status.f_type != TMPFS_MAGIC &&
                               status.f_type != RAMFS_MAGIC && status.f_type != HUGETLBFS_MAGIC &&
                               status.f_type != OVERLAYFS_SUPER_MAGIC;
  result_.file_systems.emplace_back(device, path);
}

void Walk::add(std::string_view name, const struct stat& status, std::uint64_t parent_device) {
  const bool is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
  const bool is_mount = status.st_dev != parent_device;
  const Record record{
      .follows = static_cast<std::uint8_t>((is_device ? Record::kRdev : 0) | (is_mount ? Record::kDevice : 0)),
      .mode = static_cast<std::uint16_t>(status.st_mode),
      .uid = status.st_uid,
      .gid = status.st_gid,
      .links = static_cast<std::uint32_t>(status.st_nlink),
      .mtime_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec),
      .ctime_ns = static_cast<std::uint32_t>(status.st_ctim.tv_nsec),
      .inode = status.st_ino,
      .size = static_cast<std::uint64_t>(status.st_size),
      .mtime_s = status.st_mtim.tv_sec,
      .ctime_s = status.st_ctim.tv_sec};
  hash(record);
  hash_.update(std::string_view(name.data(), name.size() + 1));
  if (is_device) hash(std::uint64_t{status.st_rdev});
  if (is_mount) hash(std::uint64_t{status.st_dev});
  ++result_.entries;
  result_.image_size.add_entry(name.size(), status);
  if (record.ctime_ns == 0) result_.newest_whole_second = std::max(result_.newest_whole_second, record.ctime_s);
}

}  // namespace

void ImageSize::add_entry(std::size_t name_bytes, const struct stat& status) {
  std::uint64_t contents = 0;
  if (S_ISREG(status.st_mode)) contents = whole_blocks(status);
  if (S_ISLNK(status.st_mode)) {
    contents = static_cast<std::uint64_t>(status.st_size) % (kBlock + 1);
    // The target follows its inode in one block, in which there is no room for another one like it.
    if (contents + kEntryBytes > kBlock / 2) contents = kBlock;
  }
  bytes_ = saturating_sum(bytes_, kBlockShare * (name_bytes + kEntryBytes));
  if (S_ISREG(status.st_mode) && status.st_nlink > 1) {
    linked_.push_back({.device = status.st_dev, .inode = status.st_ino, .bytes = contents});
  } else {
    bytes_ = saturating_sum(bytes_, contents);
  }
}

std::uint64_t ImageSize::bytes() const {
  std::vector<Linked> files = linked_;
  std::sort(files.begin(), files.end());
  std::uint64_t sum = bytes_;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool is_last =
        i + 1 == files.size() || files[i].device != files[i + 1].device || files[i].inode != files[i + 1].inode;
    if (is_last) sum = saturating_sum(sum, files[i].bytes);
  }
  return sum;
}

Fingerprint fingerprint(const std::string& directory) {
  return Walk(directory).run();
}

}  // namespace husk::image
