// What a mapping shows: an object made of pages. Subclasses: RamObject (tmpfs files, shared anonymous memory), the
// EROFS inode's pages, which are frames of the root image (DAX), and later others (a device's memory).
//
// Private anonymous memory has no object: its pages live in the page tables alone.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "mm/frame.h"

namespace kernel::mm {

class MemoryObject : public RefCounted {
 public:
  enum class Access : std::uint8_t { kRead, kWrite };

  // The frame of page `index`, for as long as the reference is held. kWrite: the frame may be written through and the
  // object sees it; a hole is filled. kRead: a hole may be filled or not, it reads as zero. Errors: kNoMem, kIo; kFault
  // for a page wholly beyond the end (the payload gets SIGBUS).
  virtual Result<FrameRef> page(std::uint64_t index, Access access) = 0;

  // The frame of page `index` if it costs nothing to find and is readable now, else kNoFrame. Gives no reference; used
  // to map neighbours of a faulting page. The frame stays valid while the object lives and the kernel does not block.
  virtual Pfn resident_page(std::uint64_t index) = 0;

  // Size in bytes.
  virtual std::uint64_t size() const = 0;
};

}  // namespace kernel::mm
