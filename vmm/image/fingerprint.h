// A stat walk over a directory tree, condensed to a number that changes when anything in the tree does.
#pragma once

#include <cstdint>
#include <string>

namespace husk::image {

// What a walk saw. Two walks with equal digests saw trees that make equal images, provided that no file was changed
// within one clock tick of being looked at: see `newest_change_ns`.
struct Fingerprint {
  std::string digest;                 // 32 hexadecimal digits
  std::uint64_t entries = 0;          // files of every kind below the root, which is not counted itself
  std::uint64_t image_bytes = 0;      // about how large the image will be
  std::int64_t newest_change_ns = 0;  // the latest ctime in the tree, in nanoseconds since 1970
};

// Walks the tree below `directory` without following symbolic links. The digest covers each file's path, type, mode,
// owner, size, device number, mtime, ctime and inode. Contents need no look: the kernel sets ctime, to which no
// program has access, at every change of contents, attributes or links (a symbolic link cannot change its target at
// all). Throws husk::Error when a directory cannot be read.
Fingerprint fingerprint(const std::string& directory);

}  // namespace husk::image
