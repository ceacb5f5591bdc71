// Gives a new program the vDSO (vdso(7)): the pages of vdso/ that are part of the kernel's image, and the clock page before
// them, which Linux calls [vvar]. Nothing is copied: all programs share these pages.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "mm/address_space.h"

namespace kernel::task {

inline constexpr std::uint64_t kVdsoPages = 1;
inline constexpr std::uint64_t kVdsoMappedPages = kVdsoPages + 1;

// Maps it somewhere above the stack, whose highest address is `stack_top`, as Linux does, and returns where its ELF header is
// (AT_SYSINFO_EHDR). What lies there belongs to nobody else: exec leaves kVdsoMappedPages free between the highest stack and
// the end.
Result<std::uint64_t> map_vdso(mm::AddressSpace& space, std::uint64_t stack_top);

}  // namespace kernel::task
