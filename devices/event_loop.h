// What a device may ask of the VMM's I/O thread: to be called when a descriptor is ready. Every request is one-shot:
// the callback runs once, then the descriptor is forgotten until it is asked for again. That is what devices need (wait
// for input only while the guest has a buffer for it) and it leaves no descriptor armed that nobody serves, which would
// spin on a hang-up.
//
// The thread costs a VM that never waits nothing: an implementation starts it at the first request.
//
// Threading: every function may be called from any thread, with a device's lock held; none of them waits. Callbacks run
// one at a time on the I/O thread with no lock held, so a callback takes the lock of its device first. Callbacks must
// not block. The owner stops the loop before it destroys a device whose callbacks may still be registered.
//
// A descriptor without readiness (a regular file) is always ready: its callback runs at once,
// on the I/O thread. Hang-up and error count as ready too: the callback finds out by reading or writing.
#pragma once

#include <functional>

namespace husk {

class EventLoop {
 public:
  using Callback = std::function<void()>;

  virtual ~EventLoop() = default;

  // At most one request may be pending for each direction of a descriptor. The loop never closes descriptors.
  virtual void when_readable(int fd, Callback callback) = 0;
  virtual void when_writable(int fd, Callback callback) = 0;

  // Runs `task` on the I/O thread, after what is already queued there.
  virtual void post(Callback task) = 0;
};

}  // namespace husk
