#include "syscall/directory_calls.h"

#include <algorithm>
#include <span>
#include <utility>

#include "fs/access.h"
#include "fs/fs.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "syscall/file_arguments.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

enum class RecordFormat : std::uint8_t { kOld, k64 };

// Writes struct linux_dirent (getdents) or linux_dirent64 records into memory of the kernel.
class RecordWriter final : public fs::DirectoryVisitor {
 public:
  RecordWriter(std::span<std::byte> room, RecordFormat format) : room_(room), format_(format) {}

  bool entry(std::string_view name, std::uint64_t inode, fs::FileType type, std::uint64_t next) override {
    // Both begin with inode (8), offset (8), record length (2). In the 64 form the type follows (1), then the name; in
    // the old one the name, and the type is the record's last byte.
    constexpr std::size_t kNameOffset64 = 19, kNameOffsetOld = 18;
    const std::size_t name_offset = format_ == RecordFormat::k64 ? kNameOffset64 : kNameOffsetOld;
    const std::size_t extra = format_ == RecordFormat::k64 ? 1 : 2;
    const std::size_t length = (name_offset + name.size() + extra + 7) & ~std::size_t{7};
    full_ = length > room_.size() - written_;
    if (full_) return false;
    std::byte* record = room_.data() + written_;
    const auto record_length = static_cast<std::uint16_t>(length);
    const auto kind = static_cast<std::byte>(type);
    memset(record, 0, length);
    memcpy(record, &inode, 8);
    memcpy(record + 8, &next, 8);
    memcpy(record + 16, &record_length, 2);
    memcpy(record + name_offset, name.data(), name.size());
    record[format_ == RecordFormat::k64 ? 18 : length - 1] = kind;
    written_ += length;
    return true;
  }

  std::size_t written() const { return written_; }
  bool full() const { return full_; }  // there was an entry without room for it

 private:
  std::span<std::byte> room_;
  RecordFormat format_;
  std::size_t written_ = 0;
  bool full_ = false;
};

// What can be copied of the records in `page`, one by one, after all of them could not; the position is then behind them.
SyscallResult copy_records(fs::File& file, std::uint64_t address, std::span<const std::byte> page,
                           std::uint64_t position) {
  std::size_t copied = 0;
  Errno failure = Errno::kNone;
  while (copied < page.size() && failure == Errno::kNone) {
    std::uint64_t next;
    std::uint16_t length;
    memcpy(&next, page.data() + copied + 8, sizeof next);
    memcpy(&length, page.data() + copied + 16, sizeof length);
    if (auto done = mm::copy_to_user(address + copied, page.data() + copied, length); !done) {
      failure = done.error();
    } else {
      copied += length;
      position = next;
    }
  }
  TRY(file.seek(static_cast<std::int64_t>(position), fs::kSeekSet));
  return fs::moved_or(copied, failure);
}

// Page by page: entries are gathered in the kernel, and copied to the payload when the directory is not being walked. A
// copy may let other tasks run, who may change the directory.
SyscallResult read_directory(int fd, mm::UserBuffer buffer, std::size_t size, RecordFormat format) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  if (!file->inode().is_directory()) return Errno::kNotDir;
  if (file->path().dentry->removed()) return Errno::kNoEnt;
  // To Linux the size is an int here, and what is negative has no room.
  if (size > 0x7fff'ffff) size = 0;
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kNone)));
  std::size_t copied = 0;
  while (true) {
    const std::uint64_t start = file->offset();
    RecordWriter writer({page.data(), std::min(mm::kPageSize, size - copied)}, format);
    if (auto walked = file->iterate(writer); !walked) return fs::moved_or(copied, walked.error());
    notify(*file, fs::kInAccess);
    if (writer.written() == 0) {
      if (writer.full() && copied == 0) return Errno::kInval;
      return copied;
    }
    if (auto done = mm::copy_to_user(buffer.address() + copied, page.data(), writer.written()); !done) {
      const auto some = copy_records(*file, buffer.address() + copied, {page.data(), writer.written()}, start);
      return some ? SyscallResult(copied + some.value()) : fs::moved_or(copied, some.error());
    }
    copied += writer.written();
    if (!writer.full()) return copied;
  }
}

Result<void> enter_directory(fs::Path& slot, fs::Path target) {
  if (!target.dentry->inode()->is_directory()) return Errno::kNotDir;
  TRY(fs::check_access(*target.dentry->inode(), fs::kMayExecute));
  slot = std::move(target);
  return {};
}

struct Name {
  String text;
  fs::Path start;
};

Result<Name> name_argument(int directory_fd, mm::UserString path) {
  Name name;
  name.text = TRY(path_argument(path));
  name.start = TRY(fs::start_of(directory_fd, name.text));
  return name;
}

SyscallResult link_at(int existing_fd, mm::UserString existing, int directory_fd, mm::UserString path,
                      std::uint32_t flags) {
  if (flags & ~(fs::kAtSymlinkFollow | fs::kAtEmptyPath)) return Errno::kInval;
  const auto last = flags & fs::kAtSymlinkFollow ? fs::LastLink::kFollow : fs::LastLink::kKeep;
  const fs::Path source = TRY(resolve_argument(existing_fd, existing, last, flags));
  const Name name = TRY(name_argument(directory_fd, path));
  return done(fs::make_link(source, name.start, name.text));
}

SyscallResult rename_at(int old_fd, mm::UserString old_path, int new_fd, mm::UserString new_path, std::uint32_t flags) {
  const Name from = TRY(name_argument(old_fd, old_path));
  const Name to = TRY(name_argument(new_fd, new_path));
  return done(fs::rename(from.start, from.text, to.start, to.text, flags));
}

}  // namespace

SyscallResult sys_getdents(int fd, mm::UserBuffer buffer, std::uint32_t size) {
  return read_directory(fd, buffer, size, RecordFormat::kOld);
}

SyscallResult sys_getdents64(int fd, mm::UserBuffer buffer, std::uint32_t size) {
  return read_directory(fd, buffer, size, RecordFormat::k64);
}

SyscallResult sys_getcwd(mm::UserBuffer buffer, std::size_t size) {
  const fs::FsContext& context = *task::current().fs;
  if (context.working_directory.dentry->removed()) return Errno::kNoEnt;
  String text;
  if (!fs::is_below(context.working_directory, context.root)) TRY(text.append("(unreachable)"));
  TRY(text.append(TRY(fs::path_text(context.working_directory, context.root))));
  if (text.size() + 1 > size) return Errno::kRange;
  TRY(mm::copy_to_user(buffer.address(), text.c_str(), text.size() + 1));
  return text.size() + 1;
}

SyscallResult sys_chdir(mm::UserString path) {
  const String text = TRY(path_argument(path));
  return done(fs::change_directory(text));
}

SyscallResult sys_fchdir(int fd) {
  fs::Path target = TRY(resolve_argument_fd(fd));
  return done(enter_directory(task::current().fs->working_directory, std::move(target)));
}

SyscallResult sys_chroot(mm::UserString path) {
  fs::Path target = TRY(resolve_argument(fs::kAtFdCwd, path, fs::LastLink::kFollow));
  if (!target.dentry->inode()->is_directory()) return Errno::kNotDir;
  if (!task::current().credentials.can(task::Capability::kSysChroot)) return Errno::kPerm;
  return done(enter_directory(task::current().fs->root, std::move(target)));
}

SyscallResult sys_mkdir(mm::UserString path, std::uint32_t mode) {
  return sys_mkdirat(fs::kAtFdCwd, path, mode);
}

SyscallResult sys_mkdirat(int directory_fd, mm::UserString path, std::uint32_t mode) {
  const Name name = TRY(name_argument(directory_fd, path));
  return done(fs::make_directory(name.start, name.text, mode));
}

SyscallResult sys_mknod(mm::UserString path, std::uint32_t mode, std::uint32_t device) {
  return sys_mknodat(fs::kAtFdCwd, path, mode, device);
}

SyscallResult sys_mknodat(int directory_fd, mm::UserString path, std::uint32_t mode, std::uint32_t device) {
  if ((mode & fs::kModeType) == 0) mode |= fs::mode_of(fs::FileType::kRegular, 0);
  switch (static_cast<fs::FileType>((mode & fs::kModeType) >> 12)) {
    case fs::FileType::kRegular:
    case fs::FileType::kFifo:
    case fs::FileType::kSocket:
    case fs::FileType::kCharDevice:
    case fs::FileType::kBlockDevice:
      break;
    case fs::FileType::kDirectory:
      return Errno::kPerm;
    default:
      return Errno::kInval;
  }
  const Name name = TRY(name_argument(directory_fd, path));
  return done(fs::make_node(name.start, name.text, mode & (fs::kModeType | fs::kModePermissions), device));
}

SyscallResult sys_rmdir(mm::UserString path) {
  return sys_unlinkat(fs::kAtFdCwd, path, fs::kAtRemoveDir);
}

SyscallResult sys_unlink(mm::UserString path) {
  return sys_unlinkat(fs::kAtFdCwd, path, 0);
}

SyscallResult sys_unlinkat(int directory_fd, mm::UserString path, std::uint32_t flags) {
  if (flags & ~fs::kAtRemoveDir) return Errno::kInval;
  const Name name = TRY(name_argument(directory_fd, path));
  return done(flags & fs::kAtRemoveDir ? fs::remove_directory(name.start, name.text)
                                       : fs::unlink(name.start, name.text));
}

SyscallResult sys_symlink(mm::UserString target, mm::UserString path) {
  return sys_symlinkat(target, fs::kAtFdCwd, path);
}

SyscallResult sys_symlinkat(mm::UserString target, int directory_fd, mm::UserString path) {
  const String target_text = TRY(path_argument(target));
  if (target_text.empty()) return Errno::kNoEnt;
  const Name name = TRY(name_argument(directory_fd, path));
  return done(fs::make_symlink(target_text, name.start, name.text));
}

SyscallResult sys_link(mm::UserString existing, mm::UserString path) {
  return link_at(fs::kAtFdCwd, existing, fs::kAtFdCwd, path, 0);
}

SyscallResult sys_linkat(int existing_fd, mm::UserString existing, int directory_fd, mm::UserString path,
                         std::uint32_t flags) {
  return link_at(existing_fd, existing, directory_fd, path, flags);
}

SyscallResult sys_rename(mm::UserString old_path, mm::UserString new_path) {
  return rename_at(fs::kAtFdCwd, old_path, fs::kAtFdCwd, new_path, 0);
}

SyscallResult sys_renameat(int old_fd, mm::UserString old_path, int new_fd, mm::UserString new_path) {
  return rename_at(old_fd, old_path, new_fd, new_path, 0);
}

SyscallResult sys_renameat2(int old_fd, mm::UserString old_path, int new_fd, mm::UserString new_path,
                            std::uint32_t flags) {
  return rename_at(old_fd, old_path, new_fd, new_path, flags);
}

}  // namespace kernel::syscall
