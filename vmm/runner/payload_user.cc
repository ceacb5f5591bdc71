#include "vmm/runner/payload_user.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <span>
#include <utility>

#include "common/home_directory.h"
#include "common/unique_fd.h"
#include "common/user_lookup.h"
#include "vmm/error.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {
namespace {

constexpr char kPasswd[] = "/etc/passwd";
constexpr char kGroup[] = "/etc/group";
constexpr std::size_t kLongestLine = 65536;  // docker's: a group can have many members

bool is_regular_file(const UniqueFd& file) {
  struct stat status {};
  return file && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
}

// A file of the image's, if it has one, in pieces.
class ImageText {
 public:
  // Only a file of the image's own. The image might have a FIFO there, which has nobody at its other end, a device, which
  // does something when it is opened, or a link to a file of the kernel's: /proc/kmsg is for one reader, who is not the
  // payload's user.
  ImageText(int image, const char* path) {
    const auto open_there = [&](int flags) {
      return image == kOwnRoot ? open_as_payload(path, flags, RESOLVE_NO_XDEV)
                               : open_in_root(image, path, flags, RESOLVE_NO_XDEV);
    };
    if (!is_regular_file(open_there(O_PATH))) return;
    UniqueFd file = open_there(O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (is_regular_file(file)) file_ = std::move(file);
  }

  std::size_t operator()(std::uint64_t offset, std::span<char> into) const {
    const ssize_t size = file_ ? pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset)) : 0;
    return static_cast<std::size_t>(size > 0 ? size : 0);
  }

 private:
  UniqueFd file_;
};

}  // namespace

PayloadUser find_user(const ContainerSpec& spec, int image) {
  PayloadUser user{.uid = spec.uid, .gid = spec.gid, .groups = spec.groups};
  if (spec.user.empty()) return user;
  const ImageText passwd(image, kPasswd);
  const ImageText group(image, kGroup);
  std::vector<char> buffer(kLongestLine);
  UserIds ids;
  const auto add_group = [&](std::uint32_t gid) {
    user.groups.push_back(gid);
    return true;
  };
  const UserError error = look_up_user(
      spec.user, buffer, [&](auto offset, auto into) { return passwd(offset, into); },
      [&](auto offset, auto into) { return group(offset, into); }, add_group, ids);
  if (error != UserError::kNone) {
    throw Error("find", "user '" + spec.user + "'", user_error_text(error), "give a number, or another name, with -u");
  }
  user.uid = ids.uid;
  user.gid = ids.gid;
  return user;
}

std::vector<std::string> environment_with_home(const ContainerSpec& spec, std::uint32_t uid, int image) {
  std::vector<std::string> environment = spec.env;
  for (const std::string& variable : environment) {
    if (variable.starts_with("HOME=")) return environment;
  }
  const ImageText passwd(image, kPasswd);
  std::array<char, 4096> buffer{};
  const std::string_view home =
      home_directory(uid, buffer, [&](std::uint64_t offset, std::span<char> into) { return passwd(offset, into); });
  environment.push_back("HOME=" + std::string(home));
  return environment;
}

}  // namespace husk::runner
