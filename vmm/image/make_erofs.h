// The image of a directory, made by a confined process.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/image/helper.h"

namespace husk::image {

struct ErofsJob {
  int image_fd = -1;      // open for reading and writing; what it held is lost
  std::string directory;  // absolute
  std::string uuid_seed;  // at least 32 hexadecimal digits; makes the file system's UUID
  std::uint64_t expected_bytes = 0;
};

// Fills the job's file with an image of the tree below its directory, as docs/image-format.md has it. When it takes
// long and standard error is a terminal, one line says so. Throws husk::Error.
void make_erofs(const ErofsJob& job);

// The same process with other work in it, for the tests of what it may do.
void make_erofs_with(const ErofsJob& job, const HelperWork& work);

}  // namespace husk::image
