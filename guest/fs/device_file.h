// An open character device.
#pragma once

#include "fs/char_device.h"
#include "fs/file.h"

namespace kernel::fs {

Result<Ref<File>> open_device(CharDevice& device, const Path& path, std::uint32_t flags);

}  // namespace kernel::fs
