#include "ipc/queue_fs.h"

#include <algorithm>
#include <utility>

#include "fs/access.h"
#include "fs/dentry.h"
#include "fs/dev_fs.h"
#include "fs/mount.h"
#include "fs/vfs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "task/task.h"

namespace kernel::ipc {
namespace {

using fs::FileType;
using fs::Metadata;

constexpr std::uint64_t kEntrySize = 20;  // Linux's DIRENT_SIZE and FILENT_SIZE: what stat(2) shows
constexpr std::uint64_t kFileSize = 80;

// What a queue and its directory have in common: attributes that chmod(2) and its kin change.
class QueueFsInode : public fs::Inode {
 public:
  QueueFsInode(fs::FileSystem& file_system, const fs::NewInode& attributes, std::uint64_t number, std::uint64_t size)
      : Inode(&file_system, static_cast<FileType>(attributes.mode >> 12)) {
    metadata_.mode = attributes.mode;
    metadata_.uid = attributes.uid;
    metadata_.gid = attributes.gid;
    metadata_.inode = number;
    metadata_.device = file_system.device();
    metadata_.size = size;
    metadata_.accessed = metadata_.modified = metadata_.changed = to_timespec(realtime_ns());
  }
  Result<Metadata> metadata() override { return metadata_; }
  Result<void> change_metadata(const fs::MetadataChange& change) override {
    if (change.set_permissions) metadata_.mode = fs::mode_of(type(), change.permissions & fs::kModePermissions);
    if (change.set_uid) metadata_.uid = change.uid;
    if (change.set_gid) metadata_.gid = change.gid;
    if (change.set_accessed) metadata_.accessed = change.accessed;
    if (change.set_modified) metadata_.modified = change.modified;
    metadata_.changed = to_timespec(realtime_ns());
    return {};
  }

 protected:
  Metadata metadata_;
};

class QueueInode final : public QueueFsInode {
 public:
  using QueueFsInode::QueueFsInode;
  Result<Ref<fs::File>> open(const fs::Path& path, std::uint32_t flags) override {
    return Ref<fs::File>(TRY(make_ref<QueueFile>(path, flags)));
  }
  Result<void> truncate(std::uint64_t size) override {
    metadata_.size = size;
    return {};
  }
  void touch() { metadata_.accessed = metadata_.modified = metadata_.changed = to_timespec(realtime_ns()); }
  void drop_link() { metadata_.links = 0; }

  PosixQueue queue;
};

struct Entry {
  String name;
  Ref<QueueInode> inode;
  std::uint64_t position;  // of readdir, ascending
};

class QueueDirectory final : public QueueFsInode {
 public:
  QueueDirectory(fs::FileSystem& file_system, const fs::NewInode& attributes)
      : QueueFsInode(file_system, attributes, 1, 2 * kEntrySize) {
    metadata_.links = 2;
  }
  Result<Ref<Inode>> lookup(std::string_view name) override {
    const std::size_t index = find(name);
    if (index == entries_.size()) return Errno::kNoEnt;
    return Ref<Inode>(entries_[index].inode);
  }
  Result<Ref<Inode>> create(std::string_view name, const fs::NewInode& attributes) override {
    return create(name, attributes, QueueShape::by_default());
  }
  Result<Ref<Inode>> create(std::string_view name, const fs::NewInode& attributes, const QueueShape& shape) {
    if (static_cast<FileType>(attributes.mode >> 12) != FileType::kRegular) return Errno::kPerm;
    auto inode = TRY(make_ref<QueueInode>(file_system(), attributes, next_number_, kFileSize));
    TRY(inode->queue.initialise(shape));
    const std::uint64_t position = next_number_;  // the root has number 1, and entries start at 2
    TRY(entries_.push_back({TRY(String::from(name)), inode, position}));
    ++next_number_;
    changed(kEntrySize);
    return Ref<Inode>(inode);
  }
  Result<void> unlink(std::string_view name, Inode&) override {
    const std::size_t index = find(name);
    if (index == entries_.size()) return Errno::kNoEnt;
    entries_[index].inode->drop_link();
    entries_.erase(index);
    changed(0 - kEntrySize);
    return {};
  }
  Result<void> iterate(std::uint64_t position, fs::DirectoryVisitor& visitor) override {
    for (const Entry& entry : entries_) {
      if (entry.position < position) continue;
      const std::uint64_t number = TRY(entry.inode->metadata()).inode;
      if (!visitor.entry(entry.name.view(), number, FileType::kRegular, entry.position + 1)) break;
    }
    return {};
  }

 private:
  std::size_t find(std::string_view name) const {
    std::size_t index = 0;
    while (index < entries_.size() && entries_[index].name.view() != name) ++index;
    return index;
  }
  void changed(std::uint64_t added_size) {
    metadata_.size += added_size;
    metadata_.modified = metadata_.changed = metadata_.accessed = to_timespec(realtime_ns());
  }

  Vector<Entry> entries_;  // as many as RLIMIT_MSGQUEUE allows
  std::uint64_t next_number_ = 2;
};

class QueueFs final : public fs::FileSystem {
 public:
  std::string_view type_name() const override { return "mqueue"; }
  Result<Ref<fs::Inode>> root() override { return Ref<fs::Inode>(root_entry_->inode_ref()); }
  Result<Ref<fs::Dentry>> root_entry() override { return Ref<fs::Dentry>(root_entry_); }
  fs::FileSystemStatistics statistics() override {
    constexpr std::int64_t kMagic = 0x1980'0202;
    fs::FileSystemStatistics result;
    result.type = kMagic;
    result.id[0] = static_cast<std::int32_t>(device());
    return result;
  }
  Result<void> make_root() {
    fs::NewInode attributes;
    attributes.mode = fs::mode_of(FileType::kDirectory, 0777 | fs::kModeSticky);
    Ref<fs::Inode> directory = TRY(make_ref<QueueDirectory>(*this, attributes));
    root_entry_ = TRY(fs::Dentry::make_root(std::move(directory), "/"));
    return {};
  }

 private:
  Ref<fs::Dentry> root_entry_;
};

constinit QueueFs* g_queues = nullptr;  // made when it is first asked for, lives as long as the VM

Result<QueueFs*> queues() {
  if (!g_queues) {
    auto made = TRY(make_ref<QueueFs>());
    TRY(made->make_root());
    g_queues = made.leak();
  }
  return g_queues;
}

// Linux's lookup_one_len(): a name that cannot be one is kAcces.
Result<Ref<fs::Dentry>> look_up(std::string_view name) {
  if (name.empty()) return Errno::kNoEnt;
  if (name == "." || name == ".." || name.find('/') != std::string_view::npos) return Errno::kAcces;
  const Ref<fs::Dentry> root = TRY(TRY(queues())->root_entry());
  TRY(fs::check_access(*root->inode(), fs::kMayExecute));
  if (name.size() > fs::kNameMax) return Errno::kNameTooLong;
  return fs::Dentry::look_up(root, name);
}

Result<void> create_queue(fs::Dentry& entry, std::uint32_t mode, const std::optional<QueueShape>& shape) {
  auto& directory = static_cast<QueueDirectory&>(*entry.parent()->inode());
  TRY(fs::check_access(directory, fs::kMayWrite | fs::kMayExecute));
  const fs::NewInode attributes =
      TRY(fs::new_attributes(directory, fs::mode_of(FileType::kRegular, mode & fs::kModePermissions)));
  Ref<fs::Inode> inode = TRY(directory.create(entry.name(), attributes, shape.value_or(QueueShape::by_default())));
  entry.fill_in(std::move(inode));
  return {};
}

}  // namespace

PosixQueue& QueueFile::queue() const {
  return static_cast<QueueInode&>(inode()).queue;
}

void QueueFile::used() {
  static_cast<QueueInode&>(inode()).touch();
}

fs::Readiness QueueFile::readiness() {
  std::uint32_t events = 0;
  if (queue().messages() > 0) events |= fs::kPollReadable;
  if (queue().messages() < queue().most_messages()) events |= fs::kPollWritable;
  return {events, &queue().changed()};
}

void QueueFile::descriptor_closed() {
  queue().cancel_notification();
}

// What is in the queue, and who is told of the next message.
Result<std::size_t> QueueFile::do_read(std::uint64_t offset, mm::IoBuffer& buffer) {
  const PosixQueue::Notification& asked = queue().notification();
  const int pid = queue().notified_pid();
  const bool signals = pid != 0 && asked.kind == PosixQueue::Notification::Kind::kSignal;
  FixedText<96> text;
  const auto field = [&](std::string_view name, std::uint64_t value, std::size_t width) {
    FixedText<24> digits;
    digits.print("{}", value);
    text.put(name);
    text.put(digits.view());
    for (std::size_t i = digits.view().size(); i < width; ++i) text.put(" ");
  };
  field("QSIZE:", queue().bytes(), 10);
  field(" NOTIFY:", pid != 0 ? static_cast<std::uint64_t>(asked.kind) : 0, 5);
  field(" SIGNO:", signals ? static_cast<std::uint64_t>(asked.signal) : 0, 5);
  field(" NOTIFY_PID:", static_cast<std::uint64_t>(pid), 6);
  text.put("\n");
  if (offset >= text.view().size()) return 0;
  const std::string_view rest = text.view().substr(offset);
  return buffer.store(std::as_bytes(std::span(rest.data(), std::min(rest.size(), buffer.remaining()))));
}

Result<Ref<fs::FileSystem>> queue_file_system() {
  return Ref<fs::FileSystem>(TRY(queues()));
}

Result<void> mount_queues() {
  const fs::Path point = TRY(fs::device_path("mqueue"));
  TRY(fs::add_mount(TRY(queue_file_system()), point, "mqueue", fs::kMountNoSuid | fs::kMountNoDev | fs::kMountNoExec));
  return {};
}

Result<Ref<fs::File>> open_queue(std::string_view name, std::uint32_t flags, std::uint32_t mode,
                                 const std::optional<QueueShape>& shape) {
  constexpr std::uint32_t kOpening = fs::kCreate | fs::kExclusive | fs::kNoCtty | fs::kTruncate | fs::kCloseOnExec;
  constexpr unsigned kWanted[] = {fs::kMayRead, fs::kMayWrite, fs::kMayRead | fs::kMayWrite};
  const Ref<fs::Dentry> entry = TRY(look_up(name));
  if (entry->negative()) {
    if (!(flags & fs::kCreate)) return Errno::kNoEnt;
    TRY(create_queue(*entry, mode, shape));
  } else {
    if ((flags & fs::kCreate) && (flags & fs::kExclusive)) return Errno::kExist;
    const std::uint32_t access = flags & fs::kAccessMode;
    if (access == fs::kAccessMode) return Errno::kInval;
    TRY(fs::check_access(*entry->inode(), kWanted[access]));
  }
  const fs::Path path{nullptr, entry};
  return entry->inode()->open(path, flags & ~kOpening);
}

Result<void> unlink_queue(std::string_view name) {
  const Ref<fs::Dentry> entry = TRY(look_up(name));
  if (entry->negative()) return Errno::kNoEnt;
  fs::Inode& directory = *entry->parent()->inode();
  TRY(fs::check_removal(directory, *entry->inode()));
  TRY(directory.unlink(entry->name(), *entry->inode()));
  entry->remove();
  return {};
}

}  // namespace kernel::ipc
