#include "vmm/image/stable_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "vmm/cache/trusted_path.h"
#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"
#include "vmm/image/image_file.h"

namespace husk::image {
namespace {

// Linux stamps files with the time of the last clock tick, 10 ms at HZ=100. (Since 6.13 some file systems have finer
// ones.) File systems that store whole seconds only, or FAT's even ones, need more.
constexpr std::int64_t kTickNs = 20'000'000;
constexpr std::int64_t kCoarseTickNs = 2'100'000'000;
// A whole second that is older than this cannot be the present one by any file server's clock.
constexpr std::int64_t kRecentS = 10;

void wait_a_tick(const Fingerprint& seen) {
  const bool is_coarse = seen.newest_whole_second != 0 && seen.newest_whole_second + kRecentS > ::time(nullptr);
  const std::int64_t ns = is_coarse ? kCoarseTickNs : kTickNs;
  timespec rest{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

void write_out(const std::string& directory, const Fingerprint& seen) {
  for (const auto& [device, path] : seen.file_systems) {
    const std::string full = path.empty() ? directory : directory + "/" + path;
    const UniqueFd fd(::open(full.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)) continue;  // gone: the next walk differs
    if (!fd || ::syncfs(fd.get()) != 0) throw Error::from_errno("write out the file system of", full);
  }
}

void check_free_space(const std::string& directory, const Folder& folder, std::uint64_t needed) {
  if (needed > erofs::kMaxImage) {
    throw Error("build the image of", directory, "its files claim more than the 16 TiB that an image can hold",
                "look for sparse files: their holes count");
  }
  struct statvfs space {};
  if (::fstatvfs(folder.fd(), &space) != 0) throw Error::from_errno("look for free space in", folder.path());
  const std::uint64_t available = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (available >= needed) return;
  throw Error("build the image of", directory,
              "it needs " + std::to_string(needed / 1'000'000 + 1) + " MB and " + folder.path() + " has " +
                  std::to_string(available / 1'000'000) + " MB left",
              "make room (husk image prune), or set HUSK_CACHE_DIR to a larger file system");
}

// The states of those directories above `directory` that somebody else could exchange, so that for a while the path
// leads to another tree. All file systems that Linux has change a directory's ctime when it is renamed. (The
// directory's own is in its fingerprint.) Directories of the user's are left out: files come and go beside a tree.
std::string exchangeable_way(const std::string& directory) {
  std::string way;
  struct stat parent {
  }, entry{};
  if (::lstat("/", &parent) != 0) throw Error::from_errno("look at", "/");
  for (std::size_t end = directory.find('/', 1); end != std::string::npos; end = directory.find('/', end + 1)) {
    const std::string path = directory.substr(0, end);
    if (::lstat(path.c_str(), &entry) != 0) throw Error::from_errno("look at", path);
    if (cache::others_can_exchange(parent, entry)) {
      for (const auto number :
           {static_cast<std::uint64_t>(entry.st_dev), static_cast<std::uint64_t>(entry.st_ino),
            static_cast<std::uint64_t>(entry.st_ctim.tv_sec), static_cast<std::uint64_t>(entry.st_ctim.tv_nsec)}) {
        way += std::to_string(number) + " ";
      }
    }
    parent = entry;
  }
  return way;
}

bool lies_below(const std::string& path, const std::string& directory) {
  return directory == "/" ||
         (path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/'));
}

}  // namespace

std::string canonical_path(const std::string& directory) {
  const std::unique_ptr<char, decltype(&std::free)> path(::realpath(directory.c_str(), nullptr), &std::free);
  if (path == nullptr) throw Error::from_errno("find image directory", directory);
  return path.get();
}

void refuse_cache_inside(const std::string& canonical, const Folder& folder) {
  if (!lies_below(folder.path(), canonical)) return;
  throw Error("use image directory", canonical, "husk's cache " + folder.path() + " lies in it",
              "set HUSK_CACHE_DIR to a directory outside");
}

std::optional<Fingerprint> settle(Fingerprint first, const Settling& settling) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    settling.wait_a_tick(first);
    settling.write_out(first);
    Fingerprint second = settling.walk();
    if (second.digest == first.digest) return second;
    first = std::move(second);
  }
  return std::nullopt;
}

Fingerprint build_stable_image(const std::string& directory, Fingerprint first, const cache::TemporaryFile& file,
                               const Folder& folder, const std::function<void(const ErofsJob&)>& make) {
  const Settling settling{.walk = [&] { return fingerprint(directory); },
                          .wait_a_tick = wait_a_tick,
                          .write_out = [&](const Fingerprint& seen) { write_out(directory, seen); }};
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::string way = exchangeable_way(directory);
    std::optional<Fingerprint> before = settle(std::move(first), settling);
    if (!before) break;
    if (before->entries == 0) throw Error("use image directory", directory, "it is empty");
    const std::uint64_t bytes = before->image_size.bytes();
    check_free_space(directory, folder, bytes);
    const ErofsJob job{
        .image_fd = file.fd(), .directory = directory, .uuid_seed = before->hex(), .expected_bytes = bytes};
    try {
      make(job);
      first = fingerprint(directory);
    } catch (const Error&) {
      // A file that goes while the tree is read makes it fail; then the failure is not worth reporting.
      first = fingerprint(directory);
      if (first.digest == before->digest) throw;
    }
    if (first.digest != before->digest || exchangeable_way(directory) != way) continue;
    seal_image(file.fd(), file.path(), before->digest);
    return *std::move(before);
  }
  throw Error("build the image of", directory, "files in it keep changing", "stop what writes to it and run again");
}

}  // namespace husk::image
