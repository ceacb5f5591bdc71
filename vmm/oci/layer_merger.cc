#include "vmm/oci/layer_merger.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "common/text_lines.h"
#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"
#include "vmm/oci/directory_walk.h"
#include "vmm/oci/layer_marks.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

namespace erofs = image::erofs;

std::string joined(const std::vector<std::string>& directory, std::string_view name) {
  std::string path;
  for (const std::string& part : directory) path.append(part).append("/");
  return path.append(name);
}

bool is_mark(const erofs::Xattr& xattr) {
  return xattr.name.starts_with(kHuskMarks) || xattr.name == kOpaqueMark;
}

}  // namespace

void LayerMerger::refuse(std::string_view file, std::string_view why) const {
  const std::string shown = file.size() <= 200 ? std::string(file) : std::string(file.substr(0, 200)) + "...";
  throw Error("put into the image", "'" + shown + "' of " + layer_name_, why);
}

LayerMerger::File LayerMerger::file_at(std::uint64_t nid) const {
  File file{.inode = layer_->inode(nid), .xattrs = {}, .lower_link = {}};
  file.xattrs = layer_->xattrs(file.inode);
  bool is_device = false;
  for (const erofs::Xattr& xattr : file.xattrs) {
    file.is_implied |= xattr.name == kImpliedMark;
    file.is_opaque |= xattr.name == kOpaqueMark;
    file.is_replaced |= xattr.name == kReplacedMark;
    is_device |= xattr.name == kDeviceMark;
    if (xattr.name == kLinkMark) file.lower_link = xattr.value;
  }
  std::erase_if(file.xattrs, is_mark);
  file.is_whiteout = may_be_whiteout(file.inode.attributes, file.inode.data) && !is_device;
  return file;
}

void LayerMerger::walk(const Visit& visit) const {
  struct Level {
    std::vector<std::pair<std::string, std::uint64_t>> entries;
    std::size_t next = 0;
  };
  // No recursion, and each directory once: what lies in what is the layer's to say.
  std::vector<Level> levels;
  std::unordered_set<std::uint64_t> entered;
  std::size_t count = 0;
  Path path;
  const auto enter = [&](const Inode& directory) {
    if (!entered.insert(directory.nid).second) refuse(joined(path, ""), "a directory is there twice");
    if (levels.size() > erofs::kMaxDepth) refuse(joined(path, ""), "more than 2048 directories lie in each other");
    Level& level = levels.emplace_back();
    layer_->for_each_entry(
        directory, [&level](std::string_view name, std::uint64_t nid) { level.entries.emplace_back(name, nid); });
  };
  enter(layer_->inode(layer_->root()));
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next == level.entries.size()) {
      levels.pop_back();
      if (!levels.empty()) path.pop_back();
      continue;
    }
    const auto [name, nid] = std::move(level.entries[level.next++]);
    if (++count > kMaxLayerFiles) refuse(joined(path, name), "the layer has more than 1,000,000 files");
    const File file = file_at(nid);
    if (!visit(path, name, file) || !file.inode.is(S_IFDIR)) continue;
    path.push_back(name);
    enter(file.inode);
  }
}

void LayerMerger::add_layer(const erofs::Reader& layer, std::size_t device, const std::string& name) {
  layer_ = &layer;
  device_ = device;
  layer_name_ = name;
  find_lower_links();
  remove_what_is_hidden();
  add_files();
  for (const auto& [nid, id] : held_) writer_.let_go(id);
  held_.clear();
}

void LayerMerger::remember(std::uint64_t nid, NodeId id) {
  if (held_.emplace(nid, id).second) writer_.hold(id);
}

LayerMerger::NodeId LayerMerger::lower_file(const std::string& path) {
  Path way;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view part = take_field(rest, '/');
    if (!part.empty()) way.emplace_back(part);
  }
  if (way.empty()) return NodeId::kNone;
  const std::string name = std::move(way.back());
  way.pop_back();
  const NodeId directory = directory_at(way);
  return directory == NodeId::kNone ? directory : writer_.find(directory, name);
}

void LayerMerger::find_lower_links() {
  std::size_t count = 0;
  walk([&](const Path& directory, const std::string& name, const File& file) {
    if (!file.lower_link) return true;
    if (++count > kMaxLowerLinks) refuse(joined(directory, name), "more than 65,536 links lead to lower layers");
    const NodeId target = lower_file(*file.lower_link);
    if (target == NodeId::kNone) return true;  // it may be behind a link of this layer's
    if (writer_.is(target, S_IFDIR)) refuse(joined(directory, name), "it is a hard link to a directory");
    remember(file.inode.nid, target);
    return true;
  });
}

void LayerMerger::clear(NodeId directory) {
  std::vector<std::string> names;
  for (const auto& [child, id] : writer_.entries(directory)) names.push_back(child);
  for (const std::string& child : names) writer_.remove(directory, child);
}

void LayerMerger::remove_what_is_hidden() {
  if (file_at(layer_->root()).is_opaque) clear(NodeId::kRoot);
  walk(
      [this](const Path& directory, const std::string& name, const File& file) { return hide(directory, name, file); });
}

// Whether there can be more below it that is hidden.
bool LayerMerger::hide(const Path& directory, const std::string& name, const File& file) {
  if (!file.is_whiteout && !file.inode.is(S_IFDIR)) return false;
  const NodeId parent = directory_at(directory);
  if (parent == NodeId::kNone) return false;
  if (file.is_whiteout || file.is_replaced) {
    writer_.remove(parent, name);
    return false;
  }
  NodeId id = NodeId::kNone;
  if (file.is_implied) {
    Path way = directory;
    way.push_back(name);
    id = directory_at(way);
  } else {
    id = writer_.find(parent, name);  // a link to a directory will be replaced, and what it leads to stays
  }
  if (id == NodeId::kNone || !writer_.is(id, S_IFDIR)) return false;
  if (file.is_opaque) clear(id);
  return true;
}

void LayerMerger::add_files() {
  if (const File root = file_at(layer_->root()); !root.is_implied) {
    writer_.set_attributes(NodeId::kRoot, root.inode.attributes);
    writer_.set_xattrs(NodeId::kRoot, root.xattrs);
  }
  walk([this](const Path& directory, const std::string& name, const File& file) {
    if (!file.is_whiteout) add(directory, name, file);
    return true;
  });
}

void LayerMerger::add(const Path& directory, const std::string& name, const File& file) {
  const Inode& inode = file.inode;
  if (inode.is(S_IFDIR)) {
    // One that is only implied is made for what lies in it, if it has to be: there may be nothing but whiteouts.
    if (!file.is_implied) add_directory(directory_at(directory, IfMissing::kMake), name, file);
    return;
  }
  if (file.lower_link) {
    const auto held = held_.find(inode.nid);
    const NodeId target = held != held_.end() ? held->second : lower_file(*file.lower_link);
    if (target == NodeId::kNone) {
      refuse(joined(directory, name), "it is a link to a file that is not there: " + *file.lower_link);
    }
    if (writer_.is(target, S_IFDIR)) refuse(joined(directory, name), "it is a hard link to a directory");
    remember(inode.nid, target);
    return add_hard_link(directory, name, target);
  }
  if (const auto held = held_.find(inode.nid); held != held_.end()) {
    return add_hard_link(directory, name, held->second);
  }
  const NodeId parent = directory_at(directory, IfMissing::kMake);
  writer_.remove(parent, name);
  const NodeId id = add_new(parent, name, file);
  writer_.set_xattrs(id, file.xattrs);
  if (inode.links > 1) remember(inode.nid, id);
}

void LayerMerger::add_directory(NodeId parent, const std::string& name, const File& file) {
  NodeId id = writer_.find(parent, name);
  if (id != NodeId::kNone && writer_.is(id, S_IFDIR)) {
    writer_.set_attributes(id, file.inode.attributes);
  } else {
    writer_.remove(parent, name);
    id = writer_.add_directory(parent, name, file.inode.attributes);
  }
  writer_.set_xattrs(id, file.xattrs);
}

void LayerMerger::add_hard_link(const Path& directory, const std::string& name, NodeId target) {
  const NodeId parent = directory_at(directory, IfMissing::kMake);
  if (writer_.find(parent, name) == target) return;
  writer_.remove(parent, name);
  writer_.add_hard_link(parent, name, target);
}

LayerMerger::NodeId LayerMerger::add_new(NodeId parent, const std::string& name, const File& file) {
  const Inode& inode = file.inode;
  if (inode.is(S_IFREG)) {
    // Not what the layer would have from other devices: it has none.
    if (inode.size != 0 && std::uint64_t{inode.data} + erofs::blocks_of(inode.size) > layer_->blocks()) {
      refuse(joined({}, name), "its contents are not in the layer");
    }
    return writer_.add_stored_file(parent, name, inode.attributes, device_, inode.data, inode.size);
  }
  if (inode.is(S_IFLNK)) return writer_.add_symlink(parent, name, inode.attributes, layer_->target(inode));
  return writer_.add_special(parent, name, inode.attributes, erofs::Reader::device(inode));
}

LayerMerger::NodeId LayerMerger::directory_at(const Path& way, IfMissing if_missing) {
  struct {
    LayerMerger& merger;
    bool makes;

    void refuse(std::string_view name, std::string_view why) const { merger.refuse(name, why); }
    NodeId at_missing(NodeId parent, std::string_view name) const {
      return makes ? merger.writer_.add_directory(parent, name, {.mode = S_IFDIR | 0755}) : NodeId::kNone;
    }
    NodeId at_file(NodeId, std::string_view name, NodeId) const {
      if (makes) refuse(name, "files lie in it, and it is no directory");
      return NodeId::kNone;
    }
  } const caller{*this, if_missing == IfMissing::kMake};
  return walk_to_directory(writer_, way, caller);
}

}  // namespace husk::oci
