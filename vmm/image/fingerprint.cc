#include "vmm/image/fingerprint.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#define XXH_INLINE_ALL  // header-only: nothing to link, nothing to relocate at start-up
#include <xxhash.h>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::image {
namespace {

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kInodeBytes = 64 + 32;  // an extended EROFS inode, and about one directory entry
constexpr std::size_t kDirentBuffer = 32 * 1024;

// mkfs.erofs 1.5 fails on longer names, in words that do not say so.
constexpr std::size_t kMaxName = 254;

// Changes when images of the same tree must be built anew: other mkfs.erofs options, another layout.
constexpr std::string_view kImageVersion = "husk image 1";

// The stat fields that matter, without padding, so that it can be hashed as bytes.
struct Record {
  std::uint64_t device, inode, rdev, size;
  std::uint32_t mode, uid, gid, links;
  std::int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};
static_assert(sizeof(Record) == 4 * 8 + 4 * 4 + 4 * 8);

class Walk {
 public:
  explicit Walk(const std::string& root) : root_(root), state_() {
    XXH3_128bits_reset(&state_);
    XXH3_128bits_update(&state_, kImageVersion.data(), kImageVersion.size());
  }

  Fingerprint run();

 private:
  void visit_directory(const std::string& path);
  void add(std::string_view name, const struct stat& status);
  std::string full_path(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }

  const std::string& root_;
  XXH3_state_t state_;
  Fingerprint result_;
  UniqueFd root_fd_;
  std::vector<std::string> pending_;  // directories still to visit, relative to the root
  alignas(dirent64) std::array<char, kDirentBuffer> buffer_;
};

Fingerprint Walk::run() {
  root_fd_.reset(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd_) throw Error::from_errno("read directory", root_);
  struct stat status {};
  if (::fstat(root_fd_.get(), &status) != 0) throw Error::from_errno("stat directory", root_);
  add(".", status);
  result_.entries = 0;
  pending_.emplace_back();
  while (!pending_.empty()) {
    const std::string path = std::move(pending_.back());
    pending_.pop_back();
    visit_directory(path);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  result_.digest = text.data();
  return result_;
}

void Walk::visit_directory(const std::string& path) {
  const UniqueFd fd(
      ::openat(root_fd_.get(), path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw Error::from_errno("read directory", full_path(path));

  std::string names;  // all names, each with its NUL: one allocation instead of one per name
  std::vector<std::size_t> offsets;
  for (;;) {
    const ssize_t got = ::getdents64(fd.get(), buffer_.data(), buffer_.size());
    if (got < 0) throw Error::from_errno("read directory", full_path(path));
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at);
      at += entry->d_reclen;
      const std::string_view name(entry->d_name);
      if (name == "." || name == "..") continue;
      if (name.size() > kMaxName) {
        throw Error("use image directory", root_, full_path(path) + " has a file with a name of 255 bytes",
                    "shorten it: EROFS images hold names of at most 254 bytes");
      }
      offsets.push_back(names.size());
      names.append(name).push_back('\0');
    }
  }
  // The order in a directory is the file system's own affair: an equal tree must give an equal digest.
  std::sort(offsets.begin(), offsets.end(),
            [&names](std::size_t a, std::size_t b) { return std::strcmp(names.data() + a, names.data() + b) < 0; });

  XXH3_128bits_update(&state_, path.c_str(), path.size() + 1);
  for (const std::size_t offset : offsets) {
    const std::string_view name(names.data() + offset);
    struct stat status {};
    if (::fstatat(fd.get(), name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // Deleted since we read the directory. The directory's ctime tells the next walk.
      if (errno == ENOENT) continue;
      throw Error::from_errno("stat", full_path(path) + "/" + std::string(name));
    }
    add(name, status);
    if (S_ISDIR(status.st_mode)) pending_.push_back(path.empty() ? std::string(name) : path + "/" + std::string(name));
  }
}

void Walk::add(std::string_view name, const struct stat& status) {
  const Record record{.device = status.st_dev,
                      .inode = status.st_ino,
                      .rdev = status.st_rdev,
                      .size = static_cast<std::uint64_t>(status.st_size),
                      .mode = status.st_mode,
                      .uid = status.st_uid,
                      .gid = status.st_gid,
                      .links = static_cast<std::uint32_t>(status.st_nlink),
                      .mtime_s = status.st_mtim.tv_sec,
                      .mtime_ns = status.st_mtim.tv_nsec,
                      .ctime_s = status.st_ctim.tv_sec,
                      .ctime_ns = status.st_ctim.tv_nsec};
  XXH3_128bits_update(&state_, name.data(), name.size() + 1);
  XXH3_128bits_update(&state_, &record, sizeof record);
  ++result_.entries;
  result_.image_bytes += kInodeBytes;
  if (S_ISREG(status.st_mode)) result_.image_bytes += (record.size + kBlock - 1) / kBlock * kBlock;
  result_.newest_change_ns = std::max(result_.newest_change_ns, record.ctime_s * 1'000'000'000 + record.ctime_ns);
}

}  // namespace

Fingerprint fingerprint(const std::string& directory) {
  return Walk(directory).run();
}

}  // namespace husk::image
