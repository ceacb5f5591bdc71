#include "net/unattended_close.h"

#include "lib/global.h"
#include "task/task.h"

namespace kernel::net {

namespace {

constinit Global<List<UnattendedClose, &UnattendedClose::node>> g_all;

}  // namespace

UnattendedClose::UnattendedClose() : task_(&task::current()) {
  g_all->push_back(*this);
}

bool UnattendedClose::is_under_way() {
  for (UnattendedClose& one : *g_all) {
    if (one.task_ == &task::current()) return true;
  }
  return false;
}

}  // namespace kernel::net
