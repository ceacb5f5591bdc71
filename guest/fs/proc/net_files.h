// The files of /proc/net and /proc/sys/net. What is in them is the network's to say, which file systems know nothing of: it
// hands its tables over at the start.
#pragma once

#include <span>

#include "fs/proc/proc_fs.h"

namespace kernel::fs {

// Both live for ever.
struct NetFiles {
  std::span<const ProcNode> files;    // /proc/PID/net, which /proc/net leads to
  std::span<const ProcNode> sysctls;  // /proc/sys/net
};

void set_net_files(const NetFiles& files);
const NetFiles& net_files();

}  // namespace kernel::fs
