// Where the guest kernel's ELF file comes from: embedded in this executable, or a file that the user names. Either way
// it is part of a file on disk, so that its read-only pages can be mapped into guest memory and every VM on the host
// shares the page cache's copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/mapping.h"
#include "common/unique_fd.h"

namespace husk::boot {

class KernelFile {
 public:
  // The kernel in this executable, reached through /proc/self/exe. Throws husk::Error.
  static KernelFile embedded();
  static KernelFile open(const std::string& path);

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& name() const { return name_; }
  // Whether nobody can change the file while it is used, as an executable that runs (execve(2), ETXTBSY).
  bool fixed() const { return mapping_.bytes().empty(); }
  int fd() const { return fd_.get(); }
  // Fills `out` with the bytes from `position` on. Throws husk::Error.
  void read(std::uint64_t position, std::span<std::byte> out) const;
  // File offset of bytes()[0]; a multiple of the page size.
  std::uint64_t offset() const { return offset_; }

 private:
  std::string name_;
  UniqueFd fd_;
  Mapping mapping_;  // empty for the embedded kernel, which the executable's own mapping holds
  std::span<const std::byte> bytes_;
  std::uint64_t offset_ = 0;
};

}  // namespace husk::boot
