// Free memory as the buddy allocator sees it: blocks of 2^order frames, each aligned to its size, in a list for each order, and
// merged with their buddies. There are two such sets (frame.cc): what was freed, and what the host has been given back.
#pragma once

#include <algorithm>
#include <cstdint>

#include "mm/frame.h"
#include "mm/frame_table.h"

namespace kernel::mm {

// The first frame of the blocks in a set has the state kState. `frames()` counts those in blocks of at least kCountedFrom.
template <FrameState kState, unsigned kCountedFrom>
class FreeBlocks {
 public:
  static constexpr unsigned kMaxOrder = 10;

  std::uint64_t frames() const { return frames_; }

  // Merges the block with its buddy as long as that is here too.
  void add(std::uint64_t frame, unsigned order) {
    while (order < kMaxOrder) {
      const std::uint64_t buddy = frame ^ (std::uint64_t{1} << order);
      if (!is_ram(Pfn{buddy})) break;
      const FrameRecord& record = frame_record(Pfn{buddy});
      if (record.state != kState || record.order != order) break;
      remove(buddy, order);
      frame_record(Pfn{frame}).state = FrameState::kFreeTail;
      frame = std::min(frame, buddy);
      ++order;
    }
    push(frame, order);
  }

  // A block of this order, cut from a larger one if need be. 0: there is none.
  std::uint64_t take(unsigned order) {
    for (unsigned have = order; have <= kMaxOrder; ++have) {
      const std::uint64_t frame = newest_[have];
      if (!frame) continue;
      remove(frame, have);
      while (have > order) {
        --have;
        push(frame + (std::uint64_t{1} << have), have);
      }
      return frame;
    }
    return 0;
  }

  // The smallest block of at least `least`, as a whole; its order goes to `order`. 0: there is none.
  std::uint64_t take_whole(unsigned least, unsigned& order) {
    for (unsigned have = least; have <= kMaxOrder; ++have) {
      const std::uint64_t frame = newest_[have];
      if (!frame) continue;
      remove(frame, have);
      order = have;
      return frame;
    }
    return 0;
  }

  // Blocks have an age: how often grow_older() was called while they were as they are. What was merged or cut is new, so the
  // lists are in the order of age.
  void grow_older() { ++now_; }
  std::uint64_t oldest(unsigned order) const { return oldest_[order]; }  // 0: there is none
  std::uint32_t age(std::uint64_t frame) const { return now_ - frame_record(Pfn{frame}).references; }

  void remove(std::uint64_t frame, unsigned order) {
    FrameRecord& record = frame_record(Pfn{frame});
    if (record.previous)
      frame_record(Pfn{record.previous}).next = record.next;
    else
      newest_[order] = record.next;
    if (record.next)
      frame_record(Pfn{record.next}).previous = record.previous;
    else
      oldest_[order] = record.previous;
    record.state = FrameState::kFreeTail;
    if (order >= kCountedFrom) frames_ -= std::uint64_t{1} << order;
  }

 private:
  void push(std::uint64_t frame, unsigned order) {
    FrameRecord& record = frame_record(Pfn{frame});
    record.state = kState;
    record.order = static_cast<std::uint8_t>(order);
    record.references = now_;
    record.previous = 0;
    record.next = newest_[order];
    if (record.next)
      frame_record(Pfn{record.next}).previous = static_cast<std::uint32_t>(frame);
    else
      oldest_[order] = static_cast<std::uint32_t>(frame);
    newest_[order] = static_cast<std::uint32_t>(frame);
    if (order >= kCountedFrom) frames_ += std::uint64_t{1} << order;
  }

  // The first frames of the first and the last block of each list; 0: empty (frame 0 is the VMM's).
  std::uint32_t newest_[kMaxOrder + 1] = {};
  std::uint32_t oldest_[kMaxOrder + 1] = {};
  std::uint32_t now_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace kernel::mm
