#include "vmm/image/erofs/tree.h"

#include <algorithm>

#include "vmm/error.h"

namespace husk::image::erofs {
namespace {

constexpr std::size_t kMaxShownPath = 300;

// What malloc and the containers take for each, measured with glibc; names and targets come on top.
constexpr std::uint64_t kEntryMemory = 96;
constexpr std::uint64_t kNodeMemory = sizeof(Tree::Node) + 24;  // and what Metadata knows of it
constexpr std::uint64_t kDirectoryMemory = sizeof(Tree::Directory);
constexpr std::uint64_t kTargetMemory = 48;
constexpr std::uint64_t kXattrMemory = 128;

// A number for something that is kept in `values`: that of one that is of no use any more, or a new one.
template <typename T>
std::uint32_t take_number(std::vector<std::uint32_t>& unused, std::deque<T>& values) {
  if (unused.empty()) {
    values.emplace_back();
    return static_cast<std::uint32_t>(values.size() - 1);
  }
  const std::uint32_t number = unused.back();
  unused.pop_back();
  return number;
}

}  // namespace

Tree::Tree(const Limits& limits) : limits_(limits) {
  xattr_bodies_.push_back(&xattr_numbers_.emplace(std::string(), 0).first->first);
  directories_.emplace_back();
  nodes_.push_back({.attributes = {.mode = S_IFDIR | 0755}, .links = 2, .data = 0});
}

std::string Tree::path_of(NodeId directory, std::string_view name) const {
  std::string path(name);
  while (directory != NodeId::kRoot && path.size() < kMaxShownPath) {
    const Directory& here = this->directory(directory);
    for (const auto& [entry, id] : this->directory(here.parent).entries) {
      if (id == directory) path = entry + (path.empty() ? "" : "/" + path);
    }
    directory = here.parent;
  }
  if (path.size() > kMaxShownPath) path = "..." + path.substr(path.size() - kMaxShownPath);
  for (char& c : path) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return "/" + path;
}

void Tree::refuse(NodeId directory, std::string_view name, std::string_view why) const {
  throw Error("put into the image", path_of(directory, name), why);
}

void Tree::account(std::uint64_t bytes, NodeId directory, std::string_view name) {
  if (bytes > limits_.memory - memory_) {
    refuse(directory, name,
           "the names and attributes of its files take more than " + std::to_string(limits_.memory >> 20) +
               " MiB of memory");
  }
  memory_ += bytes;
}

NodeId Tree::find(NodeId directory, std::string_view name) const {
  const Entries& entries = this->directory(directory).entries;
  const auto found = entries.find(name);
  return found == entries.end() ? NodeId::kNone : found->second;
}

void Tree::check_name(NodeId directory, std::string_view name, NodeId added) const {
  if (static_cast<std::uint32_t>(directory) >= nodes_.size() || !node(directory).is(S_IFDIR)) {
    refuse(NodeId::kRoot, name, "what it would lie in is no directory");
  }
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    refuse(directory, name, "that is no name of a file");
  }
  if (name.size() > kMaxName) refuse(directory, name, "its name has more than 255 bytes");
  if (find(directory, name) != NodeId::kNone) refuse(directory, name, "there is one of that name already");
  if (entry_count_ >= limits_.entries) {
    refuse(directory, name, "the image would have more than " + std::to_string(limits_.entries) + " files");
  }
  if (added != NodeId::kNone && node(added).is(S_IFDIR)) {
    refuse(directory, name, "a directory has one name only");
  }
}

NodeId Tree::new_node(const Attributes& attributes, std::uint32_t data) {
  const auto id = static_cast<NodeId>(take_number(free_nodes_, nodes_));
  node(id) = {.attributes = attributes, .data = data};
  return id;
}

void Tree::enter(NodeId directory, std::string_view name, NodeId id) {
  directory_at(directory).entries.emplace(name, id);
  ++node(id).links;
  ++entry_count_;
}

NodeId Tree::add(NodeId directory, std::string_view name, const Attributes& attributes, std::uint32_t data) {
  check_name(directory, name, NodeId::kNone);
  account(kEntryMemory + name.size() + kNodeMemory, directory, name);
  const NodeId id = new_node(attributes, data);
  enter(directory, name, id);
  return id;
}

NodeId Tree::add_directory(NodeId directory, std::string_view name, const Attributes& attributes) {
  check_name(directory, name, NodeId::kNone);
  const std::uint32_t depth = this->directory(directory).depth + 1;
  if (depth > kMaxDepth) refuse(directory, name, "more than 2048 directories lie in each other");
  account(kEntryMemory + name.size() + kNodeMemory + kDirectoryMemory, directory, name);
  const std::uint32_t number = take_number(free_directories_, directories_);
  directories_[number] = {.parent = directory, .depth = depth, .entries = {}};
  const NodeId id = new_node(attributes, number);
  enter(directory, name, id);
  node(id).links = 2;
  ++node(directory).links;
  return id;
}

NodeId Tree::add_symlink(NodeId directory, std::string_view name, const Attributes& attributes,
                         std::string_view target) {
  check_name(directory, name, NodeId::kNone);
  if (target.empty()) refuse(directory, name, "the link leads nowhere");
  if (target.size() > kMaxLinkTarget) refuse(directory, name, "the link's target has more than 4095 bytes");
  if (target.find('\0') != std::string_view::npos) refuse(directory, name, "there is a NUL in the link's target");
  account(kEntryMemory + name.size() + kNodeMemory + kTargetMemory + target.size(), directory, name);
  const std::uint32_t number = take_number(free_targets_, targets_);
  targets_[number] = target;
  const NodeId id = new_node(attributes, number);
  node(id).size = target.size();
  enter(directory, name, id);
  return id;
}

void Tree::add_link(NodeId directory, std::string_view name, NodeId file) {
  check_name(directory, name, file);
  account(kEntryMemory + name.size(), directory, name);
  enter(directory, name, file);
}

void Tree::set_xattrs(NodeId id, std::span<const Xattr> xattrs) {
  std::string body = encode_xattrs(xattrs);
  if (id == NodeId::kRoot && body.size() > kMaxRootXattrs) {
    throw Error("put into the image", "/", "its extended attributes have more than 2880 bytes");
  }
  const auto found = xattr_numbers_.find(body);
  if (found != xattr_numbers_.end()) {
    node(id).xattrs = found->second;
    return;
  }
  account(kXattrMemory + body.size(), NodeId::kRoot, {});
  const auto number = static_cast<std::uint32_t>(xattr_bodies_.size());
  xattr_bodies_.push_back(&xattr_numbers_.emplace(std::move(body), number).first->first);
  node(id).xattrs = number;
}

void Tree::release(NodeId id) {
  const Node& gone = node(id);
  memory_ -= kNodeMemory;
  if (gone.is(S_IFDIR)) {
    memory_ -= kDirectoryMemory;
    free_directories_.push_back(gone.data);
  }
  if (gone.is(S_IFLNK)) {
    memory_ -= kTargetMemory + gone.size;
    targets_[gone.data] = std::string();
    free_targets_.push_back(gone.data);
  }
  free_nodes_.push_back(static_cast<std::uint32_t>(id));
}

void Tree::drop_link(NodeId id, std::vector<NodeId>& emptied) {
  if (node(id).is(S_IFDIR)) {
    emptied.push_back(id);
  } else if (--node(id).links == 0) {
    release(id);
  }
}

void Tree::let_go(NodeId file) {
  if (--node(file).links == 0) release(file);
}

bool Tree::remove(NodeId directory, std::string_view name) {
  Entries& entries = directory_at(directory).entries;
  const auto found = entries.find(name);
  if (found == entries.end()) return false;
  const auto forget = [this](const Entries::const_iterator& entry) {
    memory_ -= kEntryMemory + entry->first.size();
    --entry_count_;
  };
  std::vector<NodeId> pending;
  if (node(found->second).is(S_IFDIR)) --node(directory).links;
  forget(found);
  drop_link(found->second, pending);
  entries.erase(found);
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    Entries below = std::move(directory_at(id).entries);
    directory_at(id).entries.clear();
    for (auto entry = below.cbegin(); entry != below.cend(); ++entry) {
      forget(entry);
      drop_link(entry->second, pending);
    }
    release(id);
  }
  return true;
}

}  // namespace husk::image::erofs
