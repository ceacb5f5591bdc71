// Open files under way between processes (unix(7), SCM_RIGHTS), from the send to the receive. They count against the
// limit of their sender's user, and Unix sockets among them are known to the collector of cycles (collector.h) while
// they lie in a queue.
#pragma once

#include <optional>

#include "lib/list.h"
#include "lib/ref.h"
#include "net/message.h"
#include "net/unattended_close.h"
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
  // are released one after the other and not one within the other (RightsRelease).
  void last_reference_dropped() override;

 private:
  friend class RightsRelease;
  ~RightsInFlight() override;

  Rights files_;
  Ref<task::User> user_;
  bool entered_ = false;
};

// A task that releases what was dropped, one after the other. Closing a file may sleep (SO_LINGER): so what other tasks drop
// meanwhile is theirs to release, and is not kept waiting.
class RightsRelease {
 public:
  RightsRelease();
  RightsRelease(const RightsRelease&) = delete;
  RightsRelease& operator=(const RightsRelease&) = delete;
  ~RightsRelease();  // releases all

  // The current task's, or null.
  static RightsRelease* under_way();
  void add(RightsInFlight& dropped) { dropped_.push_back(dropped); }
  // What is released from now on is somebody else's.
  void become_unattended() {
    if (!unattended_) unattended_.emplace();
  }

  ListNode node;

 private:
  const task::Task* task_;
  List<RightsInFlight, &RightsInFlight::dropped_node> dropped_;
  std::optional<UnattendedClose> unattended_;
};

}  // namespace kernel::net
