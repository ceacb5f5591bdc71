#include "task/unshare.h"

#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "mm/address_space.h"
#include "task/clone.h"
#include "task/process.h"
#include "task/task.h"
#include "task/undo_list.h"

namespace kernel::task {
namespace {

constexpr std::uint64_t kCloneNewTime = 0x80;
constexpr std::uint64_t kNamespaces = kCloneNewNs | kCloneNewCgroup | kCloneNewUts | kCloneNewIpc | kCloneNewUser |
                                      kCloneNewPid | kCloneNewNet | kCloneNewTime;
constexpr std::uint64_t kKnown =
    kNamespaces | kCloneThread | kCloneFs | kCloneSighand | kCloneVm | kCloneFiles | kCloneSysvSem;

// What cannot be had without something else (ksys_unshare() of Linux).
std::uint64_t with_implied(std::uint64_t flags) {
  if (flags & kCloneNewUser) flags |= kCloneThread | kCloneFs;
  if (flags & kCloneVm) flags |= kCloneSighand;
  if (flags & kCloneSighand) flags |= kCloneThread;
  if (flags & kCloneNewNs) flags |= kCloneFs;
  return flags;
}

// Memory, signal handlers and the process itself cannot be unshared: they must be the task's alone.
Result<void> check(std::uint64_t flags) {
  const Task& self = current();
  const Process& process = *self.process;
  if (flags & ~kKnown) return Errno::kInval;
  if ((flags & kCloneThread) && process.threads.count() > 1) return Errno::kInval;
  if ((flags & kCloneSighand) && process.signals.handlers->references() > 1) return Errno::kInval;
  if ((flags & kCloneVm) && self.space->references() > 1) return Errno::kInval;
  // One container is one set of namespaces here.
  if (flags & kNamespaces) return Errno::kPerm;
  return {};
}

}  // namespace

Result<void> unshare(std::uint64_t flags) {
  flags = with_implied(flags);
  TRY(check(flags));
  Task& self = current();
  // All that can fail comes before anything has changed.
  Ref<fs::FsContext> context = flags & kCloneFs ? TRY(self.fs->clone()) : self.fs;
  Ref<fs::FileTable> files = flags & kCloneFiles ? TRY(self.files->clone()) : self.files;
  self.fs = static_cast<Ref<fs::FsContext>&&>(context);
  self.files = static_cast<Ref<fs::FileTable>&&>(files);
  // What the list is to undo is undone, unless others have it too.
  if (flags & kCloneSysvSem) self.undo_list = nullptr;
  return {};
}

}  // namespace kernel::task
