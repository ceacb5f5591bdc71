// open(2) and its flags.
#include <utility>

#include "fs/access.h"
#include "fs/fs_context.h"
#include "fs/held_entry.h"
#include "fs/inode.h"
#include "fs/leases.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// An O_PATH descriptor: names a place, and can do nothing else.
class PathFile final : public StoredFile {
 public:
  PathFile(Path path, std::uint32_t flags) : StoredFile(std::move(path), flags) {}
  Result<std::uint64_t> seek(std::int64_t, int) override { return Errno::kBadF; }
};

unsigned access_of(std::uint32_t flags) {
  unsigned wanted = 0;
  switch (flags & kAccessMode) {
    case kReadOnly:
      wanted = kMayRead;
      break;
    case kWriteOnly:
      wanted = kMayWrite;
      break;
    default:
      wanted = kMayRead | kMayWrite;
      break;
  }
  if (flags & kTruncate) wanted |= kMayWrite;
  return wanted;
}

// Flags that matter only while opening are not kept (fcntl(2) F_GETFL).
std::uint32_t kept(std::uint32_t flags) {
  return flags & ~(kCreate | kExclusive | kNoCtty | kTruncate | kCloseOnExec);
}

Result<Ref<File>> open_inode(const Path& path, std::uint32_t flags) {
  Inode& inode = *path.dentry->inode();
  if ((flags & kDirect) && inode.is_directory()) return Errno::kInval;
  const bool writes = (flags & kAccessMode) != kReadOnly;
  WriteClaim claim = writes ? TRY(WriteClaim::to_write(inode, path.mount.get())) : WriteClaim::to_read(inode);
  TRY(Leases::break_for(inode, writes ? Leases::Intent::kWrite : Leases::Intent::kRead, !(flags & kNonBlock)));
  const bool truncates = (flags & kTruncate) && inode.is_regular();
  if (truncates) {
    const WriteClaim while_truncating = TRY(WriteClaim::to_write(inode, path.mount.get()));
    TRY(truncate(inode, 0));
  }
  // A terminal has to see that it was not meant to be taken; no file keeps the flag.
  const bool device = inode.type() == FileType::kCharDevice;
  Ref<File> file = TRY(inode.open(path, kept(flags) | (device ? flags & kNoCtty : 0)));
  file->hold(std::move(claim));
  file->announce_open();
  if (truncates) notify(*path.dentry, kInModify);
  return file;
}

// With the directory held.
Result<void> create_file(const Entry& entry, std::uint32_t mode) {
  TRY(check_writable_mount(entry.directory));
  Inode& directory = *entry.directory.dentry->inode();
  TRY(check_access(directory, kMayWrite | kMayExecute));
  const NewInode attributes = TRY(new_attributes(directory, mode_of(FileType::kRegular, mode & kModePermissions)));
  auto made = directory.create(entry.dentry->name(), attributes);
  // EPERM is for the other calls that make names where none can be made (lookup_open() of Linux).
  if (made.error() == Errno::kPerm) return Errno::kAcces;
  entry.dentry->fill_in(TRY(std::move(made)));
  notify_name(directory, *entry.dentry->inode(), entry.dentry->name(), kInCreate);
  return {};
}

// Where the new file is; no path if the name exists by now.
Result<Path> create_unless_there(Entry entry, std::uint32_t mode) {
  const HeldEntry held = TRY(HeldEntry::hold(std::move(entry)));
  if (held->exists()) return Path();
  TRY(create_file(*held, mode));
  return held->place();
}

Result<Ref<File>> open_temporary(const Path& directory_path, std::uint32_t flags, std::uint32_t mode) {
  if ((flags & kAccessMode) == kReadOnly) return Errno::kInval;
  Inode& directory = *directory_path.dentry->inode();
  if (!directory.is_directory()) return Errno::kNotDir;
  TRY(check_writable_mount(directory_path));
  TRY(check_access(directory, kMayWrite | kMayExecute));
  const NewInode attributes = TRY(new_attributes(directory, mode_of(FileType::kRegular, mode & kModePermissions)));
  const auto create_unnamed = [&] {
    const task::Mutex::Lock lock(directory.mutex);
    return directory.create_unnamed(attributes);
  };
  Ref<Inode> inode = TRY(create_unnamed());
  Path path{directory_path.mount, TRY(Dentry::make_root(inode, "#temporary"))};
  path.dentry->remove();
  return open_inode(path, flags & ~kTruncate);
}

}  // namespace

Result<NewInode> new_attributes(Inode& directory, std::uint32_t mode) {
  task::Task& task = task::current();
  NewInode attributes;
  attributes.mode = mode & ~task.fs->umask;
  attributes.uid = task.credentials.fsuid;
  attributes.gid = task.credentials.fsgid;
  // A set-group-ID directory passes its group on, and the bit to directories (inode(7)).
  const Metadata metadata = TRY(directory.metadata());
  if (metadata.mode & kModeSetGid) {
    attributes.gid = metadata.gid;
    if (static_cast<FileType>(mode >> 12) == FileType::kDirectory) attributes.mode |= kModeSetGid;
  }
  return attributes;
}

Result<Ref<File>> open_path_only(const Path& path, std::uint32_t flags) {
  const std::uint32_t kept_flags = flags & (kPathOnly | kDirectoryOnly | kNoFollow);
  return Ref<File>(TRY(make_ref<PathFile>(path, kept_flags)));
}

Result<Ref<File>> open_path(const Path& path, std::uint32_t flags) {
  Inode& inode = *path.dentry->inode();
  const unsigned wanted = access_of(flags);
  if ((flags & kDirectoryOnly) && !inode.is_directory()) return Errno::kNotDir;
  if (inode.is_symlink()) return Errno::kLoop;
  if (inode.is_directory() && ((wanted & kMayWrite) || (flags & kCreate))) return Errno::kIsDir;
  const bool device = inode.type() == FileType::kCharDevice || inode.type() == FileType::kBlockDevice;
  if (device && path.mount && (path.mount->flags & kMountNoDev)) return Errno::kAcces;
  TRY(check_access(inode, wanted));
  if ((flags & kNoAtime)) TRY(check_owner(inode));
  if (inode.is_regular() && (wanted & kMayWrite)) TRY(check_writable_mount(path));
  return open_inode(path, flags);
}

Result<Ref<File>> open(const Path& start, std::string_view text, std::uint32_t flags, std::uint32_t mode) {
  if (flags & kPathOnly) flags &= kPathOnly | kDirectoryOnly | kNoFollow | kCloseOnExec;
  if ((flags & kTemporary) == kTemporary) {
    const Path directory = TRY(resolve(start, text, LastLink::kFollow));
    return open_temporary(directory, flags, mode);
  }
  if ((flags & kCreate) && (flags & kDirectoryOnly)) return Errno::kInval;
  const bool exclusive = (flags & (kCreate | kExclusive)) == (kCreate | kExclusive);
  const LastLink last = (flags & kNoFollow) || exclusive ? LastLink::kKeep : LastLink::kFollow;
  while (flags & kCreate) {
    PlaceOrEntry found = TRY(resolve_or_entry(start, text, last));
    if (found.path) {
      if (exclusive) return Errno::kExist;
      return open_path(found.path, flags);
    }
    const Path place = TRY(create_unless_there(std::move(found.entry), mode));
    if (place) return open_inode(place, flags & ~kTruncate);
    // Somebody else has made it meanwhile, maybe as a link to something: the walk is done again.
  }
  const Path found = TRY(resolve(start, text, last));
  if (!(flags & kPathOnly)) return open_path(found, flags);
  if ((flags & kDirectoryOnly) && !found.dentry->inode()->is_directory()) return Errno::kNotDir;
  return open_path_only(found, flags);
}

}  // namespace kernel::fs
