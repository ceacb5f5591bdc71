// Signals that husk is sent and that belong to the payload. The handler makes them pending in the control device, which
// interrupts the guest: an interrupt that waits in the local APIC cannot be lost or slept over, so there is no race
// with KVM_RUN to close.
//
// Threading: one instance per process, made on the vCPU's thread. Other threads block all signals (io_thread.cc), so
// that a handler runs on the vCPU's thread and interrupts a device that blocks there.
#pragma once

#include <signal.h>

#include <array>

#include "devices/control.h"

namespace husk::machine {

class SignalForwarder {
 public:
  explicit SignalForwarder(ControlDevice& control);
  ~SignalForwarder();  // the handlers stay, and do nothing
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  static constexpr std::array kForwarded{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
};

}  // namespace husk::machine
