// Where a comparison keeps its files, and the workload's image as a directory for the runners that need one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/compare/runner.h"
#include "vmm/image/image.h"

namespace husk::compare {

// Where a mount namespace may be made, which takes root, everything lies on a tmpfs in one of this process and its
// children only: whatever happens to this process, nothing stays mounted and no file stays but an empty directory,
// which the next comparison removes.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // The image under an overlay whose changes go to the tmpfs; without a mount namespace: the image directory itself,
  // not to be written. An image that was imported needs root. `name` tells the roots of one comparison apart. With
  // `wants_erofs` its image file is built, if it is not in the cache. Throws husk::Error.
  Root mount_root(const std::string& name, const std::string& image, const image::CacheDir& cache, bool wants_erofs);

 private:
  void make_private();
  void remove();
  std::filesystem::path mount_overlay(const std::string& name, const std::string& image, image::RootImage named);

  std::filesystem::path path_;
  bool is_private_ = false;
  std::vector<std::filesystem::path> mounts_;  // below path_, in the order in which they were made
};

}  // namespace husk::compare
