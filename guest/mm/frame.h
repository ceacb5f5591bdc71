// The physical allocator: a buddy allocator over page frames, each with a reference count (a frame can be mapped by
// several address spaces, copy-on-write).
//
// RAM that was never allocated is kept apart from freed RAM: it is known to be zero, and neither the kernel nor the
// host has touched it, so a zeroed frame from there costs nothing until it is used; then it costs the host a page and a
// fault, more than to zero a freed frame, but where KVM emulates the kernel's instructions.
#pragma once

#include <cstdint>
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

// One frame, with one reference; kNoMem when there is none.
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
};
MemoryStatistics memory_statistics();

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
