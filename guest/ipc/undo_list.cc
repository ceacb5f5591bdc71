#include "ipc/undo_list.h"

#include <new>

namespace kernel::ipc {

UndoList::~UndoList() {
  while (Undo* undo = undos_.pop_front()) {
    undo->set_node.unlink();
    const Ref<SemaphoreSet> set(undo->set);
    set->apply(*undo);
    delete undo;
  }
}

Result<Undo*> UndoList::of(SemaphoreSet& set) {
  for (Undo& undo : undos_) {
    if (undo.set != &set) continue;
    // What was used last is looked for next.
    undo.list_node.unlink();
    undos_.push_front(undo);
    return &undo;
  }
  const auto count = static_cast<std::size_t>(set.count());
  auto memory = TRY(KernelMemory::reserve(sizeof(Undo) + count * sizeof(std::int16_t)));
  auto* undo = new (std::nothrow) Undo;
  if (!undo) return Errno::kNoMem;
  if (!undo->adjustments.resize(count)) {
    delete undo;
    return Errno::kNoMem;
  }
  undo->memory = std::move(memory);
  undo->set = &set;
  set.undos_.push_back(*undo);
  undos_.push_front(*undo);
  return undo;
}

}  // namespace kernel::ipc

namespace kernel::task {

Result<Ref<UndoList>> UndoList::create() {
  return Ref<UndoList>(TRY(make_ref<ipc::UndoList>()));
}

}  // namespace kernel::task
