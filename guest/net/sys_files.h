// What the network shows in /sys (fs/sys/additions.h): its device, /sys/devices/virtual/net/lo, and the link to it in /sys/class/net.
#pragma once

#include <span>

#include "fs/sys/sys_fs.h"

namespace kernel::net {

std::span<const fs::SysNode> class_nodes();      // of /sys/class/net
std::span<const fs::SysNode> virtual_devices();  // of /sys/devices/virtual

}  // namespace kernel::net
