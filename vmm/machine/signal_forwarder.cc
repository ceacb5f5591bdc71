#include "vmm/machine/signal_forwarder.h"

#include <atomic>
#include <cstddef>

#include "vmm/error.h"

namespace husk::machine {
namespace {

// What a signal handler can reach. Lock-free atomics are async-signal-safe (POSIX leaves only these).
std::atomic<std::uint32_t> pending_signals{0};
std::atomic<kvm::Vcpu*> interrupted_vcpu{nullptr};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<kvm::Vcpu*>::is_always_lock_free);

void handle(int number) {
  pending_signals.fetch_or(std::uint32_t{1} << number);
  if (kvm::Vcpu* vcpu = interrupted_vcpu.load()) vcpu->request_exit();
}

}  // namespace

SignalForwarder::SignalForwarder(kvm::Vcpu& vcpu) {
  interrupted_vcpu = &vcpu;
  struct sigaction action {};
  action.sa_handler = handle;
  // No SA_RESTART: a blocking write on the vCPU's thread must notice the signal too.
  for (std::size_t i = 0; i < kForwarded.size(); ++i) {
    if (::sigaction(kForwarded[i], &action, &previous_[i]) != 0) throw Error::from_errno("catch", "signals");
    // What the parent ignores stays ignored: nohup(1), and background jobs of a shell without job control.
    if (previous_[i].sa_handler == SIG_IGN) ::sigaction(kForwarded[i], &previous_[i], nullptr);
  }
}

SignalForwarder::~SignalForwarder() {
  interrupted_vcpu = nullptr;
  for (std::size_t i = 0; i < kForwarded.size(); ++i) ::sigaction(kForwarded[i], &previous_[i], nullptr);
}

std::uint32_t SignalForwarder::take() {
  // The load keeps the common case free of a locked instruction; a signal after it is seen at the next exit.
  return pending_signals.load(std::memory_order_relaxed) == 0 ? 0 : pending_signals.exchange(0);
}

}  // namespace husk::machine
