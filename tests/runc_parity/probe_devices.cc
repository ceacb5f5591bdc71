#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "tests/runc_parity/probe.h"

namespace husk::probe {
namespace {

// Devices of interest that a host need not have in its /dev: memory, kernel log, terminals, disks, KVM, loop, FUSE,
// TUN.
constexpr const char* kDevices[] = {"c 0:0",   "c 1:1",  "c 1:2",   "c 1:3",    "c 1:4",    "c 1:5",    "c 1:7",
                                    "c 1:8",   "c 1:9",  "c 1:11",  "c 4:0",    "c 4:64",   "c 5:0",    "c 5:1",
                                    "c 5:2",   "c 5:3",  "c 7:0",   "c 10:200", "c 10:229", "c 10:232", "c 10:237",
                                    "c 13:63", "c 29:0", "c 136:0", "c 226:0",  "b 7:0",    "b 8:0",    "b 9:0",
                                    "b 11:0",  "b 43:0", "b 252:0", "b 253:0",  "b 254:0",  "b 259:0"};

struct Device {
  mode_t type;
  dev_t number;
};

Device parse(const std::string& text) {
  char type = 0;
  unsigned major = 0, minor = 0;
  std::sscanf(text.c_str(), "%c %u:%u", &type, &major, &minor);
  return {static_cast<mode_t>(type == 'b' ? S_IFBLK : S_IFCHR), makedev(major, minor)};
}

// For reading only, without waiting for a modem or becoming a controlling terminal.
std::string open_outcome(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const std::string result = outcome(file);
  if (file >= 0) close(file);
  return result;
}

void make_and_open(const std::string& directory, const std::string& text) {
  const Device device = parse(text);
  const std::string path = directory + "/probe-device";
  const std::string subject = text + " in " + (directory.empty() ? "/" : directory);
  if (mknod(path.c_str(), device.type | 0600, device.number) != 0) {
    say("made device", subject, errno_name(errno));
    return;
  }
  say("made device", subject, "made, open: " + open_outcome(path));
  unlink(path.c_str());
}

std::string describe(const std::string& path, const struct stat& file) {
  char text[128];
  const char* type = S_ISDIR(file.st_mode)    ? "directory"
                     : S_ISCHR(file.st_mode)  ? "character"
                     : S_ISBLK(file.st_mode)  ? "block"
                     : S_ISLNK(file.st_mode)  ? "link"
                     : S_ISREG(file.st_mode)  ? "file"
                     : S_ISFIFO(file.st_mode) ? "pipe"
                                              : "other";
  std::snprintf(text, sizeof text, "%s %04o %u:%u", type, file.st_mode & 07777, file.st_uid, file.st_gid);
  std::string result = text;
  if (S_ISCHR(file.st_mode) || S_ISBLK(file.st_mode)) {
    result += " " + std::to_string(major(file.st_rdev)) + ":" + std::to_string(minor(file.st_rdev));
    result += ", open: " + open_outcome(path);
  }
  if (S_ISLNK(file.st_mode)) {
    char target[256];
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    result += " to " + (length < 0 ? errno_name(errno) : std::string(target, static_cast<std::size_t>(length)));
  }
  return result;
}

void list(const std::string& topic, const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(directory.c_str()), &closedir);
  if (!entries) return say(topic, directory, errno_name(errno));
  std::set<std::string> names;
  while (const dirent* entry = readdir(entries.get())) names.insert(entry->d_name);
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const std::string path = directory + "/" + name;
    struct stat file {};
    if (lstat(path.c_str(), &file) != 0) {
      say(topic, path, errno_name(errno));
      continue;
    }
    say(topic, path, describe(path, file));
    if (S_ISDIR(file.st_mode)) list(topic, path);
  }
}

}  // namespace

void probe_devices(const Host& host) {
  list("/dev", "/dev");
  if (!host.image_devices.empty()) list("device in the image", host.image_devices);

  std::set<std::string> devices(std::begin(kDevices), std::end(kDevices));
  devices.insert(host.devices.begin(), host.devices.end());
  for (const std::string& device : devices) {
    for (const char* directory : {"", "/dev", "/dev/shm", "/tmp"}) make_and_open(directory, device);
  }
  // What a payload may do to the nodes that it has: to the container's own, never to the host's.
  for (const std::string node : {"/dev/null", "/dev/console"}) {
    struct stat before {};
    if (stat(node.c_str(), &before) != 0) continue;
    say("/dev", "chmod " + node, outcome(chmod(node.c_str(), 0600)));
    chmod(node.c_str(), before.st_mode & 07777);
    say("/dev", "chown " + node, outcome(chown(node.c_str(), 1, before.st_gid)));
    if (chown(node.c_str(), before.st_uid, before.st_gid) != 0) continue;  // as the attempt before
  }
  const int file = open("/dev/probe-file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  say("/dev", "new file", outcome(file));
  if (file >= 0) close(file);
  unlink("/dev/probe-file");
}

}  // namespace husk::probe
