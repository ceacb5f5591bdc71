// An image for one comparison, under a name of the comparison's own: a directory that was imported, as `husk image import`
// does it, or a copy of such an image.
#pragma once

#include <filesystem>
#include <string>

#include "vmm/cache/cache_file.h"
#include "vmm/image/named_image.h"

namespace husk::compare {

class ImportedImage {
 public:
  // Imports `directory`, and removes what comparisons that were killed have left. `purpose` tells the images of one
  // comparison apart. Throws husk::Error.
  ImportedImage(const std::string& directory, const std::string& purpose, const image::CacheDir& cache);
  // A copy of another one's file, of which nothing is in the page cache: who runs from it shares no page with who runs
  // from the other.
  ImportedImage(const ImportedImage& other, const std::string& purpose, const image::CacheDir& cache);
  ~ImportedImage();
  ImportedImage(const ImportedImage&) = delete;
  ImportedImage& operator=(const ImportedImage&) = delete;

  const std::string& name() const { return image_.name; }
  std::filesystem::path erofs() const { return image_.erofs_path; }
  // What of the file is in the page cache and mapped by nobody is forgotten.
  void empty_page_cache() const;

  std::uint64_t files() const { return image_.entries; }
  std::uint64_t bytes() const { return image_.size; }

 private:
  const image::CacheDir& cache_;
  image::Folder folder_;
  std::string stem_;
  cache::Lock in_use_;  // for as long as this process lives, however it ends
  image::NamedImage image_;
};

}  // namespace husk::compare
