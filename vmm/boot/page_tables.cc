#include "vmm/boot/page_tables.h"

#include <cassert>

namespace husk::boot {
namespace {

// SDM vol. 3, 4.5 (4-level paging), tables 4-15 to 4-20.
constexpr std::uint64_t kPresent = 1 << 0;
constexpr std::uint64_t kWritable = 1 << 1;
constexpr std::uint64_t kUser = 1 << 2;
constexpr std::uint64_t kAccessed = 1 << 5;
constexpr std::uint64_t kDirty = 1 << 6;
constexpr std::uint64_t kPageSizeBit = 1 << 7;
constexpr std::uint64_t kNoExecute = std::uint64_t{1} << 63;
constexpr std::uint64_t kAddressMask = 0x000f'ffff'ffff'f000;

constexpr std::uint64_t kLargePage = std::uint64_t{2} << 20;

constexpr std::uint64_t index_at(std::uint64_t address, unsigned level) {
  return (address >> (12 + 9 * (level - 1))) & 511;
}

}  // namespace

PageTables::PageTables(BootArena& arena, PageOwner owner)
    : arena_(arena),
      owner_bit_(owner == PageOwner::kUser ? kUser : 0),
      root_(arena.allocate(abi::kPageSize, "the page tables")) {}

std::uint64_t PageTables::read_entry(Gpa table, std::uint64_t index) const {
  return arena_.memory().read<std::uint64_t>(table + index * 8).value_or(0);
}

void PageTables::write_entry(Gpa table, std::uint64_t index, std::uint64_t value) {
  const bool written = arena_.memory().write(table + index * 8, value);
  assert(written);
  static_cast<void>(written);
}

Gpa PageTables::next_level(Gpa table, std::uint64_t index) {
  const std::uint64_t entry = read_entry(table, index);
  if ((entry & kPresent) != 0) return Gpa{entry & kAddressMask};
  const Gpa fresh = arena_.allocate(abi::kPageSize, "the page tables");
  // The leaf decides what may be done with a page; all levels above permit everything.
  write_entry(table, index, fresh.value | kPresent | kWritable | owner_bit_ | kAccessed);
  return fresh;
}

void PageTables::map(Gpa start, std::uint64_t length, PageAccess access) {
  std::uint64_t flags = kPresent | kAccessed | kDirty | owner_bit_;
  if (access == PageAccess::kReadWrite) flags |= kWritable;
  if (access != PageAccess::kReadExecute) flags |= kNoExecute;

  std::uint64_t gpa = start.value & ~(abi::kPageSize - 1);
  const std::uint64_t end = start.value + length;
  while (gpa < end) {
    const std::uint64_t va = abi::kKernelBase + gpa;
    const Gpa directory = next_level(next_level(root_, index_at(va, 4)), index_at(va, 3));
    if (gpa % kLargePage == 0 && end - gpa >= kLargePage) {
      write_entry(directory, index_at(va, 2), gpa | flags | kPageSizeBit);
      gpa += kLargePage;
      continue;
    }
    write_entry(next_level(directory, index_at(va, 2)), index_at(va, 1), gpa | flags);
    gpa += abi::kPageSize;
  }
}

}  // namespace husk::boot
