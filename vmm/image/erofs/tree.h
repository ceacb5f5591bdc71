// The files of an image while it is made: names, inodes, link targets and attributes, but no contents. In memory, and
// no more of it than the limits say.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/image/erofs/limits.h"
#include "vmm/image/erofs/xattrs.h"

namespace husk::image::erofs {

// A file of the tree. Valid until its last name is removed; then another file may get the number.
enum class NodeId : std::uint32_t { kRoot = 0, kNone = ~std::uint32_t{0} };

struct Attributes {
  std::uint16_t mode = 0;  // the type (S_IFMT) as well
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_s = 0;
  std::uint32_t mtime_ns = 0;
};

class Tree {
 public:
  struct Node {
    Attributes attributes;
    std::uint32_t xattrs = 0;  // which of xattr_bodies()
    std::uint32_t links = 0;   // names; of a directory, its subdirectories and two
    // A regular file's first block, a device's number (new_encode_dev() of Linux), which of directories() or targets.
    std::uint32_t data = 0;
    std::uint16_t device = 0;  // a regular file's: 0, the image itself; 1, the first of its devices
    std::uint64_t size = 0;
    std::uint64_t slot = kUnplaced;  // for Metadata

    bool is(unsigned type) const { return (attributes.mode & S_IFMT) == type; }
  };
  static constexpr std::uint64_t kUnplaced = ~std::uint64_t{0};

  // Sorted bytewise, as char_traits<char> compares: unsigned.
  using Entries = std::map<std::string, NodeId, std::less<>>;
  struct Directory {
    NodeId parent = NodeId::kRoot;  // the root's is the root
    std::uint32_t depth = 0;
    Entries entries;
  };

  explicit Tree(const Limits& limits);

  const Node& node(NodeId id) const { return nodes_[static_cast<std::uint32_t>(id)]; }
  Node& node(NodeId id) { return nodes_[static_cast<std::uint32_t>(id)]; }
  const Directory& directory(NodeId id) const { return directories_[node(id).data]; }
  const std::string& target(NodeId link) const { return targets_[node(link).data]; }
  const std::string& xattrs(NodeId id) const { return *xattr_bodies_[node(id).xattrs]; }
  std::uint64_t entries() const { return entry_count_; }

  // kNone if there is none. Nothing is followed, and "." and ".." are no names.
  NodeId find(NodeId directory, std::string_view name) const;

  // All throw husk::Error, with the path, when a name cannot be one, is taken, or a limit is reached; then nothing was
  // changed. Types other than directories and links get `data` and size 0.
  NodeId add(NodeId directory, std::string_view name, const Attributes& attributes, std::uint32_t data = 0);
  NodeId add_directory(NodeId directory, std::string_view name, const Attributes& attributes);
  NodeId add_symlink(NodeId directory, std::string_view name, const Attributes& attributes, std::string_view target);
  void add_link(NodeId directory, std::string_view name, NodeId file);
  void set_xattrs(NodeId id, std::span<const Xattr> xattrs);

  // With all that is below it. False if there is no such name.
  bool remove(NodeId directory, std::string_view name);

  // A file that is no directory stays, and keeps its number, without a name until it is let go: a further link to it.
  void hold(NodeId file) { ++node(file).links; }
  void let_go(NodeId file);

  // For messages: a path as the image has it, without control characters and not too long.
  std::string path_of(NodeId directory, std::string_view name = {}) const;

 private:
  Directory& directory_at(NodeId id) { return directories_[node(id).data]; }
  void check_name(NodeId directory, std::string_view name, NodeId added) const;
  [[noreturn]] void refuse(NodeId directory, std::string_view name, std::string_view why) const;
  void account(std::uint64_t bytes, NodeId directory, std::string_view name);
  NodeId new_node(const Attributes& attributes, std::uint32_t data);
  void enter(NodeId directory, std::string_view name, NodeId id);
  void drop_link(NodeId id, std::vector<NodeId>& emptied);
  void release(NodeId id);

  Limits limits_;
  std::uint64_t entry_count_ = 0;
  std::uint64_t memory_ = 0;
  std::deque<Node> nodes_;
  std::vector<std::uint32_t> free_nodes_;
  std::deque<Directory> directories_;
  std::vector<std::uint32_t> free_directories_;
  std::deque<std::string> targets_;
  std::vector<std::uint32_t> free_targets_;
  // Each set of attributes once: where there are labels, thousands of files have the same. The first is none.
  std::map<std::string, std::uint32_t> xattr_numbers_;
  std::vector<const std::string*> xattr_bodies_;
};

}  // namespace husk::image::erofs
