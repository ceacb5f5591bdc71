#include "vmm/runner/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include "vmm/error.h"

namespace husk::runner {

LoopDevice LoopDevice::attach(int file) {
  const UniqueFd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) throw Error::from_errno("open", "/dev/loop-control", "a kernel before 6.12 needs the loop module");
  loop_config configuration{};
  configuration.fd = static_cast<__u32>(file);
  configuration.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
  // Between finding a free device and taking it somebody else may take it: EBUSY, then the next one.
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) throw Error::from_errno("find", "a free loop device");
    const std::string path = "/dev/loop" + std::to_string(number);
    UniqueFd device(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!device) throw Error::from_errno("open", path);
    if (ioctl(device.get(), LOOP_CONFIGURE, &configuration) == 0) return LoopDevice(std::move(device), path);
    if (errno != EBUSY) throw Error::from_errno("attach the image to", path);
  }
  throw Error("find", "a free loop device", "all were taken by others");
}

}  // namespace husk::runner
