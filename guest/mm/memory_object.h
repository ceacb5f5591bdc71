// What a mapping shows: an object made of pages. Subclasses: RamObject (tmpfs files, shared anonymous memory), the
// EROFS inode's pages, which are frames of the root image (DAX), and later others (a device's memory).
//
// Private anonymous memory has no object: its pages live in the page tables alone.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "mm/frame.h"
#include "mm/pending_page.h"

namespace kernel::mm {

class MemoryObject : public RefCounted {
 public:
  enum class Access : std::uint8_t { kRead, kWrite };

  // The frame of page `index`, for as long as the reference is held. kWrite: the frame may be written through and the
  // object sees it; a hole is filled. kRead: a hole may be filled or not, it reads as zero. Errors: kNoMem, kIo; kFault
  // for a page wholly beyond the end (the payload gets SIGBUS). kAgain: not now, and `pending` is set to what must be
  // waited for. It never sleeps itself, and takes no inode's mutex.
  virtual Result<FrameRef> page(std::uint64_t index, Access access, Ref<PendingPage>& pending) = 0;

  // The frame of page `index` if it costs nothing to find and is readable now, else kNoFrame. Gives no reference; used
  // to map neighbours of a faulting page; so never one for which page() would have its caller wait. The frame stays valid while the object lives and the kernel does not block.
  virtual Pfn resident_page(std::uint64_t index) = 0;

  // Size in bytes.
  virtual std::uint64_t size() const = 0;

  // Lets go of the pages [first, end), which read as zero from now on, in every mapping, too (MADV_REMOVE).
  virtual Result<void> discard_pages(std::uint64_t /*first*/, std::uint64_t /*end*/) { return Errno::kOpNotSupp; }

  // Whether it is told of each of its mappings, as System V shared memory is (shmat(2)). Such mappings are never merged:
  // what was cut into parts stays so, and counts so, as on Linux.
  virtual bool counts_mappings() const { return false; }
  virtual void mapping_added() {}
  virtual void mapping_removed() {}

  // Shared mappings through which the object can be written, now or after mprotect(2): what F_SEAL_WRITE must not find.
  std::uint64_t writable_mappings() const { return writable_mappings_; }
  void add_writable_mapping() { ++writable_mappings_; }
  void remove_writable_mapping() { --writable_mappings_; }

 private:
  std::uint64_t writable_mappings_ = 0;
};

}  // namespace kernel::mm
