// A process that shares the caller's memory until it executes a program or ends (clone(2), CLONE_VM): the cheapest way
// to start one. In contrast to vfork(2) the caller goes on meanwhile.
//
// While both run, errno, the heap and everything else of libc's are shared without a lock: until wait_until_apart has
// returned, one of the two must do with the system calls of common/bare_call.h, in memory of its own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>

#include "common/mapping.h"

namespace husk::runner {

class SharingProcess {
 public:
  // Maps a stack; starts nothing.
  explicit SharingProcess(std::size_t stack_size);
  SharingProcess(const SharingProcess&) = delete;  // the kernel has the address
  SharingProcess& operator=(const SharingProcess&) = delete;

  // Calls `body(argument)` in a new process, made with clone(2)'s `flags`, with descriptors and signal handlers of its
  // own. `body` must not return. False and errno when there is no such process. `pidfd`: for CLONE_PIDFD.
  bool start(unsigned long flags, int (*body)(void*), void* argument, int* pidfd = nullptr);

  pid_t pid() const { return pid_; }

  // Until the process has executed a program or ended, and the stack may go. Any of the two processes, or a third that
  // shares their memory, may ask; one at a time may wait.
  void wait_until_apart();

 private:
  Mapping stack_;
  pid_t pid_ = -1;
  // The kernel sets it to 0 and wakes who waits for it (set_tid_address(2)).
  std::atomic<int> shares_memory_ = 0;
};

}  // namespace husk::runner
