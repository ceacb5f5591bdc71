// The interrupt that a device raises in its guest. Message-signalled: one `raise` is one edge, nothing has to be
// lowered, and two raises before the guest looks may arrive as one.
//
// Threading: `raise` may be called from any thread, and with a device's lock held, so an implementation takes no lock
// that a device could wait for. It is async-signal-safe (one ioctl). It cannot fail in a way that a device could mend.
#pragma once

namespace husk {

class InterruptLine {
 public:
  virtual ~InterruptLine() = default;
  virtual void raise() = 0;
};

}  // namespace husk
