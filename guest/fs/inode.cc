#include "fs/inode.h"

#include "fs/char_device.h"
#include "fs/device_file.h"
#include "fs/directory_file.h"
#include "fs/locks.h"
#include "fs/path.h"
#include "fs/pipe.h"

namespace kernel::fs {

Inode::~Inode() {
  delete locks;
}

Result<Ref<File>> Inode::open(const Path& path, std::uint32_t flags) {
  switch (type_) {
    case FileType::kDirectory:
      return open_directory(path, flags);
    case FileType::kFifo:
      return open_fifo(path, flags);
    case FileType::kCharDevice: {
      CharDevice* device = find_char_device(TRY(metadata()).special_device);
      if (!device) return Errno::kNxio;
      return open_device(*device, path, flags);
    }
    default:
      return Errno::kNxio;
  }
}

}  // namespace kernel::fs
