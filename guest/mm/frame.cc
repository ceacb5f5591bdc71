#include "mm/frame.h"

#include <algorithm>
#include <bit>

#include "abi/husk_abi.h"
#include "arch/x86_64/per_cpu.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame_table.h"

namespace kernel::mm {
namespace {

constexpr unsigned kMaxOrder = 10;
constexpr unsigned kMaxRanges = 2;

// RAM that was never allocated: [next, end).
struct FreshRange {
  std::uint64_t start = 0;
  std::uint64_t next = 0;
  std::uint64_t end = 0;
  std::uint64_t prepared = 0;  // those below this one the host has been asked to make ready, or will not be
};

// A frame that the host gives only when the guest touches it costs a fault of the host's and, where KVM shadows page tables, one of
// KVM's for itself alone: KVM maps the neighbours of a page with it, 8 at a time, if the host has them. So the host is asked to
// make frames ready in one go. To ask is an exit, and costs as much as some 8 such faults: not for less than kLeastPrepared.
//
// Which frames? Those of which is known that they will be used (expect_frames). And a part of what has been used already, in the
// hope of more of the same, which may be in vain: not before a VM is so large that nobody will notice.
constexpr std::uint64_t kLeastPrepared = 16, kMostPrepared = 512;
constexpr std::uint64_t kPreparedFrom = 1024, kPreparedPart = 16;
static_assert(kMostPrepared / husk::abi::kPreparedUnitPages < 1U << husk::abi::kPreparedUnitsBits);

constinit FreshRange fresh_[kMaxRanges];
constinit unsigned range_count_ = 0;
constinit FrameRecord* table_ = nullptr;
constinit std::uint32_t free_lists_[kMaxOrder + 1] =
    {};  // first frame of the first block; 0 = empty (frame 0 is the VMM's)
constinit MemoryStatistics statistics_{};
constinit bool reserve_is_open_ = false;
using Reclaim = bool (*)();
constinit Reclaim reclaim_ = nullptr;
using Prepare = void (*)(Pfn first, std::uint64_t frames);
constinit Prepare prepare_ = nullptr;

void push_block(std::uint64_t frame, unsigned order) {
  FrameRecord& record = table_[frame];
  record.state = FrameState::kFree;
  record.order = static_cast<std::uint8_t>(order);
  record.previous = 0;
  record.next = free_lists_[order];
  if (record.next) table_[record.next].previous = static_cast<std::uint32_t>(frame);
  free_lists_[order] = static_cast<std::uint32_t>(frame);
}

void remove_block(std::uint64_t frame, unsigned order) {
  FrameRecord& record = table_[frame];
  if (record.previous)
    table_[record.previous].next = record.next;
  else
    free_lists_[order] = record.next;
  if (record.next) table_[record.next].previous = record.previous;
  record.state = FrameState::kFreeTail;
}

bool in_ram(std::uint64_t frame) {
  for (unsigned i = 0; i < range_count_; ++i) {
    if (frame >= fresh_[i].start && frame < fresh_[i].end) return true;
  }
  return false;
}

// Merges the block with its buddy as long as that is free too.
void free_block(std::uint64_t frame, unsigned order) {
  while (order < kMaxOrder) {
    const std::uint64_t buddy = frame ^ (std::uint64_t{1} << order);
    if (!in_ram(buddy) || table_[buddy].state != FrameState::kFree || table_[buddy].order != order) break;
    remove_block(buddy, order);
    table_[frame].state = FrameState::kFreeTail;
    frame = std::min(frame, buddy);
    ++order;
  }
  push_block(frame, order);
}

// 0 when there is none.
std::uint64_t take_free_block(unsigned order) {
  for (unsigned have = order; have <= kMaxOrder; ++have) {
    const std::uint64_t frame = free_lists_[have];
    if (!frame) continue;
    remove_block(frame, have);
    while (have > order) {
      --have;
      push_block(frame + (std::uint64_t{1} << have), have);
    }
    return frame;
  }
  return 0;
}

std::uint64_t round_to_units(std::uint64_t frame) {
  constexpr std::uint64_t kUnit = husk::abi::kPreparedUnitPages;
  return (frame + kUnit - 1) / kUnit * kUnit;
}

// Has the host make the range's next frames ready, `frames` of them, but for those that are.
void prepare(FreshRange& range, std::uint64_t frames) {
  const std::uint64_t first = round_to_units(std::max(range.next, range.prepared));
  const std::uint64_t end = round_to_units(range.next + std::min(frames, kMostPrepared));
  if (!prepare_ || end < first + kLeastPrepared || end > range.end) return;
  range.prepared = end;
  prepare_(Pfn{first}, end - first);
}

std::uint64_t more_of_the_same(const FreshRange& range) {
  const std::uint64_t used = range.next - range.start;
  return used >= kPreparedFrom ? std::bit_floor(used / kPreparedPart) : 0;
}

std::uint64_t take_fresh_block(unsigned order) {
  const std::uint64_t size = std::uint64_t{1} << order;
  for (unsigned i = 0; i < range_count_; ++i) {
    FreshRange& range = fresh_[i];
    const std::uint64_t aligned = (range.next + size - 1) & ~(size - 1);
    if (aligned + size > range.end) continue;
    for (std::uint64_t skipped = range.next; skipped < aligned; ++skipped) free_block(skipped, 0);
    range.next = aligned + size;
    if (range.next >= range.prepared) prepare(range, more_of_the_same(range));
    return aligned;
  }
  return 0;
}

void account(std::uint64_t frames) {
  statistics_.free_frames -= frames;
  statistics_.peak_frames = std::max(statistics_.peak_frames, statistics_.total_frames - statistics_.free_frames);
}

// A kernel in ring 3 runs at full speed. One in ring 0 may be emulated, one instruction at a time, and a page takes a
// millisecond then.
bool zeroing_is_cheap() {
  return arch::this_cpu().ring == arch::Ring::k3;
}

// A frame just taken gets its first reference.
Pfn claim_single(std::uint64_t frame) {
  table_[frame].state = FrameState::kSingle;
  table_[frame].references = 1;
  account(1);
  return Pfn{frame};
}

}  // namespace

FrameRecord& frame_record(Pfn pfn) {
  return table_[pfn.value];
}

bool is_ram(Pfn pfn) {
  return in_ram(pfn.value);
}

void add_memory(std::uint64_t start, std::uint64_t end) {
  if (range_count_ == kMaxRanges) panic("too many ranges of memory");
  start >>= kPageShift;
  end >>= kPageShift;
  if (!table_) panic("add_memory before initialise_frame_table");
  fresh_[range_count_++] = {start, start, end};
  statistics_.total_frames += end - start;
  statistics_.free_frames += end - start;
}

std::uint64_t initialise_frame_table(std::uint64_t highest) {
  const std::uint64_t start = page_floor(highest - (highest >> kPageShift) * sizeof(FrameRecord));
  table_ = physical_pointer<FrameRecord>(start);
  return start;
}

Result<Pfn> allocate_frame(Fill fill) {
  // Freed frames first, so that the host gives the VM no more than it needs at once.
  std::uint64_t frame = 0;
  bool zero = false;
  if (fill == Fill::kZero && !zeroing_is_cheap()) zero = (frame = take_fresh_block(0)) != 0;
  if (!frame) frame = take_free_block(0);
  if (!frame) zero = (frame = take_fresh_block(0)) != 0;
  if (!frame) return Errno::kNoMem;
  claim_single(frame);
  if (fill == Fill::kZero && !zero) memset(frame_data(Pfn{frame}), 0, kPageSize);
  return Pfn{frame};
}

Result<Pfn> allocate_user_frame(Fill fill) {
  const std::uint64_t kept = reserve_is_open_ ? kKernelReserveFrames / 2 : kKernelReserveFrames;
  if (statistics_.free_frames <= kept && !(reclaim_ && reclaim_() && statistics_.free_frames > kept))
    return Errno::kNoMem;
  return allocate_frame(fill);
}

void set_reclaimer(bool (*reclaim)()) {
  reclaim_ = reclaim;
}

void expect_frames(std::uint64_t count) {
  std::uint64_t never_used = 0;
  for (const FreshRange& range : fresh_) never_used += range.end - range.next;
  const std::uint64_t freed = statistics_.free_frames - never_used;
  if (count < freed + kLeastPrepared) return;
  for (FreshRange& range : fresh_) {
    if (range.next == range.end) continue;
    if (range.next + count - freed > range.prepared) prepare(range, std::max(count - freed, more_of_the_same(range)));
    return;
  }
}

void set_ram_preparer(void (*prepare)(Pfn first, std::uint64_t frames)) {
  prepare_ = prepare;
}

ReserveOpening::ReserveOpening() {
  reserve_is_open_ = true;
}

ReserveOpening::~ReserveOpening() {
  reserve_is_open_ = false;
}

Result<Pfn> allocate_frame_ahead() {
  if (statistics_.free_frames <= kKernelReserveFrames) return Errno::kNoMem;
  // Many frames are zeroed in the time that one fault takes; and while there is plenty, nobody misses them.
  if (zeroing_is_cheap() && statistics_.free_frames > statistics_.total_frames / 4) return allocate_frame(Fill::kZero);
  const std::uint64_t frame = take_fresh_block(0);
  if (!frame) return Errno::kNoMem;
  return claim_single(frame);
}

Result<Pfn> allocate_frame_for_copy_ahead() {
  if (!zeroing_is_cheap() || statistics_.free_frames <= statistics_.total_frames / 4) return Errno::kNoMem;
  return allocate_frame(Fill::kNone);
}

Result<Pfn> allocate_frames(unsigned order) {
  if (order > kMaxOrder) return Errno::kNoMem;
  std::uint64_t frame = take_free_block(order);
  if (!frame) frame = take_fresh_block(order);
  if (!frame) return Errno::kNoMem;
  table_[frame].state = FrameState::kBlock;
  table_[frame].order = static_cast<std::uint8_t>(order);
  account(std::uint64_t{1} << order);
  return Pfn{frame};
}

void free_frames(Pfn first, unsigned order) {
  if (table_[first.value].state != FrameState::kBlock || table_[first.value].order != order)
    panic("free of a wrong block");
  statistics_.free_frames += std::uint64_t{1} << order;
  free_block(first.value, order);
}

void retain_frame(Pfn pfn) {
  if (is_ram(pfn)) ++table_[pfn.value].references;
}

void release_frame(Pfn pfn) {
  if (!is_ram(pfn)) return;
  FrameRecord& record = table_[pfn.value];
  if (record.state != FrameState::kSingle || record.references == 0) panic("release of a frame that nobody holds");
  if (--record.references) return;
  ++statistics_.free_frames;
  free_block(pfn.value, 0);
}

std::uint32_t frame_references(Pfn pfn) {
  return table_[pfn.value].references;
}

MemoryStatistics memory_statistics() {
  return statistics_;
}

}  // namespace kernel::mm
