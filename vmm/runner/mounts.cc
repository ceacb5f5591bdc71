#include "vmm/runner/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
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

// Documentation/admin-guide/devices.txt
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

constexpr std::array kReadOnlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

constexpr unsigned long kProcFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

void bind_over_new_file(const std::string& source, const std::string& target) {
  const UniqueFd file(open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file) throw Error::from_errno("create", target);
  mount_at(source, target, {}, MS_BIND);
}

void mask(const char* path) {
  if (mount("/dev/null", path, nullptr, MS_BIND, nullptr) == 0 || errno == ENOENT) return;
  if (errno != ENOTDIR) throw Error::from_errno("mask", path);
  mount_at("tmpfs", path, "tmpfs", MS_RDONLY, "size=0");
}

void make_read_only(const char* path) {
  if (mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    if (errno == ENOENT) return;
    throw Error::from_errno("bind", path);
  }
  // A bind mount takes over the flags of what it binds; a remount has to name those that shall stay.
  mount_at({}, path, {}, MS_BIND | MS_REMOUNT | MS_RDONLY | kProcFlags);
}

}  // namespace

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
  mount_at("proc", "/proc", "proc", kProcFlags);
}

void mount_dev(const std::string& old_root, bool user_namespace, const std::string& console) {
  make_mount_point("/dev");
  mount_at("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  for (const Device& device : kDevices) {
    const std::string path = std::string("/dev/") + device.name;
    if (user_namespace) {
      bind_over_new_file(old_root + path, path);
    } else if (mknod(path.c_str(), S_IFCHR | 0666, makedev(device.major, device.minor)) != 0) {
      throw Error::from_errno("create device", path);
    }
  }
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
  if (!console.empty()) bind_over_new_file(old_root + console, "/dev/console");
}

void mount_sys() {
  make_mount_point("/sys");
  mount_at("sysfs", "/sys", "sysfs", MS_RDONLY | kProcFlags);
}

void restrict_proc_and_sys() {
  for (const char* path : kMaskedPaths) mask(path);
  for (const char* path : kReadOnlyPaths) make_read_only(path);
}

}  // namespace husk::runner
