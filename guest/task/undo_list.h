// What a task is to give back when it ends: SEM_UNDO of semop(2), which is ipc/'s affair (ipc/undo_list.h). Tasks only share it
// (clone(2), CLONE_SYSVSEM) and let it go.
#pragma once

#include "lib/ref.h"
#include "lib/result.h"

namespace kernel::task {

class UndoList : public RefCounted {
 public:
  // Defined above: ipc/undo_list.cc. kNoMem.
  static Result<Ref<UndoList>> create();
};

}  // namespace kernel::task
