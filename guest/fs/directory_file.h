// An open directory.
#pragma once

#include "fs/file.h"

namespace kernel::fs {

Result<Ref<File>> open_directory(const Path& path, std::uint32_t flags);

}  // namespace kernel::fs
