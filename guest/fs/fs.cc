// Bringing the file systems up.
#include "fs/fs.h"

#include <utility>

#include "fs/dentry_cache.h"
#include "fs/dev_fs.h"
#include "fs/erofs/image.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "fs/proc/proc_fs.h"
#include "fs/ram/ram_fs.h"
#include "fs/sys/sys_fs.h"
#include "lib/log.h"
#include "mm/address.h"
#include "mm/frame.h"

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
  mm::set_reclaimer([] { return dentry_cache().drop_all(); });
  const Ref<RamFs> dev = TRY(make_dev_fs());
  const Ref<ProcFs> proc = TRY(ProcFs::create());
  TRY(mount_below_root(proc, "proc", kMountNoSuid | kMountNoDev | kMountNoExec));
  set_dev_mount(TRY(mount_below_root(dev, "dev", kMountNoSuid)));
  return {};
}

Result<void> mount_sys() {
  Ref<SysFs> sys = TRY(SysFs::instance());
  sys->read_only = true;
  TRY(mount_below_root(std::move(sys), "sys", kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec));
  return {};
}

}  // namespace kernel::fs
