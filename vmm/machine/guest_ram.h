// The guest's RAM: anonymous memory that costs the host nothing until the guest touches it, and the kernel in it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "common/guest_memory.h"
#include "common/mapping.h"
#include "devices/virtio/balloon.h"
#include "vmm/boot/device_tree.h"
#include "vmm/boot/kernel_file.h"
#include "vmm/boot/kernel_image.h"

namespace husk::machine {

// Where the pages of the kernel's read-only segments come from.
//   kShared  the kernel's file: all VMs on the host share the page cache's copy.
//   kCopied  a copy in guest RAM, but for the segments that are seldom used. Under shadow paging KVM maps the neighbours of a
//            page that the guest touches, eight at a time, but only of pages that the host may write (it pins them with
//            FOLL_WRITE). Where every such fault costs 25 us, that saves a millisecond of the kernel's start for 0.3 MiB.
enum class KernelPages { kShared, kCopied };

class GuestRam final : public virtio::MemoryOwner {
 public:
  // Reserves `size` bytes of RAM and `behind` bytes of address space after them, both multiples of the page size.
  // Throws husk::Error.
  GuestRam(std::uint64_t size, std::uint64_t behind);

  std::uint64_t size() const { return size_; }
  const GuestMemory& memory() const { return memory_; }
  std::span<const boot::MemoryRange> ranges() const { return std::span(ranges_.data(), range_count_); }
  // One of `ranges`, for KVM: with the parts that are read-only to `memory`.
  std::span<std::byte> host(const boot::MemoryRange& range) const;

  // The address space right behind the RAM, where files are mapped. They do not become a part of `memory`: no device has
  // business there, and a file that somebody truncates cannot hurt whoever stays away.
  std::byte* behind() const { return mapping_.data() + size_; }
  // The host's address space for the last range of RAM and what was mapped behind it.
  std::span<std::byte> last_range_and_behind() const;

  // Puts the kernel's segments in place. Writable ones are always copied; the others are read-only to `memory` from
  // then on, wherever their pages come from, so that a guest finds the same rules on every host.
  void load_kernel(const boot::KernelFile& file, const boot::KernelImage& image, KernelPages pages);

  // Makes the host back [start, start + size) with pages now: cheaper in one call than one fault at a time, and far
  // cheaper than faults that the guest takes. A hint; failure shows at the first touch.
  void populate(Gpa start, std::uint64_t size);

  // The host has these pages back, and they are zero for whoever touches them next. Not what lies below the kernel's end, of
  // which not all is anonymous memory: it would be the kernel's file again.
  bool give_back(std::span<std::byte> pages) override;

 private:
  Mapping mapping_;
  GuestMemory memory_;
  std::array<boot::MemoryRange, 2> ranges_;
  std::size_t range_count_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t given_back_from_ = 0;  // an offset in the mapping
};

}  // namespace husk::machine
