// Which devices a payload may use, by a control group: a second wall behind the missing CAP_MKNOD and nodev on every
// mount.
//
// It is there when the payload has a control group anyway, with a memory limit (-m): made for itself alone it would
// cost more than all other walls together (docs/runc-parity.md has the figures).
#pragma once

#include <linux/bpf.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "vmm/runner/cgroup.h"

namespace husk::runner {

// A character device that may be used. Without a minor number: all of this major number.
struct DeviceRule {
  unsigned major = 0;
  std::optional<unsigned> minor;
};

// runc's default list (libcontainer/specconv, AllowedDevices).
std::vector<DeviceRule> default_device_rules();

// "c MAJOR:MINOR rwm", the form that version 1 takes (Documentation/admin-guide/cgroup-v1/devices.rst).
std::string device_rule_text(const DeviceRule& rule);

// The same rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE, which is how version 2 does it (cgroup-v2.rst,
// "Device controller"): returns 1 for a character device of the list and 0 for everything else.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules);

class DeviceCgroup {
 public:
  // Version 1 where the host has its device controller mounted, in a group of its own; else a program attached to the
  // group that limits the memory, or, where that is one of version 1, to a new one. Throws when the host does not let
  // it.
  static DeviceCgroup create(const MemoryCgroup& memory);

  // Nothing when it is the group that limits the memory.
  const std::optional<OwnCgroup>& group() const { return group_; }

 private:
  explicit DeviceCgroup(std::optional<OwnCgroup> group) : group_(std::move(group)) {}
  std::optional<OwnCgroup> group_;
};

}  // namespace husk::runner
