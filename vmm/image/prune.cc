#include "vmm/image/prune.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <optional>

#include "vmm/cache/cache_file.h"
#include "vmm/error.h"
#include "vmm/image/directory_image.h"
#include "vmm/image/image_file.h"
#include "vmm/image/layer_store.h"

namespace husk::image {
namespace {

// Only the path whose hash is the key can be the right one.
std::string read_source(const Folder& folder, const std::string& key) {
  std::string source = folder.read(key + std::string(kSourceSuffix), PATH_MAX);
  return path_key(source) == key ? source : std::string();
}

// What cannot be looked at (a server that is away, a directory without permission) is not gone.
bool is_directory(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno != ENOENT && errno != ENOTDIR;
  return S_ISDIR(status.st_mode);
}

using Files = std::map<std::string, std::vector<std::string>>;  // by key

// Husk's own files only. Older versions had keys of 16 digits.
bool is_key(std::string_view text) {
  return (text.size() == kKeyLength || text.size() == 16) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Files files_by_key(const Folder& folder) {
  Files files;
  for (const std::string& name : folder.names()) {
    const std::string key = name.substr(0, name.find('.'));
    if (is_key(key) && !name.ends_with(cache::kTemporarySuffix)) files[key].push_back(name);
  }
  return files;
}

// Without a value if there is no image under that key.
std::optional<CachedDirectory> describe(const Folder& folder, const std::string& key,
                                        const std::vector<std::string>& names) {
  CachedDirectory result{.key = key, .source = read_source(folder, key), .damage = {}};
  result.is_there = !result.source.empty() && is_directory(result.source);
  bool has_image = false;
  for (const std::string& name : names) {
    if (!name.ends_with(kImageSuffix)) continue;
    const OpenedImage opened = open_image(folder, name);
    if (!opened.image.fd && opened.damage.empty()) continue;  // just gone
    has_image = true;
    result.bytes += opened.file_size;
    result.created_s = std::max(result.created_s, opened.created_s);
    result.damage = opened.damage;
  }
  if (!has_image) return std::nullopt;
  return result;
}

// Needs the key's lock.
std::uint64_t remove_all(const Folder& folder, const std::string& key) {
  std::uint64_t freed = 0;
  for (const std::string& name : folder.names()) {
    struct stat status {};
    if (!name.starts_with(key + ".") || name.ends_with(cache::kLockSuffix)) continue;
    if (::fstatat(folder.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (folder.remove(name)) freed += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return freed;
}

}  // namespace

std::vector<CachedDirectory> list_directories(const CacheDir& cache) {
  std::vector<CachedDirectory> result;
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kDirectories);
  if (!folder) return result;
  for (const auto& [key, names] : files_by_key(*folder)) {
    if (std::optional<CachedDirectory> one = describe(*folder, key, names)) result.push_back(*std::move(one));
  }
  std::sort(result.begin(), result.end(),
            [](const CachedDirectory& a, const CachedDirectory& b) { return a.source < b.source; });
  return result;
}

Pruned prune(const CacheDir& cache, Prune what) {
  Pruned result;
  for (const CacheDir::Part part : {CacheDir::Part::kTop, CacheDir::Part::kImages, CacheDir::Part::kDirectories,
                                    CacheDir::Part::kContainers, CacheDir::Part::kLayers}) {
    if (const std::optional<Folder> folder = cache.find(part)) result.freed += cache::sweep(*folder);
  }
  for (UnnamedContainer& container : list_containers(cache)) {
    if (container.is_there && what == Prune::kGone) continue;
    const std::uint64_t freed = remove_container(cache, container.key);
    result.freed += freed;
    if (freed != 0) result.containers.push_back(std::move(container));
  }
  result.freed += remove_unused_layers(cache);  // which imports that were killed have left
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kDirectories);
  if (!folder) return result;
  for (const auto& [key, names] : files_by_key(*folder)) {
    std::optional<CachedDirectory> one = describe(*folder, key, names);
    if (one && one->is_there && what == Prune::kGone) continue;
    std::optional<cache::Lock> lock = cache::Lock::try_take(*folder, key);
    if (!lock) {
      if (one) result.busy.push_back(*std::move(one));
      continue;
    }
    result.freed += remove_all(*folder, key);
    lock->remove_file();
    if (one) result.removed.push_back(*std::move(one));
  }
  return result;
}

}  // namespace husk::image
