#include "fs/proc/namespace_files.h"

#include <utility>

#include "fs/abi.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/format.h"
#include "lib/time.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kNamespaceDevice = make_device(0, 0x3fe);

// clone(2).
constexpr std::uint32_t kCgroup = 0x02000000, kIpc = 0x08000000, kMnt = 0x00020000, kNet = 0x40000000,
                        kPid = 0x20000000, kTime = 0x00000080, kUser = 0x10000000, kUts = 0x04000000;
constexpr NamespaceKind kKinds[] = {
    {"cgroup", "cgroup", 0xeffffffb, kCgroup}, {"ipc", "ipc", 0xefffffff, kIpc},
    {"mnt", "mnt", 0xeffffff8, kMnt},          {"net", "net", 0xeffffff9, kNet},
    {"pid", "pid", 0xeffffffc, kPid, true},    {"pid_for_children", "pid", 0xeffffffc, kPid},
    {"time", "time", 0xeffffffa, kTime},       {"time_for_children", "time", 0xeffffffa, kTime},
    {"user", "user", 0xeffffffd, kUser, true}, {"uts", "uts", 0xeffffffe, kUts},
};

// Can be asked which kind it is, and nothing else: there is nothing to read, and nothing to enter.
class OpenNamespace final : public StoredFile {
 public:
  OpenNamespace(Path path, std::uint32_t flags, const NamespaceKind& kind)
      : StoredFile(std::move(path), flags), kind_(kind) {}
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t) override {
    constexpr std::uint32_t kGetType = 0xb703;  // NS_GET_NSTYPE
    if (request == kGetType) return kind_.clone_flag;
    return Errno::kNoTty;
  }
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }

 private:
  const NamespaceKind& kind_;
};

class NamespaceInode final : public Inode {
 public:
  explicit NamespaceInode(const NamespaceKind& kind) : Inode(nullptr, FileType::kRegular), kind_(kind) {}
  Result<Metadata> metadata() override {
    Metadata metadata;
    metadata.mode = mode_of(FileType::kRegular, 0444);
    metadata.inode = kind_.number;
    metadata.device = kNamespaceDevice;
    return metadata;
  }
  Result<void> change_metadata(const MetadataChange&) override { return Errno::kPerm; }
  std::uint64_t nameless_magic() const override { return 0x6e736673; }  // NSFS_MAGIC
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override {
    if ((flags & kAccessMode) != kReadOnly) return Errno::kPerm;
    return Ref<File>(TRY(make_ref<OpenNamespace>(path, flags, kind_)));
  }

 private:
  const NamespaceKind& kind_;
};

}  // namespace

std::span<const NamespaceKind> namespace_kinds() {
  return kKinds;
}

Result<Path> namespace_path(const NamespaceKind& kind) {
  auto inode = TRY(make_ref<NamespaceInode>(kind));
  FixedText<48> name;
  name.print("{}:[{}]", kind.type, kind.number);
  return Path{nullptr, TRY(Dentry::make_root(Ref<Inode>(inode), name.view()))};
}

}  // namespace kernel::fs
