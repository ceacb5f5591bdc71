#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "tests/runc_parity/probe.h"

namespace husk::probe {
namespace {

// What runc, Docker or containerd mask or make read-only in any of their versions.
constexpr const char* kMasked[] = {"/proc/acpi",
                                   "/proc/asound",
                                   "/proc/interrupts",
                                   "/proc/kcore",
                                   "/proc/keys",
                                   "/proc/latency_stats",
                                   "/proc/timer_list",
                                   "/proc/timer_stats",
                                   "/proc/sched_debug",
                                   "/proc/scsi",
                                   "/sys/firmware",
                                   "/sys/devices/virtual/powercap",
                                   "/sys/devices/system/cpu/cpu0/thermal_throttle"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

// Files by which a container's root has taken over hosts.
constexpr const char* kSwitches[] = {"/proc/sys/kernel/core_pattern",
                                     "/proc/sys/kernel/modprobe",
                                     "/proc/sys/kernel/hostname",
                                     "/proc/sys/kernel/yama/ptrace_scope",
                                     "/proc/sys/vm/drop_caches",
                                     "/proc/sys/vm/panic_on_oom",
                                     "/proc/sys/net/ipv4/ip_forward",
                                     "/proc/sys/fs/binfmt_misc/register",
                                     "/proc/irq/default_smp_affinity",
                                     "/sys/kernel/uevent_helper",
                                     "/sys/kernel/mm/transparent_hugepage/enabled",
                                     "/sys/power/state",
                                     "/sys/fs/cgroup/release_agent",
                                     "/sys/fs/cgroup/memory/release_agent",
                                     "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                     "/sys/fs/cgroup/cgroup.procs"};

std::string open_outcome(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const std::string result = outcome(file);
  if (file >= 0) close(file);
  return result;
}

// "empty", "not empty", or why not: of a directory its entries, of a file its first byte.
std::string contents(const std::string& path, bool directory) {
  if (directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(path.c_str()), &closedir);
    if (!entries) return errno_name(errno);
    int count = 0;
    while (readdir(entries.get()) != nullptr) ++count;
    return count > 2 ? "not empty" : "empty";
  }
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return errno_name(errno);
  char byte = 0;
  const ssize_t length = read(file, &byte, 1);
  const std::string result = length < 0 ? errno_name(errno) : length == 0 ? "empty" : "not empty";
  close(file);
  return result;
}

// Whether something could be written: nothing ever is, since a file is only opened, and a name that is made is removed.
std::string writable(const std::string& path, bool directory) {
  if (!directory) return open_outcome(path, O_WRONLY);
  const std::string name = path + "/probe-directory";
  const std::string result = outcome(mkdir(name.c_str(), 0700));
  rmdir(name.c_str());
  return result;
}

void look_at(const std::string& topic, const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return say(topic, path, errno_name(errno));
  const bool directory = S_ISDIR(file.st_mode);
  // In procfs no name can be made anyway: there the mount has to say it.
  struct statvfs mount {};
  const bool read_only = statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
  say(topic, path,
      contents(path, directory) + ", write: " + writable(path, directory) + (read_only ? ", mount ro" : ", mount rw"));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) words.push_back(word);
  std::sort(words.begin(), words.end());
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// Of the options of a file system those that say what a payload gets; others tell of the host or of the image's place.
std::string options_of_interest(const std::string& type, const std::string& all) {
  std::vector<std::string> kept;
  for (const std::string& option : split(all, ',')) {
    const std::string name = option.substr(0, option.find('='));
    if (type == "tmpfs" && name == "size" && option == "size=0k") continue;  // no limit, as without the word
    if (type == "tmpfs" || type == "devpts" || type == "proc" || type == "mqueue" || type == "sysfs")
      kept.push_back(option);
    else if (name == "ro" || name == "rw")
      kept.push_back(option);
  }
  return join(kept);
}

void mounts() {
  std::ifstream file("/proc/self/mountinfo");
  std::map<std::string, int> seen;
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    std::string id, parent, device, root, point, flags, type, source, options;
    std::istringstream(line) >> id >> parent >> device >> root >> point >> flags;
    std::istringstream(line.substr(separator + 3)) >> type >> source >> options;
    const int times = ++seen[point];
    if (times > 1) point += " (" + std::to_string(times) + ")";
    say("mount", point + " type", type);
    say("mount", point + " flags", join(split(flags, ',')));
    say("mount", point + " options", options_of_interest(type, options));
    const bool shared = line.find(" shared:") < separator || line.find(" master:") < separator;
    say("mount", point + " propagates", shared ? "yes" : "no");
  }
}

// Who has CAP_DAC_OVERRIDE may open every file for writing: what counts is whether the kernel would do something with
// what is written. EIO, here: it has no use for it (proc_reg_write). A write of nothing changes nothing.
std::string write_outcome(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return errno_name(errno);
  const std::string result = outcome(write(file, "", 0));
  close(file);
  return result;
}

// Everything that lies directly in /proc, but for processes: can it be opened, can it be written to?
void proc_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir("/proc"), &closedir);
  if (!entries) return say("/proc", "all", errno_name(errno));
  std::set<std::string> names;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos && name[0] != '.') names.insert(name);
  }
  for (const std::string& name : names) {
    const std::string path = "/proc/" + name;
    struct stat file {};
    if (lstat(path.c_str(), &file) != 0) {
      say("/proc", name, errno_name(errno));
    } else if (S_ISREG(file.st_mode) || S_ISCHR(file.st_mode)) {
      say("/proc", name, "read: " + open_outcome(path, O_RDONLY) + ", write: " + write_outcome(path));
    } else if (S_ISDIR(file.st_mode)) {
      say("/proc", name, "directory, write: " + writable(path, true));
    }
  }
}

}  // namespace

void probe_file_systems() {
  mounts();
  for (const char* path : kMasked) look_at("masked", path);
  for (const char* path : kReadOnly) look_at("read-only", path);
  for (const char* path : kSwitches) say("switch", path, open_outcome(path, O_WRONLY));
  for (const char* path : {"/", "/sys", "/sys/fs/cgroup", "/sys/kernel", "/proc", "/dev/shm", "/tmp"})
    look_at("directory", path);
  proc_files();
}

}  // namespace husk::probe
