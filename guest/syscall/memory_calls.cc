#include "syscall/memory_calls.h"

#include "fs/file_table.h"
#include "mm/address_space.h"
#include "mm/ram_object.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

using mm::AddressSpace;

enum : unsigned {
  kProtRead = 1,
  kProtWrite = 2,
  kProtExec = 4,
  kProtGrowsDown = 0x0100'0000,
  kProtGrowsUp = 0x0200'0000
};
enum : unsigned {
  kMapShared = 1,
  kMapPrivate = 2,
  kMapSharedValidate = 3,
  kMapTypeMask = 0xf,
  kMapFixed = 0x10,
  kMapAnonymous = 0x20,
  kMapGrowsDown = 0x100,
  kMapNoReserve = 0x4000,
  kMapPopulate = 0x8000,
  kMapFixedNoReplace = 0x10'0000,
};
enum : unsigned { kRemapMayMove = 1, kRemapFixed = 2 };
enum : int {
  kAdviceNormal = 0,
  kAdviceRandom = 1,
  kAdviceSequential = 2,
  kAdviceWillNeed = 3,
  kAdviceDontNeed = 4,
  kAdviceFree = 8,
  kAdviceDontFork = 10,
  kAdviceDoFork = 11,
  kAdviceMergeable = 12,
  kAdviceUnmergeable = 13,
  kAdviceHugePage = 14,
  kAdviceNoHugePage = 15,
  kAdviceDontDump = 16,
  kAdviceDoDump = 17,
  kAdviceCold = 20,
  kAdvicePageOut = 21,
};

AddressSpace& space() {
  return *task::current().space;
}

mm::Protection to_protection(unsigned bits) {
  return {.read = (bits & kProtRead) != 0, .write = (bits & kProtWrite) != 0, .execute = (bits & kProtExec) != 0};
}

Result<void> map_file(AddressSpace::MapRequest& request, int fd, std::uint64_t offset, bool shared) {
  if (mm::page_offset(offset) != 0) return Errno::kInval;
  Ref<fs::File> file = TRY(task::current().files->get(fd));
  if (!file->readable()) return Errno::kAcces;
  if (shared && request.mapping.protection.write && !file->writable()) return Errno::kAcces;
  if (offset + request.length < offset) return Errno::kOverflow;
  request.mapping.object = TRY(file->memory_object());
  request.mapping.object_page = offset >> mm::kPageShift;
  request.mapping.may_write = !shared || file->writable();
  request.mapping.file = std::move(file);
  return {};
}

// Faults every page of the range in; errors are ignored, as mmap(2) says of MAP_POPULATE.
void populate(std::uint64_t start, std::uint64_t length, bool write) {
  for (std::uint64_t offset = 0; offset < length; offset += mm::kPageSize) {
    const auto access = write ? mm::FaultAccess::kWrite : mm::FaultAccess::kRead;
    if (!space().frame_for_kernel(start + offset, access)) return;
  }
}

}  // namespace

SyscallResult sys_mmap(std::uint64_t address, std::uint64_t length, unsigned protection, unsigned flags, int fd,
                       std::uint64_t offset) {
  const unsigned type = flags & kMapTypeMask;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return Errno::kInval;
  const bool shared = type != kMapPrivate;
  AddressSpace::MapRequest request;
  request.address = address;
  request.length = length;
  request.fixed = flags & kMapFixed;
  request.fixed_no_replace = flags & kMapFixedNoReplace;
  request.mapping.protection = to_protection(protection);
  request.mapping.shared = shared;
  request.mapping.grows_down = flags & kMapGrowsDown;
  request.mapping.never_reserve = flags & kMapNoReserve;
  if (length == 0) return Errno::kInval;
  if (!(flags & kMapAnonymous)) {
    TRY(map_file(request, fd, offset, shared));
  } else if (shared) {
    request.mapping.object = TRY(make_ref<mm::RamObject>(mm::page_ceil(length)));
  }
  const std::uint64_t start = TRY(space().map(std::move(request)));
  if (flags & kMapPopulate) populate(start, length, (protection & kProtWrite) != 0);
  return start;
}

SyscallResult sys_mprotect(std::uint64_t address, std::uint64_t length, unsigned protection) {
  if (protection & ~(kProtRead | kProtWrite | kProtExec | kProtGrowsDown | kProtGrowsUp)) return Errno::kInval;
  if (protection & kProtGrowsDown) {
    // The change extends to the start of the stack's mapping.
    const mm::Mapping* mapping = space().find(address);
    if (!mapping || !mapping->grows_down) return Errno::kInval;
    length += address - mapping->start;
    address = mapping->start;
  }
  TRY(space().protect(address, length, to_protection(protection)));
  return 0;
}

SyscallResult sys_munmap(std::uint64_t address, std::uint64_t length) {
  TRY(space().unmap(address, length));
  return 0;
}

SyscallResult sys_brk(std::uint64_t address) {
  return space().set_break(address);
}

SyscallResult sys_mremap(std::uint64_t old_address, std::uint64_t old_length, std::uint64_t new_length, unsigned flags,
                         std::uint64_t new_address) {
  if (flags & ~(kRemapMayMove | kRemapFixed)) return Errno::kInval;
  if ((flags & kRemapFixed) && !(flags & kRemapMayMove)) return Errno::kInval;
  return space().remap(old_address, old_length, new_length, flags & kRemapMayMove, flags & kRemapFixed, new_address);
}

SyscallResult sys_msync(std::uint64_t address, std::uint64_t length, unsigned flags) {
  constexpr unsigned kAsync = 1, kInvalidate = 2, kSync = 4;
  if ((flags & ~(kAsync | kInvalidate | kSync)) || (flags & (kAsync | kSync)) == (kAsync | kSync)) return Errno::kInval;
  if (mm::page_offset(address) != 0) return Errno::kInval;
  // Files are in RAM or read-only: there is nothing to write back.
  return space().is_mapped(address, mm::page_ceil(length)) ? SyscallResult(0) : Errno::kNoMem;
}

SyscallResult sys_mincore(std::uint64_t address, std::uint64_t length, mm::UserBuffer residency) {
  if (mm::page_offset(address) != 0) return Errno::kInval;
  if (!space().is_mapped(address, mm::page_ceil(length))) return Errno::kNoMem;
  for (std::uint64_t offset = 0; offset < length; offset += mm::kPageSize) {
    TRY((residency + offset / mm::kPageSize).write(std::byte{space().is_resident(address + offset)}));
  }
  return 0;
}

SyscallResult sys_madvise(std::uint64_t address, std::uint64_t length, int advice) {
  if (mm::page_offset(address) != 0) return Errno::kInval;
  length = mm::page_ceil(length);
  switch (advice) {
    case kAdviceDontNeed:
    case kAdviceFree:
      TRY(space().discard(address, length));
      return 0;
    case kAdviceNormal:
    case kAdviceRandom:
    case kAdviceSequential:
    case kAdviceWillNeed:
    case kAdviceMergeable:
    case kAdviceUnmergeable:
    case kAdviceHugePage:
    case kAdviceNoHugePage:
    case kAdviceDontDump:
    case kAdviceDoDump:
    case kAdviceCold:
    case kAdvicePageOut:
      // Hints that change nothing here.
      return length == 0 || space().is_mapped(address, length) ? SyscallResult(0) : Errno::kNoMem;
    default:
      return Errno::kInval;
  }
}

// There is no swap, so a page that is present stays; locking makes pages present.
SyscallResult sys_mlock(std::uint64_t address, std::uint64_t length) {
  return sys_mlock2(address, length, 0);
}

SyscallResult sys_mlock2(std::uint64_t address, std::uint64_t length, unsigned flags) {
  constexpr unsigned kOnFault = 1;
  if (flags & ~kOnFault) return Errno::kInval;
  const std::uint64_t start = mm::page_floor(address);
  length = mm::page_ceil(length + (address - start));
  if (!space().is_mapped(start, length)) return Errno::kNoMem;
  if (!(flags & kOnFault)) populate(start, length, false);
  return 0;
}

SyscallResult sys_munlock(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t start = mm::page_floor(address);
  return space().is_mapped(start, mm::page_ceil(length + (address - start))) ? SyscallResult(0) : Errno::kNoMem;
}

SyscallResult sys_mlockall(unsigned flags) {
  constexpr unsigned kCurrent = 1, kFuture = 2, kOnFault = 4;
  if (flags == 0 || (flags & ~(kCurrent | kFuture | kOnFault))) return Errno::kInval;
  return 0;
}

SyscallResult sys_munlockall() {
  return 0;
}

}  // namespace kernel::syscall
