#include "vmm/machine/guest_ram.h"

#include <algorithm>
#include <string>

#include "abi/husk_abi.h"
#include "vmm/error.h"

namespace husk::machine {

static_assert(GuestMemory::kMaxReadOnlyRanges >= boot::KernelImage::kMaxSegments);

GuestRam::GuestRam(std::uint64_t size, std::uint64_t behind) : size_(size), given_back_from_(size) {
  void* address =
      ::mmap(nullptr, size + behind, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    throw Error::from_errno("reserve", std::to_string(size >> 20) + " MiB of guest memory", "give a smaller -m");
  }
  mapping_ = Mapping(address, size + behind);
  // A transparent huge page is cleared as a whole at its first touch: milliseconds, and 2 MiB for every few bytes.
  ::madvise(address, size, MADV_NOHUGEPAGE);

  const std::uint64_t low = std::min(size, abi::kRamHoleStart);
  ranges_[range_count_++] = {Gpa{0}, low};
  memory_.add_region(Gpa{0}, mapping_.bytes().first(low));
  if (size > low) {
    ranges_[range_count_++] = {Gpa{abi::kRamHoleEnd}, size - low};
    memory_.add_region(Gpa{abi::kRamHoleEnd}, mapping_.bytes().subspan(low, size - low));
  }
}

std::span<std::byte> GuestRam::host(const boot::MemoryRange& range) const {
  // The ranges lie one behind the other in the mapping.
  return range.start == Gpa{0} ? mapping_.bytes().first(range.size)
                               : mapping_.bytes().subspan(ranges_[0].size, range.size);
}

std::span<std::byte> GuestRam::last_range_and_behind() const {
  return mapping_.bytes().subspan(size_ - ranges_[range_count_ - 1].size);
}

void GuestRam::load_kernel(const boot::KernelFile& file, const boot::KernelImage& image, KernelPages pages) {
  for (const boot::Segment& segment : image.segments()) {
    const std::uint64_t size = segment.pages() * abi::kPageSize;
    const std::span<std::byte> target = memory_.writable(segment.start, size);
    if (target.empty()) throw Error("load", file.name(), "the guest's memory is too small for it");
    if (!segment.writable && !memory_.make_read_only(segment.start, size)) {
      throw Error("load", file.name(), "it has too many read-only segments");
    }
    if (segment.file_size == 0) continue;
    // What is seldom used stays the file's, page by page until it is written. Not where somebody could truncate the file: devices
    // reach what is writable, and would end with SIGBUS.
    const bool shared =
        segment.writable ? segment.seldom && file.fixed() : segment.seldom || pages == KernelPages::kShared;
    if (!shared || segment.file_size != segment.memory_size) {
      // Not from the mapping: that would fault in its pages only to copy them.
      file.read(segment.file_offset, target.first(segment.file_size));
      continue;
    }
    // What is not writable is read-only for everyone: a write by the guest, whatever its page tables say, ends the VM.
    const int protection = PROT_READ | (segment.writable ? PROT_WRITE : 0);
    const int flags = MAP_PRIVATE | MAP_FIXED | (segment.seldom ? 0 : MAP_POPULATE);
    void* address = ::mmap(target.data(), target.size(), protection, flags, file.fd(),
                           static_cast<off_t>(file.offset() + segment.file_offset));
    if (address == MAP_FAILED) throw Error::from_errno("map", file.name());
  }
  given_back_from_ = image.end().value;
}

void GuestRam::populate(Gpa start, std::uint64_t size) {
  const std::uint64_t first = start.value & ~(abi::kPageSize - 1);
  const std::uint64_t end = (start.value + size + abi::kPageSize - 1) & ~(abi::kPageSize - 1);
  const std::span<std::byte> target = memory_.writable(Gpa{first}, end - first);
  if (!target.empty()) ::madvise(target.data(), target.size(), MADV_POPULATE_WRITE);
}

// Private anonymous memory reads as zeros after this (madvise(2)); KVM forgets the pages, whatever page tables it keeps of them.
bool GuestRam::give_back(std::span<std::byte> pages) {
  const std::span<std::byte> ours = mapping_.bytes().subspan(given_back_from_, size_ - given_back_from_);
  if (pages.data() < ours.data() || pages.data() + pages.size() > ours.data() + ours.size()) return false;
  return ::madvise(pages.data(), pages.size(), MADV_DONTNEED) == 0;
}

}  // namespace husk::machine
