#include "tools/compare/scratch.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "tools/compare/guard.h"
#include "tools/compare/null_device.h"
#include "vmm/error.h"
#include "vmm/image/named_image.h"
#include "vmm/runner/leftovers.h"
#include "vmm/runner/mounts.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "husk-compare-";

void copy_to(int from, int to, std::uint64_t offset, const std::string& name) {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  for (off_t at = 0;;) {
    const ssize_t got = pread(from, buffer.data(), buffer.size(), at);
    if (got < 0) throw Error::from_errno("read", name);
    if (got == 0) return;
    if (pwrite(to, buffer.data(), static_cast<std::size_t>(got), static_cast<off_t>(offset) + at) != got) {
      throw Error::from_errno("copy", name);
    }
    at += got;
  }
}

// An image over layers as one file, for VMMs that take one: each where the image has it, which is how Linux, which finds no
// further device, looks for them (since 6.4).
fs::path copy_as_one_file(const image::RootImage& image, const fs::path& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) throw Error::from_errno("create", path.string());
  copy_to(image.fd.get(), file.get(), 0, image.erofs_path);
  for (const image::RootImage::Layer& layer : image.layers) {
    copy_to(layer.fd.get(), file.get(), layer.offset, layer.name);
  }
  return path;
}

}  // namespace

Scratch::Scratch() {
  const fs::path directory = fs::temp_directory_path();
  runner::sweep(directory, kPrefix);
  // Another process may have had this pid, in another pid namespace or before a crash, so the pid is not enough.
  std::string name = directory / (std::string(kPrefix) + std::to_string(comparison_id()) + "-XXXXXX");
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
  make_own_null_device(path_);
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
    umount2(path_.c_str(), MNT_DETACH);
    rmdir(path_.c_str());
  } else {
    fs::remove_all(path_, ignored);
  }
}

std::unique_ptr<RootMaker> Scratch::make_roots(const std::string& name, const std::string& image,
                                               const image::CacheDir& cache) {
  const bool is_path = image.find('/') != std::string::npos || image == "." || image == "..";
  RootMaker::Sources sources;
  sources.mounts = path_ / name;
  sources.may_mount = is_private_;
  image::RootImage named;
  if (!is_path) named = image::open_named(image, cache);
  if (named.fd) {
    sources.image = image;
    sources.erofs = named.erofs_path;
    for (const image::RootImage::Layer& layer : named.layers) sources.layers.emplace_back(layer.name);
    if (!sources.layers.empty()) {
      sources.index = std::exchange(sources.erofs, copy_as_one_file(named, path_ / (name + ".erofs")));
    }
    if (!is_private_) throw Error("mount", "image '" + image + "'", "that needs root", "give the image as a directory");
  } else {
    if (!fs::is_directory(image)) throw Error("find image", image, "there is no such image or directory");
    sources.image_directory = fs::canonical(image);
    const ImportedImage& imported =
        *imported_.emplace_back(std::make_unique<ImportedImage>(sources.image_directory, name, cache));
    by_name_[name] = &imported;
    sources.image = imported.name();
    sources.erofs = imported.erofs();
  }
  return std::make_unique<RootMaker>(std::move(sources));
}

UnsharedImages Scratch::make_unshared(const std::string& name, unsigned count, const image::CacheDir& cache) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) throw Error("copy", "the image", "it was imported by the user", "give its directory");
  const ImportedImage& original = *found->second;
  struct statfs file_system {};
  if (statfs(original.erofs().c_str(), &file_system) != 0)
    throw Error::from_errno("look at", original.erofs().string());
  if (file_system.f_type == TMPFS_MAGIC) {
    throw Error("copy", "the image", "the cache is a tmpfs, whose files are in memory before anybody maps them",
                "set HUSK_CACHE_DIR to a directory on a disk");
  }
  // A quarter of what is free, and no more than takes a few seconds to write.
  constexpr std::uintmax_t kMost = std::uintmax_t{4} << 30;
  const std::uintmax_t room = std::min(kMost, fs::space(original.erofs().parent_path()).available / 4);
  if (original.bytes() * count > room) {
    throw Error("copy", "the image",
                std::to_string(count) + " copies of it do not fit into " + std::to_string(room >> 20) + " MiB",
                "give a smaller one");
  }
  UnsharedImages copies;
  for (unsigned i = 0; i < count; ++i) {
    const std::string copy_name = name + "-copy-" + std::to_string(i);
    const ImportedImage& image = *imported_.emplace_back(std::make_unique<ImportedImage>(original, copy_name, cache));
    copies.images.push_back(&image);
    RootMaker::Sources sources;
    sources.image = image.name();
    sources.erofs = image.erofs();
    sources.mounts = path_ / copy_name;
    sources.may_mount = is_private_;
    copies.roots.push_back(std::make_unique<RootMaker>(std::move(sources)));
  }
  return copies;
}

}  // namespace husk::compare
