// Runs mkfs.erofs, the program that makes root file system images.
#pragma once

#include <cstdint>
#include <string>

namespace husk::image {

// Makes `image` (a new file; an existing one is overwritten) from the tree below `directory`, in the layout that
// docs/image-format.md promises, and writes it to disk (fdatasync). `uuid_seed` makes the file system's UUID.
// When it takes long and standard error is a terminal, one line says so. The child dies with the caller. Throws
// husk::Error with mkfs.erofs's own words.
void make_erofs(const std::string& image, const std::string& directory, const std::string& uuid_seed,
                std::uint64_t expected_bytes);

}  // namespace husk::image
