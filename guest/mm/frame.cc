#include "mm/frame.h"

#include <algorithm>
#include <bit>

#include "abi/husk_abi.h"
#include "arch/x86_64/per_cpu.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/environment.h"
#include "mm/frame_table.h"
#include "mm/free_blocks.h"

namespace kernel::mm {
namespace {

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
constinit FreeBlocks<FrameState::kFree, kGivenBackOrder> freed_;
constinit FreeBlocks<FrameState::kGivenBack, 0> given_back_;
// One block of given_back_ that is being used up. It is like RAM that was never used, but what is in it.
constinit FreshRange taken_again_;
constinit bool given_back_is_zero_ = true;
// A block that the kernel's own frames are taken from, and whether it is zero.
constinit FreshRange kernels_own_;
constinit bool kernels_own_is_zero_ = false;
constinit bool knows_of_memory_to_give_back_ = false;
constinit MemoryStatistics statistics_{};
constinit bool reserve_is_open_ = false;
using Reclaim = bool (*)();
constinit Reclaim reclaim_ = nullptr;
using Prepare = void (*)(Pfn first, std::uint64_t frames);
constinit Prepare prepare_ = nullptr;

bool in_ram(std::uint64_t frame) {
  for (unsigned i = 0; i < range_count_; ++i) {
    if (frame >= fresh_[i].start && frame < fresh_[i].end) return true;
  }
  return false;
}

void free_block(std::uint64_t frame, unsigned order) {
  freed_.add(frame, order);
  if (freed_.frames() < kWorthGivingBack || knows_of_memory_to_give_back_) return;
  knows_of_memory_to_give_back_ = true;
  memory_can_be_given_back();
}

std::uint64_t round_to_units(std::uint64_t frame) {
  constexpr std::uint64_t kUnit = husk::abi::kPreparedUnitPages;
  return (frame + kUnit - 1) / kUnit * kUnit;
}

// Has the host make the range's next frames ready, `frames` of them, but for those that are.
void prepare(FreshRange& range, std::uint64_t frames) {
  constexpr std::uint64_t kUnit = husk::abi::kPreparedUnitPages;
  const std::uint64_t first = round_to_units(std::max(range.next, range.prepared));
  const std::uint64_t end =
      std::min(round_to_units(range.next + std::min(frames, kMostPrepared)), range.end / kUnit * kUnit);
  if (!prepare_ || end < first + kLeastPrepared) return;
  range.prepared = end;
  prepare_(Pfn{first}, end - first);
}

std::uint64_t more_of_the_same(std::uint64_t used) {
  return used >= kPreparedFrom ? std::bit_floor(used / kPreparedPart) : 0;
}

std::uint64_t used_frames() {
  return statistics_.total_frames - statistics_.free_frames;
}

// 0 when there is no room. What is skipped for the block's alignment becomes free.
std::uint64_t take_from(FreshRange& range, unsigned order) {
  const std::uint64_t size = std::uint64_t{1} << order;
  const std::uint64_t aligned = (range.next + size - 1) & ~(size - 1);
  if (aligned + size > range.end) return 0;
  for (std::uint64_t skipped = range.next; skipped < aligned; ++skipped) free_block(skipped, 0);
  range.next = aligned + size;
  return aligned;
}

// Whether there is given-back RAM at hand to be taken frame by frame. The smallest block that may be made ready in one go first, so that
// large ones stay whole.
bool refill_taken_again() {
  if (taken_again_.next < taken_again_.end) return true;
  unsigned order = 0;
  std::uint64_t frame = given_back_.take_whole(kGivenBackOrder, order);
  if (!frame) frame = given_back_.take_whole(0, order);
  if (!frame) return false;
  taken_again_ = {frame, frame, frame + (std::uint64_t{1} << order), frame};
  return true;
}

std::uint64_t given_back_frames() {
  return given_back_.frames() + (taken_again_.end - taken_again_.next);
}

std::uint64_t take_given_back_block(unsigned order) {
  if (given_back_frames() == 0) return 0;
  if (order != 0) {
    const std::uint64_t frame = take_from(taken_again_, order);
    return frame ? frame : given_back_.take(order);
  }
  if (!refill_taken_again()) return 0;
  if (taken_again_.next >= taken_again_.prepared) prepare(taken_again_, more_of_the_same(used_frames()));
  return taken_again_.next++;
}

std::uint64_t take_fresh_block(unsigned order) {
  for (unsigned i = 0; i < range_count_; ++i) {
    FreshRange& range = fresh_[i];
    const std::uint64_t frame = take_from(range, order);
    if (!frame) continue;
    if (range.next >= range.prepared) prepare(range, more_of_the_same(range.next - range.start));
    return frame;
  }
  return 0;
}

// RAM that the host need not have yet: given back before, then never used, whose records in the frame table are a page more
// for each 256 frames. 0: there is none. Sets whether it is zero.
std::uint64_t take_untouched_block(unsigned order, bool& zero) {
  if (const std::uint64_t frame = take_given_back_block(order)) {
    zero = given_back_is_zero_;
    return frame;
  }
  zero = true;
  return take_fresh_block(order);
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
  FrameRecord& record = frame_record(Pfn{frame});
  record.state = FrameState::kSingle;
  record.references = 1;
  account(1);
  return Pfn{frame};
}

// What was made ready, in vain so far, is free memory like any other that the host has given.
void release_ready(FreshRange& range) {
  for (; range.next < range.prepared; ++range.next) freed_.add(range.next, 0);
}

void claim_block(std::uint64_t frame, unsigned order) {
  FrameRecord& record = frame_record(Pfn{frame});
  record.state = FrameState::kBlock;
  record.order = static_cast<std::uint8_t>(order);
}

Result<Pfn> allocate_single(Fill fill) {
  // Freed frames first, so that the host gives the VM no more than it needs at once.
  std::uint64_t frame = 0;
  bool zero = false;
  if (fill == Fill::kZero && !zeroing_is_cheap()) frame = take_untouched_block(0, zero);
  if (!frame) {
    zero = false;
    frame = freed_.take(0);
  }
  if (!frame) frame = take_untouched_block(0, zero);
  if (!frame && kernels_own_.next < kernels_own_.end) {
    zero = kernels_own_is_zero_;
    frame = kernels_own_.next++;
  }
  if (!frame) return Errno::kNoMem;
  claim_single(frame);
  if (fill == Fill::kZero && !zero) memset(frame_data(Pfn{frame}), 0, kPageSize);
  return Pfn{frame};
}

}  // namespace

constinit FrameRecord* frame_table = nullptr;

bool is_ram(Pfn pfn) {
  return in_ram(pfn.value);
}

void add_memory(std::uint64_t start, std::uint64_t end) {
  if (range_count_ == kMaxRanges) panic("too many ranges of memory");
  start >>= kPageShift;
  end >>= kPageShift;
  if (!frame_table) panic("add_memory before initialise_frame_table");
  fresh_[range_count_++] = {start, start, end};
  statistics_.total_frames += end - start;
  statistics_.free_frames += end - start;
}

std::uint64_t initialise_frame_table(std::uint64_t highest) {
  const std::uint64_t start = page_floor(highest - (highest >> kPageShift) * sizeof(FrameRecord));
  frame_table = physical_pointer<FrameRecord>(start);
  return start;
}

// A page table for each 512 pages of a payload's, or a slab here and there, would each keep the block that it is in from going back to
// the host when the payload's pages around it do. So in a VM of some size they are in blocks of their own.
Result<Pfn> allocate_frame(Fill fill) {
  if (used_frames() < kPreparedFrom || !zeroing_is_cheap()) return allocate_single(fill);
  if (kernels_own_.next == kernels_own_.end) {
    bool zero = false;
    std::uint64_t frame = freed_.take(kGivenBackOrder);
    if (!frame) frame = take_untouched_block(kGivenBackOrder, zero);
    if (!frame) return allocate_single(fill);
    kernels_own_ = {frame, frame, frame + (std::uint64_t{1} << kGivenBackOrder), frame};
    kernels_own_is_zero_ = zero;
  }
  const std::uint64_t frame = kernels_own_.next++;
  claim_single(frame);
  if (fill == Fill::kZero && !kernels_own_is_zero_) memset(frame_data(Pfn{frame}), 0, kPageSize);
  return Pfn{frame};
}

Result<Pfn> allocate_user_frame(Fill fill) {
  const std::uint64_t kept = reserve_is_open_ ? kKernelReserveFrames / 2 : kKernelReserveFrames;
  if (statistics_.free_frames <= kept && !(reclaim_ && reclaim_() && statistics_.free_frames > kept))
    return Errno::kNoMem;
  return allocate_single(fill);
}

void set_reclaimer(bool (*reclaim)()) {
  reclaim_ = reclaim;
}

void expect_frames(std::uint64_t count) {
  std::uint64_t never_used = 0;
  for (const FreshRange& range : fresh_) never_used += range.end - range.next;
  const std::uint64_t freed = statistics_.free_frames - never_used - given_back_frames();
  if (count < freed + kLeastPrepared) return;
  const auto expect = [more = count - freed](FreshRange& range, std::uint64_t used) {
    if (range.next + more > range.prepared) prepare(range, std::max(more, more_of_the_same(used)));
  };
  if (given_back_frames() != 0 && refill_taken_again()) return expect(taken_again_, used_frames());
  for (FreshRange& range : fresh_) {
    if (range.next != range.end) return expect(range, range.next - range.start);
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
  if (zeroing_is_cheap() && statistics_.free_frames > statistics_.total_frames / 4) return allocate_single(Fill::kZero);
  bool zero = false;
  const std::uint64_t frame = take_untouched_block(0, zero);
  if (!frame) return Errno::kNoMem;
  if (!zero) memset(frame_data(Pfn{frame}), 0, kPageSize);
  return claim_single(frame);
}

Result<Pfn> allocate_frame_for_copy_ahead() {
  if (!zeroing_is_cheap() || statistics_.free_frames <= statistics_.total_frames / 4) return Errno::kNoMem;
  return allocate_single(Fill::kNone);
}

Result<Pfn> allocate_frames(unsigned order) {
  if (order > freed_.kMaxOrder) return Errno::kNoMem;
  bool zero = false;
  std::uint64_t frame = freed_.take(order);
  if (!frame) frame = take_untouched_block(order, zero);
  if (!frame) return Errno::kNoMem;
  claim_block(frame, order);
  account(std::uint64_t{1} << order);
  return Pfn{frame};
}

void free_frames(Pfn first, unsigned order) {
  const FrameRecord& record = frame_record(first);
  if (record.state != FrameState::kBlock || record.order != order) panic("free of a wrong block");
  statistics_.free_frames += std::uint64_t{1} << order;
  free_block(first.value, order);
}

void retain_frame(Pfn pfn) {
  if (is_ram(pfn)) ++frame_record(pfn).references;
}

void release_frame(Pfn pfn) {
  if (!is_ram(pfn)) return;
  FrameRecord& record = frame_record(pfn);
  if (record.state != FrameState::kSingle || record.references == 0) panic("release of a frame that nobody holds");
  if (--record.references) return;
  ++statistics_.free_frames;
  free_block(pfn.value, 0);
}

std::uint32_t frame_references(Pfn pfn) {
  return frame_record(pfn).references;
}

MemoryStatistics memory_statistics() {
  return statistics_;
}

void await_memory_to_give_back() {
  knows_of_memory_to_give_back_ = false;
}

std::uint64_t frames_to_give_back() {
  return freed_.frames();
}

void free_memory_grows_older() {
  for (FreshRange& range : fresh_) release_ready(range);
  release_ready(taken_again_);
  freed_.grow_older();
}

std::optional<FrameBlock> take_idle_block(std::uint32_t age, std::uint64_t most) {
  for (unsigned order = freed_.kMaxOrder; order >= kGivenBackOrder; --order) {
    const std::uint64_t frame = freed_.oldest(order);
    if (!frame || std::uint64_t{1} << order > most || freed_.age(frame) < age) continue;
    freed_.remove(frame, order);
    claim_block(frame, order);
    return FrameBlock{Pfn{frame}, order};
  }
  return std::nullopt;
}

void return_block(FrameBlock block, Fate fate) {
  switch (fate) {
    case Fate::kZero:
    case Fate::kUnknown:
      if (fate == Fate::kUnknown) given_back_is_zero_ = false;
      statistics_.given_back_frames += block.frames();
      return given_back_.add(block.first.value, block.order);
    case Fate::kRefused:
      return freed_.add(block.first.value, block.order);
    case Fate::kLost:
      return account(block.frames());
  }
}

}  // namespace kernel::mm
