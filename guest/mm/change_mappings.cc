// mprotect, mlock and madvise: other traits for a part of an address space. Linux works from the lowest mapping upwards
// and keeps what it has done when it meets something that it must refuse; so does this.
#include <algorithm>

#include "mm/address_space.h"
#include "mm/environment.h"

namespace kernel::mm {
namespace {

// What a hole in the range means: the end of the work, or only of its success.
enum class AtHole : std::uint8_t { kStop, kGoOn };

}  // namespace

// `change` has: check(mapping), a Result that says whether the mapping is to be changed; set(mapping, part); at_hole.
template <typename Change_>
Result<void> AddressSpace::change_traits(const UserRange& range, Change_ change) {
  const Burial burial(*this);
  Errno failure = Errno::kNone;
  std::uint64_t covered = range.start();
  for (Mapping* mapping = first_in(range); mapping && mapping->start() < range.end(); mapping = next(*mapping)) {
    if (mapping->start() > covered && change.at_hole == AtHole::kStop) break;
    if (mapping->start() <= covered) covered = mapping->end();
    const auto wanted = change.check(*mapping);
    if (!wanted) {
      failure = wanted.error();
      break;
    }
    if (!wanted.value()) continue;
    const UserRange part = mapping->range().common(range);
    if (auto split = split_around(part); !split) {
      failure = split.error();
      break;
    }
    mapping = first_in(part);
    const Change accounts(*this, *mapping);
    change.set(*mapping, part);
  }
  merge_around(range);
  if (failure != Errno::kNone) return failure;
  return covered >= range.end() ? Result<void>() : Errno::kNoMem;
}

Result<void> AddressSpace::protect(const UserRange& range, Protection protection) {
  TlbGather tlb = gather();
  struct {
    AddressSpace& space;
    TlbGather& tlb;
    const UserRange& range;
    Protection protection;
    AtHole at_hole = AtHole::kStop;
    Result<bool> check(const Mapping& mapping) {
      if (protection.write && !mapping.may_write) return Errno::kAcces;
      if (mapping.protection == protection) return false;
      MappingTraits changed = mapping;
      changed.protection = protection;
      // What becomes data counts against RLIMIT_DATA from now on.
      if (changed.is_data() && !mapping.is_data()) {
        const std::uint64_t limit = page_floor(memory_limits_of_caller().data);
        const std::uint64_t added = mapping.range().common(range).size();
        if (added > limit || space.usage_.data > limit - added) return Errno::kNoMem;
      }
      return true;
    }
    void set(Mapping& mapping, const UserRange& part) {
      mapping.protection = protection;
      space.table_.for_each_present(part, [&](std::uint64_t address, Pte& pte) {
        tlb.changed(address);
        // Writing becomes possible through a fault, which knows whether the page must be copied first.
        pte = protection.none() ? Pte::inaccessible_page(pte.pfn())
                                : Pte::user_page(pte.pfn(), pte.writable() && protection.write, protection.execute);
      });
    }
  } change{*this, tlb, range, protection};
  return change_traits(range, change);
}

namespace {

struct ChangeLock {
  bool locked;
  AtHole at_hole;
  Result<bool> check(const Mapping& mapping) { return mapping.locked != locked; }
  void set(Mapping& mapping, const UserRange&) { mapping.locked = locked; }
};

}  // namespace

Result<void> AddressSpace::set_locked(const UserRange& range, bool locked) {
  return change_traits(range, ChangeLock{locked, AtHole::kStop});
}

// That there are holes is no failure here.
void AddressSpace::lock_all(bool make_present) {
  static_cast<void>(change_traits(UserRange::whole(), ChangeLock{true, AtHole::kGoOn}).ok());
  if (!make_present) return;
  for (const Mapping* mapping = first(); mapping;) {
    const UserRange range = mapping->range();
    // Errors are ignored, as on Linux.
    static_cast<void>(populate(range, Populate::kAsUsed).ok());
    mapping = first_in(UserRange::between(range.end(), husk::abi::kUserEnd));
  }
}

void AddressSpace::unlock_all() {
  static_cast<void>(change_traits(UserRange::whole(), ChangeLock{false, AtHole::kGoOn}).ok());
}

Result<void> AddressSpace::set_fork_advice(const UserRange& range, ForkAdvice advice) {
  struct {
    ForkAdvice advice;
    AtHole at_hole = AtHole::kGoOn;
    Result<bool> check(const Mapping& mapping) {
      switch (advice) {
        case ForkAdvice::kDontFork:
          return !mapping.not_in_child;
        case ForkAdvice::kDoFork:
          return mapping.not_in_child;
        case ForkAdvice::kWipeOnFork:
          // Only what is its owner's alone can be wiped (madvise(2)).
          if (mapping.object || mapping.shared) return Errno::kInval;
          return !mapping.empty_in_child;
        case ForkAdvice::kKeepOnFork:
          return mapping.empty_in_child;
      }
      return Errno::kInval;
    }
    void set(Mapping& mapping, const UserRange&) {
      if (advice == ForkAdvice::kDontFork || advice == ForkAdvice::kDoFork)
        mapping.not_in_child = advice == ForkAdvice::kDontFork;
      else
        mapping.empty_in_child = advice == ForkAdvice::kWipeOnFork;
    }
  } change{advice};
  return change_traits(range, change);
}

Result<void> AddressSpace::discard(const UserRange& range, Discard what) {
  TlbGather tlb = gather();
  std::uint64_t covered = range.start();
  for (Mapping* mapping = first_in(range); mapping && mapping->start() < range.end(); mapping = next(*mapping)) {
    if (mapping->start() <= covered) covered = mapping->end();
    if (mapping->locked && what != Discard::kAny) return Errno::kInval;
    if (what == Discard::kPrivateAnonymous && (mapping->object || mapping->shared)) return Errno::kInval;
    drop_pages(mapping->range().common(range), tlb);
  }
  return covered >= range.end() ? Result<void>() : Errno::kNoMem;
}

Result<void> AddressSpace::populate(const UserRange& range, Populate how) {
  std::uint64_t position = range.start();
  while (position < range.end()) {
    const Mapping* mapping = find(position);
    if (!mapping) return Errno::kNoMem;
    const Protection& allowed = mapping->protection;
    if (how == Populate::kWrite ? !allowed.write : allowed.none()) return Errno::kInval;
    const bool write = how == Populate::kWrite || (how == Populate::kAsUsed && allowed.write && !mapping->shared);
    const std::uint64_t end = mapping->range().common(range).end();
    Ref<PendingPage> pending;
    for (; position < end && !pending; position += kPageSize) {
      const auto frame = frame_for_kernel(position, write ? FaultAccess::kWrite : FaultAccess::kRead, pending);
      if (!frame && !pending) return frame.error();
    }
    if (!pending) continue;
    // The page is asked for again, and the mapping, which may be another one by then.
    TRY(pending->wait());
    position -= kPageSize;
  }
  return {};
}

}  // namespace kernel::mm
