#include "fs/sys/sys_fs.h"

#include "fs/sys/additions.h"
#include "fs/text_file.h"
#include "lib/time.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kRootNumber = 1;
constexpr std::uint32_t kRootPermissions = 0555;
constexpr std::uint64_t kNodeNumberBase = 0x1000;
constexpr std::uint64_t kFirstPosition = 2;
constexpr std::uint64_t kFileSize = 4096;  // of every file, as Linux's: a page is the most that one may say

std::uint64_t number_of(const SysNode& node) {
  // Table entries are static: their address tells them apart.
  return kNodeNumberBase + (reinterpret_cast<std::uint64_t>(&node) & 0xffffff) / alignof(SysNode);
}

FileType type_of(const SysNode& node) {
  if (node.generate || !node.text.empty()) return FileType::kRegular;
  return node.target.empty() ? FileType::kDirectory : FileType::kSymlink;
}

bool exists(const SysNode& node) {
  return !node.exists || node.exists(node.argument);
}

class SysInode : public Inode {
 public:
  SysInode(SysFs& fs, FileType type, std::uint32_t permissions, std::uint64_t number)
      : Inode(&fs, type), permissions_(permissions), number_(number) {}
  Result<Metadata> metadata() override {
    Metadata metadata;
    metadata.mode = mode_of(type(), permissions_);
    metadata.inode = number_;
    metadata.device = file_system().device();
    metadata.size = is_regular() ? kFileSize : 0;
    metadata.links = links();
    metadata.accessed = metadata.modified = metadata.changed = fs().created();
    return metadata;
  }

 protected:
  SysFs& fs() const { return static_cast<SysFs&>(file_system()); }
  virtual std::uint32_t links() { return 1; }

 private:
  std::uint32_t permissions_;
  std::uint64_t number_;
};

class SysFile final : public SysInode, public TextSource {
 public:
  SysFile(SysFs& fs, const SysNode& node) : SysInode(fs, FileType::kRegular, 0444, number_of(node)), node_(node) {}
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override {
    // Root, too, is held to what the file is made for (Linux's KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK).
    if ((flags & kAccessMode) != kReadOnly) return Errno::kAcces;
    return open_text_file(path, flags, *this);
  }
  Result<void> generate(ProcText& text) override {
    if (node_.generate) return node_.generate(text, node_.argument);
    text.put(node_.text);
    return {};
  }
  bool has_end() const override { return true; }

 private:
  const SysNode& node_;
};

class SysLink final : public SysInode {
 public:
  SysLink(SysFs& fs, const SysNode& node) : SysInode(fs, FileType::kSymlink, 0777, number_of(node)), node_(node) {}
  Result<String> read_link() override { return String::from(node_.target); }

 private:
  const SysNode& node_;
};

// Its own nodes, and after them those that others add.
class SysDirectory final : public SysInode {
 public:
  SysDirectory(SysFs& fs, std::uint32_t permissions, std::span<const SysNode> nodes, SysPlace place,
               std::uint64_t inode_number)
      : SysInode(fs, FileType::kDirectory, permissions, inode_number), nodes_(nodes), place_(place) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const SysNode* found = nullptr;
    for_each_node([&](const SysNode& node) {
      if (node.name == name) found = &node;
      return !found;
    });
    if (!found || !exists(*found)) return Errno::kNoEnt;
    switch (type_of(*found)) {
      case FileType::kRegular:
        return Ref<Inode>(TRY(make_ref<SysFile>(fs(), *found)));
      case FileType::kSymlink:
        return Ref<Inode>(TRY(make_ref<SysLink>(fs(), *found)));
      default:
        const auto children = found->children ? found->children() : std::span<const SysNode>();
        return Ref<Inode>(
            TRY(make_ref<SysDirectory>(fs(), found->permissions, children, found->place, number_of(*found))));
    }
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    const std::uint64_t before = entries_before(position, kFirstPosition);
    std::uint64_t index = 0;
    for_each_node([&](const SysNode& node) {
      if (index++ < before || !exists(node)) return true;
      return visitor.entry(node.name, number_of(node), type_of(node), kFirstPosition + index);
    });
    return {};
  }

 protected:
  std::uint32_t links() override {
    std::uint32_t count = 2;
    for_each_node([&](const SysNode& node) {
      if (type_of(node) == FileType::kDirectory && exists(node)) ++count;
      return true;
    });
    return count;
  }

 private:
  // Until `visit` says that it is enough.
  template <typename Visit>
  void for_each_node(Visit visit) {
    for (const SysNode& node : nodes_) {
      if (!visit(node)) return;
    }
    if (place_ == SysPlace::kNone) return;
    for (const SysAddition& addition : sys_additions()) {
      if (addition.place != place_) continue;
      for (const SysNode& node : addition.nodes()) {
        if (!visit(node)) return;
      }
    }
  }

  std::span<const SysNode> nodes_;
  SysPlace place_;
};

}  // namespace

SysFs::SysFs() : created_(to_timespec(realtime_ns())) {}

Result<Ref<SysFs>> SysFs::instance() {
  static constinit SysFs* instance = nullptr;  // stays for as long as the VM runs
  if (!instance) instance = TRY(make_ref<SysFs>()).leak();
  return Ref<SysFs>(instance);
}

Result<Ref<Inode>> SysFs::root() {
  return Ref<Inode>(
      TRY(make_ref<SysDirectory>(*this, kRootPermissions, sys_root_nodes(), SysPlace::kNone, kRootNumber)));
}

FileSystemStatistics SysFs::statistics() {
  constexpr std::int64_t kSysfsMagic = 0x62656572;
  FileSystemStatistics result;
  result.type = kSysfsMagic;
  result.id[0] = static_cast<std::int32_t>(device());
  return result;
}

}  // namespace kernel::fs
