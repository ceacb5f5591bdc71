// Those who wait for a lock: their order, and whether they would wait for each other in a circle.
#include <utility>

#include "fs/lock_space.h"

namespace kernel::fs {

LockSpace::Waiting::Waiting(LockSpace& space, const RecordLock& wanted)
    : space_(space), wanted_(wanted), next_in_bucket_(std::exchange(bucket_of(wanted.owner), this)) {
  space_.waiting_.push_back(*this);
  may_go();  // finds its place
}

LockSpace::Waiting::~Waiting() {
  Waiting** link = &bucket_of(wanted_.owner);
  while (*link != this) link = &(*link)->next_in_bucket_;
  *link = next_in_bucket_;
  arrival.unlink();
  for (Waiting& other : space_.waiting_) {
    if (other.behind_ != this) continue;
    other.behind_ = nullptr;
    if (got_it_) {
      other.waits_for_ = wanted_.owner;
    } else {
      other.wake();
    }
  }
}

Result<void> LockSpace::Waiting::wait() {
  return woken_.wait_until([this] { return may_go(); });
}

// If not, this waits for the owner that is in the way now, behind the last of those who came earlier for the same and with
// whom it cannot share.
bool LockSpace::Waiting::may_go() {
  if (behind_) return false;
  const RecordLock* held = space_.conflict(wanted_);
  if (!held) return true;
  waits_for_ = held->owner;
  for (Waiting& other : space_.waiting_) {
    if (&other == this) break;
    if (other.waits_for_ == waits_for_ && other.wanted_.excludes(wanted_)) behind_ = &other;
  }
  return false;
}

// All requests that wait for record locks, in all spaces.
LockSpace::Waiting*& LockSpace::Waiting::bucket_of(const void* owner) {
  constinit static Waiting* buckets[256] = {};
  // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
  return buckets[reinterpret_cast<std::uint64_t>(owner) * 0x9e37'79b9'7f4a'7c15 >> 56];
}

LockSpace::Waiting* LockSpace::Waiting::first_of(const void* owner) {
  Waiting* request = bucket_of(owner);
  while (request && request->wanted_.owner != owner) request = request->next_in_bucket_;
  return request;
}

LockSpace::Waiting* LockSpace::Waiting::next_of_owner() const {
  Waiting* request = next_in_bucket_;
  while (request && request->wanted_.owner != wanted_.owner) request = request->next_in_bucket_;
  return request;
}

// Whether the requester holds what it would wait for, by way of others who wait. All owners that are in the way are
// looked at, not only the first, so that no circle is missed; but no more than kMostLookedAt, lest a crowd that waits
// for each other keeps the kernel busy (Linux gives up after ten steps: fs/locks.c, MAX_DEADLK_ITERATIONS). Who waits behind
// a request waits for what that one waits for. Locks of open file descriptions have no process that could wait for
// itself, and are left out, as fcntl(2) says.
bool LockSpace::would_deadlock(Waiting& request) {
  constexpr std::size_t kMostLookedAt = 1 << 18;
  const void* requester = request.wanted().owner;
  constinit static std::uint64_t searches = 0;
  const std::uint64_t search = ++searches;
  request.visited_by = search;
  bool found = false;
  std::size_t looked_at = 0;
  request.next_to_visit = nullptr;
  for (Waiting* to_visit = &request; to_visit && !found && looked_at < kMostLookedAt;) {
    const Waiting& at = *to_visit;
    to_visit = at.next_to_visit;
    looked_at += at.space().owners_.size();
    const auto also_visit = [&](Waiting& other) {
      if (other.visited_by == search) return;
      other.visited_by = search;
      other.next_to_visit = to_visit;
      to_visit = &other;
    };
    if (at.behind()) also_visit(*at.behind());
    at.space().for_each_conflict(at.wanted(), [&](const RecordLock& held) {
      found = held.owner == requester;
      for (Waiting* other = Waiting::first_of(held.owner); other; other = other->next_of_owner()) {
        if (other->wanted().of_process()) also_visit(*other);
      }
      return !found;
    });
  }
  return found;
}

}  // namespace kernel::fs
