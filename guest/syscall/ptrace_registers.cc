// PTRACE_GETREGS and its kind: a tracee's registers, from and to the tracer's memory.
#include <algorithm>

#include "mm/frame.h"
#include "mm/user_ptr.h"
#include "syscall/ptrace_requests.h"
#include "task/task.h"
#include "task/trace/registers.h"

namespace kernel::syscall {
namespace {

using task::Tracee;

// The types of elf_prstatus notes and the like (<linux/elf.h>).
enum SetType : std::uint32_t { kGeneral = 1, kLegacyVectors = 2, kXsave = 0x202 };

struct UserVector {
  std::uint64_t base;
  std::uint64_t length;
};

// The tracee may have been killed while the tracer's memory was read.
Result<void> check_still_stopped(Tracee& tracee) {
  if (!tracee.task()) return Errno::kSrch;
  return tracee.stopped ? Result<void>() : Errno::kSrch;
}

SyscallResult move_xsave(Tracee& tracee, Direction direction, std::uint64_t data, std::size_t size) {
  const std::size_t whole = task::vector_image_size();
  if (whole == 0) return Errno::kNoDev;
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kZero)));
  if (direction == Direction::kFromTracee) {
    TRY(task::read_vectors(tracee, page.data()));
    TRY(mm::copy_to_user(data, page.data(), size));
    return 0;
  }
  if (size != whole) return Errno::kFault;
  TRY(mm::copy_from_user(page.data(), data, size));
  TRY(check_still_stopped(tracee));
  TRY(task::write_vectors(tracee, page.data()));
  return 0;
}

}  // namespace

SyscallResult peek_user(Tracee& tracee, std::uint64_t offset, std::uint64_t data) {
  TRY(mm::UserPtr<std::uint64_t>(data).write(TRY(task::read_user_word(tracee, offset))));
  return 0;
}

SyscallResult poke_user(Tracee& tracee, std::uint64_t offset, std::uint64_t value) {
  TRY(task::write_user_word(tracee, offset, value));
  return 0;
}

SyscallResult move_registers(Tracee& tracee, Direction direction, std::uint64_t data, std::size_t size) {
  task::UserRegisters registers;
  if (direction == Direction::kFromTracee) {
    registers = task::read_registers(tracee);
    TRY(mm::copy_to_user(data, &registers, size));
    return 0;
  }
  TRY(mm::copy_from_user(&registers, data, size));
  TRY(check_still_stopped(tracee));
  TRY(task::write_registers(tracee, registers, size / sizeof registers.words[0]));
  return 0;
}

SyscallResult move_legacy_vectors(Tracee& tracee, Direction direction, std::uint64_t data, std::size_t size) {
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kZero)));
  if (direction == Direction::kFromTracee) {
    TRY(task::read_vectors(tracee, page.data()));
    TRY(mm::copy_to_user(data, page.data(), size));
    return 0;
  }
  if (size != task::kLegacyImage) return Errno::kInval;
  TRY(mm::copy_from_user(page.data(), data, size));
  TRY(check_still_stopped(tracee));
  TRY(task::write_legacy_vectors(tracee, page.data()));
  return 0;
}

// The vector says how much there is room for, and afterwards how much was moved. Sets of which only a part is moved begin at
// the first register.
SyscallResult move_register_set(Tracee& tracee, Direction direction, std::uint64_t type, std::uint64_t vector) {
  UserVector user = TRY(mm::UserPtr<const UserVector>(vector).read());
  const auto set = static_cast<std::uint32_t>(type);
  std::size_t whole = 0;
  if (set == kGeneral) {
    whole = sizeof(task::UserRegisters);
  } else if (set == kLegacyVectors) {
    whole = task::kLegacyImage;
  } else if (set == kXsave) {
    whole = task::vector_image_size();
  } else {
    return Errno::kInval;
  }
  if (user.length % sizeof(std::uint64_t) != 0) return Errno::kInval;
  TRY(check_still_stopped(tracee));
  user.length = std::min<std::uint64_t>(user.length, whole);
  if (set == kGeneral) {
    TRY(move_registers(tracee, direction, user.base, user.length));
  } else if (set == kLegacyVectors) {
    TRY(move_legacy_vectors(tracee, direction, user.base, user.length));
  } else {
    TRY(move_xsave(tracee, direction, user.base, user.length));
  }
  TRY(mm::UserPtr<UserVector>(vector).write(user));
  return 0;
}

// PTRACE_ARCH_PRCTL: arch_prctl(2) of the tracee.
SyscallResult change_segment_base(Tracee& tracee, std::uint64_t operation, std::uint64_t argument) {
  enum : std::uint64_t { kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004 };
  arch::Context& context = tracee.task()->context;
  switch (operation) {
    case kSetFs:
      context.fs_base = TRY(arch::SegmentBase::chosen(argument));
      return 0;
    case kSetGs:
      context.gs_base = TRY(arch::SegmentBase::chosen(argument));
      return 0;
    case kGetFs:
      TRY(mm::UserPtr<std::uint64_t>(argument).write(context.fs_base.value()));
      return 0;
    case kGetGs:
      TRY(mm::UserPtr<std::uint64_t>(argument).write(context.gs_base.value()));
      return 0;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
