// `--payload debian`: a Debian 12 root directory with the programs of applications.h, made by mmdebstrap(1) when it is
// first asked for and kept in the cache.
//
//   debian-RECIPE/   the root. RECIPE is a hash of all that it is made from but the archive's state: suite, packages, options,
//                    set-up scripts. It has this name only when it is complete.
//     opt/husk/packages    the versions of all its packages, so that a result can name them
//
// apt checks the archive's signatures (apt-secure(8)). What is in the cache is the user's own (cache_dir.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "vmm/image/cache_dir.h"

namespace husk::compare {

// Told while it is made, which takes minutes: what is done now, and for how many seconds.
using DebianProgress = std::function<void(const std::string& what, double seconds)>;

// The directory, which is made if it is not there. Needs root and mmdebstrap for that. Throws husk::Error, or
// Interrupted.
std::filesystem::path debian_root(const image::CacheDir& cache, const DebianProgress& progress);

// The name of its directory in the cache.
std::string debian_root_name();

}  // namespace husk::compare
