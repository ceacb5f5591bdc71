// Page tables of one address space: four levels (SDM vol. 3, 4.5). The user half belongs to the address space; slot 255
// is the kernel's and the same everywhere.
//
// Every entry is made with its accessed and dirty bits set: nothing here reads them, and KVM's shadow paging then need
// not set them and may fill in neighbours of a page ahead of their use.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/result.h"
#include "mm/address.h"
#include "mm/user_range.h"

namespace kernel::mm {

class Pte {
 public:
  static constexpr std::uint64_t kPresent = 1, kWritable = 2, kUser = 4, kAccessed = 0x20, kDirty = 0x40;
  static constexpr std::uint64_t kKept = 0x200;  // one of those that the processor ignores (SDM vol. 3, 4.5)
  static constexpr std::uint64_t kNoExecute = std::uint64_t{1} << 63;
  static constexpr std::uint64_t kFrameMask = 0x000f'ffff'ffff'f000;

  Pte() = default;
  static Pte user_page(Pfn pfn, bool writable, bool executable) {
    return Pte(pfn.physical() | kPresent | kUser | kAccessed | kDirty | (writable ? kWritable : 0) |
               (executable ? 0 : kNoExecute));
  }
  // PROT_NONE: keeps its frame in an entry that user code cannot use.
  static Pte inaccessible_page(Pfn pfn) { return Pte(pfn.physical() | kPresent | kAccessed | kDirty | kNoExecute); }
  static Pte table(Pfn pfn) { return Pte(pfn.physical() | kPresent | kWritable | kUser | kAccessed); }

  bool present() const { return (bits_ & (kPresent | kKept)) == kPresent; }
  // Absent for everybody, the processor in user mode included, but what was there is remembered: a frame of the image,
  // which may be mapped here again soon. Where KVM shadows page tables, its entry for the page then needs not be made
  // again, at some 4 us, but only looked at when the page table is loaded.
  bool is_kept() const { return (bits_ & (kPresent | kKept)) == (kPresent | kKept); }
  Pte kept() const { return Pte((bits_ & ~kUser) | kKept); }
  bool writable() const { return bits_ & kWritable; }
  bool accessible() const { return bits_ & kUser; }
  bool executable() const { return !(bits_ & kNoExecute); }
  Pfn pfn() const { return Pfn{(bits_ & kFrameMask) >> kPageShift}; }
  Pte read_only() const { return Pte(bits_ & ~kWritable); }

 private:
  explicit Pte(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};
static_assert(sizeof(Pte) == 8);

class PageTable {
 public:
  static constexpr std::uint64_t kLeafSpan = 512 * kPageSize;  // what one last-level table covers

  PageTable() = default;
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;
  // The user half must hold no pages any more, every entry of a last-level table be absent or kept (AddressSpace sees to
  // it); gives the tables back. Must not be the loaded one.
  ~PageTable();

  // What a table will be like: which program it is of (only compared, never followed), and whether it is that of a child
  // of fork(2), all of whose pages are where the parent's are, or of a program that has just been executed, where only
  // libraries and the stack have their places. It gets the tables of an earlier one that was like it, if there are any.
  struct Layout {
    const void* program = nullptr;
    bool forked = false;
    bool operator==(const Layout&) const = default;
  };
  Result<void> initialise(const Layout& layout);
  const Layout& layout() const { return layout_; }
  // Whether entries of the image's frames are kept when their pages are unmapped: only where page tables are shadowed.
  static bool keeps_entries();
  std::uint64_t root_physical() const { return root_.physical(); }

  // The entry for an address, or null where no last-level table exists.
  Pte* find(std::uint64_t address) const;
  // The same, making the tables on the way.
  Result<Pte*> make(std::uint64_t address);
  // Calls visit(address, Pte&) for each present entry in the range. What has no tables costs nothing, be it terabytes.
  template <typename Visit>
  void for_each_present(const UserRange& range, Visit visit) const {
    for_each(range, [&](std::uint64_t address, Pte& pte) {
      if (pte.present()) visit(address, pte);
    });
  }
  // The same for entries that are kept.
  template <typename Visit>
  void for_each_kept(const UserRange& range, Visit visit) const {
    for_each(range, [&](std::uint64_t address, Pte& pte) {
      if (pte.is_kept()) visit(address, pte);
    });
  }
  // Where the part of the address space that the last-level table of `address` covers starts.
  static constexpr std::uint64_t span_of(std::uint64_t address) { return address & ~(kLeafSpan - 1); }
  // How many tables there are below the root.
  std::uint64_t tables() const { return tables_; }

  // Remembers the VMM's root table, from which every address space takes the kernel's slot.
  static void set_boot_root(std::uint64_t root_physical);
  static std::uint64_t boot_root();

 private:
  template <typename Visit>
  void for_each(const UserRange& range, Visit visit) const {
    std::uint64_t address = range.start();
    while (Pte* pte = next_table(address, range.end())) {
      const std::uint64_t end = std::min(range.end(), span_of(address) + kLeafSpan);
      for (; address < end; address += kPageSize, ++pte) visit(address, *pte);
    }
  }
  void empty_below_last_slot();
  // The entry for the first address from `address` on, and before `end`, that has a last-level table; sets `address` to
  // it.
  Pte* next_table(std::uint64_t& address, std::uint64_t end) const;

  Pfn root_ = kNoFrame;
  std::uint64_t tables_ = 0;
  Layout layout_;
};

}  // namespace kernel::mm
