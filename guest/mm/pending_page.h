// Why a page cannot be had now, and where to wait until it can: its file is being cut at that place, or (where an object's
// pages come from a device) it is on its way. MemoryObject::page() and AddressSpace::fault() do not wait themselves: they
// are called with entries of page tables at hand, which others change while a task sleeps. They say what to wait for, and
// whoever asked waits where it holds nothing like that, and asks again from the start.
//
//   Ref<PendingPage> pending;
//   while (space.fault(address, access, origin, pending) == FaultResult::kWouldBlock) TRY(pending->wait());
#pragma once

#include "lib/ref.h"
#include "lib/result.h"

namespace kernel::mm {

class PendingPage : public RefCounted {
 public:
  // Sleeps until the page should be asked for again, which may then have to wait for something else. kIntr: the caller's
  // task is ending, and must not ask again. Nothing else ends the wait, so what is waited for must not depend on the
  // payload, nor on a lock that a task may hold while it touches its memory (fs/inode.h).
  virtual Result<void> wait() = 0;
};

}  // namespace kernel::mm
