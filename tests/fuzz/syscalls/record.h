// What is known of the calls that are under way, in memory that the supervisor shares with each family of fuzzing
// processes. A call is written down before it is made; so what hung or panicked the kernel is the last one.
//
// A family sees its own block only: no wild pointer of one can spoil what is known of another.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace fuzz {

struct Call {
  std::uint64_t number;  // a system call's, or kActionBase + an action's (actions.h)
  std::uint64_t arguments[6];
  std::int64_t result;
  std::uint64_t started;  // time stamp counter
  std::uint64_t under_way;
};

inline constexpr unsigned kCallsKept = 25, kSlots = 24;
inline constexpr std::uint64_t kActionBase = 10'000;

// So that the memory of a virtual machine that hangs can be searched for them: see run_syscalls.
inline constexpr std::uint64_t kSlotMagic = 0x746f6c537a7a7566;  // "fuzzSlot"

// One thread's. Threads that came later take over the slots of the first ones. Two fill a page, so that no slot lies in
// two pages, which are anywhere in the machine's memory.
struct alignas(2048) Slot {
  std::uint64_t magic;
  std::uint32_t family, epoch;
  std::atomic<std::int32_t> tid;
  std::int32_t pid;
  std::atomic<std::uint64_t> made;
  Call calls[kCallsKept];
};
static_assert(sizeof(Slot) == 2048);

struct alignas(4096) Block {
  std::uint32_t family, epoch;
  std::atomic<std::uint32_t> slots_taken;
  std::atomic<std::int32_t> forks_left;  // of this epoch
  std::atomic<std::uint64_t> calls, refused;
  Slot slots[kSlots];

  Slot& take_slot() {
    Slot& slot = slots[slots_taken.fetch_add(1, std::memory_order_relaxed) % kSlots];
    slot.made = 0;
    slot.family = family;
    slot.epoch = epoch;
    slot.magic = kSlotMagic;
    return slot;
  }
};

}  // namespace fuzz
