#include "boot/pvh/page_tables.h"

#include "abi/x86_tables.h"
#include "lib/string.h"
#include "mm/address.h"

namespace kernel::pvh {
namespace {

using husk::abi::kLargePageSize;
using husk::abi::page_table_index;

std::uint64_t& entry(std::uint64_t table, std::uint64_t index) {
  return mm::physical_pointer<std::uint64_t>(table)[index];
}

}  // namespace

PageTables::PageTables(PhysicalRange arena, bool user)
    : next_(mm::page_ceil(arena.start)),
      end_(mm::page_floor(arena.end())),
      owner_bit_(user ? husk::abi::kPageUser : 0),
      root_(allocate()) {}

// When nothing is left the last table is used again and again: what is built then is never loaded.
std::uint64_t PageTables::allocate() {
  if (end_ - next_ < mm::kPageSize || next_ > end_) {
    complete_ = false;
    return next_ - mm::kPageSize;
  }
  const std::uint64_t page = next_;
  next_ += mm::kPageSize;
  memset(mm::physical_pointer<std::byte>(page), 0, mm::kPageSize);
  return page;
}

std::uint64_t PageTables::next_level(std::uint64_t table, std::uint64_t index) {
  std::uint64_t& slot = entry(table, index);
  if (!(slot & husk::abi::kPagePresent)) {
    // The leaf decides what may be done with a page; all levels above permit everything.
    slot = allocate() | husk::abi::kPagePresent | husk::abi::kPageWritable | owner_bit_ | husk::abi::kPageAccessed;
  }
  return slot & husk::abi::kPageAddressMask;
}

void PageTables::map(std::uint64_t start, std::uint64_t length, PageAccess access) {
  std::uint64_t flags = husk::abi::kPagePresent | husk::abi::kPageAccessed | husk::abi::kPageDirty | owner_bit_;
  if (access == PageAccess::kReadWrite) flags |= husk::abi::kPageWritable;
  if (access != PageAccess::kReadExecute) flags |= husk::abi::kPageNoExecute;
  const std::uint64_t end = start + length;
  std::uint64_t address = mm::page_floor(start);
  while (address < end && complete_) {
    const std::uint64_t va = mm::kKernelBase + address;
    const std::uint64_t directory = next_level(next_level(root_, page_table_index(va, 4)), page_table_index(va, 3));
    if (address % kLargePageSize == 0 && end - address >= kLargePageSize) {
      entry(directory, page_table_index(va, 2)) = address | flags | husk::abi::kPageLarge;
      address += kLargePageSize;
      continue;
    }
    entry(next_level(directory, page_table_index(va, 2)), page_table_index(va, 1)) = address | flags;
    address += mm::kPageSize;
  }
}

}  // namespace kernel::pvh
