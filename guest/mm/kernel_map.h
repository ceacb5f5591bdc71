// Mappings in the kernel's half that are not the direct map: RAM at another address, with something unmapped beside it.
//
// All address spaces share the kernel's half below its one root entry, so what is mapped here is there in all of them.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "mm/address.h"

namespace kernel::mm {

// Behind the direct map of all that the ABI places in guest-physical memory (abi/husk_abi.h ends at 256 GiB).
inline constexpr std::uint64_t kKernelMapStart = kKernelBase + 0x60'0000'0000;
inline constexpr std::uint64_t kKernelMapEnd = kKernelBase + 0x80'0000'0000;
static_assert(husk::abi::kRootImageGpa + husk::abi::kMaxRootImage <= kKernelMapStart - kKernelBase);

// Maps `count` frames from `first` on, writable and not executable, at an address where nothing is mapped. kNoMem.
Result<void> map_kernel_pages(std::uint64_t address, Pfn first, unsigned count);
// The frames stay the caller's, who must flush the TLB before they are used for anything else.
void unmap_kernel_pages(std::uint64_t address, unsigned count);
// The frame that is mapped at an address.
Pfn kernel_page_frame(std::uint64_t address);
// A number kept in the entry of an address that is not mapped but has a table (the processor looks at no bit of an
// entry but the first if that is clear: SDM vol. 3, 4.5). 0 if none was kept.
void keep_in_absent_page(std::uint64_t address, std::uint64_t number);
std::uint64_t kept_in_absent_page(std::uint64_t address);

}  // namespace kernel::mm
