// The images that the cache keeps of directories and of containers that have no name, and their removal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"
#include "vmm/image/container_image.h"

namespace husk::image {

struct CachedDirectory {
  std::string key;        // what the names of its files begin with
  std::string source;     // empty if the cache does not say (an older husk made it)
  bool is_there = false;  // the directory `source`
  std::uint64_t bytes = 0;
  std::int64_t created_s = 0;  // seconds since 1970
  std::string damage;
};

// One per directory, sorted by source.
std::vector<CachedDirectory> list_directories(const CacheDir& cache);

struct Pruned {
  std::vector<CachedDirectory> removed;
  std::vector<CachedDirectory> busy;         // being built at the moment
  std::vector<UnnamedContainer> containers;  // removed
  std::uint64_t freed = 0;                   // bytes on the disk, with what killed builds and imports left
};

// Removes the images of directories and containers that are gone, or all of them; never a named one. Who runs from a removed
// image keeps it, and its space, until the end.
enum class Prune { kGone, kAll };
Pruned prune(const CacheDir& cache, Prune what);

}  // namespace husk::image
