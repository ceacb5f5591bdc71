// Images that were given a name: `husk image import DIR NAME`. They do not follow their directory any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"
#include "vmm/image/image.h"

namespace husk::image {

struct NamedImage {
  std::string name;
  std::string erofs_path;
  std::uint64_t size = 0;        // bytes
  std::string source_directory;  // where it came from (it may have changed or gone since)
  std::string created;           // UTC, ISO 8601
  std::uint64_t entries = 0;     // files of every kind
  std::string damage;            // why it cannot be used; empty if it can
};

// [a-z0-9][a-z0-9._-]*, at most 128 characters: a name is a file name and can never be taken for a path.
bool is_valid_name(const std::string& name);

// Replaces an image of the same name; whoever runs from that keeps it. Throws husk::Error, as all of these do.
NamedImage import_directory(const std::string& directory, const std::string& name, const CacheDir& cache);
std::vector<NamedImage> list_images(const CacheDir& cache);  // sorted by name
NamedImage inspect_image(const std::string& name, const CacheDir& cache);
void remove_image(const std::string& name, const CacheDir& cache);  // also a damaged one

// The run path: the cache's directories are looked at, the image's first block is read. Without a descriptor if there
// is no such image; throws if there is one and it cannot be used.
RootImage open_named(const std::string& name, const CacheDir& cache);

}  // namespace husk::image
