// Stands in for the parts of the guest kernel that need a machine, so that its portable parts run in a test program:
// page frames from malloc, one task that is always running, a payload memory that is the program's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "mm/pending_page.h"
#include "task/process.h"
#include "task/task.h"

namespace husk::test {

// The machine that a test runs on. Make one per test: it resets the task and checks at its end that no frame leaked.
class Kernel {
 public:
  explicit Kernel(std::uint64_t frames = 16384);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  kernel::task::Task& task() { return *task_; }
  // One with the same process and directories, and which one runs from now on; null: the first one.
  kernel::Ref<kernel::task::Task> make_task();
  void run(kernel::task::Task* other) { running_ = other; }
  kernel::task::Task& running() { return running_ ? *running_ : *task_; }
  // What block() does, since nothing else runs: called once for each time the task would sleep. Unset: the test fails.
  std::function<void()> on_block;
  // A page of the payload's that has to be waited for, for as long as `withheld` is set.
  std::uint64_t withheld_page = 0;
  kernel::Ref<kernel::mm::PendingPage> withheld;
  std::vector<int> signals;  // that were sent to the task
  std::uint64_t now_ns = 1'000'000'000;
  std::uint64_t frames_used = 0;
  std::uint64_t frames_total;

  static Kernel& current();

 private:
  kernel::Ref<kernel::task::Task> task_;
  kernel::task::Task* running_ = nullptr;
};

}  // namespace husk::test
