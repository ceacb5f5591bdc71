#include "mm/page_table.h"

#include "mm/frame.h"

namespace kernel::mm {
namespace {

constinit std::uint64_t boot_root_ = 0;

Pte* entries(Pfn table) {
  return reinterpret_cast<Pte*>(frame_data(table));
}
unsigned index(std::uint64_t address, unsigned level) {
  return (address >> (kPageShift + 9 * level)) & 511;
}

// Frees the tables below `table`, whose own level is `level` (1: its entries point to last-level tables).
void free_tables(Pfn table, unsigned level, unsigned slots) {
  for (unsigned i = 0; i < slots; ++i) {
    const Pte entry = entries(table)[i];
    if (!entry.present()) continue;
    if (level > 1) free_tables(entry.pfn(), level - 1, 512);
    release_frame(entry.pfn());
  }
}

}  // namespace

void PageTable::set_boot_root(std::uint64_t root_physical) {
  boot_root_ = root_physical;
}

Result<void> PageTable::initialise() {
  root_ = TRY(allocate_frame(Fill::kZero));
  const unsigned slot = husk::abi::kKernelPml4Slot;
  entries(root_)[slot] = entries(Pfn{boot_root_ >> kPageShift})[slot];
  return {};
}

PageTable::~PageTable() {
  if (root_ == kNoFrame) return;
  free_tables(root_, 3, husk::abi::kKernelPml4Slot);
  release_frame(root_);
}

Pte* PageTable::find(std::uint64_t address) const {
  Pfn table = root_;
  for (unsigned level = 3; level > 0; --level) {
    const Pte entry = entries(table)[index(address, level)];
    if (!entry.present()) return nullptr;
    table = entry.pfn();
  }
  return &entries(table)[index(address, 0)];
}

Pte* PageTable::next_table(std::uint64_t& address, std::uint64_t end) const {
  while (address < end) {
    Pfn table = root_;
    unsigned level = 3;
    for (; level > 0; --level) {
      const Pte entry = entries(table)[index(address, level)];
      if (!entry.present()) break;
      table = entry.pfn();
    }
    if (level == 0) return &entries(table)[index(address, 0)];
    // The whole span of the absent entry can be left out.
    const std::uint64_t span = kPageSize << (9 * level);
    address = (address & ~(span - 1)) + span;
  }
  return nullptr;
}

Result<Pte*> PageTable::make(std::uint64_t address) {
  Pfn table = root_;
  for (unsigned level = 3; level > 0; --level) {
    Pte& entry = entries(table)[index(address, level)];
    if (!entry.present()) {
      entry = Pte::table(TRY(allocate_frame(Fill::kZero)));
      ++tables_;
    }
    table = entry.pfn();
  }
  return &entries(table)[index(address, 0)];
}

}  // namespace kernel::mm
