// A character device, as drivers implement it; file operations on a device node end here.
//
// Devices live for ever (static objects), so they are not reference counted. `flags` are the open file's O_* flags:
// with kNonBlock, read and write return kAgain instead of blocking. Blocking is done with task::WaitQueue only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fs/poll.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "mm/memory_object.h"

namespace kernel::fs {

class File;
struct Path;

class CharDevice {
 public:
  virtual Result<void> open(std::uint32_t /*flags*/) { return {}; }
  virtual void close(std::uint32_t /*flags*/) {}  // the last reference to one open file has gone
  // Bytes moved; 0 is the end of the stream.
  virtual Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t flags) = 0;
  virtual Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t flags) = 0;
  // kNoTty for a request that the device does not know.
  virtual Result<std::uint64_t> ioctl(std::uint32_t /*request*/, std::uint64_t /*argument*/) { return Errno::kNoTty; }
  virtual Readiness readiness() = 0;
  virtual bool can_be_polled() const { return true; }  // as File's
  // Whether lseek(2) succeeds without meaning (/dev/null, /dev/zero); terminals and streams say kSPipe.
  virtual bool seekable() const { return false; }
  virtual Result<Ref<mm::MemoryObject>> memory_object() { return Errno::kNoDev; }
  virtual bool can_splice_from() const { return true; }
  virtual bool can_splice_to() const { return true; }

 protected:
  ~CharDevice() = default;
};

// A node of /dev.
struct DeviceNode {
  std::string_view name;
  std::uint32_t minor;
  std::uint32_t permissions = 0666;
};

// The devices with one major number, of another layer than this.
struct CharDeviceMajor {
  std::uint32_t major;
  Result<Ref<File>> (*open)(std::uint32_t minor, const Path& path, std::uint32_t flags);
  std::span<const DeviceNode> nodes;  // what /dev has of them
};

// Defined above all layers: guest/tables.cc.
std::span<const CharDeviceMajor> char_device_majors();

// The node of a character device: memory devices (major 1), and those that others have. kNxio for a number that has none.
Result<Ref<File>> open_char_device(std::uint64_t device, const Path& path, std::uint32_t flags);

}  // namespace kernel::fs
