// Makes an EROFS image as docs/image-format.md describes it, from files in any order and of any origin: contents go to
// the image at once, the rest when all is known.
//
//   ErofsWriter writer(fd, {.uuid = ..., .limits = ...});
//   const NodeId etc = writer.add_directory(NodeId::kRoot, "etc", {.mode = S_IFDIR | 0755});
//   writer.begin_file(etc, "hosts", {.mode = S_IFREG | 0644});
//   writer.append(...);
//   writer.end_file();
//   writer.finish();
//
// Equal calls make equal images, byte by byte. What is removed again, or replaced, leaves its contents' space unused.
// Memory is bounded by the limits, and time by what is put in: a directory may have any number of files. All functions
// throw husk::Error at what cannot be in an image, is beyond a limit, or cannot be written; a writer that has thrown at
// contents is of no use any more.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/image/erofs/device_table.h"
#include "vmm/image/erofs/limits.h"
#include "vmm/image/erofs/metadata.h"
#include "vmm/image/erofs/output.h"
#include "vmm/image/erofs/tree.h"

namespace husk::image::erofs {

class ErofsWriter {
 public:
  struct Options {
    Uuid uuid{};
    Limits limits{};
    // Images whose contents files of this one have (device_table.h); where each is placed is the writer's to say.
    std::vector<Device> devices{};
  };

  // `fd`: an open file, whose contents are lost.
  ErofsWriter(int fd, const Options& options)
      : uuid_(options.uuid), devices_(options.devices), tree_(options.limits), output_(fd, options.limits.image) {}

  // kNone if there is none. find_path("a/b") is find(find(kRoot, "a"), "b"): no link is followed, "." and ".." are no
  // names, empty parts are left out.
  NodeId find(NodeId directory, std::string_view name) const;
  NodeId find_path(std::string_view path) const;
  const Attributes& attributes(NodeId id) const { return tree_.node(id).attributes; }
  bool is(NodeId id, unsigned type) const { return tree_.node(id).is(type); }
  // Which device a device node is of, as the format has it; a regular file's first block.
  std::uint32_t data(NodeId id) const { return tree_.node(id).data; }
  NodeId parent(NodeId directory) const { return tree_.directory(directory).parent; }  // the root's is the root
  const std::string& target(NodeId link) const { return tree_.target(link); }
  // What a directory holds; valid until something is added or removed.
  const Tree::Entries& entries(NodeId directory) const { return tree_.directory(directory).entries; }

  // A type that is not the function's is an error. The name must be free: who replaces a file removes the old one first.
  NodeId add_directory(NodeId directory, std::string_view name, const Attributes& attributes);
  NodeId add_symlink(NodeId directory, std::string_view name, const Attributes& attributes, std::string_view target);
  // Character and block devices, FIFOs, sockets; `device` is for the first two.
  NodeId add_special(NodeId directory, std::string_view name, const Attributes& attributes, dev_t device = 0);
  void add_hard_link(NodeId directory, std::string_view name, NodeId file);

  // A regular file: begin_file, its contents, end_file. Until then no other file can be begun.
  NodeId begin_file(NodeId directory, std::string_view name, const Attributes& attributes);
  void append(std::span<const std::byte> bytes) { output_.append(bytes); }
  void append_zeros(std::uint64_t count) { output_.append_zeros(count); }
  // Instead of append(): reads go to where the next bytes belong, and commit says how many there were.
  std::span<std::byte> room() { return output_.room(); }
  void commit(std::size_t count) { output_.commit(count); }
  void end_file();
  // One whose contents lie in a device, from its block `block` on. The caller knows that they do.
  NodeId add_stored_file(NodeId directory, std::string_view name, const Attributes& attributes, std::size_t device,
                         std::uint32_t block, std::uint64_t size);

  void set_attributes(NodeId id, const Attributes& attributes);  // of the same type
  void set_xattrs(NodeId id, std::span<const Xattr> xattrs);     // all of them
  std::vector<Xattr> xattrs(NodeId id) const;

  // A file, no directory, that stays when its last name is removed, until it is let go: it can get another name.
  void hold(NodeId file) { tree_.hold(file); }
  void let_go(NodeId file) { tree_.let_go(file); }

  // With all that is below it; false if there is no such name. NodeIds of what has gone are of no use any more.
  bool remove(NodeId directory, std::string_view name);

  // The image is complete, but not yet on the disk. Nothing can be added any more.
  void finish();

 private:
  void check_state(std::string_view what) const;

  Uuid uuid_;
  std::vector<Device> devices_;
  Tree tree_;
  Output output_;
  NodeId open_file_ = NodeId::kNone;
  std::uint64_t file_begin_ = 0;
  bool is_finished_ = false;
};

}  // namespace husk::image::erofs
