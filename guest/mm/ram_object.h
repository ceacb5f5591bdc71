// A memory object of RAM frames, allocated when they are first written: the contents of a tmpfs file, or memory shared
// between processes. Holes read as zero and own no frame.
#pragma once

#include <cstddef>

#include <utility>

#include "mm/frame_allowance.h"
#include "mm/memory_object.h"

namespace kernel::mm {

class RamObject : public MemoryObject {
 public:
  // Its frames count against the allowance, if there is one: kNoSpc where that is used up.
  explicit RamObject(std::uint64_t size, Ref<FrameAllowance> allowance = {})
      : allowance_(std::move(allowance)), size_(size) {}
  ~RamObject() override;

  Result<FrameRef> page(std::uint64_t index, Access access, Ref<PendingPage>& pending) override;
  Pfn resident_page(std::uint64_t index) override;
  std::uint64_t size() const override { return size_; }

  // Grows (with a hole) or shrinks (frees the frames, and zeroes the rest of the last page). What was reserved behind
  // the end goes in any case.
  void set_size(std::uint64_t size);
  // The first half of making it smaller, which takes no time: the pages behind the new end are in no mapping any more, but
  // still have their frames.
  void lower_end(std::uint64_t size);
  // The end moves up to `end` if it is below: for who has filled the pages himself.
  void extend_to(std::uint64_t end) { size_ = end > size_ ? end : size_; }
  // As page(), but of a page behind the end, too: what fallocate(2) reserves, and a write before it moves the end.
  Result<FrameRef> fill_page(std::uint64_t index);
  // Frees whole pages in the range and zeroes the partial ones (fallocate's FALLOC_FL_PUNCH_HOLE).
  void punch_hole(std::uint64_t offset, std::uint64_t length);
  Result<void> discard_pages(std::uint64_t first, std::uint64_t end) override;

  bool has_page(std::uint64_t index) const {
    const Pfn* pfn = slot(index);
    return pfn && *pfn != kNoFrame;
  }
  // The first page from `index` on that has a frame, wherever the end is; kNoPage if there is none.
  static constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
  std::uint64_t next_resident(std::uint64_t index) const;
  std::uint64_t next_hole(std::uint64_t index) const;
  // Makes room in the index for the pages [first, end), which have no frames for that yet, and counts those.
  Result<std::uint64_t> prepare_pages(std::uint64_t first, std::uint64_t end);
  // While one lives, whoever faults on a page of [first, end) waits for `pending`: the pages are being taken away, in
  // pieces between which others run, and a fault would put one back behind the one who takes them. One at a time; the
  // object must live as long.
  class Closure {
   public:
    Closure(RamObject& object, std::uint64_t first, std::uint64_t end, Ref<PendingPage> pending);
    Closure(const Closure&) = delete;
    Closure& operator=(const Closure&) = delete;
    ~Closure() { object_.closure_ = nullptr; }

   private:
    friend class RamObject;
    RamObject& object_;
    std::uint64_t first_;
    std::uint64_t end_;
    Ref<PendingPage> pending_;
  };
  // Frames in use, for st_blocks.
  std::uint64_t resident_frames() const { return resident_; }

 private:
  // A tree of tables of 512 entries, as high as the largest page number needs: a sparse file costs what it holds.
  static constexpr unsigned kBits = 9;
  static constexpr std::uint64_t kEntries = std::uint64_t{1} << kBits;
  struct Leaf {
    Pfn frames[kEntries];
  };
  struct Node {
    void* children[kEntries];  // nodes, or leaves on the lowest level
  };

  bool covers(std::uint64_t index) const;
  Pfn* slot(std::uint64_t index) const;
  Result<Pfn*> make_slot(std::uint64_t index);
  void drop_page(std::uint64_t index);
  static void free_table(void* table, unsigned level);
  void free_all();

  bool is_closed(std::uint64_t index) const { return closure_ && index >= closure_->first_ && index < closure_->end_; }

  Ref<FrameAllowance> allowance_;
  void* root_ = nullptr;
  unsigned height_ = 0;  // levels; 1: the root is a leaf
  std::uint64_t size_;
  std::uint64_t resident_ = 0;
  const Closure* closure_ = nullptr;
};

}  // namespace kernel::mm
