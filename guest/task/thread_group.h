// The threads of a process (clone(2), CLONE_THREAD).
#pragma once

#include "lib/list.h"
#include "task/task.h"
#include "task/wait_queue.h"

namespace kernel::task {

class ThreadGroup {
  using List = kernel::List<Task, &Task::process_node>;

 public:
  // In the order in which they were made. A thread is among them until its end as a thread (Task::leave_process()).
  List::Iterator begin() { return threads_.begin(); }
  List::Iterator end() { return threads_.end(); }
  Task* front() { return threads_.front(); }
  unsigned count() const { return count_; }
  void add(Task& thread) {
    threads_.push_back(thread);
    ++count_;
  }
  void remove(Task& thread) {
    thread.process_node.unlink();
    --count_;
  }

  Task* executing = nullptr;  // the thread in execve(2): the others end on their way to user mode
  WaitQueue changed;          // a thread ended

 private:
  List threads_;
  unsigned count_ = 0;
};

}  // namespace kernel::task
