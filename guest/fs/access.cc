#include "fs/access.h"

#include "task/task.h"

namespace kernel::fs {

using task::Capability;

bool Subject::in_group(std::uint32_t group) const {
  if (group == gid) return true;
  for (std::uint32_t member : credentials.groups) {
    if (member == group) return true;
  }
  return false;
}

Subject Subject::current() {
  const task::Credentials& credentials = task::current().credentials;
  return {credentials.fsuid, credentials.fsgid, credentials, credentials.capabilities.effective};
}

Result<void> check_access(const Metadata& metadata, unsigned wanted, const Subject& subject) {
  unsigned granted = metadata.mode & 7;
  if (subject.uid == metadata.uid) {
    granted = (metadata.mode >> 6) & 7;
  } else if (subject.in_group(metadata.gid)) {
    granted = (metadata.mode >> 3) & 7;
  }
  if ((granted & wanted) == wanted) return {};
  // capabilities(7): CAP_DAC_OVERRIDE executes only what somebody may execute, and searches any directory.
  const bool directory = metadata.type() == FileType::kDirectory;
  const bool executable = directory || (metadata.mode & 0111);
  if (subject.can(Capability::kDacOverride) && (executable || !(wanted & kMayExecute))) return {};
  const bool only_reads = directory ? !(wanted & kMayWrite) : wanted == kMayRead;
  if (subject.can(Capability::kDacReadSearch) && only_reads) return {};
  return Errno::kAcces;
}

Result<void> check_access(Inode& inode, unsigned wanted) {
  const Subject subject = Subject::current();
  if (subject.can(Capability::kDacOverride) && inode.binds_root()) {
    const unsigned granted = (TRY(inode.metadata()).mode >> 6) & 7;
    return (granted & wanted) == wanted ? Result<void>() : Errno::kAcces;
  }
  if (subject.can(Capability::kDacOverride) && (!(wanted & kMayExecute) || inode.is_directory())) return {};
  return check_access(TRY(inode.metadata()), wanted, subject);
}

Result<void> check_owner(Inode& inode) {
  const Subject subject = Subject::current();
  if (subject.can(Capability::kFowner) || TRY(inode.metadata()).uid == subject.uid) return {};
  return Errno::kPerm;
}

Result<void> check_removal(Inode& directory, Inode& victim) {
  TRY(check_access(directory, kMayWrite | kMayExecute));
  const Subject subject = Subject::current();
  if (subject.can(Capability::kFowner)) return {};
  const Metadata metadata = TRY(directory.metadata());
  if (!(metadata.mode & kModeSticky) || metadata.uid == subject.uid) return {};
  if (TRY(victim.metadata()).uid == subject.uid) return {};
  return Errno::kPerm;
}

}  // namespace kernel::fs
