#include "tools/compare/scratch.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "vmm/error.h"
#include "vmm/image/named_image.h"
#include "vmm/runner/leftovers.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/rootfs.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "husk-compare-";

}  // namespace

Scratch::Scratch() {
  const fs::path directory = fs::temp_directory_path();
  runner::sweep(directory, kPrefix);
  // Another process may have had this pid, in another pid namespace or before a crash, so the pid is not enough.
  std::string name = directory / (std::string(kPrefix) + std::to_string(getpid()) + "-XXXXXX");
  if (mkdtemp(name.data()) == nullptr) throw Error::from_errno("make", name, "set TMPDIR");
  path_ = name;
  try {
    make_private();
  } catch (...) {
    remove();
    throw;
  }
}

void Scratch::make_private() {
  if (unshare(CLONE_NEWNS) != 0) {
    if (errno == EPERM) return;  // not root, or root of a container without CAP_SYS_ADMIN
    throw Error::from_errno("make", "a mount namespace");
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    throw Error::from_errno("make", "a mount namespace");
  }
  runner::mount_at("husk-compare", path_, "tmpfs", MS_NOSUID, "mode=700");
  is_private_ = true;
  // podman keeps its locks there. Nobody else is to meet them, and nothing of them is to stay.
  std::error_code none;
  if (fs::is_directory("/dev/shm", none)) {
    runner::mount_at("husk-compare", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  }
}

Scratch::~Scratch() {
  remove();
}

void Scratch::remove() {
  std::error_code ignored;
  if (is_private_) {
    for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount) umount2(mount->c_str(), MNT_DETACH);
    umount2(path_.c_str(), MNT_DETACH);
    rmdir(path_.c_str());
  } else {
    fs::remove_all(path_, ignored);
  }
}

Root Scratch::mount_root(const std::string& name, const std::string& image, const image::CacheDir& cache,
                         bool wants_erofs) {
  const bool is_path = image.find('/') != std::string::npos || image == "." || image == "..";
  image::RootImage named;
  if (!is_path) named = image::open_named(image, cache);
  if (!named.fd && !fs::is_directory(image)) throw Error("find image", image, "there is no such image or directory");
  if (named.fd && !is_private_) {
    throw Error("mount", "image '" + image + "'", "that needs root", "give the image as a directory");
  }
  Root root;
  root.image = named.fd ? image : fs::canonical(image).string();
  root.is_private = is_private_;
  if (wants_erofs) root.erofs = image::resolve(root.image, cache).erofs_path;
  root.directory = is_private_ ? mount_overlay(name, root.image, std::move(named)) : fs::path(root.image);
  return root;
}

fs::path Scratch::mount_overlay(const std::string& name, const std::string& image, image::RootImage named) {
  const fs::path base = path_ / name;
  for (const char* part : {"lower", "upper", "work", "root"}) fs::create_directories(base / part);
  // A directory through a bind mount, so that no character of its name means something to overlayfs (':' and ',').
  const std::string lower = base / "lower";
  if (named.fd) {
    runner::mount_erofs(runner::RootSource::from_erofs(std::move(named.fd), image), lower);
  } else {
    runner::mount_at(image, lower, {}, MS_BIND);
  }
  mounts_.push_back(lower);
  const std::string root = base / "root";
  runner::mount_at(
      "overlay", root, "overlay", 0,
      "lowerdir=" + lower + ",upperdir=" + (base / "upper").string() + ",workdir=" + (base / "work").string());
  mounts_.push_back(root);
  return root;
}

}  // namespace husk::compare
