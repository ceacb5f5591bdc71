#include "vmm/runner/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::runner {
namespace {

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};

// Documentation/admin-guide/devices.txt. /dev/pts/ptmx and the terminals come with devpts.
constexpr std::array kDevices = {Device{"null", 1, 3},   Device{"zero", 1, 5},    Device{"full", 1, 7},
                                 Device{"random", 1, 8}, Device{"urandom", 1, 9}, Device{"tty", 5, 0}};

constexpr std::array<std::pair<const char*, const char*>, 5> kDeviceLinks = {{
    {"/proc/self/fd", "/dev/fd"},
    {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"},
    {"/proc/self/fd/2", "/dev/stderr"},
    {"pts/ptmx", "/dev/ptmx"},
}};

constexpr std::array kMaskedPaths = {
    "/proc/acpi",        "/proc/asound",        "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};

// What hardware with thermal interrupts counts for each processor: a power side channel, as /proc/interrupts.
constexpr char kProcessors[] = "/sys/devices/system/cpu";

constexpr std::array kReadOnlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

constexpr unsigned long kPseudoFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Nodes of the container's own: chmod(2) or chown(2) by its root changes nothing on the host. Each is a mount of its
// own, bound on itself, because only so can /dev itself have nodev.
void make_devices() {
  for (const Device& device : kDevices) {
    const std::string path = std::string("/dev/") + device.name;
    if (mknod(path.c_str(), S_IFCHR | 0666, makedev(device.major, device.minor)) != 0) {
      throw Error::from_errno("create device", path);
    }
    mount_at(path, path, {}, MS_BIND);
  }
}

// A node of the host's, read-only: it can be written to as a device, but its mode, owner and times stay.
void bind_node_of_host(const std::string& source, const std::string& target) {
  const UniqueFd file(open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file) throw Error::from_errno("create", target);
  mount_at(source, target, {}, MS_BIND);
  restrict_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

// Hides what is at `path`, if there is something. All directories are covered by one empty file system, the first of
// them is where it is mounted. What it is has to be known before: a bind mount that is refused, of /dev/null on a
// directory, makes the kernel wait for all processors (namespace_unlock), which takes longer than all mounts here.
void mask(const std::string& path, std::string& empty_directory) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw Error::from_errno("mask", path);
  }
  if (!S_ISDIR(status.st_mode)) {
    mount_at("/dev/null", path, {}, MS_BIND);
  } else if (empty_directory.empty()) {
    mount_at("tmpfs", path, "tmpfs", MS_RDONLY | kPseudoFlags, "size=0");
    empty_directory = path;
  } else {
    mount_at(empty_directory, path, {}, MS_BIND);
  }
}

void make_read_only(const char* path) {
  if (mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    if (errno == ENOENT) return;
    throw Error::from_errno("bind", path);
  }
  restrict_mount(path, MOUNT_ATTR_RDONLY);
}

}  // namespace

void restrict_mount(const std::string& path, std::uint64_t attributes) {
  mount_attr change{};
  change.attr_set = attributes;
  if (mount_setattr(AT_FDCWD, path.c_str(), 0, &change, sizeof change) != 0) {
    throw Error::from_errno("restrict", "the mount at " + path);
  }
}

void mount_at(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
              const std::string& options) {
  const auto pointer = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  if (mount(pointer(source), target.c_str(), pointer(type), flags, pointer(options)) != 0) {
    throw Error::from_errno("mount", (type.empty() ? source : type) + " at " + target);
  }
}

void make_mount_point(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0) return;
  struct stat status {};
  if (errno != EEXIST || lstat(path.c_str(), &status) != 0)
    throw Error::from_errno("create", path + " in the container");
  if (!S_ISDIR(status.st_mode)) throw Error("mount on", path, "it is not a directory in the image");
}

void mount_proc() {
  make_mount_point("/proc");
  mount_at("proc", "/proc", "proc", kPseudoFlags);
}

void mount_dev(const std::string& old_root, bool user_namespace) {
  make_mount_point("/dev");
  mount_at("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  if (user_namespace) {
    for (const Device& device : kDevices) {
      const std::string path = std::string("/dev/") + device.name;
      bind_node_of_host(old_root + path, path);
    }
  } else {
    make_devices();
  }
  // A node that the payload makes here, should it ever get CAP_MKNOD, cannot be opened.
  restrict_mount("/dev", MOUNT_ATTR_NODEV);
  make_mount_point("/dev/pts");
  // gid 5 is "tty" on every distribution; an unprivileged user namespace has no mapping for it.
  mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
           std::string("newinstance,ptmxmode=0666,mode=0620") + (user_namespace ? "" : ",gid=5"));
  make_mount_point("/dev/shm");
  mount_at("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
  make_mount_point("/dev/mqueue");
  mount_at("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC);
  for (const auto& [target, path] : kDeviceLinks) {
    if (symlink(target, path) != 0) throw Error::from_errno("link", path);
  }
}

void mount_sys() {
  make_mount_point("/sys");
  mount_at("sysfs", "/sys", "sysfs", MS_RDONLY | kPseudoFlags);
}

std::vector<std::string> thermal_throttle_directories(const std::string& processors) {
  std::vector<std::string> paths;
  // One look is enough where there is none, which is what most starts pay: all processors have it or none has.
  if (access((processors + "/cpu0/thermal_throttle").c_str(), F_OK) != 0) return paths;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(processors.c_str()), &closedir);
  if (!entries) throw Error::from_errno("list", processors);
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with("cpu") || name.size() == 3 || !std::ranges::all_of(name.substr(3), is_digit)) continue;
    paths.push_back(processors + "/" + entry->d_name + "/thermal_throttle");
  }
  return paths;
}

void restrict_proc_and_sys() {
  std::string empty_directory;
  for (const char* path : kMaskedPaths) mask(path, empty_directory);
  for (const std::string& path : thermal_throttle_directories(kProcessors)) mask(path, empty_directory);
  for (const char* path : kReadOnlyPaths) make_read_only(path);
}

}  // namespace husk::runner
