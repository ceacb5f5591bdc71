#include "syscall/memory_calls.h"

#include "fs/file_table.h"
#include "fs/memory_file.h"
#include "mm/address_space.h"
#include "mm/environment.h"
#include "mm/ram_object.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

using mm::AddressSpace;
using mm::UserRange;

enum : unsigned {
  kProtRead = 1,
  kProtWrite = 2,
  kProtExec = 4,
  kProtSem = 8,
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
  kMap32Bit = 0x40,
  kMapAbove4G = 0x80,
  kMapGrowsDown = 0x100,
  kMapDenyWrite = 0x800,
  kMapExecutable = 0x1000,
  kMapLocked = 0x2000,
  kMapNoReserve = 0x4000,
  kMapPopulate = 0x8000,
  kMapNonBlock = 0x1'0000,
  kMapStack = 0x2'0000,
  kMapHugeTlb = 0x4'0000,
  kMapFixedNoReplace = 0x10'0000,
  kMapHugeSizes = 0xfc00'0000,
};
// The flags that MAP_SHARED_VALIDATE promises to know (mmap(2)): Linux's LEGACY_MAP_MASK. MAP_FIXED_NOREPLACE is
// younger and not in it.
constexpr unsigned kValidatedFlags = kMapTypeMask | kMapFixed | kMapAnonymous | kMap32Bit | kMapAbove4G |
                                     kMapGrowsDown | kMapDenyWrite | kMapExecutable | kMapLocked | kMapNoReserve |
                                     kMapPopulate | kMapNonBlock | kMapStack | kMapHugeTlb | kMapHugeSizes;
enum : unsigned { kRemapMayMove = 1, kRemapFixed = 2, kRemapDontUnmap = 4 };

mm::Protection to_protection(unsigned bits) {
  return {.read = (bits & kProtRead) != 0, .write = (bits & kProtWrite) != 0, .execute = (bits & kProtExec) != 0};
}

Result<void> map_file(AddressSpace::MapRequest& request, int fd, std::uint64_t offset, unsigned flags) {
  Ref<fs::File> file = TRY(task::current().files->get(fd));
  const unsigned type = flags & kMapTypeMask;
  // There are no huge pages, and so no files of them.
  if (flags & kMapHugeTlb) return Errno::kInval;
  if (offset + request.length < offset) return Errno::kOverflow;
  constexpr std::uint64_t kLargestFile = 0x7fff'ffff'ffff'ffff;
  if (file->inode().is_regular() && offset > kLargestFile - request.length) return Errno::kOverflow;
  if (type == kMapSharedValidate && (flags & ~kValidatedFlags)) return Errno::kOpNotSupp;
  mm::MappingTraits& mapping = request.mapping;
  if (mapping.shared && mapping.protection.write && !file->writable()) return Errno::kAcces;
  if (!file->readable()) return Errno::kAcces;
  if (mapping.grows_down) return Errno::kInval;
  mapping.object = TRY(file->memory_object());
  mapping.object_page = offset >> mm::kPageShift;
  if (mapping.shared) {
    mapping.may_write = file->writable() && !fs::is_sealed_against_writing(*file);
    if (mapping.protection.write && !mapping.may_write) return Errno::kPerm;
  }
  mapping.file = std::move(file);
  return {};
}

Result<void> map_anonymous(AddressSpace::MapRequest& request, unsigned flags) {
  const unsigned type = flags & kMapTypeMask;
  // As on a machine that has set no huge pages aside.
  if (flags & kMapHugeTlb) return Errno::kNoMem;
  if (type == kMapPrivate) return {};
  if (type != kMapShared || request.mapping.grows_down) return Errno::kInval;
  request.mapping.object = TRY(make_ref<mm::RamObject>(request.length));
  request.mapping.label = "/dev/zero (deleted)";  // the file that it is for Linux
  return {};
}

}  // namespace

SyscallResult sys_mmap(std::uint64_t address, std::uint64_t length, unsigned protection, unsigned flags, int fd,
                       std::uint64_t offset) {
  const unsigned type = flags & kMapTypeMask;
  if (mm::page_offset(offset) != 0) return Errno::kInval;
  AddressSpace::MapRequest request;
  request.address = address;
  request.fixed_no_replace = flags & kMapFixedNoReplace;
  request.fixed = (flags & kMapFixed) && !request.fixed_no_replace;
  request.low = flags & kMap32Bit;
  request.mapping.protection = to_protection(protection);
  request.mapping.shared = type == kMapShared || type == kMapSharedValidate;
  request.mapping.grows_down = flags & kMapGrowsDown;
  request.mapping.never_reserve = flags & kMapNoReserve;
  request.mapping.locked = flags & kMapLocked;
  // A bad descriptor is told first.
  if (!(flags & kMapAnonymous)) TRY(task::current().files->get(fd));
  request.length = TRY(mm::mappable_length(length));
  if (request.mapping.locked && mm::memory_limits_of_caller().locked == 0) return Errno::kPerm;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return Errno::kInval;
  if (flags & kMapAnonymous) {
    TRY(map_anonymous(request, flags));
  } else {
    TRY(map_file(request, fd, offset, flags));
  }
  const UserRange range = TRY(UserRange::of(TRY(own_space().map(std::move(request))), length, Errno::kNoMem));
  // What cannot be made present is no error (mmap(2), MAP_POPULATE).
  if ((flags & kMapPopulate) && !(flags & kMapNonBlock))
    static_cast<void>(populate_in_pieces(range, AddressSpace::Populate::kAsUsed).ok());
  return range.start();
}

SyscallResult sys_mprotect(std::uint64_t address, std::uint64_t length, unsigned protection) {
  const unsigned grows = protection & (kProtGrowsDown | kProtGrowsUp);
  if (grows == (kProtGrowsDown | kProtGrowsUp) || mm::page_offset(address) != 0) return Errno::kInval;
  if (length == 0) return 0;
  const UserRange::Part part = TRY(UserRange::part_of(address, length, Errno::kNoMem));
  UserRange range = part.range;
  if (protection & ~(kProtRead | kProtWrite | kProtExec | kProtSem | kProtGrowsDown | kProtGrowsUp))
    return Errno::kInval;
  if (grows != 0) {
    // The change extends to the start of the stack's mapping. Nothing here grows upwards.
    const mm::Mapping* mapping = own_space().find(range.start());
    if (!mapping) return Errno::kNoMem;
    if (!mapping->grows_down || grows == kProtGrowsUp) return Errno::kInval;
    range = UserRange::between(mapping->start(), range.end());
  }
  TRY(own_space().protect(range, to_protection(protection)));
  return part.whole ? SyscallResult(0) : Errno::kNoMem;
}

SyscallResult sys_munmap(std::uint64_t address, std::uint64_t length) {
  // Where a payload's half ends on Linux: to unmap as far as that is no mistake, though nothing is ever there.
  constexpr std::uint64_t kLinuxUserEnd = 0x7fff'ffff'f000;
  if (length == 0) return Errno::kInval;
  const UserRange::Part part = TRY(UserRange::part_of(address, length, Errno::kInval));
  if (address > kLinuxUserEnd || length > kLinuxUserEnd - address) return Errno::kInval;
  TRY(own_space().unmap(part.range));
  return 0;
}

SyscallResult sys_brk(std::uint64_t address) {
  return own_space().set_break(address);
}

SyscallResult sys_mremap(std::uint64_t old_address, std::uint64_t old_length, std::uint64_t new_length, unsigned flags,
                         std::uint64_t new_address) {
  if (flags & ~(kRemapMayMove | kRemapFixed | kRemapDontUnmap)) return Errno::kInval;
  if ((flags & (kRemapFixed | kRemapDontUnmap)) && !(flags & kRemapMayMove)) return Errno::kInval;
  if ((flags & kRemapDontUnmap) && old_length != new_length) return Errno::kInval;
  AddressSpace::MoveRequest request;
  request.old_start = old_address;
  request.old_length = old_length;
  request.new_length = new_length;
  request.may_move = flags & kRemapMayMove;
  request.fixed = flags & kRemapFixed;
  request.keep_old = flags & kRemapDontUnmap;
  // Without one of these flags the fifth argument means nothing.
  if (request.fixed || request.keep_old) request.new_address = new_address;
  return own_space().remap(request);
}

}  // namespace kernel::syscall
