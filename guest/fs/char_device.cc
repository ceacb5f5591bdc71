#include "fs/char_device.h"

#include "fs/device_file.h"
#include "fs/memory_devices.h"

namespace kernel::fs {

Result<Ref<File>> open_char_device(std::uint64_t device, const Path& path, std::uint32_t flags) {
  const std::uint32_t minor = device_minor(device);
  const std::uint32_t major = device_major(device);
  if (major == kMemoryMajor) {
    if (CharDevice* found = memory_device(minor)) return open_device(*found, path, flags);
    return Errno::kNxio;
  }
  for (const CharDeviceMajor& row : char_device_majors()) {
    if (row.major == major) return row.open(minor, path, flags);
  }
  return Errno::kNxio;
}

}  // namespace kernel::fs
