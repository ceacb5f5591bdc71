// One interest of an epoll instance: which file, under which descriptor, in which events. It waits on the file's queue,
// and ends with the file: it does not keep it open.
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "task/user.h"
#include "task/wait_queue.h"

namespace kernel::fs {

class Epoll;

// struct epoll_event.
struct [[gnu::packed]] EpollEvent {
  std::uint32_t events;
  std::uint64_t data;
};
static_assert(sizeof(EpollEvent) == 12);

// What epoll_event.events has beyond poll(2)'s events: how an interest is treated.
inline constexpr std::uint32_t kEpollExclusive = 1u << 28;
inline constexpr std::uint32_t kEpollWakeUp = 1u << 29;
inline constexpr std::uint32_t kEpollOneShot = 1u << 30;
inline constexpr std::uint32_t kEpollEdge = 1u << 31;
inline constexpr std::uint32_t kEpollTreatment = kEpollExclusive | kEpollWakeUp | kEpollOneShot | kEpollEdge;

// Which walk through nested epolls visited an instance last, and what it found below or above it.
struct EpollVisit {
  std::uint64_t walk = 0;
  int depth = 0;
};

using EpollWatchCharge = task::Charge<&task::User::epoll_watches>;

class EpollItem final : public RefCounted, public task::Waiter, public CloseObserver {
 public:
  EpollItem(Epoll& epoll, File& file, int fd, const EpollEvent& wanted, EpollWatchCharge charge);

  Epoll* epoll() const { return epoll_; }  // null once the interest has ended
  File& file() const { return *file_; }
  int fd() const { return fd_; }
  const EpollEvent& wanted() const { return wanted_; }
  bool treated(std::uint32_t how) const { return wanted_.events & how; }
  // EPOLLERR and EPOLLHUP are always wanted.
  void want(const EpollEvent& wanted);
  bool enabled() const { return wanted_.events & ~kEpollTreatment; }
  // After an event of a one-shot interest: nothing is wanted until it is modified.
  void disable();
  // What of the wanted holds now.
  std::uint32_t current_events() { return file_->readiness().events & wanted_.events; }

  // Waits on the file's queue from now on, and says what holds already.
  std::uint32_t start();
  void end();

  bool wake(task::WaitEvents events) override;
  void file_closed() override;
  EpollItem* as_epoll_item() override { return this; }

  ListNode ready_link;        // Epoll::ready_
  EpollItem* next = nullptr;  // in its bucket of the set

 private:
  Epoll* epoll_;
  File* file_;
  int fd_;
  EpollEvent wanted_;
  task::WaitEntry entry_;
  EpollWatchCharge charge_;
};

}  // namespace kernel::fs
