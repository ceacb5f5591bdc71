// Signals that husk is sent and that belong to the payload. The handler makes them pending in the control device, which
// interrupts the guest: an interrupt that waits in the local APIC cannot be lost or slept over, so there is no race
// with KVM_RUN to close.
//
// Some of these signals ask for an end (kAsksForEnd), and somebody waits for it. Whether it comes is for the payload to
// say, if it takes its time or never: it is pid 1, and `docker run` waits for it as well. But that is so only if the
// signal has reached it. A guest's kernel that hangs with interrupts disabled, or keeps the VMM busy with its devices,
// never takes the signal from the control device, and no payload is to blame. So from the first such signal on, a timer
// looks every tenth of a second whether the guest's kernel has taken it (patience.h):
//   after kPatienceTicks   `unanswered` tells the vCPU's loop to end the VM: every tick interrupts KVM_RUN or a
//                          write(2) that blocks, and every kick is short (devices/virtio/queue.h), so the loop sees it
//   after kLastTicks       the loop did not: husk ends from the handler (vmm/emergency_exit.h)
// Ticks are counted, and how much processor time this thread had in each: a husk that was stopped, or got no processor,
// has not let its guest run either, and timers that expire meanwhile are delivered as one signal (timer_getoverrun(2)).
//
// Threading: one instance per process, made on the vCPU's thread. Other threads block all signals (io_thread.cc), so
// that a handler runs on the vCPU's thread and interrupts a device that blocks there.
#pragma once

#include "devices/control.h"
#include "vmm/machine/patience.h"

namespace husk::machine {

class SignalForwarder {
 public:
  explicit SignalForwarder(ControlDevice& control);
  ~SignalForwarder();  // the handlers stay: signals that ask for the end end husk
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  // A VM ends within a second of such a signal if its guest is out of its mind; within Patience::kMostTicks where the host
  // is so busy that its vCPU hardly runs. What a sound kernel does with interrupts disabled takes far less.
  static constexpr int kPatienceTicks = Patience::kPatienceTicks;
  static constexpr int kLastTicks = Patience::kLastTicks;

  // A signal that asked for the end and that the guest's kernel does not take. 0: none.
  int unanswered() const;
};

}  // namespace husk::machine
