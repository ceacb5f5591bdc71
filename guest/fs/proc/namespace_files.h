// /proc/PID/ns: namespaces(7). There is one of each kind, so all processes show the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/path.h"
#include "lib/result.h"

namespace kernel::fs {

struct NamespaceKind {
  std::string_view name;     // of the entry
  std::string_view type;     // before the number
  std::uint64_t number;      // of the inode: Linux's numbers of the first namespaces (include/linux/nsfs.h)
  std::uint32_t clone_flag;  // CLONE_NEW*, which ioctl_nsfs(2) NS_GET_NSTYPE reports
  bool kept_by_zombies = false;
};
std::span<const NamespaceKind> namespace_kinds();

// What the link leads to: an inode without a name, the same for all who follow it.
Result<Path> namespace_path(const NamespaceKind& kind);

}  // namespace kernel::fs
