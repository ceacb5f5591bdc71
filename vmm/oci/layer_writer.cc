#include "vmm/oci/layer_writer.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text_lines.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/oci/directory_walk.h"
#include "vmm/oci/image_files.h"
#include "vmm/oci/layer_marks.h"
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
  mark(NodeId::kRoot, kImpliedMark);
  TarEntry entry;
  while (tar.next(entry)) add(entry, tar);
}

bool LayerWriter::is_whiteout(NodeId id) const {
  return may_be_whiteout(writer_.attributes(id), writer_.data(id)) && writer_.xattrs(id).empty();
}

void LayerWriter::mark(NodeId id, std::string_view name) {
  std::vector<erofs::Xattr> xattrs = writer_.xattrs(id);
  if (std::ranges::find(xattrs, name, &erofs::Xattr::name) != xattrs.end()) return;
  xattrs.push_back({.name = std::string(name), .value = std::string(kSet)});
  writer_.set_xattrs(id, xattrs);
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
    const bool replaces = writer_.remove(parent, name);
    id = writer_.add_directory(parent, name, attributes_of(entry, S_IFDIR));
    if (replaces) mark(id, kReplacedMark), mark(id, kOpaqueMark);
  }
  set_xattrs(id, entry);
}

void LayerWriter::add_hard_link(const TarEntry& entry, NodeId parent, std::string_view name) {
  const std::vector<std::string_view> way = path_parts(entry.target, "a link of " + layer_name_);
  const auto is_there = [&](bool good) {
    if (!good) refuse(entry.name, "it is a link to a file that is not there: " + shown(entry.target));
  };
  is_there(!way.empty());
  const auto find_target = [&] {
    const NodeId directory = directory_at({way.begin(), way.end() - 1}, IfMissing::kReport);
    return writer_.find(directory, way.back());
  };
  NodeId target = find_target();
  if (target == NodeId::kNone) return add_lower_link(entry, parent, name, way);
  is_there(!is_whiteout(target));
  if (target == writer_.find(parent, name)) return;
  writer_.remove(parent, name);
  target = find_target();  // it may have been below what was removed
  is_there(target != NodeId::kNone);
  if (writer_.is(target, S_IFDIR)) refuse(entry.name, "it is a hard link to a directory");
  writer_.add_hard_link(parent, name, target);
}

void LayerWriter::add_lower_link(const TarEntry& entry, NodeId parent, std::string_view name,
                                 const std::vector<std::string_view>& target) {
  if (++lower_links_ > kMaxLowerLinks) refuse(entry.name, "more than 65,536 links lead to lower layers");
  std::string path;
  for (const std::string_view part : target) path.append(path.empty() ? "" : "/").append(part);
  writer_.remove(parent, name);
  const NodeId id = writer_.begin_file(parent, name, {.mode = S_IFREG});
  writer_.end_file();
  writer_.set_xattrs(id, std::array{erofs::Xattr{.name = std::string(kLinkMark), .value = path}});
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
  if (name != kOpaque && name.starts_with(kAufs)) {
    return note(noted_whiteout_, "what aufs keeps of its own is left out", entry.name);
  }
  const std::string_view hidden = name.substr(kWhiteout.size());
  if (name != kOpaque && (hidden.empty() || hidden == "." || hidden == "..")) {
    refuse(entry.name, "it is a whiteout of no file");
  }
  const NodeId directory = directory_at(way, IfMissing::kMakeForWhiteout);
  if (directory == NodeId::kNone) return;
  if (name == kOpaque) return mark(directory, kOpaqueMark);
  const NodeId existing = writer_.find(directory, hidden);
  if (existing == NodeId::kNone) {
    writer_.add_special(directory, hidden, {.mode = S_IFCHR}, 0);
  } else if (writer_.is(existing, S_IFDIR)) {
    // What is of this layer stays, in whichever order.
    mark(existing, kReplacedMark);
    mark(existing, kOpaqueMark);
  }
}

LayerWriter::NodeId LayerWriter::imply_directory(NodeId parent, std::string_view name, bool replaces) {
  const NodeId id = writer_.add_directory(parent, name, {.mode = S_IFDIR | 0755});
  mark(id, kImpliedMark);
  if (replaces) mark(id, kReplacedMark), mark(id, kOpaqueMark);
  return id;
}

LayerWriter::NodeId LayerWriter::directory_at(const std::vector<std::string_view>& way, IfMissing if_missing) {
  struct {
    LayerWriter& layer;
    IfMissing if_missing;

    void refuse(std::string_view name, std::string_view why) const { layer.refuse(name, why); }
    NodeId at_missing(NodeId parent, std::string_view name) const {
      return if_missing == IfMissing::kReport ? NodeId::kNone : layer.imply_directory(parent, name, false);
    }
    NodeId at_file(NodeId parent, std::string_view name, NodeId file) const {
      if (if_missing != IfMissing::kMake) return NodeId::kNone;
      if (!layer.is_whiteout(file)) refuse(name, "files lie in it, and it is no directory");
      const std::string copy(name);
      layer.writer_.remove(parent, copy);
      return layer.imply_directory(parent, copy, true);
    }
  } const caller{*this, if_missing};
  return walk_to_directory(writer_, way, caller);
}

void LayerWriter::set_xattrs(NodeId id, const TarEntry& entry) {
  std::vector<erofs::Xattr> kept = writer_.xattrs(id);
  std::erase_if(kept,
                [](const erofs::Xattr& xattr) { return xattr.name != kReplacedMark && xattr.name != kOpaqueMark; });
  if (may_be_whiteout(writer_.attributes(id), writer_.data(id)))
    kept.push_back({std::string(kDeviceMark), std::string(kSet)});
  for (const auto& [name, value] : entry.xattrs) {
    if (!erofs::is_storable_xattr(name) || name.starts_with(kOverlayTrusted) || name.starts_with(kOverlayUser) ||
        name.starts_with(kHuskMarks)) {
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
