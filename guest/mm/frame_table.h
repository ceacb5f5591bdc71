// One small record per page frame, shared by the buddy allocator (frame.cc) and the heap's slabs (heap.cc). RAM is zero
// at boot, so all-zero must mean "never used".
#pragma once

#include <cstdint>

#include "mm/address.h"

namespace kernel::mm {

enum class FrameState : std::uint8_t {
  kFresh = 0,  // never allocated, contents zero; or not RAM
  kFree,       // first frame of a free block of 2^order frames, on the free list of that order
  kGivenBack,  // the same of a block that the host has been given back
  kFreeTail,   // another frame of such a block
  kSingle,     // one frame with a reference count
  kBlock,      // first frame of an allocated block of 2^order frames
  kSlab,       // objects of one size class
};

struct FrameRecord {
  std::uint32_t references =
      0;                   // kSingle: references; kSlab: objects in use; kFree, kGivenBack: since when (free_blocks.h)
  std::uint32_t next = 0;  // free list or list of slabs with room: frame numbers, 0 = none
  std::uint32_t previous = 0;
  FrameState state = FrameState::kFresh;
  std::uint8_t order = 0;        // kFree, kGivenBack, kBlock: log2 of the size; kSlab: size class
  std::uint16_t first_free = 0;  // kSlab: offset of the first free object, kPageSize = none
};
static_assert(sizeof(FrameRecord) == 16);

extern FrameRecord* frame_table;  // frame.cc
inline FrameRecord& frame_record(Pfn pfn) {
  return frame_table[pfn.value];
}

}  // namespace kernel::mm
