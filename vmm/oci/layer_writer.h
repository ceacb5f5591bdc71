// Layers of an image, one upon the other, into one tree (the image specification, "Image Layer Filesystem Changeset"): what
// a layer has takes the place of what was below, and whiteouts remove it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/image/erofs/writer.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {

class LayerWriter {
 public:
  explicit LayerWriter(image::erofs::ErofsWriter& writer) : writer_(writer) {}

  // All files of one layer. `name` is for messages. Throws husk::Error.
  void add_layer(TarReader& tar, const std::string& name);

 private:
  using NodeId = image::erofs::NodeId;
  enum class IfMissing { kMake, kReport };

  void add(const TarEntry& entry, TarReader& tar);
  void set_root(const TarEntry& entry);
  void add_directory(const TarEntry& entry, NodeId parent, std::string_view name);
  void add_hard_link(const TarEntry& entry, NodeId parent, std::string_view name);
  void add_other(const TarEntry& entry, TarReader& tar, NodeId parent, std::string_view name);
  void copy_contents(TarReader& tar);
  void apply_whiteout(const TarEntry& entry, const std::vector<std::string_view>& way, std::string_view name);

  // The directory that a path leads to, for a process whose root is the image: through symbolic links. kNone if there is
  // none; with kMake, what is missing is made.
  NodeId directory_at(const std::vector<std::string_view>& way, IfMissing if_missing);

  // Removes of a name what lower layers have put there: nothing, all, or all but what this layer has added below it.
  void remove_lower(NodeId directory, const std::string& name);
  bool is_of_this_layer(NodeId directory, std::string_view name, NodeId id) const;
  void mark(NodeId id, NodeId parent);
  void mark_directory(NodeId directory);

  void set_xattrs(NodeId id, const TarEntry& entry);
  image::erofs::Attributes attributes_of(const TarEntry& entry, unsigned type) const;
  [[noreturn]] void refuse(std::string_view file, std::string_view why) const;
  void note(bool& noted, std::string_view what, std::string_view file);

  image::erofs::ErofsWriter& writer_;
  std::string layer_name_;
  std::uint16_t layer_ = 0;
  // By the number of a node: the layer that has made it, or, of a directory, has put something into it.
  std::vector<std::uint16_t> touched_;
  // Names that this layer has given to files of lower ones.
  std::set<std::pair<NodeId, std::string>> foreign_links_;
  bool noted_xattr_ = false, noted_whiteout_ = false;
};

}  // namespace husk::oci
