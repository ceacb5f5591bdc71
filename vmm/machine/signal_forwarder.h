// Signals that husk is sent and that belong to the payload: caught, counted in a bitmask, and handed to the vCPU loop,
// which passes them to the guest.
//
// No signal is slept over: the handler also makes the running or the next KVM_RUN return at once (Vcpu::request_exit).
// Threading: one instance per process, made on the vCPU's thread. Other threads must block all signals (IoThread does).
#pragma once

#include <signal.h>

#include <array>
#include <cstdint>

#include "vmm/kvm/vcpu.h"

namespace husk::machine {

class SignalForwarder {
 public:
  explicit SignalForwarder(kvm::Vcpu& vcpu);
  ~SignalForwarder();  // puts the previous dispositions back
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  // The signals since the last call: bit n is signal n. Call Vcpu::clear_exit_request before, not after.
  std::uint32_t take();

  static constexpr std::array kForwarded{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

 private:
  std::array<struct sigaction, kForwarded.size()> previous_{};
};

}  // namespace husk::machine
