// The files that an image is kept in: below a directory, or in an archive.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/oci/byte_source.h"

namespace husk::oci {

class ImageFiles {
 public:
  ImageFiles() = default;
  ImageFiles(const ImageFiles&) = delete;
  ImageFiles& operator=(const ImageFiles&) = delete;
  virtual ~ImageFiles() = default;

  // Null if there is no such file. `name`: "blobs/sha256/...", without "." and "..".
  virtual std::unique_ptr<ByteSource> open(const std::string& name) = 0;

  // All of a small file; nothing if there is none. Throws husk::Error if it has more than limits.h allows.
  std::optional<std::string> read(const std::string& name);
  bool has(const std::string& name) { return open(name) != nullptr; }
};

// Nothing outside the directory is reached, no link is followed, and what is no regular file is refused.
class DirectoryFiles : public ImageFiles {
 public:
  explicit DirectoryFiles(int directory) : directory_(directory) {}
  std::unique_ptr<ByteSource> open(const std::string& name) override;

 private:
  int directory_;
};

// The members of a tar archive in a file, found in one pass over its headers.
class ArchiveFiles : public ImageFiles {
 public:
  ArchiveFiles(int fd, std::uint64_t size);
  std::unique_ptr<ByteSource> open(const std::string& name) override;

 private:
  struct Member {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::optional<std::string> link;  // another member's name
  };
  void add(std::string name, Member member);

  int fd_;
  std::map<std::string, Member> members_;
};

// The parts of a path without "." and empty ones. Throws husk::Error if one is "..".
std::vector<std::string_view> path_parts(std::string_view path, const std::string& where);

}  // namespace husk::oci
