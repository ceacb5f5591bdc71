// epoll(7): a set of descriptors that somebody is interested in, and the list of those that may be ready. An event on a
// file puts its item on the list; a wait looks only at what is on it, so both cost the same however large the set is.
//
//   file's wait queue --> EpollItem --> ready list --> one thread in epoll_wait(2), and who polls the epoll itself
//
// Here is the instance. epoll_item.h: one interest; epoll_interests.h: the set; epoll_nesting.h: epolls in epolls.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/anonymous_file.h"
#include "fs/epoll_interests.h"
#include "fs/epoll_item.h"
#include "lib/list.h"
#include "lib/time.h"
#include "mm/user_ptr.h"
#include "task/user.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class Epoll final : public AnonymousFile {
 public:
  static constexpr FileKind kKind = FileKind::kEpoll;

  static Result<Ref<Epoll>> create();
  Epoll(Path place, Ref<task::User> user);
  ~Epoll() override;

  // epoll_ctl(2). The file is open; it is not kept open. kExist, kNoEnt, kNoSpc (too many interests of the user), kPerm
  // (a file that is never waited for), kLoop and kInval (epolls in epolls).
  Result<void> add(File& file, int fd, EpollEvent wanted);
  Result<void> modify(File& file, int fd, EpollEvent wanted);
  Result<void> remove(File& file, int fd);

  // epoll_wait(2): up to `most` events; 0 after the deadline; kIntr, kFault.
  Result<std::size_t> wait(mm::UserPtr<EpollEvent> events, std::size_t most, Deadline deadline);

  // Ready as long as one of its items is.
  Readiness readiness() override;
  void describe(ProcText& text) override;

  // For items. Whether a thread in epoll_wait(2) was woken for it.
  bool became_ready(EpollItem& item);
  // The item's interest ends.
  void drop(EpollItem& item);

  EpollInterests& interests() { return interests_; }
  EpollVisit visit;  // of the walk through nested epolls that came here last (epoll_nesting.h)

 private:
  // Events that are copied out together: looking for them and taking note of them is one step for everybody else, but
  // copying may sleep.
  struct Batch;

  Result<std::size_t> report(mm::UserPtr<EpollEvent> events, std::size_t most);
  void gather(Batch& batch, std::size_t most, std::size_t& candidates);
  void put_back(Batch& batch, std::size_t copied);
  void mark_ready(EpollItem& item);
  void mark_not_ready(EpollItem& item);

  Ref<task::User> user_;  // who made it: whom the interests count for
  EpollInterests interests_;
  // Items with an event since they were last looked at; level-triggered ones stay as long as they are ready.
  List<EpollItem, &EpollItem::ready_link> ready_;
  std::size_t ready_count_ = 0;
  task::WaitQueue waiters_;  // in epoll_wait(2), exclusively: one thread is woken for one event
  task::WaitQueue pollers_;  // of this descriptor: poll(2), and epolls that this one is nested in
};

// How many interests a user may have: /proc/sys/fs/epoll/max_user_watches.
std::uint64_t most_epoll_watches();

}  // namespace kernel::fs
