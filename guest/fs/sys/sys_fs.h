// sysfs: the machine as a tree of files with one value each, sysfs(5) and Linux's Documentation/filesystems/sysfs.rst. What there
// is never changes, so the tree is tables; inodes are made when they are looked up, and values when they are read. Nothing can
// be written: the payload has no device that is its own to set.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/file_system.h"
#include "fs/inode.h"
#include "fs/proc/proc_text.h"

namespace kernel::fs {

class SysFs final : public FileSystem {
 public:
  // There is one, whatever the number of mounts, as for each of Linux's network namespaces.
  static Result<Ref<SysFs>> instance();

  SysFs();
  std::string_view type_name() const override { return "sysfs"; }
  Result<Ref<Inode>> root() override;
  FileSystemStatistics statistics() override;
  const Timespec& created() const { return created_; }

 private:
  Timespec created_;
};

// The directories to which other layers add (fs/sys/additions.h).
enum class SysPlace : std::uint8_t {
  kNone,
  kClassNet,        // /sys/class/net
  kVirtualDevices,  // /sys/devices/virtual
};

// One name: a file if it has a text or makes one, a symbolic link if it has a target, else a directory.
struct SysNode {
  std::string_view name;
  std::string_view text = {};                                        // a file that always says this
  Result<void> (*generate)(ProcText&, unsigned argument) = nullptr;  // ... that says what it is asked for
  std::string_view target = {};
  std::span<const SysNode> (*children)() = nullptr;
  std::uint32_t permissions = 0755;             // of a directory
  SysPlace place = SysPlace::kNone;             // a directory to which others add
  bool (*exists)(unsigned argument) = nullptr;  // whether this machine has it; null: every one
  unsigned argument = 0;
};

// A table as the children of a node.
template <const auto& kNodes>
std::span<const SysNode> sys_table() {
  return kNodes;
}

// The tables.
std::span<const SysNode> sys_root_nodes();         // fs/sys/root_nodes.cc
std::span<const SysNode> sys_cpu_nodes();          // fs/sys/cpu_nodes.cc: /sys/devices/system/cpu
std::span<const SysNode> sys_memory_node_nodes();  // fs/sys/memory_node_nodes.cc: /sys/devices/system/node

}  // namespace kernel::fs
