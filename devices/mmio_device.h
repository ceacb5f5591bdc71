// A device as the guest sees it through one page of memory-mapped registers.
//
// Threading: called from vCPU threads, from several at once if there are several; a device does its own locking.
// Errors: the guest may access any offset with any width (1, 2, 4 or 8 bytes). What makes no sense reads as zero and is
// ignored when written; nothing throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace husk {

class MmioDevice {
 public:
  virtual ~MmioDevice() = default;

  // `offset` is relative to the device's page. `data` is exactly as wide as the guest's access, little-endian.
  virtual void read(std::uint64_t offset, std::span<std::byte> data) = 0;
  virtual void write(std::uint64_t offset, std::span<const std::byte> data) = 0;
};

}  // namespace husk
