#include "fs/directory_file.h"

#include "fs/file_system.h"

namespace kernel::fs {

namespace {

// Keeps the open file's offset behind the entries that the visitor took.
class OffsetKeeper final : public DirectoryVisitor {
 public:
  OffsetKeeper(DirectoryVisitor& visitor, std::uint64_t& offset) : visitor_(visitor), offset_(offset) {}
  bool entry(std::string_view name, std::uint64_t inode, FileType type, std::uint64_t next) override {
    if (!visitor_.entry(name, inode, type, next)) return false;
    offset_ = next;
    return true;
  }

 private:
  DirectoryVisitor& visitor_;
  std::uint64_t& offset_;
};

std::uint64_t parent_inode(const Path& path) {
  const Dentry* entry = path.dentry.get();
  const Mount* mount = path.mount.get();
  while (mount && entry == mount->root.get() && mount->parent) {
    entry = mount->mount_point.get();
    mount = mount->parent.get();
  }
  if (entry->parent()) entry = entry->parent().get();
  auto metadata = entry->inode()->metadata();
  return metadata ? metadata.value().inode : 0;
}

class DirectoryFile final : public StoredFile {
 public:
  DirectoryFile(Path path, std::uint32_t flags) : StoredFile(static_cast<Path&&>(path), flags) {}

  Result<void> iterate(DirectoryVisitor& visitor) override {
    const task::Mutex::Lock lock(position_mutex_);
    const task::Mutex::SharedLock directory_lock(inode().mutex);
    OffsetKeeper keeper(visitor, offset_);
    if (offset_ == 0) {
      if (!keeper.entry(".", TRY(inode().metadata()).inode, FileType::kDirectory, 1)) return {};
    }
    if (offset_ == 1) {
      if (!keeper.entry("..", parent_inode(path()), FileType::kDirectory, 2)) return {};
    }
    return inode().iterate(offset_, keeper);
  }

  Result<std::uint64_t> seek(std::int64_t offset, int whence) override {
    // The end of a directory of /proc or /sys is at 0, its size (generic_file_llseek() of Linux); others have no end to seek.
    const std::string_view type = inode().file_system().type_name();
    const bool to_end = whence == kSeekEnd && (type == "proc" || type == "sysfs");
    if (whence != kSeekSet && whence != kSeekCur && !to_end) return Errno::kInval;
    const std::int64_t base = whence == kSeekCur ? static_cast<std::int64_t>(offset_) : 0;
    std::int64_t position;
    if (__builtin_add_overflow(base, offset, &position) || position < 0) return Errno::kInval;
    const auto wanted = static_cast<std::uint64_t>(position);
    if (wanted > inode().file_system().largest_position()) return Errno::kInval;
    offset_ = wanted;
    return offset_;
  }

  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }
  bool can_splice(Direction) const override { return false; }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer&) override { return Errno::kIsDir; }
};

}  // namespace

Result<Ref<File>> open_directory(const Path& path, std::uint32_t flags) {
  return Ref<File>(TRY(make_ref<DirectoryFile>(path, flags)));
}

}  // namespace kernel::fs
