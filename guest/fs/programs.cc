// Opening programs, and the working directory to start them in.
#include "fs/fs.h"

#include <utility>

#include "fs/access.h"
#include "fs/leases.h"
#include "fs/vfs.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

Result<Ref<File>> open_program(const Path& path) {
  Inode& inode = *path.dentry->inode();
  if (inode.is_symlink()) return Errno::kLoop;
  if (!inode.is_regular()) return Errno::kAcces;
  if (path.mount && (path.mount->flags & kMountNoExec)) return Errno::kAcces;
  TRY(check_access(inode, kMayExecute));
  {
    const WriteClaim while_waiting = WriteClaim::to_read(inode);
    TRY(Leases::break_for(inode, Leases::Intent::kRead));
  }
  WriteClaim claim = TRY(WriteClaim::to_run(inode));
  Ref<File> file = TRY(inode.open(path, kReadOnly));
  file->hold(std::move(claim));
  file->announce_open();
  return file;
}

}  // namespace

Result<Ref<File>> open_executable(std::string_view path) {
  return open_program(TRY(resolve(task::current().fs->working_directory, path, LastLink::kFollow)));
}

Result<Ref<File>> open_executable_at(int directory_fd, std::string_view path, std::uint32_t at_flags) {
  if (at_flags & ~(kAtEmptyPath | kAtSymlinkNoFollow)) return Errno::kInval;
  const bool may_be_empty = at_flags & kAtEmptyPath;
  const Path start = TRY(start_of(directory_fd, path, may_be_empty ? EmptyText::kIsStart : EmptyText::kIsNoEntry));
  if (path.empty()) return open_program(start);
  const LastLink last = at_flags & kAtSymlinkNoFollow ? LastLink::kKeep : LastLink::kFollow;
  return open_program(TRY(resolve(start, path, last)));
}

Result<void> change_directory(std::string_view path) {
  FsContext& context = *task::current().fs;
  Path target = TRY(resolve(context.working_directory, path, LastLink::kFollow));
  if (!target.dentry->inode()->is_directory()) return Errno::kNotDir;
  TRY(check_access(*target.dentry->inode(), kMayExecute));
  context.working_directory = std::move(target);
  return {};
}

Result<String> path_text(const File& file) {
  return path_text(file.path(), root_path());
}

}  // namespace kernel::fs
