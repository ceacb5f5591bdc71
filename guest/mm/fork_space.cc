// fork(2) of an address space.
#include <new>

#include "lib/string.h"
#include "mm/address_space.h"

namespace kernel::mm {
namespace {

// fork copies the pages that a small process has written at once, and stacks always: both sides will write most of them
// again, and a copy costs a fraction of a microsecond, two copy-on-write faults cost two, or a hundred where KVM
// emulates CPL 0.
constexpr std::uint64_t kMaxEagerCopies = 96;

}  // namespace

bool AddressSpace::few_written_pages() const {
  std::uint64_t pages = 0;
  for (const Mapping* mapping = first(); mapping && pages <= kMaxEagerCopies; mapping = next(*mapping)) {
    if (mapping->shared || !mapping->protection.write) continue;
    table_.for_each_present(mapping->range(), [&](std::uint64_t, const Pte& pte) { pages += pte.writable(); });
  }
  return pages <= kMaxEagerCopies;
}

Result<Ref<AddressSpace>> AddressSpace::fork() {
  Ref<AddressSpace> child = TRY(create({table_.layout().program, true}));
  child->break_start_ = break_start_;
  child->break_ = break_;
  TlbGather tlb = gather();
  const bool copy_now = few_written_pages();
  for (const Mapping* mapping = first(); mapping; mapping = next(*mapping)) {
    if (mapping->not_in_child) continue;
    MappingTraits traits = *mapping;
    traits.locked = false;  // mlock(2): locks are not inherited
    auto* copy = new (std::nothrow) Mapping(mapping->range(), std::move(traits));
    if (!copy) return Errno::kNoMem;
    child->add_mapping(*copy);
    if (!mapping->empty_in_child) TRY(copy_pages_to(*child, *mapping, copy_now, tlb));
  }
  return child;
}

Result<void> AddressSpace::copy_pages_to(AddressSpace& child, const Mapping& mapping, bool copy_now, TlbGather& tlb) {
  Errno failure = Errno::kNone;
  // The child's entries are in the same places of the same tables: a walk is needed only from table to table.
  std::uint64_t span = 0;
  Pte* entries = nullptr;
  table_.for_each_present(mapping.range(), [&](std::uint64_t address, Pte& pte) {
    if (failure != Errno::kNone) return;
    if (!entries || span != PageTable::span_of(address)) {
      span = PageTable::span_of(address);
      auto made = child.table_.make(span);
      if (!made) {
        failure = made.error();
        return;
      }
      entries = made.value();
    }
    Pte& copy = entries[(address - span) >> kPageShift];
    if (!mapping.shared && pte.writable()) {
      if (copy_now || mapping.grows_down) {
        if (auto frame = allocate_user_frame(Fill::kNone)) {
          memcpy(frame_data(frame.value()), frame_data(pte.pfn()), kPageSize);
          child.install(copy, Pte::user_page(frame.value(), true, mapping.protection.execute));
          return;
        }
      }
      pte = pte.read_only();
      tlb.changed(address);
    }
    retain_frame(pte.pfn());
    child.install(copy, pte);
  });
  if (failure != Errno::kNone) return failure;
  return {};
}

}  // namespace kernel::mm
