// What names the contents of an image, wherever they lie: for whoever wants to repeat a comparison with the same files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace husk::compare {

struct ImageDigest {
  std::string text;         // "sha256:" and 64 hexadecimal digits
  std::uint64_t files = 0;  // of every kind, the root among them
  std::uint64_t bytes = 0;  // of the regular files, each name counted
};

// SHA-256 over one line for each file, sorted by path bytewise: type, mode in octal, uid, gid, then for a regular file
// its SHA-256, for a link its target, for a device its number, else "-"; and the path. Fields are separated by tabs,
// and each line ends with a zero byte, which no path has. Times are no part of it. Throws husk::Error.
ImageDigest digest_image(const std::filesystem::path& root);

}  // namespace husk::compare
