// Layers of an image, one upon the other, into one tree: what a layer has takes the place of what was below, and what it has
// marked as gone (layer_marks.h) goes. Contents stay where they are, in the layers' images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"

namespace husk::oci {

class LayerMerger {
 public:
  explicit LayerMerger(image::erofs::ErofsWriter& writer) : writer_(writer) {}

  // `device`: which of the writer's devices the layer is; `name` is for messages. The layer may be anybody's: what is damaged is
  // refused, and what is added ends within the writer's limits. Throws husk::Error.
  void add_layer(const image::erofs::Reader& layer, std::size_t device, const std::string& name);

 private:
  using NodeId = image::erofs::NodeId;
  using Inode = image::erofs::Reader::Inode;
  using Path = std::vector<std::string>;
  enum class IfMissing { kMake, kReport };

  // A file of the layer, with its marks and without.
  struct File {
    Inode inode;
    std::vector<image::erofs::Xattr> xattrs;
    bool is_implied = false, is_opaque = false, is_replaced = false, is_whiteout = false;
    std::optional<std::string> lower_link;
  };
  File file_at(std::uint64_t nid) const;

  // Calls for each file but the root: the directory that it lies in, and its name. Whether to go into it, if it is a directory.
  using Visit = std::function<bool(const Path& directory, const std::string& name, const File& file)>;
  void walk(const Visit& visit) const;

  // In this order: a link's target may be removed, and its name taken, by the layer itself.
  void find_lower_links();
  void remove_what_is_hidden();
  void add_files();

  bool hide(const Path& directory, const std::string& name, const File& file);
  void clear(NodeId directory);
  void add(const Path& directory, const std::string& name, const File& file);
  void add_directory(NodeId parent, const std::string& name, const File& file);
  void add_hard_link(const Path& directory, const std::string& name, NodeId target);
  NodeId add_new(NodeId parent, const std::string& name, const File& file);
  // kNone if there is none, or it is a directory.
  NodeId lower_file(const std::string& path);
  // The directory that a path leads to, for a process whose root is the image: through symbolic links. kNone if there is
  // none; with kMake, what is missing is made.
  NodeId directory_at(const Path& way, IfMissing if_missing = IfMissing::kReport);

  void remember(std::uint64_t nid, NodeId id);
  [[noreturn]] void refuse(std::string_view file, std::string_view why) const;

  image::erofs::ErofsWriter& writer_;
  const image::erofs::Reader* layer_ = nullptr;
  std::size_t device_ = 0;
  std::string layer_name_;
  // Files with several names, and lower layers' that get one: held until the layer is at its end.
  std::unordered_map<std::uint64_t, NodeId> held_;
};

}  // namespace husk::oci
