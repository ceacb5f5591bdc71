#include "fs/proc/proc_fs.h"

#include <algorithm>
#include <utility>

#include "fs/file.h"
#include "lib/time.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kRootNumber = 1;
constexpr std::uint64_t kNodeNumberBase = 0x1000;

std::uint64_t number_of(const ProcNode& node) {
  // Table entries are static: their address tells them apart.
  return kNodeNumberBase + (reinterpret_cast<std::uint64_t>(&node) & 0xffffff) / alignof(ProcNode);
}

// Text that was generated once and is read at any offset; reading at the beginning makes it anew.
class OpenProcFile final : public StoredFile {
 public:
  OpenProcFile(Path path, std::uint32_t flags) : StoredFile(std::move(path), flags) {}
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }
  bool can_splice(Direction direction) const override {
    return direction == Direction::kRead && static_cast<ProcFile&>(inode()).can_splice_from();
  }
  Result<std::uint64_t> seek(std::int64_t offset, int whence) override {
    if (whence != kSeekSet && whence != kSeekCur) return Errno::kInval;
    const std::int64_t base = whence == kSeekCur ? static_cast<std::int64_t>(offset_) : 0;
    std::int64_t position;
    if (__builtin_add_overflow(base, offset, &position) || position < 0) return Errno::kInval;
    offset_ = static_cast<std::uint64_t>(position);
    return offset_;
  }

 private:
  struct Generated final : RefCounted {
    ProcText text;
  };

  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override {
    if (offset == 0 || !generated_) {
      auto made = TRY(make_ref<Generated>());
      TRY(static_cast<ProcFile&>(inode()).generate(made->text));
      TRY(made->text.status());
      generated_ = std::move(made);
    }
    // While the text is copied another task may read from the beginning and generate another one.
    const Ref<Generated> kept = generated_;
    if (offset >= kept->text.size()) return 0;
    const std::string_view rest = kept->text.view().substr(offset);
    return buffer.store(std::as_bytes(std::span(rest.data(), std::min(rest.size(), buffer.remaining()))));
  }
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override {
    char text[64];
    const std::size_t given = buffer.remaining();
    const std::size_t count = TRY(buffer.load(std::as_writable_bytes(std::span(text, std::min(sizeof text, given)))));
    if (buffer.pending()) return Errno::kFault;  // it is accepted whole
    TRY(static_cast<ProcFile&>(inode()).accept({text, count}));
    return given;
  }

  Ref<Generated> generated_;
};

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

class NodeDirectory : public ProcInode {
 public:
  NodeDirectory(ProcFs& fs, std::span<const ProcNode> nodes, std::uint64_t inode_number, bool sysctl = false)
      : ProcInode(fs, FileType::kDirectory, 0555, inode_number), nodes_(nodes), sysctl_(sysctl) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    for (const ProcNode& node : nodes_) {
      if (node.name != name) continue;
      switch (type_of(node)) {
        case FileType::kRegular:
          return Ref<Inode>(TRY(make_ref<NodeFile>(fs(), node, sysctl_)));
        case FileType::kSymlink:
          return Ref<Inode>(TRY(make_ref<NodeLink>(fs(), node)));
        default:
          return Ref<Inode>(
              TRY(make_ref<NodeDirectory>(fs(), node.children(), number_of(node), sysctl_ || node.sysctl)));
      }
    }
    return Errno::kNoEnt;
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    TRY(iterate_nodes(position, visitor));
    return {};
  }

 protected:
  // False when the visitor stopped.
  Result<bool> iterate_nodes(std::uint64_t position, DirectoryVisitor& visitor) {
    for (std::uint64_t i = entries_before(position, kFirstPosition); i < nodes_.size(); ++i) {
      const ProcNode& node = nodes_[i];
      if (!visitor.entry(node.name, number_of(node), type_of(node), kFirstPosition + i + 1)) return false;
    }
    return true;
  }

 private:
  std::span<const ProcNode> nodes_;
  bool sysctl_;
};

// /proc itself: the table, and a directory for each process.
class RootDirectory final : public NodeDirectory {
 public:
  explicit RootDirectory(ProcFs& fs) : NodeDirectory(fs, proc_root_nodes(), kRootNumber) {}

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
  return Ref<File>(TRY(make_ref<OpenProcFile>(path, flags)));
}

Result<Ref<Inode>> make_node_directory(ProcFs& fs, std::span<const ProcNode> nodes, std::uint64_t number) {
  return Ref<Inode>(TRY(make_ref<NodeDirectory>(fs, nodes, number)));
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
