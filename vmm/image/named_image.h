// Images that were given a name: `husk image import SOURCE NAME`. They do not follow their source any more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vmm/cache/sha256.h"
#include "vmm/image/cache_dir.h"
#include "vmm/image/erofs/device_table.h"
#include "vmm/image/image.h"

namespace husk::image {

struct NamedImage {
  std::string name;
  std::string erofs_path;
  std::uint64_t size = 0;               // bytes, with its layers
  std::vector<erofs::Device> layers{};  // of a container; their tags are their diff ids
  std::string source_directory;         // where it came from (it may have changed or gone since)
  std::string created;                  // UTC, ISO 8601
  std::uint64_t entries = 0;            // files of every kind
  std::string damage;                   // why it cannot be used; empty if it can
  std::string container;                // the digest of its configuration; empty if it came from a directory
  std::optional<config::ImageConfig> configuration;  // of a container
};

// [a-z0-9][a-z0-9._-]*, at most 128 characters: a name is a file name and can never be taken for a path.
bool is_valid_name(const std::string& name);

// Replaces an image of the same name; whoever runs from that keeps it. Throws husk::Error, as all of these do.
NamedImage import_directory(const std::string& directory, const std::string& name, const CacheDir& cache);
// A further name for containers/KEY.erofs (container_image.h), whose lock the caller holds.
void name_container(const Folder& containers, const std::string& key, const std::string& name,
                    const std::string& source, const CacheDir& cache);
void tag_image(const std::string& name, const std::string& further, const CacheDir& cache);  // a further name
// What an image of this path or source is called that nobody gives a name: its last part, without an archive's ending.
std::string name_for(const std::string& path);
std::vector<NamedImage> list_images(const CacheDir& cache);  // sorted by name
NamedImage inspect_image(const std::string& name, const CacheDir& cache);
void remove_image(const std::string& name, const CacheDir& cache);  // also a damaged one
// Reads all of it, and of its layers those that are not in `layers` yet, where it puts what is wrong with each. Empty if it is
// whole.
using LayerDamage = std::map<cache::Digest, std::string>;
std::string verify_image(const std::string& name, const CacheDir& cache, LayerDamage& layers);

// The run path: the cache's directories are looked at, the image's first block is read. Without a descriptor if there
// is no such image; throws if there is one and it cannot be used.
RootImage open_named(const std::string& name, const CacheDir& cache);

}  // namespace husk::image
