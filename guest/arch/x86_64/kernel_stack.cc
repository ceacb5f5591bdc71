#include "arch/x86_64/kernel_stack.h"

#include "arch/x86_64/entry.h"
#include "arch/x86_64/privileged.h"
#include "mm/address.h"
#include "mm/frame.h"
#include "mm/kernel_map.h"

namespace kernel::arch {
namespace {

using mm::kPageSize;

constexpr unsigned kStackPages = 1u << kKernelStackOrder;
// A place is as large below the stack as the stack: a function with a large frame does not step over a page.
constexpr std::uint64_t kPlaceSize = 2 * kKernelStackSize;
constexpr std::uint64_t kPlaces = (mm::kKernelMapEnd - mm::kKernelMapStart) / kPlaceSize;

// Stacks that nobody uses now stay mapped, for the next task, up to so many. Then half of them are unmapped: one flush
// of the TLB for all of these.
constexpr unsigned kMaxKept = 16;

// An unused stack holds the next one of its list in its first word.
struct Unused {
  Unused* next;
};
constinit Unused* kept_ = nullptr;
constinit unsigned kept_count_ = 0;

// Places without a stack: those from fresh_place_ on have never had one; the others are a list, each with the number of
// the next one in the entry of the page below it. 0 ends it, so numbers start at 1.
constinit std::uint64_t fresh_place_ = 1;
constinit std::uint64_t free_place_ = 0;

// The first task's stack is part of the kernel's image: a payload of one task needs no tables for others.
constinit bool first_is_used_ = false;

std::uint64_t base_of(std::uint64_t place) {
  return mm::kKernelMapStart + (place - 1) * kPlaceSize + kPlaceSize - kKernelStackSize;
}
std::uint64_t place_of(std::uint64_t base) {
  return (base - mm::kKernelMapStart) / kPlaceSize + 1;
}

Result<std::byte*> map_stack() {
  const std::uint64_t place = free_place_ ? free_place_ : fresh_place_;
  if (place > kPlaces) return Errno::kNoMem;
  const std::uint64_t base = base_of(place);
  const mm::Pfn frames = TRY(mm::allocate_frames(kKernelStackOrder));
  if (auto mapped = mm::map_kernel_pages(base, frames, kStackPages); !mapped) {
    mm::free_frames(frames, kKernelStackOrder);
    return mapped.error();
  }
  if (free_place_)
    free_place_ = mm::kept_in_absent_page(base - kPageSize);
  else
    ++fresh_place_;
  return reinterpret_cast<std::byte*>(base);
}

void unmap_half_of_the_unused() {
  Unused* going = nullptr;
  mm::Pfn frames[kMaxKept / 2];
  for (mm::Pfn& frame : frames) {
    going = kept_;
    kept_ = going->next;
    --kept_count_;
    const auto base = reinterpret_cast<std::uint64_t>(going);
    frame = mm::kernel_page_frame(base);
    mm::unmap_kernel_pages(base, kStackPages);
    mm::keep_in_absent_page(base - kPageSize, free_place_);
    free_place_ = place_of(base);
  }
  flush_tlb();
  for (const mm::Pfn frame : frames) mm::free_frames(frame, kKernelStackOrder);
}

}  // namespace

Result<void> KernelStack::allocate() {
  if (!first_is_used_) {
    first_is_used_ = true;
    base_ = first_stack;
  } else if (kept_) {
    base_ = reinterpret_cast<std::byte*>(kept_);
    kept_ = kept_->next;
    --kept_count_;
  } else {
    base_ = TRY(map_stack());
  }
  return {};
}

KernelStack::~KernelStack() {
  if (!base_) return;
  if (base_ == first_stack) {
    first_is_used_ = false;
    return;
  }
  auto* unused = reinterpret_cast<Unused*>(base_);
  unused->next = kept_;
  kept_ = unused;
  if (++kept_count_ > kMaxKept) unmap_half_of_the_unused();
}

bool is_below_kernel_stack(std::uint64_t address) {
  if (address >= mm::kKernelMapStart && address < mm::kKernelMapEnd)
    return (address - mm::kKernelMapStart) % kPlaceSize < kPlaceSize - kKernelStackSize;
  for (const std::byte* stack : {emergency_stack, boot_stack, first_stack}) {
    const auto base = reinterpret_cast<std::uint64_t>(stack);
    if (address < base && address >= base - kPageSize) return true;
  }
  return false;
}

}  // namespace kernel::arch
