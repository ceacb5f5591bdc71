// Page tables that nobody uses at the moment and whose entries are all absent: the next process that starts gets them.
// Most processes end while their parent makes the next one, so a table is in use again soon. It need not be zeroed
// then, and where KVM shadows page tables that saves far more than the zeroing: it still guards every write to the page
// (kernel.org, Documentation/virt/kvm/x86/mmu.rst, "Shadow pages"), and a memory operand of 512 repetitions is written
// in 512 steps, a quarter of a millisecond. As a table of the same level it is found in KVM's own cache of them.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "mm/address.h"

namespace kernel::mm {

// How far a table is from the pages: a last-level one is 0, the root 3.
inline constexpr unsigned kTableLevels = 4;

// A table all of whose entries are absent, but for the kernel's in a root that is not fresh.
Result<Pfn> take_table(unsigned level);
// The same must hold for it.
void give_table_back(Pfn table, unsigned level);
// Makes unused tables of the trees that page_table.cc keeps; false if there were none.
bool dismantle_unused_trees();
// Makes free frames of all of them; false if there were none.
bool free_unused_tables();

}  // namespace kernel::mm
