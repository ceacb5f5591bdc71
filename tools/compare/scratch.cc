#include "tools/compare/scratch.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "vmm/error.h"
#include "vmm/image/named_image.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/rootfs.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "husk-compare-";

// Empty directories that comparisons left behind when they were killed. rmdir(2) removes nothing else.
void sweep(const fs::path& directory) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    const pid_t owner = std::atoi(name.c_str() + kPrefix.size());
    if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) rmdir(entry.path().c_str());
  }
}

}  // namespace

Scratch::Scratch() {
  const fs::path directory = fs::temp_directory_path();
  sweep(directory);
  path_ = directory / (std::string(kPrefix) + std::to_string(getpid()));
  std::error_code error;
  if (!fs::create_directory(path_, error)) {
    throw Error("make", path_.string(), error ? error.message() : "it is there already", "set TMPDIR");
  }
  fs::permissions(path_, fs::perms::owner_all, error);
  if (geteuid() != 0) return;
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    throw Error::from_errno("make", "a mount namespace");
  }
  runner::mount_at("husk-compare", path_, "tmpfs", MS_NOSUID, "mode=700");
  is_private_ = true;
}

Scratch::~Scratch() {
  std::error_code ignored;
  if (is_private_) {
    umount2((path_ / "root").c_str(), MNT_DETACH);
    umount2((path_ / "lower").c_str(), MNT_DETACH);
    umount2(path_.c_str(), MNT_DETACH);
    rmdir(path_.c_str());
  } else {
    fs::remove_all(path_, ignored);
  }
}

fs::path Scratch::mount_image(const std::string& image, const image::CacheDir& cache) {
  const bool is_path = image.find('/') != std::string::npos || image == "." || image == "..";
  image::RootImage named;
  if (!is_path) named = image::open_named(image, cache);
  if (!named.fd && !fs::is_directory(image)) throw Error("find image", image, "there is no such image or directory");
  if (!is_private_) {
    if (named.fd) throw Error("mount", "image '" + image + "'", "that needs root", "give the image as a directory");
    return fs::canonical(image);
  }
  for (const char* name : {"lower", "upper", "work", "root"}) fs::create_directory(path_ / name);
  std::string lower = named.fd ? (path_ / "lower").string() : fs::canonical(image).string();
  if (named.fd) {
    runner::mount_erofs(runner::RootSource::from_erofs(std::move(named.fd), image), lower);
  } else {
    // Through a bind mount, so that no character of the directory's name means something to overlayfs (':' and ',').
    const std::string bind = path_ / "lower";
    runner::mount_at(lower, bind, {}, MS_BIND);
    lower = bind;
  }
  const std::string base = path_.string();
  runner::mount_at("overlay", base + "/root", "overlay", 0,
                   "lowerdir=" + lower + ",upperdir=" + base + "/upper,workdir=" + base + "/work");
  return path_ / "root";
}

}  // namespace husk::compare
