#include "vmm/runner/rootfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <vector>

#include "vmm/descriptors.h"
#include "vmm/error.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/loop_device.h"
#include "vmm/runner/mounts.h"

namespace husk::runner {
namespace {

// Any directory that every Linux system has serves (POSIX 10.1 requires /tmp): in the new mount namespace a tmpfs
// covers it, and goes with the old root. IMAGE may lie below it, and is therefore reached through its descriptor only.
constexpr char kStage[] = "/tmp";
constexpr char kRoot[] = "/tmp/root";  // in kStage

std::string descriptor_path(const UniqueFd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

// The image directory as the new mount namespace has it: overlayfs takes no layer from a mount of another namespace,
// and the caller's descriptor belongs to one. Must happen before anything is mounted over the path.
UniqueFd open_again(const RootSource& root) {
  const std::string link = descriptor_path(root.directory);
  std::array<char, PATH_MAX> path{};
  if (readlink(link.c_str(), path.data(), path.size() - 1) < 0) throw Error::from_errno("read", link);
  UniqueFd directory(open(path.data(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat before {
  }, after{};
  if (!directory || fstat(root.directory.get(), &before) != 0 || fstat(directory.get(), &after) != 0) {
    throw Error::from_errno("open", "image directory '" + root.name + "'");
  }
  if (before.st_dev != after.st_dev || before.st_ino != after.st_ino) {
    throw Error("open", "image directory '" + root.name + "'", "it was moved meanwhile", "try again");
  }
  return directory;
}

void make_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) != 0) throw Error::from_errno("create", path);
}

bool root_is_initramfs() {
  struct statfs file_system {};
  if (statfs("/", &file_system) != 0) return false;
  return file_system.f_type == RAMFS_MAGIC || file_system.f_type == TMPFS_MAGIC;
}

// pivot_root(2) wants a mount. The directory's own flags stay as they are, which a remount would not leave alone.
void bind_without_devices(const UniqueFd& directory, const std::string& name) {
  mount_at(descriptor_path(directory), kStage, {}, MS_BIND);
  mount_attr no_devices{};
  no_devices.attr_set = MOUNT_ATTR_NODEV;
  if (mount_setattr(AT_FDCWD, kStage, 0, &no_devices, sizeof no_devices) != 0) {
    throw Error::from_errno("mount", "'" + name + "' without its devices");
  }
}

// The initial ramfs can be neither pivoted nor unmounted (Documentation/filesystems/ramfs-rootfs-initramfs.rst): the
// working directory, a mount, is moved over it, as switch_root(8) does. What is below cannot be reached then: a walk up
// from the container's root, as in the classic escape from a chroot(2), ends there, since nothing is above the ramfs.
void cover_initramfs() {
  if (mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || chroot(".") != 0) {
    throw Error::from_errno("move", "the container's root over the initial ramfs");
  }
}

// By fsconfig(2), one option at a time: mount(2) takes a page of them, and an image may have 512 layers. False, with errno, if
// the kernel cannot mount it so.
bool mount_with_devices(const std::string& source, const std::vector<std::string>& devices, const std::string& target) {
  const UniqueFd context(fsopen("erofs", FSOPEN_CLOEXEC));
  if (!context) return false;
  const auto set = [&context](const char* key, const std::string& value) {
    return fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  if (!set("source", source) || fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0) return false;
  // In the order of the image's table.
  for (const std::string& device : devices) {
    if (!set("device", device)) return false;
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return false;
  const UniqueFd mounted(fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
  return mounted && move_mount(mounted.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

void mount_layers(const RootSource& root, const std::string& target) {
  std::vector<std::string> devices;
  for (const UniqueFd& layer : root.layers) devices.push_back(descriptor_path(layer));
  if (mount_with_devices(descriptor_path(root.erofs), devices, target)) return;
  const std::string what = "EROFS image '" + root.name + "' with its layers";
  if (errno != ENOTBLK) throw Error::from_errno("mount", what);
  std::vector<LoopDevice> loops;
  loops.push_back(LoopDevice::attach(root.erofs.get()));
  devices.clear();
  for (const UniqueFd& layer : root.layers) {
    loops.push_back(LoopDevice::attach(layer.get()));
    devices.push_back(loops.back().path());
  }
  if (!mount_with_devices(loops.front().path(), devices, target)) {
    throw Error::from_errno("mount", what, "that takes Linux 5.16");
  }
}

}  // namespace

void mount_erofs(const RootSource& root, const std::string& target) {
  constexpr unsigned long kFlags = MS_RDONLY | MS_NODEV;
  if (!root.layers.empty()) return mount_layers(root, target);
  if (mount(descriptor_path(root.erofs).c_str(), target.c_str(), "erofs", kFlags, nullptr) == 0) return;
  if (errno != ENOTBLK) throw Error::from_errno("mount", "EROFS image '" + root.name + "'");
  const LoopDevice loop = LoopDevice::attach(root.erofs.get());
  mount_at(loop.path(), target, "erofs", kFlags);
}

const char* mount_root(const RootSource& root, bool user_namespace) {
  // Nothing that is mounted from here on may propagate to the host, and pivot_root(2) refuses shared mounts.
  mount_at({}, "/", {}, MS_REC | MS_PRIVATE);
  const UniqueFd directory = root.directory ? open_again(root) : UniqueFd();
  if (root.in_place) {
    bind_without_devices(directory, root.name);
    return kStage;
  }
  mount_at("husk", kStage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  const std::string stage = kStage;
  for (const char* name : {"/lower", "/upper", "/work", "/root"}) make_directory(stage + name);

  std::string lower = descriptor_path(directory);
  if (root.erofs) {
    if (user_namespace) {
      throw Error("mount", "image '" + root.name + "'", "an unprivileged user may not mount an EROFS file",
                  "run husk as root, or give the image as a directory");
    }
    lower = stage + "/lower";
    mount_erofs(root, lower);
  }
  const std::string layers = "lowerdir=" + lower + ",upperdir=" + stage + "/upper,workdir=" + stage + "/work";
  const std::string target = kRoot;
  // overlayfs.rst, "User xattr": trusted.* attributes are out of reach in a user namespace.
  const std::string options = user_namespace ? layers + ",userxattr" : layers;
  if (mount("overlay", target.c_str(), "overlay", MS_NODEV, options.c_str()) != 0) {
    throw Error::from_errno(
        "mount", "overlay over image '" + root.name + "'",
        "the kernel needs overlayfs, and a file system under the image that can be its lower layer");
  }
  return kRoot;
}

OldRoot enter_root(const char* mounted, std::span<const int> kept) {
  UniqueFd old_root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root || chdir(mounted) != 0) throw Error::from_errno("enter", mounted);
  std::vector<int> remaining(kept.begin(), kept.end());
  remaining.push_back(old_root.get());
  keep_only(remaining);
  // pivot_root(2), NOTES: with "." twice the old root is stacked on the new one and needs no directory inside it.
  if (syscall(SYS_pivot_root, ".", ".") == 0) return OldRoot(std::move(old_root), true);
  if (errno != EINVAL || !root_is_initramfs()) throw Error::from_errno("pivot_root", "into the container's root");
  cover_initramfs();
  return OldRoot(std::move(old_root), false);
}

void OldRoot::detach() {
  if (is_mounted_ && (fchdir(directory_.get()) != 0 || umount2(".", MNT_DETACH) != 0)) {
    throw Error::from_errno("detach", "the host's root");
  }
  if (chdir("/") != 0) throw Error::from_errno("enter", "the container's root");
  directory_.reset();
}

}  // namespace husk::runner
