// The physical allocator: a buddy allocator over page frames, each with a reference count (a frame can be mapped by
// several address spaces, copy-on-write).
//
// RAM that was never allocated is kept apart from freed RAM: it is known to be zero, and neither the kernel nor the
// host has touched it, so a zeroed frame from there costs nothing until it is used; then it costs the host a page and a
// fault, more than to zero a freed frame, but where KVM emulates the kernel's instructions. What was freed and has lain
// idle goes back to the host, if the machine has a device for that (drivers/balloon.h), and is as it was before it was
// ever used.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "lib/result.h"
#include "mm/address.h"

namespace kernel::mm {

enum class Fill : std::uint8_t { kNone, kZero };

// Puts the allocator's table at the end of the RAM that ends at `highest` and returns where it starts. At the end,
// because most of it is never touched: the first frames to be used then follow the kernel's data, where the VMM has
// prepared the host's side.
std::uint64_t initialise_frame_table(std::uint64_t highest);
// Hands RAM to the allocator. [start, end) is page-aligned, zero, and used by nobody. Called at boot, at most twice.
void add_memory(std::uint64_t start, std::uint64_t end);

// One frame of the kernel's own, with one reference; kNoMem when there is none.
Result<Pfn> allocate_frame(Fill fill);
// The same for a payload's page: fails while the kernel still has a few frames for itself, so that it can tell the
// payload so.
inline constexpr std::uint64_t kKernelReserveFrames = 48;
Result<Pfn> allocate_user_frame(Fill fill);
// What gives back frames that hold only what can be made again, before a payload is refused one: whether it gave any. It
// neither sleeps nor takes frames.
void set_reclaimer(bool (*reclaim)());
// What has the host make frames ready that were never allocated: the first one and how many, both multiples of
// abi::kPreparedUnitPages. It may take the time of some faults.
void set_ram_preparer(void (*prepare)(Pfn first, std::uint64_t frames));
// While one lives, payloads' pages may take half of what the kernel keeps for itself: what the kernel copies to a
// payload is there before anybody could make room.
class ReserveOpening {
 public:
  ReserveOpening();
  ~ReserveOpening();
  ReserveOpening(const ReserveOpening&) = delete;
  ReserveOpening& operator=(const ReserveOpening&) = delete;
};
// The same, zero, for a page that will probably be used soon: only what costs little if it is not. RAM that nobody has
// ever touched costs nothing until it is used.
Result<Pfn> allocate_frame_ahead();
// The same for a page that is about to be filled with a copy: kNoMem where to copy is not cheap, or memory is not plenty.
Result<Pfn> allocate_frame_for_copy_ahead();
// So many frames will be taken next, and all of them be used.
void expect_frames(std::uint64_t count);
// 2^order contiguous frames, contents undefined; freed with free_frames, not reference counted.
Result<Pfn> allocate_frames(unsigned order);
void free_frames(Pfn first, unsigned order);

// No-ops for frames outside RAM (the root image).
void retain_frame(Pfn pfn);
void release_frame(Pfn pfn);  // the last release frees the frame
std::uint32_t frame_references(Pfn pfn);
bool is_ram(Pfn pfn);

struct MemoryStatistics {
  std::uint64_t total_frames;
  std::uint64_t free_frames;
  std::uint64_t peak_frames;
  std::uint64_t given_back_frames;  // to the host, all that ever were
};
MemoryStatistics memory_statistics();

// Free memory goes back to the host in blocks of 2^kGivenBackOrder frames, 64 KiB, and larger ones. Smaller ones would cost the host as
// much for each, and save it less: to have 16 pages again costs it some 80 us where KVM shadows page tables, the system call and what
// KVM does at it some 5. Nor is less than kLeastPrepared (frame.cc) made ready again in one go.
inline constexpr unsigned kGivenBackOrder = 4;
// Once there is so much of it free, the kernel is told (memory_can_be_given_back() of mm/environment.h), and from then on asks; until it says
// that it wants to be told again.
inline constexpr std::uint64_t kWorthGivingBack = 256;
void await_memory_to_give_back();
// How many frames there are in such blocks that the host has not been given back.
std::uint64_t frames_to_give_back();
// Time passes for them. What was made ready (set_ram_preparer) and not used is among them from then on.
void free_memory_grows_older();
// A block that was free while time passed at least `age` times, the largest first. It is the caller's to give to the host, and counts as
// free still; nothing if there is none, or it has more than `most` frames.
struct FrameBlock {
  Pfn first;
  unsigned order = 0;
  std::uint64_t frames() const { return std::uint64_t{1} << order; }
};
std::optional<FrameBlock> take_idle_block(std::uint32_t age, std::uint64_t most);
// What has become of it: the host has it, and it is zero when it is used again, or nobody knows what is in it; the host did not want it; or it
// is not to be used any more.
enum class Fate : std::uint8_t { kZero, kUnknown, kRefused, kLost };
void return_block(FrameBlock block, Fate fate);

// Owns one reference to a frame.
class FrameRef {
 public:
  FrameRef() = default;
  // Takes over a reference that the caller holds.
  static FrameRef adopt(Pfn pfn) { return FrameRef(pfn); }
  static FrameRef retain(Pfn pfn) {
    retain_frame(pfn);
    return FrameRef(pfn);
  }
  FrameRef(FrameRef&& other) noexcept : pfn_(std::exchange(other.pfn_, kNoFrame)) {}
  FrameRef& operator=(FrameRef&& other) noexcept {
    std::swap(pfn_, other.pfn_);
    return *this;
  }
  FrameRef(const FrameRef&) = delete;
  FrameRef& operator=(const FrameRef&) = delete;
  ~FrameRef() {
    if (pfn_ != kNoFrame) release_frame(pfn_);
  }

  Pfn pfn() const { return pfn_; }
  explicit operator bool() const { return pfn_ != kNoFrame; }
  std::byte* data() const { return frame_data(pfn_); }
  Pfn leak() { return std::exchange(pfn_, kNoFrame); }

 private:
  explicit FrameRef(Pfn pfn) : pfn_(pfn) {}
  Pfn pfn_ = kNoFrame;
};

}  // namespace kernel::mm
