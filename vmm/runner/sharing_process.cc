#include "vmm/runner/sharing_process.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>

#include <csignal>

#include "common/bare_call.h"
#include "vmm/error.h"

namespace husk::runner {

SharingProcess::SharingProcess(std::size_t stack_size) {
  // A stack of its own: returning from functions on a shared one would overwrite the other's frames.
  void* address = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (address == MAP_FAILED) throw Error::from_errno("map", "a stack for a process");
  stack_ = Mapping(address, stack_size);
}

bool SharingProcess::start(unsigned long flags, int (*body)(void*), void* argument, int* pidfd) {
  static_assert(sizeof shares_memory_ == sizeof(pid_t));
  shares_memory_ = 1;
  const int all_flags = static_cast<int>(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | flags);
  // glibc's wrapper writes errno only when it fails.
  pid_ = clone(body, stack_.data() + stack_.size(), all_flags, argument, pidfd, nullptr, &shares_memory_);
  return pid_ >= 0;
}

void SharingProcess::wait_until_apart() {
  using bare::address;
  // The kernel wakes with FUTEX_WAKE, not its private variant.
  for (int value; (value = shares_memory_) != 0;) {
    bare::system_call(SYS_futex, address(&shares_memory_), FUTEX_WAIT, value);
  }
}

}  // namespace husk::runner
