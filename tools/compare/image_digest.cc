#include "tools/compare/image_digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/cache/sha256.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

char letter_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'f';
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    case S_IFIFO:
      return 'p';
    default:
      return 's';
  }
}

std::string contents_of(const fs::path& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) throw Error::from_errno("read", path.string());
  cache::Sha256 hash;
  std::array<std::byte, 64 * 1024> buffer;
  for (;;) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0) throw Error::from_errno("read", path.string());
    if (got == 0) return cache::to_hex(hash.finish());
    hash.update(std::span(buffer).first(static_cast<std::size_t>(got)));
  }
}

std::string identity_of(const fs::path& path, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return contents_of(path);
  if (S_ISLNK(status.st_mode)) return fs::read_symlink(path).string();
  if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) return "-";
  return std::to_string(major(status.st_rdev)) + ":" + std::to_string(minor(status.st_rdev));
}

}  // namespace

ImageDigest digest_image(const fs::path& root) {
  std::vector<std::string> paths = {""};  // below the root, which is the first
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    paths.push_back(entry.path().string().substr(root.string().size()));
  }
  std::ranges::sort(paths);
  ImageDigest digest;
  cache::Sha256 hash;
  for (const std::string& below : paths) {
    const fs::path path = root.string() + below;
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) throw Error::from_errno("look at", path.string());
    char facts[64];
    std::snprintf(facts, sizeof facts, "%c\t%o\t%u\t%u\t", letter_of(status.st_mode),
                  static_cast<unsigned>(status.st_mode & 07777), status.st_uid, status.st_gid);
    hash.update(std::string_view(facts));
    hash.update(identity_of(path, status));
    hash.update(std::string_view("\t"));
    hash.update(below.empty() ? std::string_view("/") : std::string_view(below));
    hash.update(std::string_view("\0", 1));
    ++digest.files;
    if (S_ISREG(status.st_mode)) digest.bytes += static_cast<std::uint64_t>(status.st_size);
  }
  digest.text = "sha256:" + cache::to_hex(hash.finish());
  return digest;
}

}  // namespace husk::compare
