#include "vmm/image/cache_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "vmm/error.h"

namespace husk::image {
namespace {

constexpr const char* kAdvice = "set HUSK_CACHE_DIR to a directory that can be written";

// An environment variable that is set and not empty. The XDG specification says that relative paths are to be ignored;
// for husk's own variable a relative path is as good as any.
const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw Error::from_errno("create cache directory", path, kAdvice);
}

// mkdir -p: the cache's parents belong to the user (~/.cache), so they get the usual mode.
void make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
      throw Error::from_errno("create cache directory", parent, kAdvice);
    }
  }
}

}  // namespace

CacheDir CacheDir::from_environment() {
  if (const char* own = environment("HUSK_CACHE_DIR")) return CacheDir(own);
  if (::geteuid() == 0) return CacheDir("/var/cache/husk");
  if (const char* xdg = environment("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/') {
    return CacheDir(std::string(xdg) + "/husk");
  }
  if (const char* home = environment("HOME")) return CacheDir(std::string(home) + "/.cache/husk");
  throw Error("find", "the cache directory", "neither HUSK_CACHE_DIR nor HOME is set", kAdvice);
}

void CacheDir::create() const {
  make_parents(path_);
  make_directory(path_);
  make_directory(images());
  make_directory(directories());
  for (const std::string& path : {images(), directories()}) {
    if (::access(path.c_str(), W_OK | X_OK) != 0) throw Error::from_errno("write to cache directory", path, kAdvice);
  }
}

}  // namespace husk::image
