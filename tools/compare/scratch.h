// Where a comparison keeps its files, and the workload's image as a directory for the runners that need one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/compare/imported_image.h"
#include "tools/compare/roots.h"
#include "vmm/image/image.h"

namespace husk::compare {

// Where a mount namespace may be made, which takes root, everything lies on a tmpfs in one of this process and its
// children only: whatever happens to this process, nothing stays mounted and no file stays but an empty directory,
// which the next comparison removes.
// Copies of one image, so that instances share no page of it.
struct UnsharedImages {
  std::vector<std::unique_ptr<RootMaker>> roots;
  std::vector<const ImportedImage*> images;
};

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool is_private() const { return is_private_; }

  // Where the roots of `image` come from: a directory is imported first. Without a mount namespace the only root is the
  // directory itself, not to be written; an image that was imported needs root. `name` tells the images of one
  // comparison apart. Outlived by this. Throws husk::Error.
  std::unique_ptr<RootMaker> make_roots(const std::string& name, const std::string& image,
                                        const image::CacheDir& cache);

  // The same for `count` copies of the image that make_roots(name, ...) has imported: see UnsharedImages. Throws
  // husk::Error where there is no room for them, or it was imported by the user.
  UnsharedImages make_unshared(const std::string& name, unsigned count, const image::CacheDir& cache);

 private:
  void make_private();
  void remove();

  std::filesystem::path path_;
  bool is_private_ = false;
  std::vector<std::unique_ptr<ImportedImage>> imported_;
  std::map<std::string, const ImportedImage*> by_name_;  // as make_roots() was told
};

}  // namespace husk::compare
