#include "syscall/file_arguments.h"

#include "fs/file_table.h"
#include "task/task.h"

namespace kernel::syscall {

Result<Ref<fs::File>> file_argument(int fd) {
  return task::current().files->get(fd);
}

Result<String> path_argument(mm::UserString path) {
  return mm::copy_string_from_user(path.address(), fs::kPathMax);
}

Result<fs::Path> resolve_argument(int directory_fd, mm::UserString path, fs::LastLink last, std::uint32_t flags) {
  const bool may_be_empty = flags & fs::kAtEmptyPath;
  const String text = TRY(path_argument(path));
  fs::Path start =
      TRY(fs::start_of(directory_fd, text, may_be_empty ? fs::EmptyText::kIsStart : fs::EmptyText::kIsNoEntry));
  if (text.empty()) return start;
  return fs::resolve(start, text, last);
}

Result<fs::Path> resolve_argument_fd(int fd) {
  const Ref<fs::File> file = TRY(task::current().files->get_any(fd));
  return fs::Path(file->path());
}

}  // namespace kernel::syscall
