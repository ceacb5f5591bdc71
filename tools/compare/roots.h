// A root file system for each run: whatever a run writes is gone before the next one, under every runner.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/runner.h"

namespace husk::compare {

class FreshRoot;

// What the roots of one image are made of. Each is an overlay whose changes go to a tmpfs of its own, over one mount
// that all of them share, as a container engine has it: of the image file, or of the directory.
class RootMaker {
 public:
  struct Sources {
    std::string image;            // an imported image's name; empty where there is none
    std::string image_directory;  // empty where the user gave an imported image
    std::filesystem::path erofs;  // the imported image's file
    std::filesystem::path index;  // where it is a copy of an image of layers: that one's own file, and its layers'
    std::vector<std::filesystem::path> layers;
    std::filesystem::path mounts;  // a directory of this maker's own to mount below
    bool may_mount = false;        // false: the only root is image_directory, not to be written
  };

  // Mounts what the roots share. Throws husk::Error.
  explicit RootMaker(Sources sources);
  ~RootMaker();
  RootMaker(const RootMaker&) = delete;
  RootMaker& operator=(const RootMaker&) = delete;

  // Why there is no root of this form; empty where there is one.
  std::string objection(RootForm form, bool needs_directory) const;

  // Nothing is mounted yet. `opens_its_devices`: as Runner says. Its paths are those of a root that has ended before, where there is one. Outlived by this.
  FreshRoot reserve(RootForm form, bool needs_directory, bool opens_its_devices = false);

  const std::string& image_directory() const { return sources_.image_directory; }

  // The image's files, not to be written: where page caches can be emptied.
  const std::filesystem::path& files() const { return files_; }

 private:
  friend class FreshRoot;
  std::filesystem::path share(const std::string& name, RootForm form);

  Sources sources_;
  std::filesystem::path files_;
  std::filesystem::path image_layer_;
  std::filesystem::path directory_layer_;
  std::set<unsigned> used_;  // numbers of roots that are reserved
};

class FreshRoot {
 public:
  FreshRoot() = default;
  FreshRoot(FreshRoot&& other) noexcept;
  FreshRoot& operator=(FreshRoot&& other) noexcept;
  ~FreshRoot();

  const Root& root() const { return root_; }

  void make();    // mounts it, where it is to be mounted. Throws husk::Error.
  void remove();  // what is still in use goes when its last user does

 private:
  friend class RootMaker;

  RootMaker* maker_ = nullptr;
  unsigned number_ = 0;
  Root root_;
  std::filesystem::path base_;   // empty: nothing is mounted for it
  std::filesystem::path layer_;  // what is below
  bool opens_its_devices_ = false;
  bool is_made_ = false;
};

}  // namespace husk::compare
