#include "vmm/boot/page_tables.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>

#include "abi/x86_tables.h"

namespace husk::boot {
PageTables::PageTables(BootArena& arena, PageOwner owner)
    : arena_(arena),
      owner_bit_(owner == PageOwner::kUser ? abi::kPageUser : 0),
      root_(arena.allocate(abi::kPageSize, "the page tables")) {}

std::uint64_t PageTables::read_entry(Gpa table, std::uint64_t index) const {
  return arena_.memory().read<std::uint64_t>(table + index * 8).value_or(0);
}

void PageTables::write_entry(Gpa table, std::uint64_t index, std::uint64_t value) {
  const bool written = arena_.memory().write(table + index * 8, value);
  assert(written);
  static_cast<void>(written);
}

// Most of a start's entries are of small pages, two thousand of them: one look at guest memory for all of a table.
void PageTables::write_pages(Gpa table, std::uint64_t index, std::uint64_t count, std::uint64_t first_value) {
  const std::span<std::byte> entries = arena_.memory().writable(table + index * 8, count * 8);
  assert(!entries.empty());
  for (std::size_t i = 0; i < entries.size() / 8; ++i) {
    const std::uint64_t value = first_value + i * abi::kPageSize;
    std::memcpy(&entries[i * 8], &value, sizeof value);
  }
}

Gpa PageTables::next_level(Gpa table, std::uint64_t index) {
  const std::uint64_t entry = read_entry(table, index);
  if ((entry & abi::kPagePresent) != 0) return Gpa{entry & abi::kPageAddressMask};
  const Gpa fresh = arena_.allocate(abi::kPageSize, "the page tables");
  // The leaf decides what may be done with a page; all levels above permit everything.
  write_entry(table, index, fresh.value | abi::kPagePresent | abi::kPageWritable | owner_bit_ | abi::kPageAccessed);
  return fresh;
}

void PageTables::map(Gpa start, std::uint64_t length, PageAccess access) {
  std::uint64_t flags = abi::kPagePresent | abi::kPageAccessed | abi::kPageDirty | owner_bit_;
  if (access == PageAccess::kReadWrite) flags |= abi::kPageWritable;
  if (access != PageAccess::kReadExecute) flags |= abi::kPageNoExecute;

  std::uint64_t gpa = start.value & ~(abi::kPageSize - 1);
  const std::uint64_t end = start.value + length;
  while (gpa < end) {
    const std::uint64_t va = abi::kKernelBase + gpa;
    const Gpa directory = next_level(next_level(root_, abi::page_table_index(va, 4)), abi::page_table_index(va, 3));
    if (gpa % abi::kLargePageSize == 0 && end - gpa >= abi::kLargePageSize) {
      write_entry(directory, abi::page_table_index(va, 2), gpa | flags | abi::kPageLarge);
      gpa += abi::kLargePageSize;
      continue;
    }
    const std::uint64_t table_end = std::min(end, (gpa | (abi::kLargePageSize - 1)) + 1);
    const std::uint64_t pages = (table_end - gpa + abi::kPageSize - 1) / abi::kPageSize;
    write_pages(next_level(directory, abi::page_table_index(va, 2)), abi::page_table_index(va, 1), pages, gpa | flags);
    gpa += pages * abi::kPageSize;
  }
}

}  // namespace husk::boot
