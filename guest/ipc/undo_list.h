// SEM_UNDO: what semaphores are to get back when a process ends (semop(2)). The list belongs to a process from its first
// such operation on, is no part of what fork(2) copies, and is kept by execve(2); who is made with CLONE_SYSVSEM, as
// threads are, shares it, and the last one settles it.
#pragma once

#include "ipc/semaphore_set.h"
#include "lib/ref.h"
#include "task/undo_list.h"

namespace kernel::ipc {

class UndoList final : public task::UndoList {
 public:
  UndoList() = default;
  // Gives everything back.
  ~UndoList() override;

  // What is owed to the set, made if it is nothing yet: kNoMem. It goes when the set is removed.
  Result<Undo*> of(SemaphoreSet& set);

 private:
  List<Undo, &Undo::list_node> undos_;
};

}  // namespace kernel::ipc
