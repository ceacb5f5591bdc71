#include "fs/fs_context.h"

namespace kernel::fs {

Result<Ref<FsContext>> FsContext::create() {
  return make_ref<FsContext>(root_path(), root_path());
}

Result<Ref<FsContext>> FsContext::clone() const {
  auto copy = TRY(make_ref<FsContext>(root, working_directory));
  copy->umask = umask;
  return copy;
}

}  // namespace kernel::fs
