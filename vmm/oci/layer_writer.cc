#include "vmm/oci/layer_writer.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "common/text_lines.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/oci/image_files.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

using Type = TarEntry::Type;
namespace erofs = image::erofs;

constexpr std::string_view kWhiteout = ".wh.";
// aufs's own files, of which the image specification has kept one.
constexpr std::string_view kAufs = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
// What overlayfs keeps of its own: an image that had them would say to the namespaced runner's what its layers are.
constexpr std::string_view kOverlayTrusted = "trusted.overlay.";
constexpr std::string_view kOverlayUser = "user.overlay.";

std::string shown(std::string_view file) {
  return file.size() <= 200 ? std::string(file) : std::string(file.substr(0, 200)) + "...";
}

}  // namespace

void LayerWriter::refuse(std::string_view file, std::string_view why) const {
  throw Error("put into the image", "'" + shown(file) + "' of " + layer_name_, why);
}

void LayerWriter::note(bool& noted, std::string_view what, std::string_view file) {
  if (std::exchange(noted, true)) return;
  image::helper_note(std::string(what) + ", like " + shown(file) + " of " + layer_name_);
}

void LayerWriter::add_layer(TarReader& tar, const std::string& name) {
  layer_name_ = name;
  ++layer_;
  foreign_links_.clear();
  TarEntry entry;
  while (tar.next(entry)) add(entry, tar);
}

void LayerWriter::add(const TarEntry& entry, TarReader& tar) {
  std::vector<std::string_view> way = path_parts(entry.name, "a file of " + layer_name_);
  if (way.empty()) return set_root(entry);
  const std::string_view name = way.back();
  way.pop_back();
  if (name.starts_with(kWhiteout)) return apply_whiteout(entry, way, name);
  const NodeId parent = directory_at(way, IfMissing::kMake);
  if (entry.type == Type::kDirectory) return add_directory(entry, parent, name);
  if (entry.type == Type::kHardLink) return add_hard_link(entry, parent, name);
  add_other(entry, tar, parent, name);
}

void LayerWriter::set_root(const TarEntry& entry) {
  if (entry.type != Type::kDirectory) refuse(entry.name, "the root is a directory");
  writer_.set_attributes(NodeId::kRoot, attributes_of(entry, S_IFDIR));
  set_xattrs(NodeId::kRoot, entry);
}

void LayerWriter::add_directory(const TarEntry& entry, NodeId parent, std::string_view name) {
  NodeId id = writer_.find(parent, name);
  if (id != NodeId::kNone && writer_.is(id, S_IFDIR)) {
    writer_.set_attributes(id, attributes_of(entry, S_IFDIR));
  } else {
    if (id != NodeId::kNone) writer_.remove(parent, name);
    id = writer_.add_directory(parent, name, attributes_of(entry, S_IFDIR));
  }
  set_xattrs(id, entry);
  mark(id, parent);
}

void LayerWriter::add_hard_link(const TarEntry& entry, NodeId parent, std::string_view name) {
  std::vector<std::string_view> way = path_parts(entry.target, "a link of " + layer_name_);
  const auto find_target = [&] {
    if (way.empty()) return NodeId::kNone;
    return writer_.find(directory_at({way.begin(), way.end() - 1}, IfMissing::kReport), way.back());
  };
  NodeId target = find_target();
  const NodeId existing = writer_.find(parent, name);
  if (target != NodeId::kNone && target == existing) return mark_directory(parent);
  if (existing != NodeId::kNone) {
    writer_.remove(parent, name);
    target = find_target();  // it may have been below what was removed
  }
  if (target == NodeId::kNone) refuse(entry.name, "it is a link to a file that is not there: " + shown(entry.target));
  if (writer_.is(target, S_IFDIR)) refuse(entry.name, "it is a hard link to a directory");
  writer_.add_hard_link(parent, name, target);
  mark_directory(parent);
  const auto index = static_cast<std::size_t>(target);
  if (index < touched_.size() && touched_[index] == layer_) return;
  if (foreign_links_.size() >= kMaxForeignLinks) refuse(entry.name, "more than 65,536 links lead to lower layers");
  foreign_links_.emplace(parent, name);
}

void LayerWriter::add_other(const TarEntry& entry, TarReader& tar, NodeId parent, std::string_view name) {
  writer_.remove(parent, name);
  NodeId id = NodeId::kNone;
  switch (entry.type) {
    case Type::kFile:
      id = writer_.begin_file(parent, name, attributes_of(entry, S_IFREG));
      copy_contents(tar);
      writer_.end_file();
      break;
    case Type::kSymlink:
      id = writer_.add_symlink(parent, name, attributes_of(entry, S_IFLNK), entry.target);
      break;
    case Type::kCharacterDevice:
      id = writer_.add_special(parent, name, attributes_of(entry, S_IFCHR), entry.device);
      break;
    case Type::kBlockDevice:
      id = writer_.add_special(parent, name, attributes_of(entry, S_IFBLK), entry.device);
      break;
    case Type::kFifo:
      id = writer_.add_special(parent, name, attributes_of(entry, S_IFIFO));
      break;
    case Type::kDirectory:
    case Type::kHardLink:
      refuse(entry.name, "it is of another type");
  }
  set_xattrs(id, entry);
  mark(id, parent);
}

void LayerWriter::copy_contents(TarReader& tar) {
  while (tar.has_more()) {
    if (const std::uint64_t zeros = tar.take_hole(); zeros != 0) {
      writer_.append_zeros(zeros);
      continue;
    }
    writer_.commit(tar.read(writer_.room()));
  }
}

void LayerWriter::apply_whiteout(const TarEntry& entry, const std::vector<std::string_view>& way,
                                 std::string_view name) {
  const NodeId directory = directory_at(way, IfMissing::kReport);
  if (name == kOpaque) {
    if (directory == NodeId::kNone) return;
    std::vector<std::string> names;
    for (const auto& [child, id] : writer_.entries(directory)) names.push_back(child);
    for (const std::string& child : names) remove_lower(directory, child);
    return;
  }
  if (name.starts_with(kAufs)) return note(noted_whiteout_, "what aufs keeps of its own is left out", entry.name);
  const std::string_view hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") refuse(entry.name, "it is a whiteout of no file");
  if (directory != NodeId::kNone) remove_lower(directory, std::string(hidden));
}

bool LayerWriter::is_of_this_layer(NodeId directory, std::string_view name, NodeId id) const {
  const auto index = static_cast<std::size_t>(id);
  if (index < touched_.size() && touched_[index] == layer_) return true;
  return !foreign_links_.empty() && foreign_links_.contains({directory, std::string(name)});
}

void LayerWriter::remove_lower(NodeId directory, const std::string& name) {
  // No recursion: how deep directories lie in each other is the image's to say.
  std::vector<std::pair<NodeId, std::string>> pending{{directory, name}};
  while (!pending.empty()) {
    const auto [parent, child] = std::move(pending.back());
    pending.pop_back();
    const NodeId id = writer_.find(parent, child);
    if (id == NodeId::kNone) continue;
    if (!is_of_this_layer(parent, child, id)) {
      writer_.remove(parent, child);
    } else if (writer_.is(id, S_IFDIR)) {
      for (const auto& [below, ignored] : writer_.entries(id)) pending.emplace_back(id, below);
    }
  }
}

void LayerWriter::mark_directory(NodeId directory) {
  for (;;) {
    const auto index = static_cast<std::size_t>(directory);
    if (index >= touched_.size()) touched_.resize(index + 1);
    if (touched_[index] == layer_) return;
    touched_[index] = layer_;
    directory = writer_.parent(directory);
  }
}

void LayerWriter::mark(NodeId id, NodeId parent) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= touched_.size()) touched_.resize(index + 1);
  touched_[index] = layer_;
  mark_directory(parent);
}

LayerWriter::NodeId LayerWriter::directory_at(const std::vector<std::string_view>& way, IfMissing if_missing) {
  // What is still to go, the next one last. Names of links' targets are kept by the tree as long as nothing is removed.
  std::vector<std::string_view> ahead(way.rbegin(), way.rend());
  NodeId at = NodeId::kRoot;
  unsigned followed = 0;
  while (!ahead.empty()) {
    const std::string_view part = ahead.back();
    ahead.pop_back();
    if (part == "..") {
      at = writer_.parent(at);
      continue;
    }
    NodeId next = writer_.find(at, part);
    if (next == NodeId::kNone) {
      if (if_missing == IfMissing::kReport) return NodeId::kNone;
      next = writer_.add_directory(at, part, {.mode = S_IFDIR | 0755});
      mark(next, at);
    }
    if (writer_.is(next, S_IFLNK)) {
      if (++followed > kMaxLinksFollowed) refuse(part, "more than 40 symbolic links lead to it");
      std::string_view target = writer_.target(next);
      if (target.starts_with('/')) at = NodeId::kRoot;
      const std::size_t end = ahead.size();
      while (!target.empty()) {
        const std::string_view step = take_field(target, '/');
        if (!step.empty() && step != ".") ahead.push_back(step);
      }
      std::reverse(ahead.begin() + static_cast<std::ptrdiff_t>(end), ahead.end());
      continue;
    }
    if (!writer_.is(next, S_IFDIR)) {
      if (if_missing == IfMissing::kReport) return NodeId::kNone;
      refuse(part, "files lie in it, and it is no directory");
    }
    at = next;
  }
  return at;
}

void LayerWriter::set_xattrs(NodeId id, const TarEntry& entry) {
  std::vector<erofs::Xattr> kept;
  for (const auto& [name, value] : entry.xattrs) {
    if (!erofs::is_storable_xattr(name) || name.starts_with(kOverlayTrusted) || name.starts_with(kOverlayUser)) {
      note(noted_xattr_, "an image has no extended attributes " + shown(name), entry.name);
      continue;
    }
    kept.push_back({.name = name, .value = value});
  }
  writer_.set_xattrs(id, kept);
}

erofs::Attributes LayerWriter::attributes_of(const TarEntry& entry, unsigned type) const {
  // Linux has no permissions of links but these.
  const unsigned permissions = type == S_IFLNK ? 0777u : entry.mode;
  return {.mode = static_cast<std::uint16_t>(type | permissions),
          .uid = entry.uid,
          .gid = entry.gid,
          .mtime_s = entry.mtime_s,
          .mtime_ns = entry.mtime_ns};
}

}  // namespace husk::oci
