// Who waits for which word: what the calls of futex(2) have in common (task/futex.cc, task/futex_lock.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "lib/list.h"
#include "lib/result.h"
#include "mm/address_space.h"
#include "task/futex.h"
#include "task/wait_queue.h"

namespace kernel::task {

// What identifies a word: in memory that is not shared, the address space and the address; else the object and the
// offset.
struct FutexKey {
  const void* owner = nullptr;
  std::uint64_t offset = 0;
  bool operator==(const FutexKey&) const = default;
};

inline constexpr std::uint32_t kAllFutexBits = ~std::uint32_t{0};

enum class FutexWaiterKind : std::uint8_t {
  kPlain,
  kLock,         // a FutexLockWaiter: woken by who has the lock, and by nobody else
  kMovedToLock,  // a FutexLockWaiter that is moved to its lock's word: FUTEX_WAIT_REQUEUE_PI
};

// A waiting thread, on its kernel stack.
struct FutexWaiter {
  FutexKey key;
  std::uint32_t bits = kAllFutexBits;
  bool woken = false;
  FutexWaiterKind kind = FutexWaiterKind::kPlain;
  std::uint8_t priority = 0;  // real-time, when it came
  Sleeper sleeper;
  ListNode node;
};

// Buckets are made of null pointers, so that the table is in .bss and only buckets in use are ever touched.
class FutexBucket {
 public:
  // Behind those of its priority, as Linux does it. Nearly always that is the end.
  void add(FutexWaiter& waiter) {
    if (!list_) list_ = new (storage_) WaiterList();
    if (waiter.priority == 0) return list_->push_back(waiter);
    for (FutexWaiter& other : *list_) {
      if (other.priority < waiter.priority) return list_->insert_before(other, waiter);
    }
    list_->push_back(waiter);
  }
  template <typename Visit>  // until it returns false; it may unlink the waiter that it is given
  void for_each(Visit visit) {
    if (!list_) return;
    for (FutexWaiter& waiter : *list_) {
      if (!visit(waiter)) return;
    }
  }

 private:
  using WaiterList = List<FutexWaiter, &FutexWaiter::node>;
  WaiterList* list_ = nullptr;
  alignas(WaiterList) std::byte storage_[sizeof(WaiterList)] = {};
};

FutexBucket& futex_bucket(const FutexKey& key);

// A word that other address spaces may share is looked up where it is mapped, and must be there, for who only wakes,
// too: get_futex_key() of Linux. Private anonymous memory must be writable, since else its words never change. A word
// of FutexScope::kPrivate is known by its address alone. kInval, kFault. May sleep.
Result<FutexKey> futex_key(std::uint64_t address, FutexScope scope, mm::FaultAccess access = mm::FaultAccess::kRead);

}  // namespace kernel::task
