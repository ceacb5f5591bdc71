#include "vmm/runner/home.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "common/home_directory.h"
#include "common/unique_fd.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {
namespace {

// Only a regular file: the image might have a FIFO there, which has nobody at its other end, or a device.
UniqueFd open_passwd(int image) {
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd file = image == kOwnRoot ? open_as_payload("/etc/passwd", kFlags) : open_in_root(image, "/etc/passwd", kFlags);
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  return file;
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
