// The page tables that the guest kernel starts with: PML4 slot 255 only, a direct map (VA = abi::kKernelBase + GPA).
//
// Accessed and dirty bits are set from the start: under shadow paging KVM then prefetches the neighbours of a page that
// is touched, and never has to write the bits back.
#pragma once

#include <cstdint>

#include "abi/husk_abi.h"
#include "vmm/boot/boot_arena.h"

namespace husk::boot {

enum class PageAccess { kReadOnly, kReadWrite, kReadExecute };

// Who the kernel's pages belong to: the supervisor where its C++ runs in CPL 0, the user where it runs in CPL 3.
enum class PageOwner { kSupervisor, kUser };

class PageTables {
 public:
  PageTables(BootArena& arena, PageOwner owner);

  // Maps [start, start + length), in whole 4 KiB pages; with 2 MiB pages where start and length allow. The range must
  // not have been mapped before. Only `kReadExecute` is executable.
  void map(Gpa start, std::uint64_t length, PageAccess access);

  Gpa root() const { return root_; }

 private:
  std::uint64_t read_entry(Gpa table, std::uint64_t index) const;
  void write_entry(Gpa table, std::uint64_t index, std::uint64_t value);
  // `count` entries from `index` on, for pages that lie one behind the other; `first_value` is the first one's.
  void write_pages(Gpa table, std::uint64_t index, std::uint64_t count, std::uint64_t first_value);
  Gpa next_level(Gpa table, std::uint64_t index);

  BootArena& arena_;
  std::uint64_t owner_bit_;
  Gpa root_;
};

}  // namespace husk::boot
