#include "fs/access.h"

#include "task/task.h"

namespace kernel::fs {

bool Subject::in_group(std::uint32_t group) const {
  if (group == gid) return true;
  for (std::uint32_t member : credentials.groups) {
    if (member == group) return true;
  }
  return false;
}

Subject Subject::current() {
  const task::Credentials& credentials = task::current().credentials;
  return {credentials.fsuid, credentials.fsgid, credentials};
}

Result<void> check_access(const Metadata& metadata, unsigned wanted, const Subject& subject) {
  if (subject.privileged()) {
    // Root executes only what somebody may execute; it may search any directory.
    const bool executable = metadata.type() == FileType::kDirectory || (metadata.mode & 0111);
    if (!(wanted & kMayExecute) || executable) return {};
    return Errno::kAcces;
  }
  unsigned granted = metadata.mode & 7;
  if (subject.uid == metadata.uid) {
    granted = (metadata.mode >> 6) & 7;
  } else if (subject.in_group(metadata.gid)) {
    granted = (metadata.mode >> 3) & 7;
  }
  if ((granted & wanted) != wanted) return Errno::kAcces;
  return {};
}

Result<void> check_access(Inode& inode, unsigned wanted) {
  const Subject subject = Subject::current();
  if (subject.privileged() && inode.binds_root()) {
    const unsigned granted = (TRY(inode.metadata()).mode >> 6) & 7;
    return (granted & wanted) == wanted ? Result<void>() : Errno::kAcces;
  }
  if (subject.privileged() && (!(wanted & kMayExecute) || inode.is_directory())) return {};
  return check_access(TRY(inode.metadata()), wanted, subject);
}

Result<void> check_owner(Inode& inode) {
  const Subject subject = Subject::current();
  if (subject.privileged() || TRY(inode.metadata()).uid == subject.uid) return {};
  return Errno::kPerm;
}

Result<void> check_removal(Inode& directory, Inode& victim) {
  TRY(check_access(directory, kMayWrite | kMayExecute));
  const Subject subject = Subject::current();
  if (subject.privileged()) return {};
  const Metadata metadata = TRY(directory.metadata());
  if (!(metadata.mode & kModeSticky) || metadata.uid == subject.uid) return {};
  if (TRY(victim.metadata()).uid == subject.uid) return {};
  return Errno::kPerm;
}

}  // namespace kernel::fs
