#include "vmm/runner/home.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/home_directory.h"
#include "common/unique_fd.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {
namespace {

bool is_regular_file(const UniqueFd& file) {
  struct stat status {};
  return file && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
}

// Only a file of the image's own. The image might have a FIFO there, which has nobody at its other end, a device, which
// does something when it is opened, or a link to a file of the kernel's: /proc/kmsg is for one reader, who is not the
// payload's user.
UniqueFd open_passwd(int image) {
  const auto open_there = [image](int flags) {
    constexpr char kPasswd[] = "/etc/passwd";
    return image == kOwnRoot ? open_as_payload(kPasswd, flags, RESOLVE_NO_XDEV)
                             : open_in_root(image, kPasswd, flags, RESOLVE_NO_XDEV);
  };
  if (!is_regular_file(open_there(O_PATH))) return UniqueFd();
  UniqueFd file = open_there(O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return is_regular_file(file) ? std::move(file) : UniqueFd();
}

}  // namespace

std::vector<std::string> environment_with_home(const ContainerSpec& spec, int image) {
  std::vector<std::string> environment = spec.env;
  for (const std::string& variable : environment) {
    if (variable.starts_with("HOME=")) return environment;
  }
  const UniqueFd file = open_passwd(image);
  std::array<char, 4096> buffer{};
  const std::string_view home = home_directory(spec.uid, buffer, [&](std::uint64_t offset, std::span<char> into) {
    const ssize_t size = file ? pread(file.get(), into.data(), into.size(), static_cast<off_t>(offset)) : 0;
    return static_cast<std::size_t>(size > 0 ? size : 0);
  });
  environment.push_back("HOME=" + std::string(home));
  return environment;
}

}  // namespace husk::runner
