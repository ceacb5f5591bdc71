#include "fs/epoll_item.h"

#include <utility>

#include "fs/epoll.h"

namespace kernel::fs {

EpollItem::EpollItem(Epoll& epoll, File& file, int fd, const EpollEvent& wanted, EpollWatchCharge charge)
    : epoll_(&epoll), file_(&file), fd_(fd), wanted_(wanted), charge_(std::move(charge)) {
  wanted_.events |= kPollErr | kPollHup;
}

void EpollItem::want(const EpollEvent& wanted) {
  wanted_ = wanted;
  wanted_.events |= kPollErr | kPollHup;
  entry_.ask_for(wanted_.events & ~kEpollTreatment);
}

void EpollItem::disable() {
  wanted_.events &= kEpollTreatment;
  entry_.ask_for(0);
}

std::uint32_t EpollItem::start() {
  const Readiness now = file_->readiness();
  if (now.changes) {
    const auto kind = treated(kEpollExclusive) ? task::WaitKind::kExclusive : task::WaitKind::kShared;
    entry_.attach(*now.changes, *this, wanted_.events & ~kEpollTreatment, kind);
  }
  return now.events & wanted_.events;
}

void EpollItem::end() {
  entry_.detach();
  file_->end_observation(*this);
  charge_.give_back();
  epoll_ = nullptr;
  file_ = nullptr;
}

bool EpollItem::wake(task::WaitEvents events) {
  if (!enabled()) return false;
  const bool somebody_waits = epoll_->became_ready(*this);
  // An exclusive event is used up only where somebody takes it who asked for just that: a hang-up, or room together with
  // data, is for everybody (what Linux does in ep_poll_callback()).
  constexpr std::uint32_t kBoth = kPollIn | kPollOut;
  const std::uint32_t way = events & kBoth;
  return somebody_waits && way != kBoth && (way == 0 || (way & wanted_.events));
}

void EpollItem::file_closed() {
  epoll_->drop(*this);
}

}  // namespace kernel::fs
