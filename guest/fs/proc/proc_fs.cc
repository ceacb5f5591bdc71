#include "fs/proc/proc_fs.h"

#include <algorithm>
#include <utility>

#include "fs/proc/additions.h"
#include "lib/time.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kRootNumber = 1;
constexpr std::uint64_t kNodeNumberBase = 0x1000;

std::uint64_t number_of(const ProcNode& node) {
  // Table entries are static: their address tells them apart.
  return kNodeNumberBase + (reinterpret_cast<std::uint64_t>(&node) & 0xffffff) / alignof(ProcNode);
}

class NodeFile final : public ProcFile {
 public:
  NodeFile(ProcFs& fs, const ProcNode& node, bool sysctl)
      : ProcFile(fs, node.accept ? 0644 : 0444, number_of(node)), node_(node), sysctl_(sysctl) {}
  bool binds_root() const override { return sysctl_; }
  Result<void> generate(ProcText& text) override {
    node_.generate(text);
    return {};
  }
  Result<void> accept(std::string_view text) override {
    if (!node_.accept) return ProcFile::accept(text);
    return text.empty() ? Result<void>() : node_.accept(text);
  }

 private:
  const ProcNode& node_;
  bool sysctl_;
};

class NodeLink final : public ProcInode {
 public:
  NodeLink(ProcFs& fs, const ProcNode& node) : ProcInode(fs, FileType::kSymlink, 0777, number_of(node)), node_(node) {}
  Result<String> read_link() override {
    ProcText text;
    node_.target(text);
    return String::from(text.view());
  }

 private:
  const ProcNode& node_;
};

FileType type_of(const ProcNode& node) {
  if (node.generate) return FileType::kRegular;
  return node.target ? FileType::kSymlink : FileType::kDirectory;
}

// Its own nodes, and after them those that others add.
class NodeDirectory : public ProcInode {
 public:
  NodeDirectory(ProcFs& fs, std::span<const ProcNode> nodes, ProcPlace place, std::uint64_t inode_number,
                bool sysctl = false)
      : ProcInode(fs, FileType::kDirectory, 0555, inode_number), nodes_(nodes), place_(place), sysctl_(sysctl) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const ProcNode* found = nullptr;
    for_each_node([&](const ProcNode& node) {
      if (node.name == name) found = &node;
      return !found;
    });
    if (!found) return Errno::kNoEnt;
    switch (type_of(*found)) {
      case FileType::kRegular:
        return Ref<Inode>(TRY(make_ref<NodeFile>(fs(), *found, sysctl_)));
      case FileType::kSymlink:
        return Ref<Inode>(TRY(make_ref<NodeLink>(fs(), *found)));
      default:
        const auto children = found->children ? found->children() : std::span<const ProcNode>();
        return Ref<Inode>(
            TRY(make_ref<NodeDirectory>(fs(), children, found->place, number_of(*found), sysctl_ || found->sysctl)));
    }
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    TRY(iterate_nodes(position, visitor));
    return {};
  }

 protected:
  // False when the visitor stopped.
  Result<bool> iterate_nodes(std::uint64_t position, DirectoryVisitor& visitor) {
    const std::uint64_t before = entries_before(position, kFirstPosition);
    std::uint64_t index = 0;
    return for_each_node([&](const ProcNode& node) {
      if (index++ < before) return true;
      return visitor.entry(node.name, number_of(node), type_of(node), kFirstPosition + index);
    });
  }

 private:
  // False when `visit` said that it is enough.
  template <typename Visit>
  bool for_each_node(Visit visit) {
    for (const ProcNode& node : nodes_) {
      if (!visit(node)) return false;
    }
    if (place_ == ProcPlace::kNone) return true;
    for (const ProcAddition& addition : proc_additions()) {
      if (addition.place != place_) continue;
      for (const ProcNode& node : addition.nodes()) {
        if (!visit(node)) return false;
      }
    }
    return true;
  }

  std::span<const ProcNode> nodes_;
  ProcPlace place_;
  bool sysctl_;
};

// /proc itself: the table, and a directory for each process.
class RootDirectory final : public NodeDirectory {
 public:
  explicit RootDirectory(ProcFs& fs) : NodeDirectory(fs, proc_root_nodes(), ProcPlace::kRoot, kRootNumber) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const int id = parse_id(name);
    if (id > 0) return make_process_directory(fs(), id, 0);
    return NodeDirectory::lookup(name);
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    if (position < kNumberBase) {
      if (!TRY(iterate_nodes(position, visitor))) return {};
      position = kNumberBase;
    }
    const auto first = std::min<std::uint64_t>(entries_before(position, kNumberBase), task::kMaxPid);
    task::for_each_process_from(static_cast<int>(first), [&](task::Process& process) {
      const auto pid = static_cast<std::uint64_t>(process.ids.pid);
      FixedText<16> name;
      name.print("{}", process.ids.pid);
      return visitor.entry(name.view(), pid << 16, FileType::kDirectory, kNumberBase + pid + 1);
    });
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override {
    metadata.links = 2 + task::task_statistics().processes;
    return {};
  }
};

}  // namespace

Result<Ref<ProcFs>> ProcFs::create() {
  return make_ref<ProcFs>();
}

Result<Ref<Inode>> ProcFs::root() {
  return Ref<Inode>(TRY(make_ref<RootDirectory>(*this)));
}

FileSystemStatistics ProcFs::statistics() {
  constexpr std::int64_t kProcMagic = 0x9fa0;
  FileSystemStatistics result;
  result.type = kProcMagic;
  result.id[0] = static_cast<std::int32_t>(device());
  return result;
}

Result<Metadata> ProcInode::metadata() {
  Metadata metadata;
  metadata.mode = mode_of(type(), permissions_);
  metadata.inode = number_;
  metadata.device = file_system().device();
  metadata.links = is_directory() ? 2 : 1;
  metadata.block_size = 1024;
  metadata.accessed = metadata.modified = metadata.changed = to_timespec(realtime_ns());
  TRY(describe(metadata));
  return metadata;
}

Result<Ref<File>> ProcFile::open(const Path& path, std::uint32_t flags) {
  TRY(check_open());
  return open_text_file(path, flags, *this);
}

Result<Ref<Inode>> make_added_directory(ProcFs& fs, ProcPlace place, std::uint64_t number) {
  return Ref<Inode>(TRY(make_ref<NodeDirectory>(fs, std::span<const ProcNode>(), place, number)));
}

int parse_id(std::string_view text) {
  if (text.empty() || text.size() > 9 || text.front() == '0') return -1;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace kernel::fs
