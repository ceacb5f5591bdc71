#include "tools/compare/roots.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <system_error>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/error.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/open_in_root.h"
#include "vmm/runner/rootfs.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

void unmount(const fs::path& path) {
  // Whoever still uses it, the monitor of a container say, keeps it until he ends.
  if (!path.empty() && umount2(path.c_str(), 0) != 0) umount2(path.c_str(), MNT_DETACH);
}

// Where a plain process finds device nodes in the image, the host's harmless ones are in their place: the image's own are of
// whoever made it, so no root has any that can be opened.
void bind_devices(const fs::path& directory) {
  const UniqueFd root(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    const UniqueFd node = runner::open_in_root(root.get(), device, O_PATH | O_NOFOLLOW);
    struct stat status {};
    if (!node || fstat(node.get(), &status) != 0 || !S_ISCHR(status.st_mode)) continue;
    runner::mount_at(device, "/proc/self/fd/" + std::to_string(node.get()), {}, MS_BIND);
  }
}

}  // namespace

RootMaker::RootMaker(Sources sources) : sources_(std::move(sources)) {
  if (!sources_.may_mount) {
    files_ = sources_.image_directory;
    return;
  }
  if (!sources_.erofs.empty()) files_ = share("image", RootForm::kReady);
  if (!sources_.image_directory.empty()) {
    const fs::path layer = share("directory", RootForm::kDirectory);
    if (files_.empty()) files_ = layer;
  }
}

RootMaker::~RootMaker() {
  unmount(directory_layer_);
  unmount(image_layer_);
}

// One of the mounts that the roots have below them. A directory through a bind mount, so that no character of its name
// means something to overlayfs (':' and ',').
fs::path RootMaker::share(const std::string& name, RootForm form) {
  const fs::path target = sources_.mounts / name;
  fs::create_directories(target);
  if (form == RootForm::kDirectory) {
    runner::mount_at(sources_.image_directory, target, {}, MS_BIND);
    directory_layer_ = target;
  } else {
    const auto open_file = [](const fs::path& path) {
      UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file) throw Error::from_errno("open", path.string());
      return file;
    };
    UniqueFd file = open_file(sources_.layers.empty() ? sources_.erofs : sources_.index);
    std::vector<UniqueFd> layers;
    for (const fs::path& layer : sources_.layers) layers.push_back(open_file(layer));
    runner::mount_erofs(runner::RootSource::from_erofs(std::move(file), std::move(layers), sources_.image), target);
    image_layer_ = target;
  }
  return target;
}

std::string RootMaker::objection(RootForm form, bool needs_directory) const {
  if (form == RootForm::kDirectory) {
    if (sources_.image_directory.empty()) return "IMAGE is an imported image";
  } else if (sources_.image.empty() && !needs_directory) {
    return "IMAGE is not imported";
  }
  if (needs_directory && form != RootForm::kReady && !sources_.may_mount) return "only root may make a root here";
  return {};
}

FreshRoot RootMaker::reserve(RootForm form, bool needs_directory, bool opens_its_devices) {
  FreshRoot fresh;
  fresh.opens_its_devices_ = opens_its_devices;
  Root& root = fresh.root_;
  root.form = form;
  root.image = form == RootForm::kDirectory ? sources_.image_directory : sources_.image;
  root.image_directory = sources_.image_directory;
  if (form != RootForm::kDirectory) root.erofs = sources_.erofs;
  if (!needs_directory) return fresh;
  if (!sources_.may_mount) {
    root.directory = sources_.image_directory;
    return fresh;
  }
  // The least that is free: runners keep a configuration for each path.
  unsigned number = 0;
  while (used_.contains(number)) ++number;
  used_.insert(number);
  fresh.maker_ = this;
  fresh.number_ = number;
  fresh.base_ = sources_.mounts / std::to_string(number);
  fresh.layer_ = form == RootForm::kDirectory || image_layer_.empty() ? directory_layer_ : image_layer_;
  root.directory = fresh.base_ / "root";
  root.is_private = true;
  fs::create_directories(fresh.base_);
  return fresh;
}

FreshRoot::FreshRoot(FreshRoot&& other) noexcept {
  *this = std::move(other);
}

FreshRoot& FreshRoot::operator=(FreshRoot&& other) noexcept {
  std::swap(maker_, other.maker_);
  std::swap(number_, other.number_);
  std::swap(root_, other.root_);
  std::swap(base_, other.base_);
  std::swap(layer_, other.layer_);
  std::swap(opens_its_devices_, other.opens_its_devices_);
  std::swap(is_made_, other.is_made_);
  return *this;
}

FreshRoot::~FreshRoot() {
  remove();
  if (maker_ != nullptr) maker_->used_.erase(number_);
}

// The mounts that `husk run --isolation namespace` makes (vmm/runner/rootfs.cc), so that all pay for the same.
void FreshRoot::make() {
  if (base_.empty() || is_made_) return;
  runner::mount_at("husk-compare", base_, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  is_made_ = true;
  for (const char* part : {"upper", "work", "root"}) fs::create_directory(base_ / part);
  runner::mount_at("overlay", root_.directory, "overlay", MS_NODEV,
                   "lowerdir=" + layer_.string() + ",upperdir=" + (base_ / "upper").string() +
                       ",workdir=" + (base_ / "work").string());
  if (opens_its_devices_) bind_devices(root_.directory);
}

void FreshRoot::remove() {
  if (!is_made_) return;
  unmount(root_.directory);
  unmount(base_);
  is_made_ = false;
}

}  // namespace husk::compare
