#include "mm/page_table.h"

#include "arch/x86_64/per_cpu.h"
#include "mm/frame.h"
#include "mm/unused_tables.h"

namespace kernel::mm {
namespace {

constexpr unsigned kRootLevel = kTableLevels - 1;
constinit std::uint64_t boot_root_ = 0;

Pte* entries(Pfn table) {
  return reinterpret_cast<Pte*>(frame_data(table));
}
// Trees of tables that nobody uses, all of whose pages are absent or kept: where libraries and the stack are is much the same
// in every process of a program, and all of it is where a process forks again and again. Where KVM shadows page tables, each
// write to an entry of an upper one is emulated, and each page that is touched through a fresh one costs a fault.
//
// As many as a pipeline of four programs uses: for each a child of the shell, and the program that it executes.
constexpr unsigned kMostTrees = 8;
constexpr std::uint64_t kMostTreeTables = 12;
constexpr unsigned kUserSlots = husk::abi::kKernelPml4Slot;
struct Tree {
  Pfn root = kNoFrame;
  std::uint64_t tables = 0;
  PageTable::Layout layout;
};
// The one that has been here for the longest time first.
struct UnusedTrees {
  Tree trees[kMostTrees];
  unsigned count = 0;
};
constinit UnusedTrees unused_trees_;

Tree take_tree(unsigned at) {
  const Tree tree = unused_trees_.trees[at];
  --unused_trees_.count;
  for (; at < unused_trees_.count; ++at) unused_trees_.trees[at] = unused_trees_.trees[at + 1];
  return tree;
}

unsigned index(std::uint64_t address, unsigned level) {
  return (address >> (kPageShift + 9 * level)) & 511;
}

// Nothing that is kept may be in a table that has no place any more.
void forget_kept(Pfn last_level_table) {
  if (!PageTable::keeps_entries()) return;
  for (unsigned i = 0; i < 512; ++i) {
    if (Pte& entry = entries(last_level_table)[i]; entry.is_kept()) entry = Pte();
  }
}

bool has_kept(Pfn last_level_table) {
  if (!PageTable::keeps_entries()) return false;
  for (unsigned i = 0; i < 512; ++i) {
    if (entries(last_level_table)[i].is_kept()) return true;
  }
  return false;
}

// Gives back the tables below `table`, whose own level is `level`, and takes them out of it.
void empty_table(Pfn table, unsigned level, unsigned slots) {
  for (unsigned i = 0; i < slots; ++i) {
    Pte& entry = entries(table)[i];
    if (!entry.present()) continue;
    const Pfn below = entry.pfn();
    entry = Pte();
    if (level > 1)
      empty_table(below, level - 1, 512);
    else
      forget_kept(below);
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

// Gives back the last-level tables in which nothing is kept: how many there were.
std::uint64_t give_back_empty_tables(Pfn table, unsigned level, unsigned slots) {
  std::uint64_t count = 0;
  for (unsigned i = 0; i < slots; ++i) {
    Pte& entry = entries(table)[i];
    if (!entry.present()) continue;
    const Pfn below = entry.pfn();
    if (level > 1) {
      count += give_back_empty_tables(below, level - 1, 512);
    } else if (!has_kept(below)) {
      entry = Pte();
      give_table_back(below, 0);
      ++count;
    }
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
  while (unused_trees_.count) dismantle(take_tree(unused_trees_.count - 1).root);
  return any;
}

void PageTable::set_boot_root(std::uint64_t root_physical) {
  boot_root_ = root_physical;
}

std::uint64_t PageTable::boot_root() {
  return boot_root_;
}

bool PageTable::keeps_entries() {
  return arch::this_cpu().ring == arch::Ring::k3;
}

Result<void> PageTable::initialise(const Layout& layout) {
  layout_ = layout;
  const UnusedTrees& unused = unused_trees_;
  unsigned at = unused.count;
  while (at > 0 && unused.trees[at - 1].layout != layout) --at;
  // Of another kind, if there are so many that one of this kind would have no place.
  if (at > 0 || unused.count == kMostTrees || (unused.count > 0 && !keeps_entries())) {
    const Tree tree = take_tree(at > 0 ? at - 1 : 0);
    root_ = tree.root;
    tables_ = tree.tables;
    if (tree.layout.forked && tree.layout != layout) empty_below_last_slot();
    return {};
  }
  root_ = TRY(take_table(kRootLevel));
  const unsigned slot = husk::abi::kKernelPml4Slot;
  Pte& kernel = entries(root_)[slot];
  if (!kernel.present()) kernel = entries(Pfn{boot_root_ >> kPageShift})[slot];
  return {};
}

// Programs and their heaps have random places; what lies in the topmost slot has not.
void PageTable::empty_below_last_slot() {
  empty_table(root_, kRootLevel, kUserSlots - 1);
  tables_ = count_tables(root_, kRootLevel, kUserSlots - 1, kUserSlots);
}

PageTable::~PageTable() {
  if (root_ == kNoFrame) return;
  if (!layout_.forked) empty_below_last_slot();
  if (tables_ > kMostTreeTables) tables_ -= give_back_empty_tables(root_, kRootLevel, kUserSlots);
  if (tables_ > kMostTreeTables) {
    dismantle(root_);
    return;
  }
  if (unused_trees_.count == kMostTrees) dismantle(take_tree(0).root);
  unused_trees_.trees[unused_trees_.count++] = {root_, tables_, layout_};
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
