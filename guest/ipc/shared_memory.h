// System V shared memory: shmget(2), shmop(2), shmctl(2).
//
// A segment is an object of pages; what shmat(2) makes is an ordinary shared mapping of it. The segment counts its
// mappings wherever they come from (shmat, fork, the halves of one that is cut) and go to (munmap, exit, execve), and one
// that was removed goes with the last of them.
#pragma once

#include <cstdint>

#include "fs/inode.h"
#include "ipc/object.h"
#include "mm/address_space.h"
#include "mm/ram_object.h"
#include "task/user.h"

namespace kernel::ipc {

class Segment;

// The segment's pages. They outlive it for a moment: the last mapping to go takes the segment with it.
class SegmentMemory final : public mm::RamObject {
 public:
  explicit SegmentMemory(std::uint64_t size) : RamObject(size) {}
  bool counts_mappings() const override { return true; }
  void mapping_added() override;
  void mapping_removed() override;

 private:
  friend class Segment;
  Segment* segment_ = nullptr;
};

class Segment final : public Object {
 public:
  Segment(int key, int flags, Ref<SegmentMemory> memory);
  ~Segment() override;

  std::uint64_t size() const { return memory_->size(); }
  std::uint64_t pages() const { return mm::page_ceil(size()) >> mm::kPageShift; }
  std::uint64_t resident_pages() const { return memory_->resident_frames(); }
  bool attached_by_somebody() const { return attachments_ != 0; }
  const Ref<SegmentMemory>& memory() const { return memory_; }
  SharedRecord record() const;

  // SHM_LOCK, SHM_UNLOCK. Nothing is ever paged out; what is locked counts for its user, and shows.
  Result<void> lock();
  void unlock();
  // Removed at once, or when nobody maps it any more.
  void remove_when_unmapped();

  // Keeps the segment while it is being mapped.
  class Use {
   public:
    explicit Use(const Ref<Segment>& segment) : segment_(segment) { ++segment_->attachments_; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      --segment_->attachments_;
      segment_->remove_if_unused();
    }

   private:
    Ref<Segment> segment_;
  };

 private:
  friend class SegmentMemory;
  void remove_if_unused();

  Ref<SegmentMemory> memory_;
  Ref<task::User> locked_by_;
  std::uint64_t attachments_ = 0;
  std::int64_t attached_ = 0, detached_ = 0;
  std::int32_t creator_ = 0, last_ = 0;

 public:
  std::int64_t changed = 0;
};

TableOf<Segment>& segments();
// In pages: all segments' size, and what of it is in RAM.
std::uint64_t segment_pages();
std::uint64_t resident_segment_pages();

// shmget(2): the id of a segment that is there or made now.
Result<int> get_segment(int key, std::uint64_t size, int flags);
// shmat(2): where it is mapped.
Result<std::uint64_t> attach(mm::AddressSpace& space, int id, std::uint64_t address, int flags);
// shmdt(2).
Result<void> detach(mm::AddressSpace& space, std::uint64_t address);

}  // namespace kernel::ipc
