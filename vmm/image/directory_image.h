// The cached image of a directory: found by the directory's fingerprint, built when there is none.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/image/cache_dir.h"
#include "vmm/image/image.h"

namespace husk::image {

// `directory` names an existing directory with at least one entry. Safe to run concurrently for the same directory.
RootImage directory_image(const std::string& directory, const CacheDir& cache);

// What it took to see that a directory is as it was: at log level debug always, and with advice at info when that was long.
void report_walk(const std::string& canonical, std::uint64_t entries, std::uint64_t ns);
inline constexpr std::uint64_t kLongWalkNs = 2'000'000;  // a start from a name takes about as long in all

// The names of a directory's files in the cache begin with its key: SHA-256 of its canonical path, 64 hexadecimal
// digits.
std::string path_key(const std::string& canonical);
inline constexpr std::size_t kKeyLength = 64;
inline constexpr std::string_view kSourceSuffix = ".source";  // holds the canonical path

}  // namespace husk::image
