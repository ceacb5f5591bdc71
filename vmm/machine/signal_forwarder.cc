#include "vmm/machine/signal_forwarder.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "vmm/error.h"

namespace husk::machine {
namespace {

// All that the handler can reach. A lock-free atomic is async-signal-safe, and so is forward_signal (one ioctl).
std::atomic<ControlDevice*> target{nullptr};
static_assert(std::atomic<ControlDevice*>::is_always_lock_free);

void handle(int number) {
  const int saved_errno = errno;
  if (ControlDevice* control = target.load()) control->forward_signal(number);
  errno = saved_errno;
}

}  // namespace

SignalForwarder::SignalForwarder(ControlDevice& control) {
  target = &control;
  struct sigaction action {};
  action.sa_handler = handle;
  ::sigfillset(&action.sa_mask);
  // No SA_RESTART: KVM_RUN and a write that blocks return, and the loop goes on.
  for (const int number : kForwarded) {
    struct sigaction previous {};
    if (::sigaction(number, &action, &previous) != 0) throw Error::from_errno("catch", "signals");
    // What the parent ignores stays ignored: nohup(1), and background jobs of a shell without job control.
    if (previous.sa_handler == SIG_IGN) ::sigaction(number, &previous, nullptr);
  }
}

// The handlers stay: a confined VMM may not change them (vmm/sandbox/filter.cc), and a signal that comes after the end
// of the payload shall not change its status.
SignalForwarder::~SignalForwarder() {
  target = nullptr;
}

}  // namespace husk::machine
