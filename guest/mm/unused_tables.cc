#include "mm/unused_tables.h"

#include "mm/frame.h"

namespace kernel::mm {
namespace {

// A pipeline of four dynamically linked programs.
constexpr unsigned kMostUnused = 16;

// Outside the tables: a link inside one would be an entry that is not absent.
struct UnusedTables {
  Pfn tables[kMostUnused];
  unsigned count = 0;
};
constinit UnusedTables unused_[kTableLevels];

}  // namespace

Result<Pfn> take_table(unsigned level) {
  UnusedTables& unused = unused_[level];
  if (unused.count) return unused.tables[--unused.count];
  return allocate_frame(Fill::kZero);
}

void give_table_back(Pfn table, unsigned level) {
  UnusedTables& unused = unused_[level];
  if (unused.count == kMostUnused) return release_frame(table);
  unused.tables[unused.count++] = table;
}

bool free_unused_tables() {
  bool any = dismantle_unused_trees();
  for (UnusedTables& unused : unused_) {
    any |= unused.count != 0;
    while (unused.count) release_frame(unused.tables[--unused.count]);
  }
  return any;
}

}  // namespace kernel::mm
