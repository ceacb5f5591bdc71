// IMAGE in, a mappable root file system out: the entry point for everything that runs a container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/config/image_config.h"
#include "vmm/image/cache_dir.h"

namespace husk::image {

// An EROFS image as docs/image-format.md describes it. The descriptor is read-only and keeps the image alive even if
// another husk replaces the file meanwhile.
struct RootImage {
  // Of a container: one of its layers, which is an image of its own and lies at `offset` behind the index.
  struct Layer {
    UniqueFd fd;
    std::uint64_t offset = 0;  // a multiple of 4096, as the size is; in order, and apart from each other and the index
    std::uint64_t size = 0;
    std::string name;  // for messages
  };

  UniqueFd fd;
  std::uint64_t size = 0;  // bytes, a multiple of 4096; of the index alone where there are layers
  std::vector<Layer> layers{};
  std::string erofs_path;
  std::string source_directory;                      // canonical path; empty for an imported image
  std::optional<config::ImageConfig> configuration;  // of a container's
};

// `image` is a container's where it says so ("oci:DIR", container_source.h); a path when it contains a '/' or is "." or
// ".."; else the name of an imported image if there is one, else a path below the working directory. What is at a path is a
// root file system's directory, or a container's image (container_at()).
//
// A directory is walked every time (one stat per file) and its image is built when it has changed. An imported image
// costs one open and one fstat. Of a container's source its manifest is read every time. Throws husk::Error.
RootImage resolve(const std::string& image, const CacheDir& cache);
// Whether resolve() takes it for the path of a root file system's directory, if there is one: for who needs no image of that.
bool is_directory_path(const std::string& image);

}  // namespace husk::image
