// The mappings of an address space: making, splitting, removing them. What happens when one is touched is in fault.cc.
#include "mm/address_space.h"

#include <algorithm>

#include "arch/x86_64/privileged.h"
#include "lib/global.h"
#include "lib/list.h"
#include "lib/string.h"

namespace kernel::mm {
namespace {

using husk::abi::kUserEnd;
using husk::abi::kUserMin;

// mmap's area grows down from here, below the stack; the gap is as Linux's default for an 8 MiB stack limit plus room.
constexpr std::uint64_t kMapTop = kUserEnd - (std::uint64_t{256} << 20);
constexpr std::size_t kMaxMappings = 65530;  // vm.max_map_count
// Beyond so many single-page flushes, one flush of everything is cheaper.
constexpr std::uint64_t kMaxSingleFlushes = 1;

// fork copies the pages that a small process has written at once, and stacks always: both sides will write most of them
// again, and a copy costs a fraction of a microsecond, two copy-on-write faults cost two, or a hundred where KVM
// emulates CPL 0.
constexpr std::uint64_t kMaxEagerCopies = 96;

constinit std::uint64_t loaded_root_ = 0;

constinit Global<List<AddressSpace, &AddressSpace::all_node>> all_spaces_;

bool can_merge(const Mapping& a, const Mapping& b) {
  if (a.end != b.start || !(a.protection == b.protection) || a.shared != b.shared || a.grows_down != b.grows_down ||
      a.may_write != b.may_write || a.label != b.label || !(a.object == b.object) || !(a.file == b.file)) {
    return false;
  }
  return !a.object || a.object_page_of(a.end) == b.object_page;
}

Mapping copy_of(const Mapping& mapping) {
  Mapping copy;
  copy.start = mapping.start, copy.end = mapping.end;
  copy.protection = mapping.protection, copy.shared = mapping.shared;
  copy.grows_down = mapping.grows_down, copy.never_reserve = mapping.never_reserve;
  copy.object = mapping.object, copy.object_page = mapping.object_page;
  copy.file = mapping.file, copy.may_write = mapping.may_write, copy.label = mapping.label;
  return copy;
}

}  // namespace

Result<Ref<AddressSpace>> AddressSpace::create() {
  Ref<AddressSpace> space = TRY(make_ref<AddressSpace>());
  TRY(space->table_.initialise());
  all_spaces_->push_back(*space);
  return space;
}

void unmap_object_pages(const MemoryObject& object, std::uint64_t first_page, std::uint64_t end_page) {
  for (AddressSpace& space : *all_spaces_) {
    for (const Mapping& mapping : space.mappings_) {
      if (mapping.object.get() != &object) continue;
      const std::uint64_t from = std::max(first_page, mapping.object_page);
      const std::uint64_t to = std::min(end_page, mapping.object_page_of(mapping.end));
      if (from >= to) continue;
      const std::uint64_t start = mapping.start + ((from - mapping.object_page) << kPageShift);
      space.drop_pages(start, start + ((to - from) << kPageShift));
    }
  }
}

AddressSpace::~AddressSpace() {
  // Not loaded any more, so there is nothing to flush.
  for (const Mapping& mapping : mappings_) {
    table_.for_each_present(mapping.start, mapping.end, [](std::uint64_t, Pte& pte) { release_frame(pte.pfn()); });
  }
}

void AddressSpace::load() const {
  if (is_loaded()) return;
  loaded_root_ = table_.root_physical();
  arch::load_page_table(loaded_root_);
}

bool AddressSpace::is_loaded() const {
  return loaded_root_ == table_.root_physical();
}

void AddressSpace::flush(std::uint64_t pages_changed, std::uint64_t address) {
  if (pages_changed == 0 || !is_loaded()) return;
  if (pages_changed <= kMaxSingleFlushes)
    arch::flush_tlb_page(address);
  else
    arch::flush_tlb();
}

std::size_t AddressSpace::lower_bound(std::uint64_t address) const {
  std::size_t low = 0, high = mappings_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (mappings_[middle].end > address)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

Mapping* AddressSpace::find_mutable(std::uint64_t address) {
  const std::size_t index = lower_bound(address);
  return index < mappings_.size() && mappings_[index].start <= address ? &mappings_[index] : nullptr;
}

const Mapping* AddressSpace::find(std::uint64_t address) const {
  return const_cast<AddressSpace*>(this)->find_mutable(address);
}

bool AddressSpace::range_is_free(std::uint64_t start, std::uint64_t end) const {
  const std::size_t index = lower_bound(start);
  return index == mappings_.size() || mappings_[index].start >= end;
}

bool AddressSpace::is_mapped(std::uint64_t start, std::uint64_t length) const {
  const std::uint64_t end = start + length;
  for (std::size_t i = lower_bound(start); start < end; ++i) {
    if (i == mappings_.size() || mappings_[i].start > start) return false;
    start = mappings_[i].end;
  }
  return true;
}

Result<std::uint64_t> AddressSpace::find_gap(std::uint64_t length, std::uint64_t hint) const {
  if (hint >= kUserMin && hint + length <= kUserEnd && range_is_free(hint, hint + length)) return hint;
  // Downwards from the top: the end of the lowest gap that is high enough comes first.
  std::uint64_t gap_end = kMapTop;
  for (std::size_t i = mappings_.size(); i > 0; --i) {
    const Mapping& below = mappings_[i - 1];
    if (below.end <= gap_end && gap_end - below.end >= length) return gap_end - length;
    gap_end = std::min(gap_end, below.start);
  }
  if (gap_end >= kUserMin + length) return gap_end - length;
  return Errno::kNoMem;
}

Result<void> AddressSpace::split_at(std::uint64_t address) {
  const std::size_t index = lower_bound(address);
  if (index == mappings_.size() || mappings_[index].start >= address) return {};
  if (mappings_.size() >= kMaxMappings) return Errno::kNoMem;
  Mapping upper = copy_of(mappings_[index]);
  upper.object_page = upper.object_page_of(address);
  upper.start = address;
  TRY(mappings_.insert(index + 1, std::move(upper)));
  mappings_[index].end = address;
  return {};
}

void AddressSpace::merge_around(std::size_t index) {
  if (index + 1 < mappings_.size() && can_merge(mappings_[index], mappings_[index + 1])) {
    mappings_[index].end = mappings_[index + 1].end;
    mappings_.erase(index + 1);
  }
  if (index > 0 && index < mappings_.size() && can_merge(mappings_[index - 1], mappings_[index])) {
    mappings_[index - 1].end = mappings_[index].end;
    mappings_.erase(index);
  }
}

void AddressSpace::drop_pages(std::uint64_t start, std::uint64_t end) {
  // The kernel runs no user code before the flush and is not preemptible, so no stale entry can be used in between.
  std::uint64_t dropped = 0, last = 0;
  table_.for_each_present(start, end, [&](std::uint64_t address, Pte& pte) {
    const Pfn pfn = pte.pfn();
    pte = Pte();
    release_frame(pfn);
    ++dropped, last = address;
  });
  flush(dropped, last);
}

Result<std::uint64_t> AddressSpace::map(MapRequest request) {
  const std::uint64_t length = page_ceil(request.length);
  if (length == 0 || length < request.length) return request.length == 0 ? Errno::kInval : Errno::kNoMem;
  if (length > kUserEnd - kUserMin) return Errno::kNoMem;
  std::uint64_t start = 0;
  if (request.fixed || request.fixed_no_replace) {
    start = request.address;
    if (page_offset(start) != 0) return Errno::kInval;
    if (start < kUserMin) return Errno::kPerm;  // vm.mmap_min_addr
    if (start > kUserEnd - length) return Errno::kNoMem;
    if (request.fixed_no_replace && !range_is_free(start, start + length)) return Errno::kExist;
    if (!range_is_free(start, start + length)) TRY(unmap(start, length));
  } else {
    start = TRY(find_gap(length, page_floor(request.address)));
  }
  if (mappings_.size() >= kMaxMappings) return Errno::kNoMem;
  // As Linux's heuristic overcommit: only what could never fit is refused.
  const Mapping& wanted = request.mapping;
  if (!wanted.object && wanted.protection.write && !wanted.never_reserve &&
      length >> kPageShift > memory_statistics().total_frames) {
    return Errno::kNoMem;
  }
  request.mapping.start = start;
  request.mapping.end = start + length;
  const std::size_t index = lower_bound(start);
  TRY(mappings_.insert(index, std::move(request.mapping)));
  mapped_bytes_ += length;
  merge_around(index);
  return start;
}

Result<void> AddressSpace::unmap(std::uint64_t start, std::uint64_t length) {
  length = page_ceil(length);
  if (page_offset(start) != 0 || length == 0 || start > kUserEnd || length > kUserEnd - start) return Errno::kInval;
  const std::uint64_t end = start + length;
  if (range_is_free(start, end)) return {};
  TRY(split_at(start));
  TRY(split_at(end));
  const std::size_t first = lower_bound(start);
  std::size_t last = first;
  while (last < mappings_.size() && mappings_[last].start < end) {
    drop_pages(mappings_[last].start, mappings_[last].end);
    mapped_bytes_ -= mappings_[last].size();
    ++last;
  }
  mappings_.erase(first, last);
  return {};
}

Result<void> AddressSpace::protect(std::uint64_t start, std::uint64_t length, Protection protection) {
  if (page_offset(start) != 0) return Errno::kInval;
  length = page_ceil(length);
  if (length == 0) return {};
  if (start > kUserEnd || length > kUserEnd - start || !is_mapped(start, length)) return Errno::kNoMem;
  const std::uint64_t end = start + length;
  for (std::size_t i = lower_bound(start); i < mappings_.size() && mappings_[i].start < end; ++i) {
    if (protection.write && mappings_[i].shared && !mappings_[i].may_write) return Errno::kAcces;
  }
  TRY(split_at(start));
  TRY(split_at(end));
  std::uint64_t changed = 0, last_changed = 0;
  for (std::size_t i = lower_bound(start); i < mappings_.size() && mappings_[i].start < end; ++i) {
    Mapping& mapping = mappings_[i];
    if (mapping.protection == protection) continue;
    mapping.protection = protection;
    table_.for_each_present(mapping.start, mapping.end, [&](std::uint64_t address, Pte& pte) {
      ++changed, last_changed = address;
      // Writing becomes possible through a fault, which knows whether the page must be copied first.
      pte = protection.none() ? Pte::inaccessible_page(pte.pfn())
                              : Pte::user_page(pte.pfn(), pte.writable() && protection.write, protection.execute);
    });
  }
  flush(changed, last_changed);
  for (std::size_t i = lower_bound(start); i < mappings_.size() && mappings_[i].start <= end;) {
    const std::size_t before = mappings_.size();
    merge_around(i);
    if (mappings_.size() == before) ++i;
  }
  return {};
}

Result<std::uint64_t> AddressSpace::remap(std::uint64_t old_start, std::uint64_t old_length, std::uint64_t new_length,
                                          bool may_move, bool fixed, std::uint64_t new_address) {
  old_length = page_ceil(old_length);
  new_length = page_ceil(new_length);
  if (page_offset(old_start) != 0 || new_length == 0 || (fixed && page_offset(new_address) != 0)) return Errno::kInval;
  const Mapping* found = find(old_start);
  if (!found || old_length == 0 || old_length > found->end - old_start) return Errno::kFault;
  if (fixed && new_address < old_start + old_length && old_start < new_address + new_length) return Errno::kInval;
  if (!fixed && new_length <= old_length) {
    if (new_length < old_length) TRY(unmap(old_start + new_length, old_length - new_length));
    return old_start;
  }
  const std::uint64_t old_end = old_start + old_length;
  if (!fixed && found->end == old_end && old_start + new_length <= kUserEnd &&
      range_is_free(old_end, old_start + new_length)) {
    mapped_bytes_ += new_length - old_length;
    const std::size_t index = lower_bound(old_start);
    mappings_[index].end = old_start + new_length;
    merge_around(index);
    return old_start;
  }
  if (!may_move) return Errno::kNoMem;

  MapRequest request;
  request.address = new_address;
  request.length = new_length;
  request.fixed = fixed;
  request.mapping = copy_of(*found);
  request.mapping.object_page = found->object_page_of(old_start);
  const std::uint64_t moved_length = std::min(old_length, new_length);
  // The tables of the new place first, so that moving the pages cannot fail half-way.
  const std::uint64_t target = TRY(map(std::move(request)));
  for (std::uint64_t offset = 0; offset < moved_length; offset += PageTable::kLeafSpan) {
    if (auto made = table_.make(target + offset); !made) {
      TRY(unmap(target, new_length));
      return made.error();
    }
  }
  if (auto made = table_.make(target + moved_length - kPageSize); !made) {
    TRY(unmap(target, new_length));
    return made.error();
  }
  table_.for_each_present(old_start, old_start + moved_length, [&](std::uint64_t address, Pte& pte) {
    *table_.find(target + (address - old_start)) = pte;
    pte = Pte();
  });
  if (is_loaded()) arch::flush_tlb();
  TRY(unmap(old_start, old_length));
  return target;
}

Result<void> AddressSpace::discard(std::uint64_t start, std::uint64_t length) {
  length = page_ceil(length);
  if (page_offset(start) != 0 || start > kUserEnd || length > kUserEnd - start) return Errno::kInval;
  const std::uint64_t end = start + length;
  for (std::size_t i = lower_bound(start); i < mappings_.size() && mappings_[i].start < end; ++i) {
    drop_pages(std::max(start, mappings_[i].start), std::min(end, mappings_[i].end));
  }
  return is_mapped(start, length) ? Result<void>() : Errno::kNoMem;
}

std::uint64_t AddressSpace::set_break(std::uint64_t address) {
  if (address < break_start_ || address > kUserEnd) return break_;
  const std::uint64_t old_end = page_ceil(break_), new_end = page_ceil(address);
  if (new_end < old_end) {
    if (!unmap(new_end, old_end - new_end)) return break_;
  } else if (new_end > old_end) {
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

std::uint64_t AddressSpace::private_written_pages() const {
  std::uint64_t pages = 0;
  for (const Mapping& mapping : mappings_) {
    if (mapping.shared || !mapping.protection.write) continue;
    table_.for_each_present(mapping.start, mapping.end,
                            [&](std::uint64_t, const Pte& pte) { pages += pte.writable(); });
  }
  return pages;
}

Result<Ref<AddressSpace>> AddressSpace::fork() {
  Ref<AddressSpace> child = TRY(create());
  child->break_start_ = break_start_;
  child->break_ = break_;
  child->stack_limit = stack_limit;
  TRY(child->mappings_.reserve(mappings_.size()));
  std::uint64_t changed = 0, last_changed = 0;
  Errno failure = Errno::kNone;
  const bool copy_now = private_written_pages() <= kMaxEagerCopies;
  for (const Mapping& mapping : mappings_) {
    TRY(child->mappings_.push_back(copy_of(mapping)));
    child->mapped_bytes_ += mapping.size();
    table_.for_each_present(mapping.start, mapping.end, [&](std::uint64_t address, Pte& pte) {
      if (failure != Errno::kNone) return;
      auto made = child->table_.make(address);
      if (!made) {
        failure = made.error();
        return;
      }
      if (!mapping.shared && pte.writable()) {
        if (copy_now || mapping.grows_down) {
          if (auto copy = allocate_user_frame(Fill::kNone)) {
            memcpy(frame_data(copy.value()), frame_data(pte.pfn()), kPageSize);
            *made.value() = Pte::user_page(copy.value(), true, mapping.protection.execute);
            return;
          }
        }
        pte = pte.read_only();
        ++changed, last_changed = address;
      }
      retain_frame(pte.pfn());
      *made.value() = pte;
    });
  }
  flush(changed, last_changed);
  if (failure != Errno::kNone) return failure;
  return child;
}

bool AddressSpace::is_resident(std::uint64_t address) const {
  const Pte* pte = table_.find(address);
  return pte && pte->present();
}

std::uint64_t AddressSpace::resident_pages(const Mapping& mapping) const {
  std::uint64_t pages = 0;
  table_.for_each_present(mapping.start, mapping.end, [&](std::uint64_t, Pte&) { ++pages; });
  return pages;
}

std::uint64_t AddressSpace::resident_pages() const {
  std::uint64_t pages = 0;
  for (const Mapping& mapping : mappings_) pages += resident_pages(mapping);
  return pages;
}

AddressSpace::SharedLocation AddressSpace::shared_location(std::uint64_t address) const {
  const Mapping* mapping = find(address);
  if (!mapping || !mapping->shared || !mapping->object) return {};
  return {mapping->object.get(), (mapping->object_page_of(address) << kPageShift) + page_offset(address)};
}

}  // namespace kernel::mm
