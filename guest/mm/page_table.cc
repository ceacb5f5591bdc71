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
// Trees of tables that nobody uses, all of whose pages are absent: where libraries and the stack are is much the same in every
// process, and where KVM shadows page tables each write to an entry of an upper one is emulated.
constexpr unsigned kMostTrees = 4;
constexpr std::uint64_t kMostTreeTables = 8;
constexpr unsigned kUserSlots = husk::abi::kKernelPml4Slot;
struct Tree {
  Pfn root = kNoFrame;
  std::uint64_t tables = 0;
};
struct UnusedTrees {
  Tree trees[kMostTrees];
  unsigned count = 0;
};
constinit UnusedTrees unused_trees_;

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

std::uint64_t count_tables(Pfn table, unsigned level, unsigned first_slot, unsigned end_slot) {
  std::uint64_t count = 0;
  for (unsigned i = first_slot; i < end_slot; ++i) {
    const Pte entry = entries(table)[i];
    if (entry.present()) count += 1 + (level > 1 ? count_tables(entry.pfn(), level - 1, 0, 512) : 0);
  }
  return count;
}

void dismantle(Pfn root) {
  empty_table(root, kRootLevel, kUserSlots);
  give_table_back(root, kRootLevel);
}

}  // namespace

bool dismantle_unused_trees() {
  const bool any = unused_trees_.count != 0;
  while (unused_trees_.count) dismantle(unused_trees_.trees[--unused_trees_.count].root);
  return any;
}

void PageTable::set_boot_root(std::uint64_t root_physical) {
  boot_root_ = root_physical;
}

std::uint64_t PageTable::boot_root() {
  return boot_root_;
}

Result<void> PageTable::initialise() {
  if (unused_trees_.count) {
    const Tree& tree = unused_trees_.trees[--unused_trees_.count];
    root_ = tree.root;
    tables_ = tree.tables;
    return {};
  }
  root_ = TRY(take_table(kRootLevel));
  const unsigned slot = husk::abi::kKernelPml4Slot;
  Pte& kernel = entries(root_)[slot];
  if (!kernel.present()) kernel = entries(Pfn{boot_root_ >> kPageShift})[slot];
  return {};
}

PageTable::~PageTable() {
  if (root_ == kNoFrame) return;
  // Programs and their heaps have random places; what lies in the topmost slot has not.
  empty_table(root_, kRootLevel, kUserSlots - 1);
  const std::uint64_t tables = count_tables(root_, kRootLevel, kUserSlots - 1, kUserSlots);
  if (tables > kMostTreeTables || unused_trees_.count == kMostTrees)
    dismantle(root_);
  else
    unused_trees_.trees[unused_trees_.count++] = {root_, tables};
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
