#include "vmm/runner/payload_files.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string>
#include <string_view>

#include "common/own_places.h"
#include "common/unique_fd.h"
#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/runner/limits.h"
#include "vmm/runner/mounts.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {
namespace {

std::string link_of(const UniqueFd& directory) {
  return "/proc/self/fd/" + std::to_string(directory.get());
}

// A directory of the payload's own, wherever the image's links lead: to write into it or to cover it must not take away
// what hides the host's kernel.
UniqueFd open_payloads_directory(const std::string& path, const std::string& what) {
  UniqueFd directory = open_or_make_directory(kOwnRoot, path);
  if (!directory) throw Error::from_errno(what, path);
  std::array<char, PATH_MAX> place{};
  const ssize_t size = readlink(link_of(directory).c_str(), place.data(), place.size());
  if (size < 0) throw Error::from_errno(what, path);
  const std::string_view real(place.data(), static_cast<std::size_t>(size));
  if (real != path && is_husks_own(real)) {
    throw Error(what, path, "in the image it is a link to " + std::string(real));
  }
  return directory;
}

bool exists(const std::string& path) {
  return static_cast<bool>(open_as_payload(path, O_PATH | O_DIRECTORY));
}

bool has_mode(std::string_view options) {
  return options.starts_with("mode=") || options.find(",mode=") != std::string_view::npos;
}

void write_new_file(int directory, const std::string& name, const ContainerFile& file) {
  const UniqueFd made(openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made) throw Error::from_errno("make", "/etc/" + file.name);
  const NoLimitOfFileSize lifted;  // which is the payload's
  if (write(made.get(), file.contents.data(), file.contents.size()) != static_cast<ssize_t>(file.contents.size())) {
    throw Error::from_errno("write", "/etc/" + file.name);
  }
}

// In a user namespace the image's directories belong to nobody whom there is. There the image's file is covered, if it has
// one, by a file without a name in the container's /dev.
void cover_file(const ContainerFile& file, bool read_only) {
  const std::string path = "/etc/" + file.name;
  const UniqueFd target = open_as_payload(path, O_PATH);
  if (!target) {
    const bool matters = file.name == "hosts";  // the others only repeat what the kernel says
    log::write(matters ? log::Severity::kWarning : log::Severity::kInfo,
               path + " is not made: the image has none to be covered, and husk is not root");
    return;
  }
  const std::string stage = "/dev/.husk-" + file.name;
  write_new_file(AT_FDCWD, stage, file);
  mount_at(stage, link_of(target), {}, MS_BIND);
  unlink(stage.c_str());
  if (read_only) restrict_mount(link_of(open_as_payload(path, O_PATH)), MOUNT_ATTR_RDONLY);
}

void write_file(int directory, const ContainerFile& file, bool read_only) {
  if (unlinkat(directory, file.name.c_str(), 0) == 0 || errno == ENOENT) {
    if (faccessat(directory, ".", W_OK, AT_EACCESS) == 0) return write_new_file(directory, file.name, file);
    errno = EACCES;
  }
  if (errno != EACCES && errno != EPERM) throw Error::from_errno("replace", "/etc/" + file.name);
  cover_file(file, read_only);
}

}  // namespace

void mount_tmpfs(const std::vector<TmpfsMount>& mounts) {
  for (const TmpfsMount& mount : mounts) {
    const bool is_there = exists(mount.path);
    const UniqueFd point = open_payloads_directory(mount.path, "mount a tmpfs at");
    std::string options = mount.options;
    if (is_there && !has_mode(options)) {
      struct stat status {};
      if (fstat(point.get(), &status) != 0) throw Error::from_errno("look at", mount.path);
      std::array<char, 16> mode{};
      std::snprintf(mode.data(), mode.size(), "mode=%o", status.st_mode & 07777);
      options.append(options.empty() ? "" : ",").append(mode.data());
    }
    if (::mount("tmpfs", link_of(point).c_str(), "tmpfs", mount.flags, options.c_str()) != 0) {
      throw Error::from_errno("mount a tmpfs at", mount.path);
    }
  }
}

void write_etc_files(const std::vector<ContainerFile>& files, bool read_only) {
  if (files.empty()) return;
  const UniqueFd directory = open_payloads_directory("/etc", "write into");
  for (const ContainerFile& file : files) write_file(directory.get(), file, read_only);
}

void make_root_read_only() {
  restrict_mount("/", MOUNT_ATTR_RDONLY);
}

}  // namespace husk::runner
