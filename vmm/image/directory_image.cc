#include "vmm/image/directory_image.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "vmm/error.h"
#include "vmm/image/fingerprint.h"
#include "vmm/image/mkfs_erofs.h"

namespace husk::image {
namespace {

constexpr int kMaxAttempts = 5;
// ctime advances with the kernel's clock tick (10 ms at HZ=100), so a file that is changed twice within a tick looks
// the same after both. A fingerprint is worth keeping once the tick of the newest change is over.
constexpr std::int64_t kClockTickNs = 20'000'000;

struct DirectoryStreamCloser {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

std::string canonical_path(const std::string& directory) {
  const std::unique_ptr<char, decltype(&std::free)> path(::realpath(directory.c_str(), nullptr), &std::free);
  if (path == nullptr) throw Error::from_errno("find image directory", directory);
  return path.get();
}

std::string path_key(const std::string& canonical) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(canonical.data(), canonical.size())));
  return text;
}

bool lies_below(const std::string& path, const std::string& directory) {
  return directory == "/" ||
         (path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/'));
}

void wait_for_next_tick(std::int64_t newest_change_ns) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age = now.tv_sec * 1'000'000'000 + now.tv_nsec - newest_change_ns;
  // A change "in the future" means that the clock was set back. Waiting for that moment would help nobody.
  if (age < 0 || age >= kClockTickNs) return;
  const timespec rest{.tv_sec = 0, .tv_nsec = kClockTickNs - age};
  ::nanosleep(&rest, nullptr);
}

void check_free_space(const std::string& directory, const std::string& where, std::uint64_t needed) {
  struct statvfs space {};
  if (::statvfs(where.c_str(), &space) != 0) return;  // mkfs.erofs will say what is wrong
  const std::uint64_t available = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (available >= needed) return;
  throw Error("build the image of", directory,
              "it needs " + std::to_string(needed / 1'000'000 + 1) + " MB and " + where + " has " +
                  std::to_string(available / 1'000'000) + " MB left",
              "make room, or set HUSK_CACHE_DIR to a larger file system");
}

// Removes what earlier builds of this directory left: images of older states, and temporary files of dead builders.
// Whoever runs from an older image has it open, so the kernel keeps it until they are gone. Needs the key's lock.
void remove_others(const std::string& folder, const std::string& key, const std::string& keep) {
  const std::unique_ptr<DIR, DirectoryStreamCloser> stream(::opendir(folder.c_str()));
  if (stream == nullptr) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with(key + ".") && !name.ends_with(".lock") && name != keep) {
      ::unlinkat(::dirfd(stream.get()), name.c_str(), 0);
    }
  }
}

UniqueFd lock(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw Error::from_errno("lock", path, "set HUSK_CACHE_DIR to a directory that can be written");
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw Error::from_errno("lock", path);
  }
  return fd;
}

// Unlinks a file when it goes, unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  void rename_to(const std::string& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) throw Error::from_errno("rename image to", target);
    path_.clear();
  }

 private:
  std::string path_;
};

}  // namespace

RootImage open_image(const std::string& erofs_path) {
  RootImage image;
  image.fd.reset(::open(erofs_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!image.fd) {
    if (errno == ENOENT || errno == ENOTDIR) return image;
    throw Error::from_errno("open image", erofs_path);
  }
  struct stat status {};
  if (::fstat(image.fd.get(), &status) != 0) throw Error::from_errno("stat image", erofs_path);
  if (!S_ISREG(status.st_mode) || status.st_size == 0 || status.st_size % 4096 != 0) {
    throw Error("use image", erofs_path, "it is no EROFS image that husk made", "remove it and run again");
  }
  image.size = static_cast<std::uint64_t>(status.st_size);
  image.erofs_path = erofs_path;
  return image;
}

BuiltImage build_stable_image(const std::string& directory, const std::string& image) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    wait_for_next_tick(fingerprint(directory).newest_change_ns);
    const Fingerprint before = fingerprint(directory);
    if (before.entries == 0) throw Error("use image directory", directory, "it is empty");
    check_free_space(directory, image.substr(0, image.rfind('/')), before.image_bytes);
    try {
      make_erofs(image, directory, before.digest, before.image_bytes);
    } catch (const Error&) {
      // A file that goes while mkfs.erofs reads the tree makes it fail; then the failure is not worth reporting.
      if (fingerprint(directory).digest != before.digest) continue;
      throw;
    }
    if (fingerprint(directory).digest == before.digest) return {before.digest, before.entries};
  }
  throw Error("build the image of", directory, "files in it keep changing", "stop what writes to it and run again");
}

RootImage directory_image(const std::string& directory, const CacheDir& cache) {
  const std::string canonical = canonical_path(directory);
  const std::string key = path_key(canonical);
  const std::string folder = cache.directories();
  const auto image_name = [&key](const std::string& digest) { return key + "." + digest + ".erofs"; };
  const auto use = [&canonical](RootImage image) {
    image.source_directory = canonical;
    return image;
  };

  const Fingerprint now = fingerprint(canonical);
  if (now.entries == 0) throw Error("use image directory", directory, "it is empty");
  if (RootImage hit = open_image(folder + "/" + image_name(now.digest)); hit.fd) return use(std::move(hit));

  cache.create();
  if (lies_below(canonical_path(cache.path()), canonical)) {
    throw Error("use image directory", directory, "husk's cache " + cache.path() + " lies in it",
                "set HUSK_CACHE_DIR to a directory outside");
  }
  const UniqueFd held = lock(folder + "/" + key + ".lock");
  // Another husk may have built it while this one waited.
  if (RootImage hit = open_image(folder + "/" + image_name(fingerprint(canonical).digest)); hit.fd) {
    return use(std::move(hit));
  }
  remove_others(folder, key, {});
  TemporaryFile temporary(folder + "/" + key + "." + std::to_string(::getpid()) + ".tmp");
  const std::string name = image_name(build_stable_image(canonical, temporary.path()).fingerprint);
  RootImage image = open_image(temporary.path());
  if (!image.fd) throw Error("open image", temporary.path(), "it has gone");
  temporary.rename_to(folder + "/" + name);
  image.erofs_path = folder + "/" + name;
  return use(std::move(image));
}

}  // namespace husk::image
