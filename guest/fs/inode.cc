#include "fs/inode.h"

#include "fs/char_device.h"
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
    case FileType::kCharDevice:
      return open_char_device(TRY(metadata()).special_device, path, flags);
    default:
      return Errno::kNxio;
  }
}

}  // namespace kernel::fs
