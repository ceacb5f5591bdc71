// The page-fault path, after arch/x86_64/trap.cc has found out the address and the access.
//
//   fault()  which mapping, is the access allowed?
//     fault_anonymous()   private anonymous memory: a zeroed frame
//     fault_object()      a page of a file or of shared memory: its frame, or a private copy for a write
//     copy_on_write()     a write to a private page that is mapped read-only
#include <algorithm>

#include "lib/string.h"
#include "mm/address_space.h"
#include "mm/environment.h"

namespace kernel::mm {

constinit FaultStatistics fault_statistics{};

namespace {

// How many pages of an object are mapped around a fault when they are at hand: entries cost nanoseconds, a fault costs
// up to 50 us where KVM emulates CPL 0. Within one last-level table.
constexpr std::uint64_t kAroundPages = 64;
// How many anonymous pages a sequential writer is given ahead: as many as it has just used, within these. Allocators that
// divide their memory into pools begin each of these, and fill them later (python's have four pages): who has left out no more
// than so many pages at a time is sequential, too, and gets what was left out the next time.
constexpr std::uint64_t kLeastAheadPages = 8, kMostAheadPages = 64, kMostLeftOut = 3;
// Who has written so many pages one after the other will write those that it is given ahead.
constexpr std::uint64_t kSurelySequential = 64;
// A mapping of at most so many pages is soon used where it starts to be: .bss, a heap, a thread's arena.
constexpr std::uint64_t kSmallPages = 64;
constexpr std::uint64_t kFirstPages = 4;
// A private mapping of so few pages of an image, if it can be written, is a program's or library's data, and relocation will
// write most of it: all of it is copied at the first touch. Of a larger one so many pages at a time, and more where others in
// the same table of pages around have been copied before.
constexpr std::uint64_t kCopiedWhole = 16, kCopiedAround = 8, kCopiedAroundMore = 32;

// Frames of the image never change, so nobody can tell when they were copied.
bool is_image(Pfn pfn) {
  return pfn != kNoFrame && !is_ram(pfn);
}

bool is_copied_whole(const Mapping& mapping) {
  return !mapping.shared && mapping.protection.write && mapping.size() <= kCopiedWhole * kPageSize;
}

// The part of a mapping that lies in the same `pages` pages as `page`, a power of two of them.
UserRange around(const Mapping& mapping, std::uint64_t page, std::uint64_t pages) {
  const std::uint64_t size = pages * kPageSize, start = page & ~(size - 1);
  return UserRange::between(std::max(start, mapping.start()), std::min(start + size, mapping.end()));
}

Pfn copy_of_image(Pfn image) {
  auto frame = allocate_frame_for_copy_ahead();
  if (!frame) return kNoFrame;
  memcpy(frame_data(frame.value()), frame_data(image), kPageSize);
  return frame.value();
}

// Later writes to the same page are not seen, until msync(2) or fsync(2) asks for it again: as with Linux's file
// systems on disks.
void note_shared_write(const Mapping& mapping) {
  if (mapping.file) mapping.file->note_mapped_write();
}

FaultResult from_errno(Errno error) {
  switch (error) {
    case Errno::kNoMem:
      return FaultResult::kOutOfMemory;
    case Errno::kAgain:
      return FaultResult::kWouldBlock;
    default:
      return FaultResult::kBeyondObject;
  }
}

}  // namespace

FaultResult AddressSpace::fault(std::uint64_t address, FaultAccess access, FaultOrigin origin,
                                Ref<PendingPage>& pending) {
  ++fault_statistics.faults;
  if (surrendered_) return FaultResult::kOutOfMemory;
  const std::uint64_t page = page_floor(address);
  const Mapping* mapping = find(page);
  if (!mapping) {
    if (!grow_stack(page)) return FaultResult::kNoMapping;
    mapping = find(page);
  }
  const Protection& allowed = mapping->protection;
  const bool permitted = access == FaultAccess::kWrite     ? allowed.write
                         : access == FaultAccess::kExecute ? allowed.execute
                                                           : allowed.read || allowed.write || allowed.execute;
  if (!permitted) return FaultResult::kNoPermission;

  auto made = table_.make(page);
  if (!made) return FaultResult::kOutOfMemory;
  Pte& pte = *made.value();
  const bool write = access == FaultAccess::kWrite;
  if (pte.present()) {
    if (!write || pte.writable()) {
      // Nothing to do but to drop what the TLB may still hold of an earlier, stricter entry.
      if (origin == FaultOrigin::kHardware) gather().changed(page);
      return FaultResult::kResolved;
    }
    if (mapping->shared) {
      // Mapped by a read; the object may have to be told that the page is written.
      auto frame = mapping->object->page(mapping->object_page_of(page), MemoryObject::Access::kWrite, pending);
      if (!frame) return from_errno(frame.error());
      note_shared_write(*mapping);
      TlbGather tlb = gather();
      const Pfn old = pte.pfn();
      pte = Pte::user_page(frame.value().leak(), true, allowed.execute);
      replaced_by_fault(page, old, origin, tlb);
      return FaultResult::kResolved;
    }
    return copy_on_write(*mapping, page, pte, origin);
  }
  return mapping->object ? fault_object(*mapping, page, pte, write, pending) : fault_anonymous(*mapping, page, pte);
}

FaultResult AddressSpace::fault_anonymous(const Mapping& mapping, std::uint64_t page, Pte& pte) {
  auto frame = allocate_user_frame(Fill::kZero);
  if (!frame) return FaultResult::kOutOfMemory;
  install(pte, Pte::user_page(frame.value(), mapping.protection.write, mapping.protection.execute));
  map_ahead(mapping, page);
  return FaultResult::kResolved;
}

FaultResult AddressSpace::fault_object(const Mapping& mapping, std::uint64_t page, Pte& pte, bool write,
                                       Ref<PendingPage>& pending) {
  const bool shared_write = write && mapping.shared;
  auto frame = mapping.object->page(mapping.object_page_of(page),
                                    shared_write ? MemoryObject::Access::kWrite : MemoryObject::Access::kRead, pending);
  if (!frame) return from_errno(frame.error());
  if (shared_write) note_shared_write(mapping);
  if (write && !mapping.shared) {
    auto copy = allocate_user_frame(Fill::kNone);
    if (!copy) return FaultResult::kOutOfMemory;
    memcpy(frame_data(copy.value()), frame.value().data(), kPageSize);
    ++fault_statistics.copies;
    install(pte, Pte::user_page(copy.value(), true, mapping.protection.execute));
  } else if (const Pfn copy = is_copied_whole(mapping) && is_image(frame.value().pfn())
                                  ? copy_of_image(frame.value().pfn())
                                  : kNoFrame;
             copy != kNoFrame) {
    install(pte, Pte::user_page(copy, true, mapping.protection.execute));
  } else {
    install(pte, Pte::user_page(frame.value().leak(), shared_write, mapping.protection.execute));
  }
  map_neighbours(mapping, page);
  return FaultResult::kResolved;
}

FaultResult AddressSpace::copy_on_write(const Mapping& mapping, std::uint64_t page, Pte& pte, FaultOrigin origin) {
  const Pfn old = pte.pfn();
  if (is_ram(old) && frame_references(old) == 1) {
    // Everybody else has let go of it.
    make_writable_around(mapping, page);
    if (origin == FaultOrigin::kKernel) gather().changed(page);
    return FaultResult::kResolved;
  }
  auto copy = allocate_user_frame(Fill::kNone);
  if (!copy) return FaultResult::kOutOfMemory;
  memcpy(frame_data(copy.value()), frame_data(old), kPageSize);
  ++fault_statistics.copies;
  pte = Pte::user_page(copy.value(), true, mapping.protection.execute);
  TlbGather tlb = gather();
  replaced_by_fault(page, old, origin, tlb);
  if (is_image(old)) copy_around(mapping, page, tlb);
  return FaultResult::kResolved;
}

// Whoever was the last to let go of one page of a process has probably let go of its neighbours, too: a child that has ended. What
// the TLB still holds of their entries is stricter than they are, and a fault that it causes finds nothing to do.
void AddressSpace::make_writable_around(const Mapping& mapping, std::uint64_t page) {
  const UserRange near = around(mapping, page, kAroundPages);
  const std::uint64_t start = near.start(), end = near.end();
  Pte* pte = table_.find(start);
  for (std::uint64_t address = start; address < end; address += kPageSize, ++pte) {
    if (!pte->present() || pte->writable() || !is_ram(pte->pfn()) || frame_references(pte->pfn()) != 1) continue;
    *pte = Pte::user_page(pte->pfn(), true, mapping.protection.execute);
  }
}

// Who has written one page of a program's data will write those around it: relocation, counts of references. One flush for all of
// them costs no more than the next fault.
void AddressSpace::copy_around(const Mapping& mapping, std::uint64_t page, TlbGather& tlb) {
  const UserRange near = around(mapping, page, kAroundPages);
  std::uint64_t copied = 0;
  table_.for_each_present(near, [&](std::uint64_t, const Pte& pte) { copied += pte.writable(); });
  const UserRange wanted = around(mapping, page, copied > kCopiedAround ? kCopiedAroundMore : kCopiedAround);
  const std::uint64_t start = wanted.start(), end = wanted.end();
  const auto is_copied = [](const Pte& pte) { return pte.present() && !pte.writable() && is_image(pte.pfn()); };
  Pte* pte = table_.find(start);
  expect_frames(static_cast<std::uint64_t>(std::count_if(pte, pte + wanted.pages(), is_copied)));
  for (std::uint64_t address = start; address < end; address += kPageSize, ++pte) {
    if (!is_copied(*pte)) continue;
    const Pfn old = pte->pfn();
    const Pfn copy = copy_of_image(old);
    if (copy == kNoFrame) return;
    *pte = Pte::user_page(copy, true, mapping.protection.execute);
    tlb.removed(address, old);
  }
}

// A hardware fault has dropped the TLB's entry for its address; the kernel's own walk has not.
void AddressSpace::replaced_by_fault(std::uint64_t page, Pfn old, FaultOrigin origin, TlbGather& tlb) {
  if (origin == FaultOrigin::kKernel)
    tlb.removed(page, old);
  else
    tlb.removed_by_fault(old);
}

void AddressSpace::map_neighbours(const Mapping& mapping, std::uint64_t page) {
  const UserRange near = around(mapping, page, kAroundPages);
  const std::uint64_t start = near.start(), end = near.end();
  const bool copies = is_copied_whole(mapping);
  Pte* pte = table_.find(start);
  for (std::uint64_t address = start; address < end; address += kPageSize, ++pte) {
    if (pte->present()) continue;
    const Pfn pfn = mapping.object->resident_page(mapping.object_page_of(address));
    if (pfn == kNoFrame) continue;
    if (const Pfn copy = copies && is_image(pfn) ? copy_of_image(pfn) : kNoFrame; copy != kNoFrame) {
      install(*pte, Pte::user_page(copy, true, mapping.protection.execute));
      continue;
    }
    retain_frame(pfn);
    install(*pte, Pte::user_page(pfn, false, mapping.protection.execute));
  }
}

void AddressSpace::map_ahead(const Mapping& mapping, std::uint64_t page) {
  if (!mapping.protection.write) return;
  const std::uint64_t span = PageTable::span_of(page);
  Pte* const table = table_.find(span);
  std::int64_t step = mapping.grows_down ? -1 : 1;
  const auto entry = [&](std::int64_t distance) -> Pte* {
    const std::uint64_t address = page + static_cast<std::uint64_t>(distance * step) * kPageSize;
    if (!mapping.contains(address) || PageTable::span_of(address) != span) return nullptr;
    return table + ((address - span) >> kPageShift);
  };
  const auto is_present = [&](std::int64_t distance) {
    const Pte* pte = entry(distance);
    return pte && pte->present();
  };
  // Some arrays are filled from their end, like sort(1)'s.
  if (!is_present(-1) && is_present(1)) step = -step;
  std::uint64_t used = 0;
  bool all = true;
  for (std::uint64_t back = 1; back <= std::min(used + 1 + kMostLeftOut, kMostAheadPages); ++back) {
    if (!is_present(-static_cast<std::int64_t>(back))) continue;
    all = all && back == used + 1;
    used = back;
  }
  std::uint64_t pages = all ? std::max(used, kLeastAheadPages) : used;
  if (used == 0) {
    if (mapping.size() > kSmallPages * kPageSize) return;
    pages = kFirstPages;
  }
  const auto is_absent = [&](std::uint64_t distance) {
    const Pte* pte = entry(static_cast<std::int64_t>(distance));
    return pte && !pte->present();
  };
  std::uint64_t end = 1;
  while (end < pages && is_absent(end)) ++end;
  if (all && used >= kSurelySequential) expect_frames(end - 1);
  for (std::uint64_t ahead = 1; ahead < end; ++ahead) {
    Pte* pte = entry(static_cast<std::int64_t>(ahead));
    auto frame = allocate_frame_ahead();
    if (!frame) return;
    install(*pte, Pte::user_page(frame.value(), true, mapping.protection.execute));
  }
}

bool AddressSpace::grow_stack(std::uint64_t page) {
  auto* above = static_cast<Mapping*>(mappings_.first_ending_above(page));
  if (!above || !above->grows_down || page < husk::abi::kUserMin) return false;
  if (above->end() - page > memory_limits_of_caller().stack) return false;
  // What nobody can use needs no distance: it is a guard itself.
  const Mapping* below = previous(*above);
  if (below && !below->grows_down && !below->protection.none() && page - below->end() < kStackGuardGap) return false;
  if (!check_limits(*above, above->start() - page)) return false;
  resize(*above, UserRange::between(page, above->end()));
  return true;
}

Result<Pfn> AddressSpace::frame_for_kernel(std::uint64_t address, FaultAccess access, Ref<PendingPage>& pending) {
  // The memory of a process that is killed for want of memory is not there any more, whoever asks: to call that a want
  // of memory would have somebody else killed for it.
  if (address >= husk::abi::kUserEnd || surrendered_) return Errno::kFault;
  const bool write = access == FaultAccess::kWrite;
  Pte* pte = table_.find(address);
  if (!pte || !pte->present() || !pte->accessible() || (write && !pte->writable())) {
    switch (fault(address, access, FaultOrigin::kKernel, pending)) {
      case FaultResult::kResolved:
        break;
      case FaultResult::kOutOfMemory:
        return Errno::kNoMem;
      case FaultResult::kWouldBlock:
        return Errno::kAgain;
      default:
        return Errno::kFault;
    }
    pte = table_.find(address);
  }
  return pte->pfn();
}

Result<Pfn> AddressSpace::wait_for_frame(std::uint64_t address, FaultAccess access) {
  for (;;) {
    Ref<PendingPage> pending;
    const auto frame = frame_for_kernel(address, access, pending);
    if (frame) return frame.value();
    if (!pending) return frame.error();
    TRY(pending->wait());
  }
}

}  // namespace kernel::mm
