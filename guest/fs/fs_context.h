// Where a task stands in the file system: root and working directory, and the mask for new files (clone(2) CLONE_FS).
#pragma once

#include <cstdint>

#include "fs/path.h"
#include "lib/ref.h"

namespace kernel::fs {

class FsContext final : public RefCounted {
 public:
  FsContext(Path root_path, Path current_path)
      : root(static_cast<Path&&>(root_path)), working_directory(static_cast<Path&&>(current_path)) {}
  // At the root of the file system: what pid 1 starts with.
  static Result<Ref<FsContext>> create();
  Result<Ref<FsContext>> clone() const;

  Path root;
  Path working_directory;
  std::uint32_t umask = 022;
};

}  // namespace kernel::fs
