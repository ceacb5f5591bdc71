// A memory object of RAM frames, allocated when they are first written: the contents of a tmpfs file, or memory shared
// between processes. Holes read as zero and own no frame.
#pragma once

#include <cstddef>

#include "lib/vector.h"
#include "mm/memory_object.h"

namespace kernel::mm {

class RamObject final : public MemoryObject {
 public:
  explicit RamObject(std::uint64_t size) : size_(size) {}
  ~RamObject() override;

  Result<FrameRef> page(std::uint64_t index, Access access) override;
  Pfn resident_page(std::uint64_t index) override;
  std::uint64_t size() const override { return size_; }

  // Grows (with a hole) or shrinks (frees the frames, and zeroes the rest of the last page).
  void set_size(std::uint64_t size);
  // Frees whole pages in the range and zeroes the partial ones (fallocate's FALLOC_FL_PUNCH_HOLE).
  void punch_hole(std::uint64_t offset, std::uint64_t length);
  Result<void> discard_pages(std::uint64_t first, std::uint64_t end) override;
  // Frames in use, for st_blocks.
  std::uint64_t resident_frames() const { return resident_; }

 private:
  // Two levels: a directory of leaves of 512 frames, so that a sparse file costs what it holds.
  struct Leaf {
    Pfn frames[512];
  };
  Pfn* slot(std::uint64_t index);
  Result<Pfn*> make_slot(std::uint64_t index);
  void drop_page(std::uint64_t index);

  Vector<Leaf*> leaves_;
  std::uint64_t size_;
  std::uint64_t resident_ = 0;
};

}  // namespace kernel::mm
