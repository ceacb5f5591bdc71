#include "vmm/oci/layer_archive.h"

#include <sys/stat.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"
#include "vmm/oci/limits.h"
#include "vmm/oci/tar_writer.h"

namespace husk::oci {
namespace {

namespace erofs = image::erofs;
using Inode = erofs::Reader::Inode;
using Type = TarEntry::Type;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Error("write into a layer", "'" + (path.size() <= 200 ? path : path.substr(0, 200) + "...") + "'", why);
}

class LayerArchive {
 public:
  LayerArchive(const erofs::Reader& image, ByteSink& sink) : image_(image), tar_(sink), buffer_(256 * 1024) {}

  LeftOut write();

 private:
  struct Level {
    std::vector<std::pair<std::string, std::uint64_t>> entries;
    std::size_t next = 0;
    std::size_t path_size = 0;  // of the directory's own
  };

  void enter(const Inode& directory);
  void add(std::uint64_t nid);
  TarEntry entry_of(const Inode& inode) const;
  void write_contents(const Inode& file);

  const erofs::Reader& image_;
  TarWriter tar_;
  std::vector<std::byte> buffer_;
  LeftOut left_out_;
  std::string path_;  // of the file at hand; of a directory with its '/'
  std::vector<Level> levels_;
  std::unordered_set<std::uint64_t> entered_;
  std::unordered_map<std::uint64_t, std::string> first_names_;  // of files that have several
};

// No recursion, and each directory once: what lies in what is the image's to say.
LeftOut LayerArchive::write() {
  const Inode root = image_.inode(image_.root());
  path_ = "./";
  tar_.begin(entry_of(root));
  path_.clear();
  enter(root);
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.entries.size()) {
      levels_.pop_back();
      continue;
    }
    const auto [name, nid] = std::move(level.entries[level.next++]);
    path_.resize(level.path_size);
    path_ += name;
    if (name.starts_with(".wh.")) refuse(path_, "a layer has no way to hold a file of that name");
    add(nid);
  }
  tar_.finish();
  return std::move(left_out_);
}

void LayerArchive::enter(const Inode& directory) {
  if (!entered_.insert(directory.nid).second) refuse(path_, "a directory is there twice");
  if (levels_.size() > erofs::kMaxDepth) refuse(path_, "more than 2048 directories lie in each other");
  Level& level = levels_.emplace_back();
  level.path_size = path_.size();
  image_.for_each_entry(directory,
                        [&level](std::string_view name, std::uint64_t nid) { level.entries.emplace_back(name, nid); });
}

void LayerArchive::add(std::uint64_t nid) {
  const Inode inode = image_.inode(nid);
  if (inode.is(S_IFDIR)) path_ += '/';
  if (path_.size() > kMaxPath) refuse(path_, "its path has more than 4095 bytes");
  if (inode.is(S_IFSOCK)) {
    if (left_out_.sockets++ == 0) left_out_.first = path_;
    return;
  }
  if (inode.is(S_IFDIR)) {
    tar_.begin(entry_of(inode));
    return enter(inode);
  }
  TarEntry entry = entry_of(inode);
  if (inode.links > 1) {
    const auto [first, is_new] = first_names_.try_emplace(nid, path_);
    if (!is_new) {
      entry.type = Type::kHardLink;
      entry.target = first->second;
      entry.xattrs.clear();
    }
  }
  tar_.begin(entry);
  if (entry.type == Type::kFile) write_contents(inode);
}

TarEntry LayerArchive::entry_of(const Inode& inode) const {
  TarEntry entry;
  entry.name = path_;
  entry.mode = inode.attributes.mode & 07777;
  entry.uid = inode.attributes.uid;
  entry.gid = inode.attributes.gid;
  entry.mtime_s = inode.attributes.mtime_s;
  entry.mtime_ns = inode.attributes.mtime_ns;
  switch (inode.attributes.mode & S_IFMT) {
    case S_IFDIR:
      entry.type = Type::kDirectory;
      break;
    case S_IFLNK:
      entry.type = Type::kSymlink;
      entry.target = image_.target(inode);
      break;
    case S_IFCHR:
    case S_IFBLK:
      entry.type = inode.is(S_IFCHR) ? Type::kCharacterDevice : Type::kBlockDevice;
      entry.device = erofs::Reader::device(inode);
      break;
    case S_IFIFO:
      entry.type = Type::kFifo;
      break;
    default:
      entry.type = Type::kFile;
      entry.size = inode.size;
  }
  for (erofs::Xattr& xattr : image_.xattrs(inode)) entry.xattrs.emplace(std::move(xattr.name), std::move(xattr.value));
  return entry;
}

void LayerArchive::write_contents(const Inode& file) {
  for (std::uint64_t offset = 0; offset < file.size;) {
    const std::size_t count = image_.read(file, offset, buffer_);
    tar_.write(std::span(buffer_).first(count));
    offset += count;
  }
}

}  // namespace

LeftOut write_layer_archive(const erofs::Reader& image, ByteSink& sink) {
  return LayerArchive(image, sink).write();
}

}  // namespace husk::oci
