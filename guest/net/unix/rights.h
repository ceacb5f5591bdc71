// Open files under way between processes (unix(7), SCM_RIGHTS), from the send to the receive. They count against the
// limit of their sender's user, and Unix sockets among them are known to the collector of cycles (collector.h) while
// they lie in a queue.
#pragma once

#include "lib/list.h"
#include "lib/ref.h"
#include "net/message.h"
#include "task/user.h"

namespace kernel::net {

inline constexpr std::size_t kMostRights = 253;  // SCM_MAX_FD

class RightsInFlight final : public RefCounted {
 public:
  // kTooManyRefs beyond RLIMIT_NOFILE of the user, kNoMem.
  static Result<Ref<RightsInFlight>> create(Rights files);
  explicit RightsInFlight(Rights files);

  Rights& files() { return files_; }
  ListNode dropped_node;

  // A second reference to each of the files (MSG_PEEK).
  Result<Rights> duplicate();
  // Put into a queue, and taken out of it.
  void enter();
  void leave();

 protected:
  // Files that go may be sockets with more rights in their queues, in chains as long as somebody likes to build: they
  // are released one after the other and not one within the other.
  void last_reference_dropped() override;

 private:
  ~RightsInFlight() override;

  Rights files_;
  Ref<task::User> user_;
  bool entered_ = false;
};

}  // namespace kernel::net
