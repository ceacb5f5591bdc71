#include "task/family.h"

#include "task/process.h"

namespace kernel::task {

void Family::join(Process& parent) {
  leave();
  parent_ = &parent;
  parent.family.children_.push_back(*this);
}

void Family::leave() {
  sibling_node_.unlink();
  parent_ = nullptr;
}

}  // namespace kernel::task
