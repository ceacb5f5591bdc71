// One layer of an image, as an image of its own (layer_marks.h): what its archive has, and what it removes of those below (the
// image specification, "Image Layer Filesystem Changeset"). Nothing is known of these: they may be any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/image/erofs/writer.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {

class LayerWriter {
 public:
  explicit LayerWriter(image::erofs::ErofsWriter& writer) : writer_(writer) {}

  // All files of the layer. `name` is for messages. Throws husk::Error.
  void add_layer(TarReader& tar, const std::string& name);

 private:
  using NodeId = image::erofs::NodeId;
  // What is to become of a directory that is not there: made; made for whiteouts in it, unless what is there is none; reported.
  enum class IfMissing { kMake, kMakeForWhiteout, kReport };

  void add(const TarEntry& entry, TarReader& tar);
  void set_root(const TarEntry& entry);
  void add_directory(const TarEntry& entry, NodeId parent, std::string_view name);
  void add_hard_link(const TarEntry& entry, NodeId parent, std::string_view name);
  void add_lower_link(const TarEntry& entry, NodeId parent, std::string_view name,
                      const std::vector<std::string_view>& target);
  void add_other(const TarEntry& entry, TarReader& tar, NodeId parent, std::string_view name);
  void copy_contents(TarReader& tar);
  void apply_whiteout(const TarEntry& entry, const std::vector<std::string_view>& way, std::string_view name);

  // The directory that a path leads to: through symbolic links of the layer, for a process whose root it is. kNone where
  // there is none.
  NodeId directory_at(const std::vector<std::string_view>& way, IfMissing if_missing);
  NodeId imply_directory(NodeId parent, std::string_view name, bool replaces);

  bool is_whiteout(NodeId id) const;
  void mark(NodeId id, std::string_view name);
  void set_xattrs(NodeId id, const TarEntry& entry);
  image::erofs::Attributes attributes_of(const TarEntry& entry, unsigned type) const;
  [[noreturn]] void refuse(std::string_view file, std::string_view why) const;
  void note(bool& noted, std::string_view what, std::string_view file);

  image::erofs::ErofsWriter& writer_;
  std::string layer_name_;
  std::size_t lower_links_ = 0;
  bool noted_xattr_ = false, noted_whiteout_ = false;
};

}  // namespace husk::oci
