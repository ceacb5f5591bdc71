#include "mm/kernel_map.h"

#include "abi/x86_tables.h"
#include "arch/x86_64/per_cpu.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/page_table.h"

namespace kernel::mm {
namespace {

using namespace husk::abi;

// In ring 3 mode the kernel's pages belong to CPL 3.
std::uint64_t owner_bit() {
  return arch::this_cpu().ring == arch::Ring::k3 ? kPageUser : 0;
}

std::uint64_t* entries(std::uint64_t table_entry) {
  return physical_pointer<std::uint64_t>(table_entry & kPageAddressMask);
}

// The last-level entry of an address, null if there is no table for it yet.
std::uint64_t* find_entry(std::uint64_t address) {
  std::uint64_t table = PageTable::boot_root();
  for (unsigned level = 4; level > 1; --level) {
    table = entries(table)[page_table_index(address, level)];
    if (!(table & kPagePresent)) return nullptr;
  }
  return &entries(table)[page_table_index(address, 1)];
}

Result<std::uint64_t*> make_entry(std::uint64_t address) {
  std::uint64_t table = PageTable::boot_root();
  for (unsigned level = 4; level > 1; --level) {
    std::uint64_t& entry = entries(table)[page_table_index(address, level)];
    if (!(entry & kPagePresent)) {
      const Pfn frame = TRY(allocate_frame(Fill::kZero));
      entry = frame.physical() | kPagePresent | kPageWritable | kPageAccessed | owner_bit();
    }
    table = entry;
  }
  return &entries(table)[page_table_index(address, 1)];
}

}  // namespace

Result<void> map_kernel_pages(std::uint64_t address, Pfn first, unsigned count) {
  if (address < kKernelMapStart || address >= kKernelMapEnd) panic("no place for kernel pages: {x}", address);
  // All tables first: a failure leaves nothing mapped.
  TRY(make_entry(address));
  TRY(make_entry(address + (count - 1) * kPageSize));
  for (unsigned i = 0; i < count; ++i) {
    std::uint64_t& entry = *find_entry(address + i * kPageSize);
    if (entry & kPagePresent) panic("kernel pages mapped over others: {x}", address);
    entry = Pfn{first.value + i}.physical() | kPagePresent | kPageWritable | kPageAccessed | kPageDirty |
            kPageNoExecute | owner_bit();
  }
  return {};
}

void unmap_kernel_pages(std::uint64_t address, unsigned count) {
  for (unsigned i = 0; i < count; ++i) *find_entry(address + i * kPageSize) = 0;
}

Pfn kernel_page_frame(std::uint64_t address) {
  return Pfn{(*find_entry(address) & kPageAddressMask) >> kPageShift};
}

void keep_in_absent_page(std::uint64_t address, std::uint64_t number) {
  *find_entry(address) = number << 1;
}

std::uint64_t kept_in_absent_page(std::uint64_t address) {
  return *find_entry(address) >> 1;
}

}  // namespace kernel::mm
