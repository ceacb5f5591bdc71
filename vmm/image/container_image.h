// The images of containers that the cache keeps: for each configuration's digest one EROFS image that has the names of all files,
// and where in which layer's image (layer_store.h) their contents are.
//
//   containers/DIGEST.erofs    the image; images/NAME.erofs is a further link to it where it has a name
//   containers/DIGEST.source   where it came from
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"
#include "vmm/image/container_source.h"
#include "vmm/image/erofs/device_table.h"
#include "vmm/image/image.h"

namespace husk::image {

// The image of a source: made, unless it is known, by processes that can do nothing else, one for each layer that is not known
// and one for what they come to. Which image it is, is read each time; its layers are read once. Imports of one image wait for each other. Throws husk::Error.
RootImage container_image(const ContainerSource& source, const CacheDir& cache);

// The same, and gives it a name. The name is that of `image ls` (named_image.h), and must be a valid one.
RootImage import_container(const ContainerSource& source, const std::string& name, const CacheDir& cache);

// One that has no name: `husk run SOURCE` has made it.
struct UnnamedContainer {
  std::string key;     // the digest
  std::string source;  // empty: not known; of an archive on standard input, "-"
  bool is_there = false;
  std::uint64_t bytes = 0;  // with its layers
  std::vector<erofs::Device> layers{};
  std::int64_t created_s = 0;  // seconds since 1970
  std::string damage;
};
std::vector<UnnamedContainer> list_containers(const CacheDir& cache);

// Removes it, if it still has no name, and the layers that no other image has; returns how many bytes on the disk that freed. Nothing while it is being imported.
std::uint64_t remove_container(const CacheDir& cache, const std::string& key);

}  // namespace husk::image
