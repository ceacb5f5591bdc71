#include "vmm/machine/guest_ram.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "abi/husk_abi.h"
#include "vmm/error.h"

namespace husk::machine {
namespace {

// Guest memory behind the kernel that is given to the host's page tables in one go: what a small payload uses.
constexpr std::uint64_t kWarmMemory = 256 << 10;

}  // namespace

GuestRam::GuestRam(std::uint64_t size) {
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    throw Error::from_errno("reserve", std::to_string(size >> 20) + " MiB of guest memory", "give a smaller -m");
  }
  mapping_ = Mapping(address, size);
  // A transparent huge page is cleared as a whole at its first touch: milliseconds, and 2 MiB for every few bytes.
  ::madvise(address, size, MADV_NOHUGEPAGE);

  const std::uint64_t low = std::min(size, abi::kRamHoleStart);
  ranges_[range_count_++] = {Gpa{0}, low};
  memory_.add_region(Gpa{0}, mapping_.bytes().first(low));
  if (size > low) {
    ranges_[range_count_++] = {Gpa{abi::kRamHoleEnd}, size - low};
    memory_.add_region(Gpa{abi::kRamHoleEnd}, mapping_.bytes().subspan(low));
  }
}

void GuestRam::load_kernel(const boot::KernelFile& file, const boot::KernelImage& image) {
  // The kernel's first allocations follow its image.
  const Gpa start = image.segments().front().start;
  populate(start, image.end().value - start.value + kWarmMemory);
  for (const boot::Segment& segment : image.segments()) {
    const std::span<std::byte> target = memory_.at(segment.start, segment.pages() * abi::kPageSize);
    if (target.empty()) throw Error("load", file.name(), "the guest's memory is too small for it");
    std::memcpy(target.data(), file.bytes().data() + segment.file_offset, segment.file_size);
  }
}

void GuestRam::populate(Gpa start, std::uint64_t size) {
  const std::uint64_t first = start.value & ~(abi::kPageSize - 1);
  const std::uint64_t end = (start.value + size + abi::kPageSize - 1) & ~(abi::kPageSize - 1);
  const std::span<std::byte> target = memory_.at(Gpa{first}, end - first);
  if (!target.empty()) ::madvise(target.data(), target.size(), MADV_POPULATE_WRITE);
}

}  // namespace husk::machine
