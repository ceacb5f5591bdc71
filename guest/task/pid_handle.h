// What stands for a process or a thread for longer than it lives: pidfd_open(2). (Linux's struct pid.) It is not
// confused when its number is given to somebody else: then this handle lets go of the number for good, and whoever has
// it next gets another handle.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "lib/result.h"
#include "task/wait_queue.h"

namespace kernel::task {

class Process;
class Task;

class PidHandle final : public RefCounted {
 public:
  // The handle of the process or thread that goes by this number; the same one for whoever asks. kSrch if there is none.
  static Result<Ref<PidHandle>> of(int id);
  // Of a number that was allocated for a task that is still to be made.
  static Result<Ref<PidHandle>> of_new(int id);
  PidHandle(int id, std::uint64_t serial) : id_(id), serial_(serial) {}
  ~PidHandle() override;

  // No two handles ever have the same, unlike the number.
  std::uint64_t serial() const { return serial_; }
  // The process whose pid it is, zombies included; null for a thread that leads none.
  Process* process() const;
  // The thread; null also for a leader that has exited before the others.
  Task* thread() const;
  // What it stood for has been collected.
  bool gone() const { return !process() && !thread(); }
  // -1 once it is gone.
  int id() const { return gone() ? -1 : id_; }
  // The number of the process group that the process leads or led, which may outlive it; 0 for none.
  int group() const;

  // For who gives numbers away: `id` is somebody else's from now on.
  void release_number() { holds_number_ = false; }

  WaitQueue changed;  // it ended (POLLIN), or was collected (anything)

 private:
  int id_;
  std::uint64_t serial_;
  bool holds_number_ = true;
};

// For who ends processes and threads: the process `id` is a zombie from now on; no process, or no thread, goes by `id`
// any more.
void note_end(int id);
void note_number_left(int id);

}  // namespace kernel::task
