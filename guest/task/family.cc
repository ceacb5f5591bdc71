#include "task/family.h"

#include "task/process.h"

namespace kernel::task {

void Family::join(Process& parent, Task* thread) {
  leave();
  parent_ = &parent;
  parent_thread_ = thread;
  parent.family.children_.push_back(*this);
}

void Family::leave() {
  sibling_node_.unlink();
  parent_ = nullptr;
  parent_thread_ = nullptr;
}

}  // namespace kernel::task
