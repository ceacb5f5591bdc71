#include "mm/page_table.h"

#include "mm/frame.h"
#include "mm/unused_tables.h"

namespace kernel::mm {
namespace {

constexpr unsigned kRootLevel = kTableLevels - 1;
constinit std::uint64_t boot_root_ = 0;

Pte* entries(Pfn table) {
  return reinterpret_cast<Pte*>(frame_data(table));
}
unsigned index(std::uint64_t address, unsigned level) {
  return (address >> (kPageShift + 9 * level)) & 511;
}

// Gives back the tables below `table`, whose own level is `level`, and takes them out of it.
void empty_table(Pfn table, unsigned level, unsigned slots) {
  for (unsigned i = 0; i < slots; ++i) {
    Pte& entry = entries(table)[i];
    if (!entry.present()) continue;
    const Pfn below = entry.pfn();
    entry = Pte();
    if (level > 1) empty_table(below, level - 1, 512);
    give_table_back(below, level - 1);
  }
}

}  // namespace

void PageTable::set_boot_root(std::uint64_t root_physical) {
  boot_root_ = root_physical;
}

std::uint64_t PageTable::boot_root() {
  return boot_root_;
}

Result<void> PageTable::initialise() {
  root_ = TRY(take_table(kRootLevel));
  const unsigned slot = husk::abi::kKernelPml4Slot;
  Pte& kernel = entries(root_)[slot];
  if (!kernel.present()) kernel = entries(Pfn{boot_root_ >> kPageShift})[slot];
  return {};
}

PageTable::~PageTable() {
  if (root_ == kNoFrame) return;
  empty_table(root_, kRootLevel, husk::abi::kKernelPml4Slot);
  give_table_back(root_, kRootLevel);
}

Pte* PageTable::find(std::uint64_t address) const {
  Pfn table = root_;
  for (unsigned level = kRootLevel; level > 0; --level) {
    const Pte entry = entries(table)[index(address, level)];
    if (!entry.present()) return nullptr;
    table = entry.pfn();
  }
  return &entries(table)[index(address, 0)];
}

Pte* PageTable::next_table(std::uint64_t& address, std::uint64_t end) const {
  while (address < end) {
    Pfn table = root_;
    unsigned level = kRootLevel;
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
  for (unsigned level = kRootLevel; level > 0; --level) {
    Pte& entry = entries(table)[index(address, level)];
    if (!entry.present()) {
      entry = Pte::table(TRY(take_table(level - 1)));
      ++tables_;
    }
    table = entry.pfn();
  }
  return &entries(table)[index(address, 0)];
}

}  // namespace kernel::mm
