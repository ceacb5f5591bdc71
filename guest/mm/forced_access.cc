// What a tracer's access finds (ptrace(2), /proc/PID/mem): mappings are read and written that their own program may not, as a
// breakpoint in its text has to be (FOLL_FORCE of Linux). What is shared with others is not: only a private page can be written
// against its protection, and is copied for that first. The entry stays as strict as the mapping.
#include "lib/string.h"
#include "mm/address_space.h"

namespace kernel::mm {
namespace {

Pte entry_for(const Mapping& mapping, Pfn pfn) {
  if (mapping.protection.none()) return Pte::inaccessible_page(pfn);
  return Pte::user_page(pfn, false, mapping.protection.execute);
}

}  // namespace

Result<Pfn> AddressSpace::frame_for_tracer(std::uint64_t address, FaultAccess access, Ref<PendingPage>& pending) {
  if (address >= husk::abi::kUserEnd || surrendered_) return Errno::kFault;
  const std::uint64_t page = page_floor(address);
  const Mapping* mapping = find(page);
  if (!mapping && grow_stack(page)) mapping = find(page);
  if (!mapping) return Errno::kFault;
  const bool write = access == FaultAccess::kWrite;
  const bool permitted = write ? mapping->protection.write : !mapping->protection.none();
  if (permitted) return frame_for_kernel(address, access, pending);
  if (write && mapping->shared) return Errno::kFault;

  Pte& pte = *TRY(table_.make(page));
  if (!pte.present()) {
    FrameRef original;
    if (mapping->object)
      original = TRY(mapping->object->page(mapping->object_page_of(page), MemoryObject::Access::kRead, pending));
    if (original && !write) {
      install(pte, entry_for(*mapping, original.leak()));
      return pte.pfn();
    }
    const Pfn frame = TRY(allocate_user_frame(original ? Fill::kNone : Fill::kZero));
    if (original) memcpy(frame_data(frame), original.data(), kPageSize);
    install(pte, entry_for(*mapping, frame));
    return frame;
  }
  const Pfn old = pte.pfn();
  // As in copy_on_write(): a frame that nobody else has is this address space's own.
  if (!write || (is_ram(old) && frame_references(old) == 1)) return old;
  const Pfn copy = TRY(allocate_user_frame(Fill::kNone));
  memcpy(frame_data(copy), frame_data(old), kPageSize);
  ++fault_statistics.copies;
  pte = entry_for(*mapping, copy);
  gather().removed(page, old);
  return copy;
}

}  // namespace kernel::mm
