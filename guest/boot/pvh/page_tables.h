// The kernel's page tables, built in low memory: PML4 slot 255 is a direct map of what the kernel may touch, as
// vmm/boot/page_tables.h builds it for husk's own VMs.
#pragma once

#include <cstdint>

#include "boot_parameters.h"

namespace kernel::pvh {

enum class PageAccess { kReadExecute, kReadOnly, kReadWrite };

class PageTables {
 public:
  // Tables are taken from `arena`, whose pages are cleared; `user`: the kernel runs in CPL 3.
  PageTables(PhysicalRange arena, bool user);

  // Maps [start, start + length), in pages, large ones where both ends allow it.
  void map(std::uint64_t start, std::uint64_t length, PageAccess access);

  std::uint64_t root() const { return root_; }
  // False once the arena was too small.
  bool complete() const { return complete_; }
  std::uint64_t next_free() const { return next_; }

 private:
  std::uint64_t allocate();
  std::uint64_t next_level(std::uint64_t table, std::uint64_t index);

  std::uint64_t next_;
  std::uint64_t end_;
  std::uint64_t owner_bit_;
  bool complete_ = true;
  std::uint64_t root_;
};

}  // namespace kernel::pvh
