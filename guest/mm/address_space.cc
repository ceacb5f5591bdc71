// The mappings of an address space: making, splitting, merging and removing them, and the accounts that are kept of
// them.
#include "mm/address_space.h"

#include <algorithm>
#include <new>

#include "arch/x86_64/privileged.h"
#include "lib/global.h"
#include "lib/string.h"
#include "mm/environment.h"

namespace kernel::mm {
namespace {

using husk::abi::kUserEnd;
using husk::abi::kUserMin;

// mmap's area grows down from here, below the stack; the gap is as Linux's default for an 8 MiB stack limit plus room.
constexpr std::uint64_t kMapTop = kUserEnd - (std::uint64_t{256} << 20);
// Where MAP_32BIT goes (mmap(2): the first 2 GiB; Linux leaves the lower half to programs that are linked there).
constexpr std::uint64_t kLowMapStart = 0x4000'0000, kLowMapEnd = 0x8000'0000;
constexpr std::size_t kMaxMappings = 65530;  // vm.max_map_count
// Of a file that is mapped to be read, like the cache of ld.so(8); there are few libraries as small.
constexpr std::uint64_t kSmallImagePages = 4;
// How many entries that are kept must have been mapped again for a flush of the TLB to cost less than the faults that it saves.
constexpr std::uint64_t kFlushedFrom = 12;
constinit Global<List<AddressSpace, &AddressSpace::all_node>> all_spaces_;

}  // namespace

Result<Ref<AddressSpace>> AddressSpace::create(const PageTable::Layout& layout) {
  Ref<AddressSpace> space = TRY(make_ref<AddressSpace>());
  TRY(space->table_.initialise(layout));
  all_spaces_->push_back(*space);
  return space;
}

void notice_next_writes_to(const MemoryObject& object) {
  if (object.writable_mappings() == 0) return;
  for (AddressSpace& space : *all_spaces_) {
    TlbGather tlb = space.gather();
    for (Mapping* mapping = space.first(); mapping; mapping = AddressSpace::next(*mapping)) {
      if (mapping->object.get() == &object && mapping->shared) space.forbid_writes(mapping->range(), tlb);
    }
  }
}

AddressSpace::~AddressSpace() {
  // Not loaded any more, so there is nothing to flush.
  {
    TlbGather tlb = gather();
    drop_pages(UserRange::whole(), tlb);
  }
  while (Mapping* mapping = first()) retire(*mapping);
  bury_retired();
}

void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page) {
  for (AddressSpace& space : *all_spaces_) {
    TlbGather tlb = space.gather();
    for (Mapping* mapping = space.first(); mapping; mapping = AddressSpace::next(*mapping)) {
      if (mapping->object.get() != &object) continue;
      const std::uint64_t from = std::max(first_page, mapping->object_page);
      const std::uint64_t to = std::min(end_page, mapping->object_page_of(mapping->end()));
      if (from >= to) continue;
      const UserRange part = mapping->range().after((from - mapping->object_page) << kPageShift);
      space.drop_pages(part.first((to - from) << kPageShift), tlb);
    }
  }
}

void AddressSpace::load() const {
  if (!is_loaded()) arch::load_page_table(table_.root_physical());
}

bool AddressSpace::is_loaded() const {
  return arch::loaded_page_table() == table_.root_physical();
}

const Mapping* AddressSpace::find(std::uint64_t address) const {
  const auto* mapping = static_cast<const Mapping*>(mappings_.first_ending_above(address));
  return mapping && mapping->start() <= address ? mapping : nullptr;
}

void AddressSpace::account(const Mapping& mapping, int sign) {
  const std::uint64_t size = sign < 0 ? 0 - mapping.size() : mapping.size();
  usage_.total += size;
  if (mapping.is_data()) usage_.data += size;
  if (mapping.grows_down) usage_.stack += size;
  if (mapping.protection.execute && !mapping.protection.write && !mapping.grows_down) usage_.text += size;
  if (mapping.locked) usage_.locked += size;
  peak_bytes_ = std::max(peak_bytes_, usage_.total);
}

void AddressSpace::add_mapping(Mapping& mapping) {
  mappings_.insert(mapping);
  account(mapping, 1);
  has_counted_ = has_counted_ || mapping.is_counted();
}

void AddressSpace::resize(Mapping& mapping, const UserRange& range) {
  const Change change(*this, mapping);
  mappings_.set_bounds(mapping, range.start(), range.end());
}

void AddressSpace::retire(Mapping& mapping) {
  account(mapping, -1);
  mappings_.remove(mapping);
  mapping.next_retired = retired_;
  retired_ = &mapping;
}

void AddressSpace::bury_retired() {
  while (Mapping* mapping = retired_) {
    retired_ = mapping->next_retired;
    delete mapping;
  }
}

void AddressSpace::install(Pte& pte, Pte page) {
  if (!pte.present()) peak_resident_pages_ = std::max(peak_resident_pages_, ++resident_pages_);
  pte = page;
}

void AddressSpace::drop(std::uint64_t address, Pte& pte, TlbGather& tlb) {
  const Pfn pfn = pte.pfn();
  // Frames of the image never change, and nobody counts their references: one more does no harm.
  pte = !is_ram(pfn) && PageTable::keeps_entries() ? pte.kept() : Pte();
  --resident_pages_;
  tlb.removed(address, pfn);
}

void AddressSpace::drop_pages(const UserRange& range, TlbGather& tlb) {
  table_.for_each_present(range, [&](std::uint64_t address, Pte& pte) { drop(address, pte, tlb); });
}

void AddressSpace::forbid_writes(const UserRange& range, TlbGather& tlb) {
  table_.for_each_present(range, [&](std::uint64_t address, Pte& pte) {
    if (!pte.writable()) return;
    pte = pte.read_only();
    tlb.changed(address);
  });
}

void AddressSpace::notice_next_writes(const UserRange& range) {
  TlbGather tlb = gather();
  for_each_part(range, [&](const Mapping& mapping, const UserRange& part) {
    if (mapping.shared && mapping.file) forbid_writes(part, tlb);
  });
}

void AddressSpace::surrender_pages() {
  TlbGather tlb = gather();
  surrendered_ = true;
  drop_pages(UserRange::whole(), tlb);
}

Result<void> AddressSpace::split_at(std::uint64_t address) {
  auto* lower = static_cast<Mapping*>(mappings_.first_ending_above(address));
  if (!lower || lower->start() >= address) return {};
  if (mappings_.size() >= kMaxMappings) return Errno::kNoMem;
  MappingTraits traits = *lower;
  traits.object_page = lower->object_page_of(address);
  auto* upper = new (std::nothrow) Mapping(UserRange::between(address, lower->end()), std::move(traits));
  if (!upper) return Errno::kNoMem;
  resize(*lower, UserRange::between(lower->start(), address));
  add_mapping(*upper);
  return {};
}

Result<void> AddressSpace::split_around(const UserRange& range) {
  TRY(split_at(range.start()));
  return split_at(range.end());
}

// Returns the mapping that is now there, if it has taken the next one in; else the next one.
Mapping* AddressSpace::merge_with_next(Mapping& mapping) {
  Mapping* after = next(mapping);
  if (!after || !after->continues(mapping)) return after;
  const UserRange both = UserRange::between(mapping.start(), after->end());
  retire(*after);
  resize(mapping, both);
  return &mapping;
}

// Every mapping in the range, and the ones that it touches at both ends.
void AddressSpace::merge_around(const UserRange& range) {
  Mapping* mapping = first_in(range);
  if (!mapping) return;
  if (Mapping* before = previous(*mapping)) mapping = before;
  while (mapping && mapping->start() < range.end()) mapping = merge_with_next(*mapping);
}

// Without a fixed address: at the hint if that is free, else as high as possible.
Result<UserRange> AddressSpace::find_place(const MapRequest& request, std::uint64_t length) const {
  const std::uint64_t low = request.low ? kLowMapStart : kUserMin;
  const std::uint64_t high = request.low ? kLowMapEnd : kUserEnd;
  std::uint64_t hint = page_floor(request.address);
  if (hint != 0) {
    hint = std::max(hint, kUserMin);
    auto wanted = UserRange::of(hint, length, Errno::kNoMem);
    if (wanted && wanted.value().end() <= high && mappings_.is_free_place(hint, wanted.value().end())) return wanted;
  }
  auto place = mappings_.highest_gap(length, low, std::min(high, kMapTop));
  // Linux, too, looks above mmap's area when that is full.
  if (!place) place = mappings_.highest_gap(length, low, high);
  if (!place) return Errno::kNoMem;
  return UserRange::of(*place, length, Errno::kNoMem);
}

Result<UserRange> AddressSpace::place_of(const MapRequest& request) const {
  const std::uint64_t length = TRY(mappable_length(request.length));
  if (!request.fixed && !request.fixed_no_replace) return find_place(request, length);
  const UserRange range = TRY(UserRange::of(request.address, length, Errno::kNoMem));
  if (range.start() < kUserMin) return Errno::kPerm;  // vm.mmap_min_addr
  if (request.fixed_no_replace && !is_free(range)) return Errno::kExist;
  return range;
}

// Limits hold in whole pages, as on Linux.
Result<void> AddressSpace::check_limits(const MappingTraits& traits, std::uint64_t added) const {
  const MemoryLimits limits = memory_limits_of_caller();
  const auto exceeds = [&](std::uint64_t used, std::uint64_t limit) {
    return added > page_floor(limit) || used > page_floor(limit) - added;
  };
  if (exceeds(usage_.total, limits.total)) return Errno::kNoMem;
  if (traits.is_data() && exceeds(usage_.data, limits.data)) return Errno::kNoMem;
  if (traits.locked && exceeds(usage_.locked, limits.locked)) return Errno::kAgain;
  return {};
}

Result<std::uint64_t> AddressSpace::map(MapRequest request) {
  const bool populate_now = request.mapping.locked || lock_future_ == LockFuture::kNow;
  const bool fixed = request.fixed;
  const UserRange range = TRY(make_mapping(std::move(request)));
  if (fixed || range.pages() <= kSmallImagePages) map_image_start(range.start());
  // What cannot be made present is not an error of mmap's (mmap(2), MAP_LOCKED). Last of all, since it may sleep.
  if (populate_now) static_cast<void>(populate(range, Populate::kAsUsed).ok());
  return range.start();
}

// What is mapped of an image at a fixed place is a segment of a program or a library, and will be used: mapping its first
// pages now saves a fault. So will a small file. Not so what is mapped anywhere else, the place of a whole library: its segments
// are mapped over it.
void AddressSpace::map_image_start(std::uint64_t start) {
  const Mapping* mapping = find(start);
  if (!mapping || !mapping->object || mapping->shared || mapping->protection.none()) return;
  const Pfn first = mapping->object->resident_page(mapping->object_page_of(start));
  if (first == kNoFrame || is_ram(first)) return;
  map_kept_image(*mapping);
  Ref<PendingPage> pending;
  static_cast<void>(fault(start, FaultAccess::kRead, FaultOrigin::kKernel, pending));
}

// What was mapped here before and would be the same now, is. Of a library that is all of its image: its beginning, which was mapped
// as the place of the whole, with its second segment. Its data comes last, and then it is used: the TLB, and what KVM has made
// of the entries, is to know of them.
void AddressSpace::map_kept_image(const Mapping& mapping) {
  if (!PageTable::keeps_entries()) return;
  map_kept(mapping);
  const Mapping* before = previous(mapping);
  if (before && before->object == mapping.object && before->end() == mapping.start() && !before->protection.none())
    map_kept(*before);
  if (!mapping.protection.write || mapped_again_ < kFlushedFrom) return;
  gather().all_changed();
  mapped_again_ = 0;
}

void AddressSpace::map_kept(const Mapping& mapping) {
  table_.for_each_kept(mapping.range(), [&](std::uint64_t address, Pte& pte) {
    if (mapping.object->resident_page(mapping.object_page_of(address)) != pte.pfn()) return;
    install(pte, Pte::user_page(pte.pfn(), false, mapping.protection.execute));
    ++mapped_again_;
  });
}

Result<UserRange> AddressSpace::make_mapping(MapRequest request) {
  const Burial burial(*this);
  TlbGather tlb = gather();
  const UserRange range = TRY(place_of(request));
  // As Linux's heuristic overcommit: only what could never fit is refused.
  MappingTraits& wanted = request.mapping;
  if (!wanted.object && wanted.protection.write && !wanted.never_reserve &&
      range.pages() > memory_statistics().total_frames) {
    return Errno::kNoMem;
  }
  if (lock_future_ != LockFuture::kNo) wanted.locked = true;
  std::uint64_t replaced = 0;
  for_each_part(range, [&](const Mapping&, const UserRange& part) { replaced += part.size(); });
  TRY(check_limits(wanted, range.size() - replaced));
  if (mappings_.size() >= kMaxMappings) return Errno::kNoMem;
  auto* mapping = new (std::nothrow) Mapping(range, std::move(wanted));
  if (!mapping) return Errno::kNoMem;
  if (replaced != 0) {
    if (auto removed = remove(range, tlb); !removed) {
      delete mapping;
      return removed.error();
    }
  }
  add_mapping(*mapping);
  merge_around(range);
  return range;
}

Result<void> AddressSpace::unmap(const UserRange& range) {
  const Burial burial(*this);
  TlbGather tlb = gather();
  return remove(range, tlb);
}

void AddressSpace::unmap_counted() {
  if (!has_counted_) return;
  const Burial burial(*this);
  TlbGather tlb = gather();
  for (Mapping* mapping = first(); mapping;) {
    Mapping* after = next(*mapping);
    if (mapping->is_counted()) {
      drop_pages(mapping->range(), tlb);
      retire(*mapping);
    }
    mapping = after;
  }
}

Result<void> AddressSpace::remove(const UserRange& range, TlbGather& tlb) {
  if (is_free(range)) return {};
  TRY(split_around(range));
  drop_pages(range, tlb);
  for (Mapping* mapping = first_in(range); mapping && mapping->start() < range.end();) {
    Mapping* after = next(*mapping);
    retire(*mapping);
    mapping = after;
  }
  return {};
}

std::uint64_t AddressSpace::set_break(std::uint64_t address) {
  if (address < break_start_ || address > kUserEnd) return break_;
  const std::uint64_t old_end = page_ceil(break_), new_end = page_ceil(address);
  if (new_end < old_end) {
    if (!unmap(UserRange::between(new_end, old_end))) return break_;
  } else if (new_end > old_end) {
    if (address - break_start_ > memory_limits_of_caller().data) return break_;
    MapRequest request;
    request.address = old_end;
    request.length = new_end - old_end;
    request.fixed_no_replace = true;
    request.mapping.protection = {.read = true, .write = true, .execute = false};
    request.mapping.label = "[heap]";
    if (!map(std::move(request))) return break_;
  }
  return break_ = address;
}

bool AddressSpace::is_resident(const Mapping& mapping, std::uint64_t address) const {
  const Pte* pte = table_.find(address);
  if (pte && pte->present()) return true;
  return mapping.object && mapping.object->resident_page(mapping.object_page_of(address)) != kNoFrame;
}

std::uint64_t AddressSpace::resident_pages(const Mapping& mapping) const {
  std::uint64_t pages = 0;
  table_.for_each_present(mapping.range(), [&](std::uint64_t, Pte&) { ++pages; });
  return pages;
}

AddressSpace::SharedLocation AddressSpace::shared_location(std::uint64_t address) const {
  const Mapping* mapping = find(address);
  if (!mapping || !mapping->shared || !mapping->object) return {};
  return {mapping->object.get(), (mapping->object_page_of(address) << kPageShift) + page_offset(address)};
}

}  // namespace kernel::mm
