// mount(2) with husk's errors, and the mounts that every container has: /proc, /dev and /sys.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace husk::runner {

// mount(2); throws. Empty strings stand for the null pointers that mount(2) takes.
void mount_at(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
              const std::string& options = {});

// Makes `path` a directory if it is not there. Throws when it is something else, a symbolic link for example: what is
// mounted there must be where its name says.
void make_mount_point(const std::string& path);

// Adds attributes to the mount at `path` and keeps all others, those that a user namespace has locked among them, which
// a remount by mount(2) would have to know and name (mount_setattr(2), Linux 5.12).
void restrict_mount(const std::string& path, std::uint64_t attributes);

// /proc of the pid namespace of the caller. In a user namespace the kernel allows it only while a complete /proc is
// still mounted in the mount namespace, so before the old root goes.
void mount_proc();

// A tmpfs with the devices that the OCI runtime specification names ("Default Devices"), a devpts instance of its own,
// /dev/shm and /dev/mqueue. The tmpfs has nodev: only the nodes made here, each a mount of its own, can be opened.
// mknod(2) is denied in a user namespace; there the host's nodes, found below `old_root` (the path of a directory), are
// bound read-only instead.
void mount_dev(const std::string& old_root, bool user_namespace);

void mount_sys();

// "thermal_throttle" of every processor below `processors`, which is /sys/devices/system/cpu or looks like it.
std::vector<std::string> thermal_throttle_directories(const std::string& processors);

// What runc and Docker hide from a container or make read-only in it.
void restrict_proc_and_sys();

}  // namespace husk::runner
