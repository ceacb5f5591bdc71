// What a payload says about memory that it has mapped: madvise(2), mlock(2), msync(2), and what mincore(2) tells it.
#include <algorithm>

#include "fs/file.h"
#include "fs/mapped_file.h"
#include "mm/address_space.h"
#include "mm/environment.h"
#include "syscall/memory_calls.h"
#include "task/exit.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

using mm::AddressSpace;
using mm::UserRange;

// <asm-generic/mman-common.h>
enum : int {
  kAdviceNormal = 0,
  kAdviceRandom = 1,
  kAdviceSequential = 2,
  kAdviceWillNeed = 3,
  kAdviceDontNeed = 4,
  kAdviceFree = 8,
  kAdviceRemove = 9,
  kAdviceDontFork = 10,
  kAdviceDoFork = 11,
  kAdviceMergeable = 12,
  kAdviceUnmergeable = 13,
  kAdviceHugePage = 14,
  kAdviceNoHugePage = 15,
  kAdviceDontDump = 16,
  kAdviceDoDump = 17,
  kAdviceWipeOnFork = 18,
  kAdviceKeepOnFork = 19,
  kAdviceCold = 20,
  kAdvicePageOut = 21,
  kAdvicePopulateRead = 22,
  kAdvicePopulateWrite = 23,
  kAdviceDontNeedLocked = 24,
};

// Hints that change nothing here, where the mappings are of a kind that may be hinted so.
Result<void> accept_hint(const UserRange& range, bool not_locked) {
  bool refused = false;
  const bool mapped = own_space().for_each_part(range, [&](const mm::Mapping& mapping, const UserRange&) {
    refused = refused || (not_locked && mapping.locked);
  });
  if (refused) return Errno::kInval;
  return mapped ? Result<void>() : Errno::kNoMem;
}

// MADV_REMOVE: a hole in the file, or in the shared memory, behind the mapping.
Result<void> remove_from_object(const UserRange& range) {
  constexpr int kKeepSize = 1, kPunchHole = 2;  // fallocate(2)
  bool hole = false;
  for (std::uint64_t position = range.start(); position < range.end();) {
    const UserRange rest = UserRange::between(position, range.end());
    const mm::Mapping* mapping = nullptr;
    UserRange part;
    static_cast<void>(own_space().for_each_part(rest, [&](const mm::Mapping& each, const UserRange& covered) {
      if (!mapping) mapping = &each, part = covered;
    }));
    if (!mapping) return Errno::kNoMem;
    hole = hole || part.start() > position;
    if (mapping->locked || !mapping->object) return Errno::kInval;
    if (!mapping->shared || !mapping->may_write) return Errno::kAcces;
    const std::uint64_t first_page = mapping->object_page_of(part.start());
    position = part.end();
    // The references keep what is behind the mapping alive, whatever happens to the mapping meanwhile.
    const Ref<fs::File> file = fs::file_of(mapping->file);
    const Ref<mm::MemoryObject> object = mapping->object;
    if (file)
      TRY(file->allocate(kPunchHole | kKeepSize, first_page << mm::kPageShift, part.size()));
    else
      TRY(object->discard_pages(first_page, first_page + part.pages()));
  }
  return hole ? Result<void>(Errno::kNoMem) : Result<void>();
}

Result<void> advise(const UserRange& range, int advice) {
  using Fork = AddressSpace::ForkAdvice;
  switch (advice) {
    case kAdviceDontNeed:
      return own_space().discard(range, AddressSpace::Discard::kUnlocked);
    case kAdviceDontNeedLocked:
      return own_space().discard(range, AddressSpace::Discard::kAny);
    case kAdviceFree:
      return own_space().discard(range, AddressSpace::Discard::kPrivateAnonymous);
    case kAdviceRemove:
      return remove_from_object(range);
    case kAdviceDontFork:
      return own_space().set_fork_advice(range, Fork::kDontFork);
    case kAdviceDoFork:
      return own_space().set_fork_advice(range, Fork::kDoFork);
    case kAdviceWipeOnFork:
      return own_space().set_fork_advice(range, Fork::kWipeOnFork);
    case kAdviceKeepOnFork:
      return own_space().set_fork_advice(range, Fork::kKeepOnFork);
    case kAdvicePopulateRead:
      return populate_in_pieces(range, AddressSpace::Populate::kRead);
    case kAdvicePopulateWrite:
      return populate_in_pieces(range, AddressSpace::Populate::kWrite);
    case kAdviceCold:
    case kAdvicePageOut:
      return accept_hint(range, true);
    default:
      return accept_hint(range, false);
  }
}

bool is_known(int advice) {
  return (advice >= kAdviceNormal && advice <= kAdviceDontNeed) ||
         (advice >= kAdviceFree && advice <= kAdviceDontNeedLocked);
}

// RLIMIT_MEMLOCK counts pages, and those that are locked already only once.
Result<void> check_lock_limit(const UserRange& range) {
  const std::uint64_t limit = mm::memory_limits_of_caller().locked;
  if (limit == 0) return Errno::kPerm;
  std::uint64_t again = 0;
  own_space().for_each_part(range, [&](const mm::Mapping& mapping, const UserRange& part) {
    if (mapping.locked) again += part.size();
  });
  return own_space().usage().locked - again + range.size() <= mm::page_floor(limit) ? Result<void>() : Errno::kNoMem;
}

// mlock and munlock round the address down. As on Linux, a length that becomes 0 when it is rounded up is no length.
Result<UserRange::Part> lockable(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t before = mm::page_offset(address);
  return UserRange::part_of(address - before, mm::page_ceil(length + before), Errno::kInval);
}

}  // namespace

Result<void> populate_in_pieces(const UserRange& range, AddressSpace::Populate how) {
  constexpr std::uint64_t kPiece = 64 * mm::kPageSize;
  for (UserRange rest = range; !rest.empty(); rest = rest.after(kPiece)) {
    TRY(own_space().populate(rest.first(kPiece), how));
    if (task::preemption_point() && task::must_exit(task::current())) return Errno::kIntr;
  }
  return {};
}

SyscallResult sys_msync(std::uint64_t address, std::uint64_t length, unsigned flags) {
  constexpr unsigned kAsync = 1, kInvalidate = 2, kSync = 4;
  if ((flags & ~(kAsync | kInvalidate | kSync)) || (flags & (kAsync | kSync)) == (kAsync | kSync)) return Errno::kInval;
  const UserRange::Part part = TRY(UserRange::part_of(address, mm::page_ceil(length), Errno::kNoMem));
  // Files are in RAM or read-only: there is nothing to write back. But their times have been written.
  bool locked = false;
  const bool mapped = own_space().for_each_part(
      part.range, [&](const mm::Mapping& mapping, const UserRange&) { locked = locked || mapping.locked; });
  if (locked && (flags & kInvalidate)) return Errno::kBusy;
  if (flags & kSync) own_space().notice_next_writes(part.range);
  return mapped && part.whole ? SyscallResult(0) : Errno::kNoMem;
}

// In pieces, between which others run: a range may be terabytes that were never touched. What is mapped is looked up
// anew in each.
SyscallResult sys_mincore(std::uint64_t address, std::uint64_t length, mm::UserBuffer residency) {
  const UserRange range = TRY(UserRange::of(address, length, Errno::kNoMem));
  std::byte answers[64];
  std::uint64_t done = 0;
  while (done < range.pages()) {
    const std::uint64_t count = std::min<std::uint64_t>(sizeof answers, range.pages() - done);
    const mm::Mapping* mapping = nullptr;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t page = range.start() + ((done + i) << mm::kPageShift);
      if (!mapping || !mapping->contains(page)) mapping = own_space().find(page);
      if (!mapping) return Errno::kNoMem;
      answers[i] = std::byte{own_space().is_resident(*mapping, page)};
    }
    TRY(mm::copy_to_user(residency.address() + done, answers, count));
    done += count;
    if (task::preemption_point() && task::must_exit(task::current())) return Errno::kIntr;
  }
  return 0;
}

SyscallResult sys_madvise(std::uint64_t address, std::uint64_t length, int advice) {
  if (!is_known(advice)) return Errno::kInval;
  const UserRange::Part part = TRY(UserRange::part_of(address, length, Errno::kInval));
  TRY(advise(part.range, advice));
  return part.whole ? SyscallResult(0) : Errno::kNoMem;
}

// There is no swap, so a page that is present stays; locking makes pages present.
SyscallResult sys_mlock(std::uint64_t address, std::uint64_t length) {
  return sys_mlock2(address, length, 0);
}

SyscallResult sys_mlock2(std::uint64_t address, std::uint64_t length, unsigned flags) {
  constexpr unsigned kOnFault = 1;
  if (flags & ~kOnFault) return Errno::kInval;
  const UserRange::Part part = TRY(lockable(address, length));
  TRY(check_lock_limit(part.range));
  TRY(own_space().set_locked(part.range, true));
  if (!part.whole) return Errno::kNoMem;
  if (flags & kOnFault) return 0;
  const auto populated = populate_in_pieces(part.range, AddressSpace::Populate::kAsUsed);
  // mlock(2): pages that cannot be used are kNoMem, and missing memory is kAgain.
  if (!populated) return populated.error() == Errno::kNoMem ? Errno::kAgain : Errno::kNoMem;
  return 0;
}

SyscallResult sys_munlock(std::uint64_t address, std::uint64_t length) {
  const UserRange::Part part = TRY(lockable(address, length));
  TRY(own_space().set_locked(part.range, false));
  return part.whole ? SyscallResult(0) : Errno::kNoMem;
}

SyscallResult sys_mlockall(unsigned flags) {
  constexpr unsigned kCurrent = 1, kFuture = 2, kOnFault = 4;
  if (flags == 0 || (flags & ~(kCurrent | kFuture | kOnFault)) || flags == kOnFault) return Errno::kInval;
  const std::uint64_t limit = mm::memory_limits_of_caller().locked;
  if (limit == 0) return Errno::kPerm;
  if ((flags & kCurrent) && own_space().usage().total > mm::page_floor(limit)) return Errno::kNoMem;
  using Future = AddressSpace::LockFuture;
  own_space().lock_future_mappings(!(flags & kFuture) ? Future::kNo
                                   : flags & kOnFault ? Future::kOnFault
                                                      : Future::kNow);
  if (flags & kCurrent) own_space().lock_all((flags & kOnFault) == 0);
  return 0;
}

SyscallResult sys_munlockall() {
  own_space().lock_future_mappings(AddressSpace::LockFuture::kNo);
  own_space().unlock_all();
  return 0;
}

}  // namespace kernel::syscall
