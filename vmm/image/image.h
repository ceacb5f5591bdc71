// IMAGE in, a mappable root file system out: the entry point for everything that runs a container.
#pragma once

#include <cstdint>
#include <string>

#include "common/unique_fd.h"
#include "vmm/image/cache_dir.h"

namespace husk::image {

// An EROFS image as docs/image-format.md describes it. The descriptor is read-only and keeps the image alive even if
// another husk replaces the file meanwhile.
struct RootImage {
  UniqueFd fd;
  std::uint64_t size = 0;  // bytes, a multiple of 4096
  std::string erofs_path;
  std::string source_directory;  // canonical path; empty for an imported image
};

// `image` is a directory when it contains a '/' or is "." or ".."; else the name of an imported image if there is one,
// else a directory below the working directory.
//
// A directory is walked every time (one stat per file) and its image is built when it has changed. An imported image
// costs one open and one fstat. Throws husk::Error.
RootImage resolve(const std::string& image, const CacheDir& cache);

}  // namespace husk::image
