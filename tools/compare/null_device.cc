#include "tools/compare/null_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/unique_fd.h"

namespace husk::compare {
namespace {

struct Device {
  UniqueFd fd;
  bool is_own = false;
};

Device& device() {
  static Device device{UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)), false};
  return device;
}

}  // namespace

void make_own_null_device(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "null";
  // null(4)
  if (mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) return;
  chmod(path.c_str(), 0666);  // whatever the umask is
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (fd) device() = {std::move(fd), true};
}

bool has_own_null_device() {
  return device().is_own;
}

int null_device() {
  return device().fd.get();
}

}  // namespace husk::compare
