// Objects without a name in the tree, and their inodes: pipes, sockets, the streams that the payload is started with
// ("label:[number]" in /proc/PID/fd), and objects that are only a descriptor ("anon_inode:[eventfd]").
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/char_device.h"
#include "fs/inode.h"
#include "fs/path.h"

namespace kernel::fs {

// What Linux has an internal file system for.
struct NamelessKind {
  std::string_view label;
  std::uint64_t magic;  // statfs(2), f_type
};
inline constexpr NamelessKind kPipeObject{"pipe", 0x50495045};
inline constexpr NamelessKind kSocketObject{"socket", 0x534f434b};

// An inode of its own. `device`: what opening it through /proc/PID/fd opens; null for a pipe, which the inode's
// `attached` object is.
Result<Path> make_nameless(const NamelessKind& kind, const NewInode& attributes, CharDevice* device = nullptr);

// A place for an object of the class `name` ("[eventfd]"). All of them share one inode, which has no type, as on Linux.
Result<Path> anonymous_place(std::string_view name);

}  // namespace kernel::fs
