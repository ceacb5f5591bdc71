// Layers upon each other: what the images that LayerWriter writes come to, and images of layers that somebody made to do harm.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/unit/error_of.h"
#include "vmm/error.h"
#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"
#include "vmm/oci/layer_marks.h"
#include "vmm/oci/layer_merger.h"

namespace husk::oci {
namespace {

using image::erofs::Device;
using image::erofs::ErofsWriter;
using image::erofs::NodeId;
using image::erofs::Reader;
using image::erofs::Xattr;
using test::error_of;

constexpr image::erofs::Attributes kDirectory{.mode = S_IFDIR | 0700, .mtime_s = 7};
constexpr image::erofs::Attributes kFile{.mode = S_IFREG | 0644};

class Layers : public testing::Test {
 protected:
  using Make = std::function<void(ErofsWriter&)>;

  static UniqueFd file() { return UniqueFd(::memfd_create("image", MFD_CLOEXEC)); }
  void layer(const Make& make) {
    UniqueFd fd = file();
    ErofsWriter writer(fd.get(), {.uuid = {}, .limits = {}, .devices = {}});
    make(writer);
    writer.finish();
    layers_.push_back(std::move(fd));
  }
  static NodeId put(ErofsWriter& writer, NodeId directory, std::string_view name, std::string_view text) {
    const NodeId id = writer.begin_file(directory, name, kFile);
    writer.append(std::as_bytes(std::span(text)));
    writer.end_file();
    return id;
  }
  static void mark(ErofsWriter& writer, NodeId id, std::vector<std::string_view> marks, std::string_view value = kSet) {
    std::vector<Xattr> xattrs;
    for (const std::string_view name : marks) xattrs.push_back({std::string(name), std::string(value)});
    writer.set_xattrs(id, xattrs);
  }
  static NodeId implied(ErofsWriter& writer, NodeId parent, std::string_view name) {
    const NodeId id = writer.add_directory(parent, name, {.mode = S_IFDIR | 0755});
    mark(writer, id, {kImpliedMark});
    return id;
  }
  static void whiteout(ErofsWriter& writer, NodeId parent, std::string_view name) {
    writer.add_special(parent, name, {.mode = S_IFCHR});
  }
  static NodeId lower_link(ErofsWriter& writer, NodeId parent, std::string_view name, std::string_view target) {
    const NodeId id = put(writer, parent, name, "");
    mark(writer, id, {kLinkMark}, target);
    return id;
  }

  // Every path with its type and contents, of the index over the layers.
  std::map<std::string, std::string> merged(const image::erofs::Limits& limits = {}) {
    std::vector<Device> devices;
    std::vector<int> descriptors;
    for (const UniqueFd& layer : layers_) {
      Device& device = devices.emplace_back();
      device.tag = {static_cast<std::uint8_t>(devices.size())};
      device.blocks = Reader(layer.get(), {}).blocks();
      descriptors.push_back(layer.get());
    }
    const UniqueFd fd = file();
    ErofsWriter writer(fd.get(), {.uuid = {}, .limits = limits, .devices = devices});
    LayerMerger merger(writer);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      merger.add_layer(Reader(layers_[i].get(), {}), i, "layer " + std::to_string(i + 1));
    }
    writer.finish();
    const Reader index(fd.get(), descriptors);
    std::map<std::string, std::string> files;
    look_at(index, index.inode(index.root()), "", files);
    return files;
  }
  static void look_at(const Reader& reader, const Reader::Inode& inode, const std::string& path,
                      std::map<std::string, std::string>& files) {
    std::string& what = files[path];
    EXPECT_TRUE(reader.xattrs(inode).empty() || path == "/attributes") << path;
    if (inode.is(S_IFREG)) {
      what.resize(static_cast<std::size_t>(inode.size));
      reader.read(inode, 0, std::as_writable_bytes(std::span(what)));
      what += "#" + std::to_string(inode.links);
    } else if (inode.is(S_IFLNK)) {
      what = "->" + reader.target(inode);
    } else if (inode.is(S_IFCHR)) {
      what = "device " + std::to_string(gnu_dev_major(Reader::device(inode))) + ":" +
             std::to_string(gnu_dev_minor(Reader::device(inode)));
    } else {
      what = "/" + std::to_string(inode.attributes.mtime_s);
      reader.for_each_entry(inode, [&](std::string_view name, std::uint64_t nid) {
        look_at(reader, reader.inode(nid), path + "/" + std::string(name), files);
      });
    }
  }
  std::string refused() {
    return error_of([&] { merged(); });
  }

  // Changes of a layer's image what its inode of `path` has at an offset.
  template <typename T>
  void spoil(std::string_view name, std::size_t offset, T value) {
    const Reader reader(layers_.back().get(), {});
    std::uint64_t nid = 0;
    reader.for_each_entry(reader.inode(reader.root()), [&](std::string_view found, std::uint64_t number) {
      if (found == name) nid = number;
    });
    const auto at = static_cast<off_t>(nid * image::erofs::kSlot + offset);
    ASSERT_EQ(::pwrite(layers_.back().get(), &value, sizeof value, at), static_cast<ssize_t>(sizeof value));
  }

  std::vector<UniqueFd> layers_;
};

TEST_F(Layers, OneTakesThePlaceOfWhatIsBelow) {
  layer([](ErofsWriter& writer) {
    const NodeId lib = writer.add_directory(NodeId::kRoot, "usr", kDirectory);
    put(writer, lib, "kept", "kept");
    put(writer, lib, "gone", "x");
    writer.add_symlink(NodeId::kRoot, "lib", {.mode = S_IFLNK | 0777}, "usr");
    writer.add_symlink(NodeId::kRoot, "replaced-link", {.mode = S_IFLNK | 0777}, "usr");
    const NodeId opaque = writer.add_directory(NodeId::kRoot, "opaque", kDirectory);
    put(writer, opaque, "hidden", "x");
    put(writer, writer.add_directory(NodeId::kRoot, "replaced", kDirectory), "hidden", "x");
    put(writer, NodeId::kRoot, "moved", "moved");
    put(writer, NodeId::kRoot, "becomes-directory", "x");
    put(writer, writer.add_directory(NodeId::kRoot, "becomes-file", kDirectory), "hidden", "x");
  });
  layer([](ErofsWriter& writer) {
    mark(writer, NodeId::kRoot, {kImpliedMark});
    const NodeId lib = implied(writer, NodeId::kRoot, "lib");
    put(writer, lib, "through", "a link");
    whiteout(writer, lib, "gone");
    whiteout(writer, implied(writer, NodeId::kRoot, "nobody-has-this"), "neither");
    const NodeId opaque = writer.add_directory(NodeId::kRoot, "opaque", {.mode = S_IFDIR | 0755, .mtime_s = 8});
    mark(writer, opaque, {kOpaqueMark});
    put(writer, opaque, "new", "new");
    const NodeId replaced = writer.add_directory(NodeId::kRoot, "replaced", {.mode = S_IFDIR | 0755});
    mark(writer, replaced, {kImpliedMark, kOpaqueMark, kReplacedMark});
    put(writer, replaced, "new", "new");
    put(writer, writer.add_directory(NodeId::kRoot, "replaced-link", kDirectory), "file", "no link");
    // The link's target goes in the same layer; the other name of the new file is one, too.
    const NodeId again = lower_link(writer, NodeId::kRoot, "again", "moved");
    writer.add_hard_link(NodeId::kRoot, "and-again", again);
    whiteout(writer, NodeId::kRoot, "moved");
    put(writer, writer.add_directory(NodeId::kRoot, "becomes-directory", kDirectory), "file", "f");
    put(writer, NodeId::kRoot, "becomes-file", "file");
    const NodeId two = put(writer, NodeId::kRoot, "two", "2");
    writer.add_hard_link(NodeId::kRoot, "names", two);
    const NodeId device = writer.add_special(NodeId::kRoot, "device", {.mode = S_IFCHR | 0600});
    mark(writer, device, {kDeviceMark});
    writer.set_xattrs(put(writer, NodeId::kRoot, "attributes", ""), std::array{Xattr{"user.a", "b"}});
  });
  const std::map<std::string, std::string> wanted = {{"", "/0"},
                                                     {"/again", "moved#2"},
                                                     {"/and-again", "moved#2"},
                                                     {"/attributes", "#1"},
                                                     {"/becomes-directory", "/7"},
                                                     {"/becomes-directory/file", "f#1"},
                                                     {"/becomes-file", "file#1"},
                                                     {"/device", "device 0:0"},
                                                     {"/lib", "->usr"},
                                                     {"/names", "2#2"},
                                                     {"/opaque", "/8"},
                                                     {"/opaque/new", "new#1"},
                                                     {"/replaced", "/0"},
                                                     {"/replaced/new", "new#1"},
                                                     {"/replaced-link", "/7"},
                                                     {"/replaced-link/file", "no link#1"},
                                                     {"/two", "2#2"},
                                                     {"/usr", "/7"},
                                                     {"/usr/kept", "kept#1"},
                                                     {"/usr/through", "a link#1"}};
  EXPECT_EQ(merged(), wanted);
}

TEST_F(Layers, AnIndexSaysWhereContentsAre) {
  layer([](ErofsWriter& writer) { put(writer, NodeId::kRoot, "small", std::string(5000, 's')); });
  layer([](ErofsWriter& writer) { put(writer, NodeId::kRoot, "large", std::string(3 << 20, 'l')); });
  layer([](ErofsWriter& writer) { put(writer, NodeId::kRoot, "next", std::string(4096, 'n')); });
  const auto files = merged();
  EXPECT_EQ(files.at("/small"), std::string(5000, 's') + "#1");
  EXPECT_EQ(files.at("/large"), std::string(3 << 20, 'l') + "#1");
  EXPECT_EQ(files.at("/next"), std::string(4096, 'n') + "#1");
}

TEST_F(Layers, AFileThatIsReplacedThroughALinkMayHaveOtherNames) {
  layer([](ErofsWriter& writer) {
    writer.add_directory(NodeId::kRoot, "usr", kDirectory);
    writer.add_symlink(NodeId::kRoot, "lib", {.mode = S_IFLNK | 0777}, "usr");
  });
  layer([](ErofsWriter& writer) {
    const NodeId first = put(writer, implied(writer, NodeId::kRoot, "lib"), "file", "first");
    put(writer, implied(writer, NodeId::kRoot, "usr"), "file", "second");
    writer.add_hard_link(NodeId::kRoot, "zz", first);
  });
  const auto files = merged();
  EXPECT_EQ(files.at("/usr/file"), "second#1");
  EXPECT_EQ(files.at("/zz"), "first#1");
}

TEST_F(Layers, HostileOnesAreRefused) {
  constexpr std::size_t kData = offsetof(image::erofs::ExtendedInode, data);
  constexpr std::size_t kSize = offsetof(image::erofs::ExtendedInode, size);
  layer([](ErofsWriter& writer) { writer.add_directory(NodeId::kRoot, "d", kDirectory); });
  for (const char* target : {"nothing", "d/nothing", "", "/", "../..", "d/.."}) {
    layer([target](ErofsWriter& writer) { lower_link(writer, NodeId::kRoot, "link", target); });
    EXPECT_NE(refused().find("not there"), std::string::npos) << target;
    layers_.pop_back();
  }
  layer([](ErofsWriter& writer) { lower_link(writer, NodeId::kRoot, "link", "d"); });
  EXPECT_NE(refused().find("hard link to a directory"), std::string::npos);
  layers_.pop_back();

  layer([](ErofsWriter& writer) { put(writer, NodeId::kRoot, "file", "x"); });
  spoil("file", kData, std::uint32_t{1000});
  EXPECT_NE(refused().find("contents are not in it"), std::string::npos);
  spoil("file", kData, std::uint32_t{0});
  spoil("file", kSize, std::uint64_t{1} << 62);
  EXPECT_NE(refused().find("contents are not in it"), std::string::npos);
  layers_.pop_back();

  // A directory in itself: the entry of "sub" is made the root's.
  layer([](ErofsWriter& writer) {
    put(writer, NodeId::kRoot, "file", "x");
    writer.add_directory(NodeId::kRoot, "sub", kDirectory);
  });
  std::string first(4096, '\0');
  ASSERT_EQ(::pread(layers_.back().get(), first.data(), first.size(), 0), 4096);
  const Reader reader(layers_.back().get(), {});
  reader.for_each_entry(reader.inode(reader.root()), [&](std::string_view name, std::uint64_t nid) {
    if (name != "sub") return;
    const std::string old(reinterpret_cast<const char*>(&nid), sizeof nid);
    const std::uint64_t root = reader.root();
    const std::size_t at = first.find(old, 1216);
    ASSERT_NE(at, std::string::npos);
    std::memcpy(first.data() + at, &root, sizeof root);
  });
  ASSERT_EQ(::pwrite(layers_.back().get(), first.data(), first.size(), 0), 4096);
  EXPECT_NE(refused().find("a directory is there twice"), std::string::npos);
}

TEST_F(Layers, LimitsAreKept) {
  layer([](ErofsWriter& writer) {
    for (int i = 0; i < 3000; ++i) put(writer, NodeId::kRoot, std::to_string(i), "");
  });
  EXPECT_NE(error_of([&] { merged({.memory = 100'000}); }).find("of memory"), std::string::npos);
  NodeId at = NodeId::kRoot;
  layer([&](ErofsWriter& writer) {
    for (int i = 0; i < 1500; ++i) at = writer.add_directory(at, "d", kDirectory);
    writer.add_symlink(NodeId::kRoot, "s", {.mode = S_IFLNK | 0777}, "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d");
  });
  layer([&](ErofsWriter& writer) {
    at = implied(writer, NodeId::kRoot, "s");
    for (int i = 0; i < 2040; ++i) at = writer.add_directory(at, "d", kDirectory);
  });
  EXPECT_NE(refused().find("2048 directories"), std::string::npos);
}

}  // namespace
}  // namespace husk::oci
