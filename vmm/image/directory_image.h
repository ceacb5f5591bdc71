// The cached image of a directory: found by the directory's fingerprint, built when there is none.
#pragma once

#include <string>

#include "vmm/image/cache_dir.h"
#include "vmm/image/image.h"

namespace husk::image {

// `directory` names an existing directory with at least one entry. Safe to run concurrently for the same directory.
RootImage directory_image(const std::string& directory, const CacheDir& cache);

// The names of a directory's files in the cache begin with its key: SHA-256 of its canonical path, 64 hexadecimal
// digits.
std::string path_key(const std::string& canonical);
inline constexpr std::size_t kKeyLength = 64;
inline constexpr std::string_view kSourceSuffix = ".source";  // holds the canonical path

}  // namespace husk::image
