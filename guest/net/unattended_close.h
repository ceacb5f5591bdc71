// While it lives, the current task closes what it has nothing to do with: files of others that lay in messages nobody can
// receive any more. It does not wait for the end of their connections (SO_LINGER). (On Linux a kernel thread closes them.)
#pragma once

#include "lib/list.h"

namespace kernel::task {
class Task;
}

namespace kernel::net {

class UnattendedClose {
 public:
  UnattendedClose();
  UnattendedClose(const UnattendedClose&) = delete;
  UnattendedClose& operator=(const UnattendedClose&) = delete;

  static bool is_under_way();

  ListNode node;

 private:
  const task::Task* task_;
};

}  // namespace kernel::net
