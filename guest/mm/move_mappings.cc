// mremap(2).
#include <algorithm>

#include "mm/address_space.h"

namespace kernel::mm {

Result<std::uint64_t> AddressSpace::remap(const MoveRequest& request) {
  const Burial burial(*this);
  if (page_offset(request.old_start) != 0) return Errno::kInval;
  if (request.new_length == 0 || request.new_length > husk::abi::kUserEnd) return Errno::kInval;
  const std::uint64_t new_length = page_ceil(request.new_length);
  if (request.fixed || request.keep_old) {
    // A target that is wrong is told before a source that is not there.
    const UserRange target = TRY(UserRange::of(request.new_address, new_length, Errno::kInval));
    const UserRange from_old_start = UserRange::between(request.old_start, husk::abi::kUserEnd);
    if (from_old_start.first(request.old_length).overlaps(target)) return Errno::kInval;
  }
  Mapping* mapping = static_cast<Mapping*>(mappings_.first_ending_above(request.old_start));
  if (!mapping || mapping->start() > request.old_start) return Errno::kFault;
  UserRange old_range = TRY(UserRange::of(request.old_start, request.old_length, Errno::kInval));
  // Nothing of a shared mapping moves: it is mapped a second time (mremap(2), old_size zero).
  if (old_range.empty() && !mapping->shared) return Errno::kInval;

  if (new_length < old_range.size() || (new_length == old_range.size() && !request.fixed && !request.keep_old)) {
    // What is cut off may be of several mappings, or a hole.
    TRY(unmap(old_range.after(new_length)));
    old_range = old_range.first(new_length);
    if (!request.fixed) return old_range.start();
    mapping = static_cast<Mapping*>(mappings_.first_ending_above(old_range.start()));
    if (!mapping || mapping->start() > old_range.start()) return Errno::kFault;
  }
  if (old_range.end() > mapping->end()) return Errno::kFault;
  const std::uint64_t added = new_length - old_range.size();
  if (!request.keep_old) TRY(check_limits(*mapping, added));
  if (!request.fixed && !request.keep_old && !old_range.empty() && mapping->end() == old_range.end()) {
    auto grown = UserRange::of(old_range.start(), new_length, Errno::kNoMem);
    if (grown && is_free(grown.value().after(old_range.size()))) {
      resize(*mapping, UserRange::between(mapping->start(), grown.value().end()));
      merge_around(grown.value());
      if (mapping->locked) static_cast<void>(populate(grown.value(), Populate::kAsUsed).ok());
      return old_range.start();
    }
  }
  if (!request.may_move) return Errno::kNoMem;
  const bool populate_now = mapping->locked || lock_future_ == LockFuture::kNow;
  const std::uint64_t start = TRY(move(*mapping, old_range, request));
  // As in map().
  const UserRange target = UserRange::between(start, start + page_ceil(request.new_length));
  if (populate_now) static_cast<void>(populate(target, Populate::kAsUsed).ok());
  return start;
}

Result<std::uint64_t> AddressSpace::move(const Mapping& mapping, const UserRange& old_range,
                                         const MoveRequest& request) {
  MapRequest place;
  place.address = request.new_address;
  place.length = request.new_length;
  place.fixed = request.fixed;
  place.mapping = mapping;
  place.mapping.object_page = mapping.object_page_of(old_range.start());
  const UserRange target = TRY(make_mapping(std::move(place)));
  if (old_range.empty()) return target.start();

  // The tables of the new place first, so that moving the pages cannot fail half-way.
  const auto moved_to = [&](std::uint64_t address) { return target.start() + (address - old_range.start()); };
  Errno failure = Errno::kNone;
  table_.for_each_present(old_range, [&](std::uint64_t address, Pte&) {
    if (failure != Errno::kNone) return;
    if (auto made = table_.make(moved_to(address)); !made) failure = made.error();
  });
  if (failure != Errno::kNone) {
    TRY(unmap(target));
    return failure;
  }
  TlbGather tlb = gather();
  table_.for_each_present(old_range, [&](std::uint64_t address, Pte& pte) {
    *table_.find(moved_to(address)) = pte;
    pte = Pte();
    tlb.changed(address);
  });
  if (request.keep_old) {
    // It stays where it is, without its pages and not locked (mremap(2), MREMAP_DONTUNMAP).
    TRY(set_locked(old_range, false));
  } else {
    TRY(remove(old_range, tlb));
  }
  return target.start();
}

}  // namespace kernel::mm
