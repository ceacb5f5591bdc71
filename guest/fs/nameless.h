// Inodes without a name in the tree: pipes, and the streams that the payload is started with. `/proc/PID/fd` shows
// "label:[number]", and opening that link opens the same thing again.
#pragma once

#include <string_view>

#include "fs/char_device.h"
#include "fs/inode.h"
#include "fs/path.h"

namespace kernel::fs {

// `device`: what opening it opens; null for a pipe, which the inode's `attached` object is.
Result<Path> make_nameless(const NewInode& attributes, std::string_view label, CharDevice* device = nullptr);

}  // namespace kernel::fs
