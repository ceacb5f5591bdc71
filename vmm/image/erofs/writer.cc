#include "vmm/image/erofs/writer.h"

#include <sys/sysmacros.h>

#include <algorithm>

#include "vmm/error.h"

namespace husk::image::erofs {
namespace {

// As Linux's new_encode_dev() (include/linux/kdev_t.h): 12 bits of the major number, 20 of the minor one.
std::uint32_t encode_device(dev_t device) {
  const std::uint32_t major_number = gnu_dev_major(device);
  const std::uint32_t minor_number = gnu_dev_minor(device);
  if (major_number >= 1u << 12 || minor_number >= 1u << 20) {
    throw Error("put into the image", "a device " + std::to_string(major_number) + ":" + std::to_string(minor_number),
                "Linux has majors below 4096 and minors below 1048576");
  }
  return (minor_number & 0xff) | major_number << 8 | (minor_number & ~0xffu) << 12;
}

void check(const Attributes& attributes, bool is_right_type, std::string_view name) {
  if (!is_right_type) throw Error("put into the image", name, "its type is another one");
  if (attributes.mtime_ns >= 1'000'000'000) {
    throw Error("put into the image", name, "its time has more than 999,999,999 nanoseconds");
  }
}

unsigned type_of(const Attributes& attributes) {
  return attributes.mode & S_IFMT;
}

}  // namespace

void ErofsWriter::check_state(std::string_view what) const {
  if (is_finished_) throw Error(what, "the image", "it is finished");
  if (open_file_ != NodeId::kNone) throw Error(what, "the image", "a file in it has not been ended");
}

NodeId ErofsWriter::find(NodeId directory, std::string_view name) const {
  if (directory == NodeId::kNone || !tree_.node(directory).is(S_IFDIR)) return NodeId::kNone;
  return tree_.find(directory, name);
}

NodeId ErofsWriter::find_path(std::string_view path) const {
  NodeId found = NodeId::kRoot;
  while (!path.empty() && found != NodeId::kNone) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (!name.empty()) found = find(found, name);
  }
  return found;
}

NodeId ErofsWriter::add_directory(NodeId directory, std::string_view name, const Attributes& attributes) {
  check_state("add a directory to");
  check(attributes, type_of(attributes) == S_IFDIR, name);
  return tree_.add_directory(directory, name, attributes);
}

NodeId ErofsWriter::add_symlink(NodeId directory, std::string_view name, const Attributes& attributes,
                                std::string_view target) {
  check_state("add a link to");
  check(attributes, type_of(attributes) == S_IFLNK, name);
  return tree_.add_symlink(directory, name, attributes, target);
}

NodeId ErofsWriter::add_special(NodeId directory, std::string_view name, const Attributes& attributes, dev_t device) {
  check_state("add a file to");
  const unsigned type = type_of(attributes);
  const bool is_device = type == S_IFCHR || type == S_IFBLK;
  check(attributes, is_device || type == S_IFIFO || type == S_IFSOCK, name);
  return tree_.add(directory, name, attributes, is_device ? encode_device(device) : 0);
}

void ErofsWriter::add_hard_link(NodeId directory, std::string_view name, NodeId file) {
  check_state("add a link to");
  tree_.add_link(directory, name, file);
}

NodeId ErofsWriter::begin_file(NodeId directory, std::string_view name, const Attributes& attributes) {
  check_state("add a file to");
  check(attributes, type_of(attributes) == S_IFREG, name);
  output_.pad_to_block();
  const NodeId id = tree_.add(directory, name, attributes);
  open_file_ = id;
  file_begin_ = output_.position();
  return id;
}

void ErofsWriter::end_file() {
  if (open_file_ == NodeId::kNone) throw Error("end a file of", "the image", "none was begun");
  Tree::Node& file = tree_.node(open_file_);
  file.size = output_.position() - file_begin_;
  file.data = file.size == 0 ? 0 : static_cast<std::uint32_t>(file_begin_ / kBlock);
  open_file_ = NodeId::kNone;
}

NodeId ErofsWriter::add_stored_file(NodeId directory, std::string_view name, const Attributes& attributes,
                                    std::size_t device, std::uint32_t block, std::uint64_t size) {
  check_state("add a file to");
  check(attributes, type_of(attributes) == S_IFREG, name);
  if (device >= devices_.size()) throw Error("put into the image", name, "there is no such layer");
  const NodeId id = tree_.add(directory, name, attributes, size == 0 ? 0 : block);
  tree_.node(id).size = size;
  if (size != 0) tree_.node(id).device = static_cast<std::uint16_t>(device + 1);
  return id;
}

std::vector<Xattr> ErofsWriter::xattrs(NodeId id) const {
  return decode_xattrs(tree_.xattrs(id)).value_or(std::vector<Xattr>());
}

void ErofsWriter::set_attributes(NodeId id, const Attributes& attributes) {
  check(attributes, type_of(attributes) == type_of(tree_.node(id).attributes), "other attributes");
  tree_.node(id).attributes = attributes;
}

void ErofsWriter::set_xattrs(NodeId id, std::span<const Xattr> xattrs) {
  tree_.set_xattrs(id, xattrs);
}

bool ErofsWriter::remove(NodeId directory, std::string_view name) {
  check_state("remove a file from");
  return tree_.node(directory).is(S_IFDIR) && tree_.remove(directory, name);
}

void ErofsWriter::finish() {
  check_state("finish");
  is_finished_ = true;
  Metadata(tree_, output_).write(uuid_, devices_);
}

}  // namespace husk::image::erofs
