// The cache as vmm/image names it.
#pragma once

#include "vmm/cache/cache_dir.h"

namespace husk::image {

using cache::CacheDir;
using cache::Folder;

}  // namespace husk::image
