#include "vmm/cache/cache_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "vmm/cache/trusted_path.h"
#include "vmm/error.h"

namespace husk::cache {
namespace {

// An environment variable that is set and not empty. The XDG specification says that relative paths are to be ignored;
// for husk's own variable a relative path is as good as any.
const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

const char* name_of(CacheDir::Part part) {
  return part == CacheDir::Part::kImages       ? "images"
         : part == CacheDir::Part::kContainers ? "containers"
         : part == CacheDir::Part::kLayers     ? "layers"
                                               : "directories";
}

std::optional<Folder> open_top(const std::string& path, const std::optional<Folder>& held, IfMissing if_missing) {
  if (held) return held;
  std::optional<TrustedDirectory> directory = open_trusted_directory(path, if_missing);
  if (!directory) return std::nullopt;
  return Folder(std::move(directory->fd), directory->path);
}

// A folder inside the verified cache directory.
std::optional<Folder> open_inside(const Folder& top, const char* name) {
  const std::string path = top.path_of(name);
  UniqueFd fd = top.open_raw(name, O_RDONLY | O_DIRECTORY);
  if (!fd && errno == ENOENT) return std::nullopt;
  // openat2(2): ELOOP is what RESOLVE_NO_SYMLINKS says.
  if (!fd && errno == ELOOP) throw Error("use the cache in", path, "it is a symbolic link", "remove it");
  if (!fd) throw Error::from_errno("open cache directory", path, kCacheAdvice);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw Error::from_errno("look at", path);
  require_own(path, status);
  return Folder(std::move(fd), path);
}

}  // namespace

UniqueFd Folder::open_raw(const std::string& name, int flags, mode_t mode) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd(), name.c_str(), &how, sizeof how)));
}

UniqueFd Folder::open(const std::string& name, struct stat& status) const {
  // O_NONBLOCK: a FIFO of that name would hold us until somebody writes to it. Regular files do not know it.
  UniqueFd file = open_raw(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && (errno == ENOENT || errno == ENAMETOOLONG)) return file;
  if (!file && errno == ELOOP) throw Error("use", path_of(name), "it is a symbolic link", "remove it");
  if (!file) throw Error::from_errno("open", path_of(name));
  require_own_file("use", name, file.get(), status);
  return file;
}

std::string Folder::read(const std::string& name, std::size_t most) const {
  struct stat status {};
  const UniqueFd file = open(name, status);
  std::string text(most, '\0');
  const ssize_t size = file ? ::pread(file.get(), text.data(), text.size(), 0) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

void Folder::require_own_file(const char* operation, const std::string& name, int file, struct stat& status) const {
  if (::fstat(file, &status) != 0) throw Error::from_errno("look at", path_of(name));
  if (!S_ISREG(status.st_mode)) throw Error(operation, path_of(name), "it is not a regular file", "remove it");
  require_own(path_of(name), status);
}

std::vector<std::string> Folder::names() const {
  UniqueFd copy = open_raw(".", O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy ? ::fdopendir(copy.get()) : nullptr, &::closedir);
  if (stream == nullptr) throw Error::from_errno("read", path_);
  copy.release();  // the stream's now
  std::vector<std::string> result;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") result.push_back(name);
  }
  return result;
}

bool Folder::remove(const std::string& name) const {
  if (::unlinkat(fd(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error::from_errno("remove", path_of(name));
}

void Folder::rename(const std::string& from, const std::string& to) const {
  if (::renameat(fd(), from.c_str(), fd(), to.c_str()) != 0) throw Error::from_errno("write", path_of(to));
}

CacheDir CacheDir::from_environment() {
  if (const char* own = environment("HUSK_CACHE_DIR")) return CacheDir(own);
  if (::geteuid() == 0) return CacheDir("/var/cache/husk");
  if (const char* xdg = environment("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/') {
    return CacheDir(std::string(xdg) + "/husk");
  }
  if (const char* home = environment("HOME")) return CacheDir(std::string(home) + "/.cache/husk");
  throw Error("find", "the cache directory", "neither HUSK_CACHE_DIR nor HOME is set", kCacheAdvice);
}

void CacheDir::hold() {
  held_ = make(Part::kTop);
}

std::optional<Folder> CacheDir::find(Part part) const {
  std::optional<Folder> top = open_top(path_, held_, IfMissing::kReport);
  if (!top || part == Part::kTop) return top;
  return open_inside(*top, name_of(part));
}

Folder CacheDir::make(Part part) const {
  std::optional<Folder> folder = open_top(path_, held_, IfMissing::kCreate);
  if (part != Part::kTop) {
    const char* name = name_of(part);
    if (::mkdirat(folder->fd(), name, 0700) != 0 && errno != EEXIST) {
      throw Error::from_errno("create cache directory", folder->path_of(name), kCacheAdvice);
    }
    const Folder top = *std::move(folder);
    folder = open_inside(top, name);
    if (!folder) throw Error("use the cache in", top.path_of(name), "it has gone", "run again");
    // Somebody else made it, or an older husk; what is in it is nobody's but the user's.
    struct stat status {};
    if (::fstat(folder->fd(), &status) != 0) throw Error::from_errno("look at", folder->path());
    if ((status.st_mode & 0077) != 0 && ::fchmod(folder->fd(), 0700) != 0) {
      throw Error::from_errno("close to others", folder->path(), kCacheAdvice);
    }
  }
  if (::faccessat(folder->fd(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    throw Error::from_errno("write to cache directory", folder->path(), kCacheAdvice);
  }
  return *std::move(folder);
}

}  // namespace husk::cache
