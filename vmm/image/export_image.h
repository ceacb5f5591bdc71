// An image as an archive that other tools read: `husk image export`.
#pragma once

#include <string>

#include "vmm/image/cache_dir.h"

namespace husk::image {

// An oci-archive with one layer and the image's configuration (vmm/oci/export_image.h), written by a process that can do nothing
// else, in one direction. `source` as resolve() has it; `file`: "-" is standard output; a regular file gets its
// name when it is whole. Throws husk::Error.
void export_image(const std::string& source, const std::string& file, const CacheDir& cache);

}  // namespace husk::image
