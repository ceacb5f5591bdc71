// Where a comparison keeps its files, and the workload's image as a directory for the runners that need one.
#pragma once

#include <filesystem>
#include <string>

#include "tools/compare/workload.h"
#include "vmm/image/cache_dir.h"

namespace husk::compare {

// As root everything lies on a tmpfs in a mount namespace of this process and its children only: whatever happens to
// this process, nothing stays mounted and no file stays but an empty directory, which the next comparison removes.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // The image under an overlay whose changes go to the tmpfs; not as root: the image directory itself, not to be
  // written. An image that was imported needs root.
  std::filesystem::path mount_image(const std::string& image, const image::CacheDir& cache);

  bool image_is_private() const { return is_private_; }

 private:
  std::filesystem::path path_;
  bool is_private_ = false;
};

}  // namespace husk::compare
