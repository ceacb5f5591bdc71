// What the portable parts of the kernel link to and no test here comes to: there are no tasks that could sleep.
#include <cstdlib>

#include "task/scheduler.h"
#include "task/wait_queue.h"

namespace kernel::task {

Task& current() {
  std::abort();
}
void wake_task(Task&) {
  std::abort();
}
Result<void> block(Deadline, Interruptible) {
  std::abort();
}

}  // namespace kernel::task
