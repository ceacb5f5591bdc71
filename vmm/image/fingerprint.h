// A stat walk over a directory tree, condensed to a number that changes when anything in the tree does.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cache/sha256.h"

namespace husk::image {

// About how many bytes an image takes, extended attributes left out. Sizes are whatever the tree claims (a sparse file
// may say 8 EiB, and its holes count), so the sum stops at kHuge instead of starting again from 0.
class ImageSize {
 public:
  static constexpr std::uint64_t kHuge = ~std::uint64_t{0};

  void add_entry(std::size_t name_bytes, const struct stat& status);
  // Counts each file with several links once.
  std::uint64_t bytes() const;

 private:
  struct Linked {
    std::uint64_t device, inode, bytes;
    auto operator<=>(const Linked&) const = default;  // NOLINT(modernize-use-nullptr): the 0 is clang's
  };

  std::uint64_t bytes_ = 0;
  std::vector<Linked> linked_;
};

// What a walk saw. What two walks with equal digests say about the tree depends on how the files may be changed, see
// stable_image.h.
struct Fingerprint {
  cache::Digest digest{};
  std::uint64_t entries = 0;  // files of every kind below the root, which is not counted itself
  ImageSize image_size;

  // One directory or regular file on each file system that the tree reaches into.
  std::vector<std::pair<std::uint64_t, std::string>> file_systems;
  // The latest ctime of those that are whole seconds, which is what file systems have that know nothing finer; 0: none.
  std::int64_t newest_whole_second = 0;
  // False if there is a file system on which stores through a shared mapping leave no trace in a file's times, or may
  // leave none.
  bool sees_mapped_stores = true;

  std::string hex() const { return cache::to_hex(digest); }
};

// Walks the tree below `directory` without following symbolic links. The digest covers each file's path, type, mode,
// owner, size, device number, mtime, ctime and inode. Contents need no look: the kernel sets ctime, to which no
// program has access, at every change of contents, attributes or links (a symbolic link cannot change its target at
// all). Throws husk::Error when a directory cannot be read.
Fingerprint fingerprint(const std::string& directory);

}  // namespace husk::image
