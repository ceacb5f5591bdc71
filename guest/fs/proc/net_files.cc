#include "fs/proc/net_files.h"

namespace kernel::fs {

namespace {

constinit NetFiles g_net_files{};

}  // namespace

void set_net_files(const NetFiles& files) {
  g_net_files = files;
}

const NetFiles& net_files() {
  return g_net_files;
}

}  // namespace kernel::fs
