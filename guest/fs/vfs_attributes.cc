// Changing what inodes say of themselves: size, permissions, owner, times; and asking who may do what.
#include "fs/access.h"
#include "fs/extended_attributes.h"
#include "fs/inode.h"
#include "fs/leases.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "fs/write_claim.h"
#include "lib/time.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

Result<void> change_and_tell(const Path& path, const MetadataChange& change, std::uint32_t events) {
  TRY(path.dentry->inode()->change_metadata(change));
  if (events != 0) notify(*path.dentry, events);
  return {};
}

}  // namespace

Result<void> truncate(const Path& path, std::uint64_t size) {
  Inode& inode = *path.dentry->inode();
  if (inode.is_directory()) return Errno::kIsDir;
  if (!inode.is_regular()) return Errno::kInval;
  TRY(check_access(inode, kMayWrite));
  TRY(check_writable_mount(path));
  const WriteClaim claim = TRY(WriteClaim::to_write(inode, path.mount.get()));
  TRY(Leases::break_for(inode, Leases::Intent::kWrite));
  TRY(truncate(inode, size));
  notify(*path.dentry, kInModify);
  return {};
}

Result<void> truncate(Inode& inode, std::uint64_t size) {
  const task::Mutex::Lock lock(inode.mutex);
  return inode.truncate(size);
}

Result<void> change_permissions(const Path& path, std::uint32_t permissions) {
  Inode& inode = *path.dentry->inode();
  TRY(check_writable_mount(path));
  const task::Mutex::Lock lock(inode.mutex);
  TRY(check_owner(inode));
  const Subject subject = Subject::current();
  MetadataChange change;
  change.set_permissions = true;
  change.permissions = permissions & kModePermissions;
  // Only a member of the group may set the set-group-ID bit (chmod(2)).
  if (!subject.can(task::Capability::kFsetid) && !subject.in_group(TRY(inode.metadata()).gid))
    change.permissions &= ~kModeSetGid;
  return change_and_tell(path, change, kInAttrib);
}

Result<void> change_owner(const Path& path, std::uint32_t uid, std::uint32_t gid) {
  Inode& inode = *path.dentry->inode();
  TRY(check_writable_mount(path));
  const task::Mutex::Lock lock(inode.mutex);
  const Metadata metadata = TRY(inode.metadata());
  const Subject subject = Subject::current();
  const bool change_uid = uid != ~0U;
  const bool change_gid = gid != ~0U;
  if (!subject.can(task::Capability::kChown)) {
    const bool owner = subject.uid == metadata.uid;
    if (change_uid && !(owner && uid == metadata.uid)) return Errno::kPerm;
    if (change_gid && !(owner && (gid == metadata.gid || subject.in_group(gid)))) return Errno::kPerm;
  }
  MetadataChange change;
  change.set_uid = change_uid, change.uid = uid;
  change.set_gid = change_gid, change.gid = gid;
  // A program does not stay set-user-ID or set-group-ID when it changes hands (chown(2)).
  if (!inode.is_directory() && (metadata.mode & (kModeSetUid | kModeSetGid))) {
    std::uint32_t cleared = kModeSetUid;
    if (metadata.mode & 010) cleared |= kModeSetGid;
    change.set_permissions = true;
    change.permissions = metadata.mode & kModePermissions & ~cleared;
  }
  if (!inode.is_directory()) drop_file_capabilities(inode);
  const bool changes = change_uid || change_gid || change.set_permissions;
  return change_and_tell(path, change, changes ? std::uint32_t{kInAttrib} : 0);
}

Result<void> change_times(const Path& path, const NewTimes& times) {
  Inode& inode = *path.dentry->inode();
  TRY(check_writable_mount(path));
  const task::Mutex::Lock lock(inode.mutex);
  if (!check_owner(inode)) {
    if (!times.set_to_now) return Errno::kPerm;
    TRY(check_access(inode, kMayWrite));
  }
  MetadataChange change;
  if (times.accessed) change.set_accessed = true, change.accessed = *times.accessed;
  if (times.modified) change.set_modified = true, change.modified = *times.modified;
  if (!change.set_accessed && !change.set_modified) return {};
  // One of the times alone is taken for what changes it (fsnotify_change() of Linux).
  const std::uint32_t events = !change.set_modified ? kInAccess : !change.set_accessed ? kInModify : kInAttrib;
  return change_and_tell(path, change, events);
}

Result<void> check_path_access(const Path& path, unsigned wanted) {
  Inode& inode = *path.dentry->inode();
  if ((wanted & kMayExecute) && inode.is_regular() && path.mount && (path.mount->flags & kMountNoExec))
    return Errno::kAcces;
  TRY(check_access(inode, wanted));
  const bool data = inode.is_regular() || inode.is_directory() || inode.is_symlink();
  if ((wanted & kMayWrite) && data) TRY(check_writable_mount(path));
  return {};
}

}  // namespace kernel::fs
