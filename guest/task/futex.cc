#include "task/futex.h"

#include <array>

#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/task.h"
#include "task/wait_queue.h"

namespace kernel::task {
namespace {

// What identifies a word: in memory that is not shared, the address space and the address; else the object and the
// offset.
struct Key {
  const void* owner = nullptr;
  std::uint64_t offset = 0;
  bool operator==(const Key&) const = default;
};

constexpr std::uint32_t kAllBits = ~std::uint32_t{0};

// A waiting thread, on its kernel stack.
struct FutexWaiter {
  Key key;
  std::uint32_t bits = kAllBits;
  bool woken = false;
  Sleeper sleeper;
  ListNode node;
};

// Buckets are made of null pointers, so that the table is in .bss and only buckets in use are ever touched.
class Bucket {
 public:
  void push_back(FutexWaiter& waiter) {
    if (!list_) list_ = new (storage_) WaiterList();
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

constexpr std::size_t kBucketCount = 256;
constinit std::array<Bucket, kBucketCount> g_buckets;

Bucket& bucket_of(const Key& key) {
  // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
  const std::uint64_t mixed = (reinterpret_cast<std::uint64_t>(key.owner) + (key.offset >> 2)) * 0x9e37'79b9'7f4a'7c15;
  return g_buckets[mixed >> 56];
}
static_assert(kBucketCount == 1u << (64 - 56));

// A word that other address spaces may share is looked up where it is mapped, and must be there, for who only wakes,
// too: get_futex_key() of Linux. Private anonymous memory must be writable, since else its words never change. A word
// of FutexScope::kPrivate is known by its address alone.
Result<Key> key_of(std::uint64_t address, FutexScope scope, mm::FaultAccess access = mm::FaultAccess::kRead) {
  if (address % sizeof(std::uint32_t) != 0) return Errno::kInval;
  if (address >= husk::abi::kUserEnd) return Errno::kFault;
  mm::AddressSpace& space = *current().space;
  if (scope == FutexScope::kShared) {
    const mm::Mapping* mapping = space.find(address);
    if (mapping && !mapping->object) access = mm::FaultAccess::kWrite;
    TRY(space.wait_for_frame(address, access));
    const auto location = space.shared_location(address);
    if (location.object) return Key{location.object, location.offset};
  }
  return Key{&space, address};
}

Result<std::uint32_t> read_word(std::uint64_t address) {
  return mm::UserPtr<const std::uint32_t>(address).read();
}

void wake(FutexWaiter& waiter) {
  waiter.node.unlink();
  waiter.woken = true;
  waiter.sleeper.wake(kAnyEvent);
}

std::uint64_t wake_waiters(const Key& key, std::uint32_t count, std::uint32_t bits) {
  std::uint64_t woken = 0;
  if (count == 0) return 0;
  bucket_of(key).for_each([&](FutexWaiter& waiter) {
    if (waiter.key == key && (waiter.bits & bits)) {
      wake(waiter);
      ++woken;
    }
    return woken < count;
  });
  return woken;
}

// The operand and comparison of FUTEX_WAKE_OP (futex(2)): op 4 bits, cmp 4 bits, oparg 12 bits, cmparg 12 bits.
struct WakeOperation {
  explicit WakeOperation(std::uint32_t encoded)
      : operation(encoded >> 28 & 7),
        comparison(encoded >> 24 & 15),
        operand(sign_extend(encoded >> 12)),
        comparand(sign_extend(encoded)) {
    const bool operand_is_shift = encoded >> 31;
    if (operand_is_shift) operand = 1u << (operand & 31);
  }
  static std::uint32_t sign_extend(std::uint32_t twelve_bits) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(twelve_bits << 20) >> 20);
  }
  Result<std::uint32_t> apply(std::uint32_t old_value) const {
    switch (operation) {
      case 0:
        return operand;
      case 1:
        return old_value + operand;
      case 2:
        return old_value | operand;
      case 3:
        return old_value & ~operand;
      case 4:
        return old_value ^ operand;
      default:
        return Errno::kNoSys;
    }
  }
  Result<bool> compare(std::uint32_t old_value) const {
    const auto a = static_cast<std::int32_t>(old_value);
    const auto b = static_cast<std::int32_t>(comparand);
    switch (comparison) {
      case 0:
        return a == b;
      case 1:
        return a != b;
      case 2:
        return a < b;
      case 3:
        return a <= b;
      case 4:
        return a > b;
      case 5:
        return a >= b;
      default:
        return Errno::kNoSys;
    }
  }

  std::uint32_t operation, comparison, operand, comparand;
};

}  // namespace

Result<void> futex_wait(std::uint64_t address, FutexScope scope, std::uint32_t expected, std::uint32_t bits,
                        Deadline deadline) {
  if (bits == 0) return Errno::kInval;
  FutexWaiter waiter;
  waiter.key = TRY(key_of(address, scope));
  waiter.bits = bits;
  // No other thread runs between this test and the wait: that is the atomicity which futex(2) promises.
  if (TRY(read_word(address)) != expected) return Errno::kAgain;
  bucket_of(waiter.key).push_back(waiter);
  while (!waiter.woken) {
    auto slept = waiter.sleeper.sleep(deadline);
    if (!slept && !waiter.woken) return slept;
  }
  return {};
}

Result<std::uint64_t> futex_wake(std::uint64_t address, FutexScope scope, std::uint32_t count, std::uint32_t bits) {
  if (bits == 0) return Errno::kInval;
  return wake_waiters(TRY(key_of(address, scope)), count, bits);
}

Result<std::uint64_t> futex_requeue(std::uint64_t from, std::uint64_t to, FutexScope scope, std::uint32_t wake_count,
                                    std::uint32_t move_count, const std::uint32_t* expected) {
  const Key source = TRY(key_of(from, scope));
  const Key target = TRY(key_of(to, scope));
  if (expected && TRY(read_word(from)) != *expected) return Errno::kAgain;
  std::uint64_t woken = 0;
  std::uint64_t moved = 0;
  // Moved waiters go through a list of their own: the target's bucket may be the one that is being walked.
  List<FutexWaiter, &FutexWaiter::node> moving;
  bucket_of(source).for_each([&](FutexWaiter& waiter) {
    if (waiter.key != source) return true;
    if (woken < wake_count) {
      wake(waiter);
      ++woken;
    } else if (moved < move_count) {
      waiter.node.unlink();
      waiter.key = target;
      moving.push_back(waiter);
      ++moved;
    }
    return woken < wake_count || moved < move_count;
  });
  while (FutexWaiter* waiter = moving.pop_front()) bucket_of(target).push_back(*waiter);
  return woken + moved;
}

Result<std::uint64_t> futex_wake_op(std::uint64_t first, std::uint64_t second, FutexScope scope,
                                    std::uint32_t first_count, std::uint32_t second_count, std::uint32_t operation) {
  const WakeOperation decoded(operation);
  const Key first_key = TRY(key_of(first, scope));
  const Key second_key = TRY(key_of(second, scope, mm::FaultAccess::kWrite));
  const std::uint32_t old_value = TRY(read_word(second));
  const bool passes = TRY(decoded.compare(old_value));
  const std::uint32_t new_value = TRY(decoded.apply(old_value));
  TRY(mm::UserPtr<std::uint32_t>(second).write(new_value));
  std::uint64_t woken = wake_waiters(first_key, first_count, kAllBits);
  if (passes) woken += wake_waiters(second_key, second_count, kAllBits);
  return woken;
}

void futex_wake_address(std::uint64_t address, std::uint32_t count) {
  for (FutexScope scope : {FutexScope::kPrivate, FutexScope::kShared}) {
    if (auto woken = futex_wake(address, scope, count, kAllBits); !woken) return;
  }
}

}  // namespace kernel::task
