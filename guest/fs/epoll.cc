#include "fs/epoll.h"

#include <algorithm>
#include <utility>

#include "fs/epoll_nesting.h"
#include "fs/proc/proc_text.h"
#include "mm/frame.h"
#include "mm/pending_page.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kBatch = 32;

// A twenty-fifth of memory at most is for one user's interests, as on Linux.
constexpr std::uint64_t kShareOfMemory = 25;

// The device number as the kernel itself writes it (fdinfo): the minor number in the lower 20 bits.
std::uint64_t internal_device(std::uint64_t device) {
  return std::uint64_t{device_major(device)} << 20 | device_minor(device);
}

}  // namespace

struct Epoll::Batch {
  struct Taken {
    Ref<EpollItem> item;
    EpollEvent wanted;  // as it was
  };
  std::size_t size = 0;
  EpollEvent events[kBatch];
  Taken taken[kBatch];
};

std::uint64_t most_epoll_watches() {
  return mm::memory_statistics().total_frames * mm::kPageSize / kShareOfMemory / sizeof(EpollItem);
}

Result<Ref<Epoll>> Epoll::create() {
  Path place = TRY(anonymous_place("[eventpoll]"));
  return make_ref<Epoll>(std::move(place), task::current().charge.user());
}

Epoll::Epoll(Path place, Ref<task::User> user)
    : AnonymousFile(std::move(place), kReadWrite, kKind), user_(std::move(user)) {}

Epoll::~Epoll() {
  interests_.drain([this](EpollItem& item) { drop(item); });
}

Result<void> Epoll::add(File& file, int fd, EpollEvent wanted) {
  if (Epoll* inner = file_as<Epoll>(file)) TRY(check_nesting(*this, *inner));
  if (interests_.find(file, fd)) return Errno::kExist;
  if (user_ && user_->epoll_watches >= most_epoll_watches()) return Errno::kNoSpc;
  const auto item = TRY(make_ref<EpollItem>(*this, file, fd, wanted, EpollWatchCharge(user_)));
  TRY(interests_.add(*item));
  file.observe_close(*item);
  if (auto few = check_paths(*this, file); !few) {
    drop(*item);
    return few;
  }
  if (item->start() != 0) became_ready(*item);
  return {};
}

Result<void> Epoll::modify(File& file, int fd, EpollEvent wanted) {
  EpollItem* item = interests_.find(file, fd);
  if (!item) return Errno::kNoEnt;
  if (item->treated(kEpollExclusive)) return Errno::kInval;
  item->want(wanted);
  if (item->current_events() != 0 && !item->ready_link.linked()) became_ready(*item);
  return {};
}

Result<void> Epoll::remove(File& file, int fd) {
  EpollItem* item = interests_.find(file, fd);
  if (!item) return Errno::kNoEnt;
  drop(*item);
  return {};
}

void Epoll::drop(EpollItem& item) {
  mark_not_ready(item);
  const Ref<EpollItem> kept(&item);
  interests_.remove(item);
  item.end();
}

void Epoll::mark_ready(EpollItem& item) {
  if (item.ready_link.linked()) return;
  ready_.push_back(item);
  ++ready_count_;
}

void Epoll::mark_not_ready(EpollItem& item) {
  if (!item.ready_link.linked()) return;
  item.ready_link.unlink();
  --ready_count_;
}

bool Epoll::became_ready(EpollItem& item) {
  mark_ready(item);
  const bool woke = waiters_.wake(kPollIn);
  pollers_.wake(kPollIn);
  return woke;
}

Readiness Epoll::readiness() {
  while (EpollItem* item = ready_.front()) {
    if (item->current_events() != 0) return {kPollReadable, &pollers_};
    mark_not_ready(*item);
  }
  return {0, &pollers_};
}

Result<std::size_t> Epoll::wait(mm::UserPtr<EpollEvent> events, std::size_t most, Deadline deadline) {
  Result<void> slept;
  while (true) {
    if (!ready_.empty()) {
      const std::size_t reported = TRY(report(events, most));
      if (reported > 0) return reported;
    }
    // Whoever was woken has looked, even if a signal or the deadline came, too: the event was announced to nobody else.
    if (!slept) return slept.error() == Errno::kTimedOut ? Result<std::size_t>(0) : Errno::kIntr;
    if (deadline.passed()) return 0;
    task::Sleeper sleeper;
    const task::WaitEntry entry(waiters_, sleeper, kPollIn, task::WaitKind::kExclusive);
    slept = sleeper.sleep(deadline);
  }
}

Result<std::size_t> Epoll::report(mm::UserPtr<EpollEvent> events, std::size_t most) {
  std::size_t reported = 0;
  // Items that are put back behind are not looked at twice.
  std::size_t candidates = ready_count_;
  while (reported < most && candidates > 0) {
    Batch batch;
    gather(batch, std::min(most - reported, kBatch), candidates);
    if (batch.size == 0) break;
    // Without sleeping: the items of the batch are held by nobody.
    Ref<mm::PendingPage> pending;
    const std::size_t copied = mm::copy_to_user_present((events + reported).address(), batch.events,
                                                        batch.size * sizeof(EpollEvent), pending) /
                               sizeof(EpollEvent);
    reported += copied;
    if (copied == batch.size) continue;
    put_back(batch, copied);
    if (pending && pending->wait()) continue;
    if (reported == 0) return Errno::kFault;
    break;
  }
  // What is left is for the next one in line.
  if (!ready_.empty()) waiters_.wake(kPollIn);
  return reported;
}

void Epoll::gather(Batch& batch, std::size_t most, std::size_t& candidates) {
  while (batch.size < most && candidates > 0 && !ready_.empty()) {
    --candidates;
    EpollItem& item = *ready_.front();
    mark_not_ready(item);
    const std::uint32_t now = item.current_events();
    if (now == 0) continue;
    batch.events[batch.size] = {now, item.wanted().data};
    batch.taken[batch.size] = {Ref<EpollItem>(&item), item.wanted()};
    ++batch.size;
    if (item.treated(kEpollOneShot)) {
      item.disable();
    } else if (!item.treated(kEpollEdge)) {
      mark_ready(item);
    }
  }
}

// Events that could not be copied have not been reported: as if nobody had looked.
void Epoll::put_back(Batch& batch, std::size_t copied) {
  for (std::size_t i = batch.size; i-- > copied;) {
    EpollItem& item = *batch.taken[i].item;
    if (item.epoll() == nullptr) continue;
    if (!item.enabled()) item.want(batch.taken[i].wanted);
    mark_not_ready(item);
    ready_.push_front(item);
    ++ready_count_;
  }
}

void Epoll::describe(ProcText& text) {
  interests_.for_each([&](EpollItem& item) {
    auto metadata = item.file().inode().metadata();
    if (!metadata) return true;
    text.put("tfd: ");
    text.put_number(static_cast<std::uint64_t>(item.fd()), 10, 8, ' ');
    text.put(" events: ");
    text.put_number(item.wanted().events, 16, 8, ' ');
    text.put(" data: ");
    text.put_number(item.wanted().data, 16, 16, ' ');
    text.print("  pos:{} ino:{x} sdev:{x}\n", item.file().offset(), metadata.value().inode,
               internal_device(metadata.value().device));
    return true;
  });
}

}  // namespace kernel::fs
