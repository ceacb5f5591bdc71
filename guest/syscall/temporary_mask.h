// ppoll(2), pselect(2), epoll_pwait(2): another signal mask for the time of the call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/result.h"
#include "mm/user_ptr.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::syscall {

class TemporaryMask {
 public:
  TemporaryMask() = default;
  TemporaryMask(const TemporaryMask&) = delete;
  TemporaryMask& operator=(const TemporaryMask&) = delete;
  ~TemporaryMask() {
    if (active_) task::end_temporary_mask(task::current(), false);
  }

  // The mask that the caller names; none for a null pointer. kInval for another size than a mask's, kFault.
  Result<void> read(mm::UserPtr<const std::uint64_t> address, std::size_t size) {
    if (!address) return {};
    if (size != sizeof(task::SignalSet)) return Errno::kInval;
    task::begin_temporary_mask(task::current(), TRY(address.read()));
    active_ = true;
    return {};
  }
  // The call ends because of a signal: its handler runs under the temporary mask.
  void hand_over() { active_ = false; }

 private:
  bool active_ = false;
};

}  // namespace kernel::syscall
