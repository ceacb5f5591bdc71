#include "fs/fs.h"

#include <utility>

#include "fs/access.h"
#include "fs/dev_fs.h"
#include "fs/erofs/image.h"
#include "fs/ram/ram_fs.h"
#include "fs/vfs.h"
#include "lib/log.h"
#include "mm/address.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// Mounts on a directory of the root, which is made when the image has none.
Result<Ref<Mount>> mount_below_root(Ref<FileSystem> file_system, std::string_view name, std::uint32_t flags) {
  const Path root = root_path();
  Path point{root.mount, TRY(Dentry::look_up(root.dentry, name))};
  if (point.dentry->negative()) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kDirectory, 0755);
    Ref<Inode> made = TRY(root.dentry->inode()->create(name, attributes));
    point.dentry->fill_in(std::move(made));
  }
  if (!point.dentry->inode()->is_directory()) {
    log(LogLevel::kError, "cannot mount on /{}: it is no directory in the root image", name);
    return Errno::kNotDir;
  }
  const std::string_view type = file_system->type_name();
  return add_mount(std::move(file_system), point, type, flags);
}

Result<Ref<File>> open_program(const Path& path) {
  Inode& inode = *path.dentry->inode();
  if (inode.is_symlink()) return Errno::kLoop;
  if (!inode.is_regular()) return Errno::kAcces;
  if (path.mount && (path.mount->flags & kMountNoExec)) return Errno::kAcces;
  TRY(check_access(inode, kMayExecute));
  return inode.open(path, kReadOnly);
}

}  // namespace

Result<void> initialise(std::uint64_t image_gpa, std::uint64_t image_size) {
  const std::span<const std::byte> bytes(mm::physical_pointer<const std::byte>(image_gpa), image_size);
  std::string_view why;
  auto image = erofs::Image::open(bytes, why);
  if (!image) {
    log(LogLevel::kError, "the root image cannot be used: {}", why);
    return image.error();
  }
  const Ref<RamFs> root = TRY(RamFs::create_over(image.value()));
  TRY(add_mount(root, Path{}, "overlay", 0));
  const Ref<RamFs> dev = TRY(make_dev_fs());
  set_dev_mount(TRY(mount_below_root(dev, "dev", kMountNoSuid)));
  return {};
}

Result<Ref<File>> open_executable(std::string_view path) {
  return open_program(TRY(resolve(task::current().fs->working_directory, path, LastLink::kFollow)));
}

Result<Ref<File>> open_executable_at(int directory_fd, std::string_view path, std::uint32_t at_flags) {
  if (at_flags & ~(kAtEmptyPath | kAtSymlinkNoFollow)) return Errno::kInval;
  const Path start = TRY(start_of(directory_fd, path));
  if (path.empty() && (at_flags & kAtEmptyPath)) return open_program(start);
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
