// /dev: a RAM file system with the device nodes that every container has. Its nodes are made when /dev is first looked
// into.
#pragma once

#include <string_view>

#include "fs/path.h"
#include "fs/ram/ram_fs.h"

namespace kernel::fs {

Result<Ref<RamFs>> make_dev_fs();

// The path of a device node of the mounted /dev, whatever the current task's root is.
Result<Path> device_path(std::string_view name);
void set_dev_mount(const Ref<Mount>& mount);

}  // namespace kernel::fs
