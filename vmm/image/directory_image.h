// The cached image of a directory: found by the directory's fingerprint, built when there is none.
#pragma once

#include <string>

#include "vmm/image/cache_dir.h"
#include "vmm/image/image.h"

namespace husk::image {

// `directory` names an existing directory with at least one entry. Safe to run concurrently for the same directory.
RootImage directory_image(const std::string& directory, const CacheDir& cache);

// Builds the image of `directory` as the new file `image`, from a state of the directory that did not change meanwhile.
// The caller removes `image` if this throws.
struct BuiltImage {
  std::string fingerprint;
  std::uint64_t entries = 0;
};
BuiltImage build_stable_image(const std::string& directory, const std::string& image);

// Opens an image that husk built, or returns one without a descriptor if there is no such file.
RootImage open_image(const std::string& erofs_path);

}  // namespace husk::image
