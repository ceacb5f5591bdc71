// Runs mkfs.erofs, the program that makes root file system images.
#pragma once

#include <cstdint>
#include <string>

namespace husk::image {

struct ErofsJob {
  int image_fd = -1;      // an empty file that is open for reading and writing; its name does not matter
  std::string directory;  // absolute
  std::string uuid_seed;  // hexadecimal; makes the file system's UUID
  std::uint64_t expected_bytes = 0;
  std::string program = {};  // mkfs.erofs, found by itself if empty
};

// Fills the job's file with an image of the tree below its directory, in the layout that docs/image-format.md promises.
// When it takes long and standard error is a terminal, one line says so. The child is confined (confinement.h) and dies
// with the caller. Throws husk::Error with mkfs.erofs's own words.
void make_erofs(const ErofsJob& job);

}  // namespace husk::image
