// The container's root: the image as the read-only lower layer of an overlay whose changes live in a private tmpfs.
#pragma once

#include <span>
#include <string>

#include "common/unique_fd.h"
#include "vmm/runner/runner.h"

namespace husk::runner {

// The root that was the caller's before it entered the container's; still mounted until `detach`.
class OldRoot {
 public:
  // `is_mounted`: stacked on the new root; false where the new root covers it instead (the initial ramfs).
  OldRoot(UniqueFd directory, bool is_mounted) : directory_(std::move(directory)), is_mounted_(is_mounted) {}

  // Its path for mount(2): valid once the container has a /proc.
  std::string path() const { return "/proc/self/fd/" + std::to_string(directory_.get()); }
  void detach();

 private:
  UniqueFd directory_;
  bool is_mounted_;
};

// Mounts the image file of `root`, with its layers, at `target`, read-only. Before Linux 6.12 that takes a loop device for each
// file, which goes with the mount.
void mount_erofs(const RootSource& root, const std::string& target);

// To be called in a new mount namespace, one after the other. The first makes its mounts private, mounts the image and
// its overlay, and returns where; the second makes that the root directory of the caller and of its mount namespace
// (pivot_root(2)). Nothing is mounted that outlives the mount namespace, and the image is never written to, unless it
// is a directory that is to be the root in place: that is only bound.
//
// On entering, the caller's descriptors above 2 are closed but for `kept`, none of which may lead to a directory, and
// the old root's: until that is detached, no path that the image has a say in may be looked up.
const char* mount_root(const RootSource& root, bool user_namespace);
OldRoot enter_root(const char* mounted, std::span<const int> kept);

}  // namespace husk::runner
