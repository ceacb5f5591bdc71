#include "task/trace/registers.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/vector_state.h"
#include "lib/string.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::task {
namespace {

constexpr std::uint64_t kTrapFlag = 1 << 8;
// FLAG_MASK of Linux: CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC.
constexpr std::uint64_t kWritableFlags = 0x5'4dd5;

// struct user: where its debug registers are, and where it ends.
constexpr std::uint64_t kDebugRegisters = 848, kDebugStatus = 6, kDebugControl = 7, kUserEnd = 928;
// What reads as one in DR6 (SDM vol. 3, 18.2.3).
constexpr std::uint64_t kDebugStatusOnes = 0xffff'0ff0;

arch::TrapFrame& frame_of(const Tracee& tracee) {
  return tracee.task()->frame();
}

// Where a general register is in the frame; null for those that are not simply there.
std::uint64_t* in_frame(arch::TrapFrame& f, unsigned number) {
  std::uint64_t* const places[] = {&f.r15, &f.r14, &f.r13, &f.r12, &f.rbp, &f.rbx, &f.r11,  &f.r10, &f.r9,
                                   &f.r8,  &f.rax, &f.rcx, &f.rdx, &f.rsi, &f.rdi, nullptr, &f.rip};
  if (number < sizeof places / sizeof places[0]) return places[number];
  return number == kUserRsp ? &f.rsp : nullptr;
}

std::uint64_t read_register(const Tracee& tracee, unsigned number) {
  arch::TrapFrame& frame = frame_of(tracee);
  if (const std::uint64_t* place = in_frame(frame, number)) return *place;
  switch (number) {
    case kUserOrigRax:
      return frame.vector == arch::kSyscallVector ? frame.error_code : ~std::uint64_t{0};
    case kUserCs:
      return husk::abi::kUserCs;
    case kUserSs:
      return husk::abi::kUserSs;
    case kUserRflags:
      return own_flags(tracee);
    case kUserFsBase:
      return tracee.task()->context.fs_base.value();
    case kUserGsBase:
      return tracee.task()->context.gs_base.value();
    default:
      return 0;  // DS, ES, FS, GS
  }
}

void write_flags(Tracee& tracee, std::uint64_t value) {
  if (value & kTrapFlag) {
    tracee.has_forced_flag = false;
  } else if (tracee.has_forced_flag) {
    value |= kTrapFlag;
  }
  std::uint64_t& flags = frame_of(tracee).rflags;
  flags = (flags & ~kWritableFlags) | (value & kWritableFlags);
}

// Whether the next instruction is POPF or IRET, behind prefixes (is_setting_trap_flag() of Linux): it sets the flag itself.
bool sets_trap_flag(const Tracee& tracee) {
  constexpr std::uint8_t kPopf = 0x9d, kIret = 0xcf;
  std::uint8_t code[15];
  const Ref<mm::AddressSpace> space = tracee.task()->space;
  const std::size_t size = space ? mm::copy_from_space_partial(*space, code, frame_of(tracee).rip, sizeof code) : 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (code[i] == kPopf || code[i] == kIret) return true;
    switch (code[i]) {
      case 0x66:  // operand and address size
      case 0x67:
      case 0x26:  // segments, LOCK, REP
      case 0x2e:
      case 0x36:
      case 0x3e:
      case 0x64:
      case 0x65:
      case 0xf0:
      case 0xf2:
      case 0xf3:
        break;
      default:
        if ((code[i] & 0xf0) != 0x40) return false;  // REX
    }
  }
  return false;
}

// XSAVE's header lies behind the legacy image: which components are not in their initial state, and reserved bytes.
constexpr std::size_t kXsaveHeader = 512, kXsaveHeaderWords = 8;
constexpr std::uint64_t kLegacyComponents = 3;
constexpr std::size_t kMxcsr = 24, kSoftwareReserved = 464, kSoftwareReservedSize = 48;

bool is_valid_mxcsr(const std::byte* image) {
  std::uint32_t mxcsr;
  memcpy(&mxcsr, image + kMxcsr, sizeof mxcsr);
  return (mxcsr & ~0xffffu) == 0;
}

}  // namespace

std::uint64_t own_flags(const Tracee& tracee) {
  const std::uint64_t flags = frame_of(tracee).rflags;
  return tracee.has_forced_flag ? flags & ~kTrapFlag : flags;
}

UserRegisters read_registers(const Tracee& tracee) {
  UserRegisters registers;
  for (unsigned i = 0; i < kUserRegisterCount; ++i) registers.words[i] = read_register(tracee, i);
  return registers;
}

Result<void> write_register(Tracee& tracee, unsigned number, std::uint64_t value) {
  arch::TrapFrame& frame = frame_of(tracee);
  if (std::uint64_t* place = in_frame(frame, number)) {
    *place = value;
    return {};
  }
  arch::Context& context = tracee.task()->context;
  switch (number) {
    case kUserOrigRax:
      // An entry that was no system call becomes one that was interrupted: a debugger puts registers back that it has saved in
      // one, and RAX says whether it is made again (interrupted_call()).
      if (frame.vector != arch::kSyscallVector && value == ~std::uint64_t{0}) return {};
      frame.vector = arch::kSyscallVector;
      frame.error_code = value;
      return {};
    case kUserCs:
      return static_cast<std::uint16_t>(value) == husk::abi::kUserCs ? Result<void>() : Errno::kIo;
    case kUserSs:
      return static_cast<std::uint16_t>(value) == husk::abi::kUserSs ? Result<void>() : Errno::kIo;
    case kUserRflags:
      write_flags(tracee, value);
      return {};
    case kUserFsBase:
    case kUserGsBase: {
      const auto base = arch::SegmentBase::chosen(value);
      if (!base) return Errno::kIo;
      (number == kUserFsBase ? context.fs_base : context.gs_base) = base.value();
      return {};
    }
    default:
      // There are no segments but the flat ones.
      return static_cast<std::uint16_t>(value) == 0 ? Result<void>() : Errno::kIo;
  }
}

Result<void> write_registers(Tracee& tracee, const UserRegisters& registers, std::size_t count) {
  for (unsigned i = 0; i < count; ++i) TRY(write_register(tracee, i, registers.words[i]));
  return {};
}

Result<std::uint64_t> read_user_word(const Tracee& tracee, std::uint64_t offset) {
  if (offset % sizeof(std::uint64_t) != 0 || offset >= kUserEnd) return Errno::kIo;
  const std::uint64_t number = offset / sizeof(std::uint64_t);
  if (number < kUserRegisterCount) return read_register(tracee, static_cast<unsigned>(number));
  if (offset == kDebugRegisters + kDebugStatus * sizeof(std::uint64_t)) return tracee.debug_status ^ kDebugStatusOnes;
  return 0;
}

Result<void> write_user_word(Tracee& tracee, std::uint64_t offset, std::uint64_t value) {
  if (offset % sizeof(std::uint64_t) != 0 || offset >= kUserEnd) return Errno::kIo;
  const std::uint64_t number = offset / sizeof(std::uint64_t);
  if (number < kUserRegisterCount) return write_register(tracee, static_cast<unsigned>(number), value);
  if (offset < kDebugRegisters) return Errno::kIo;
  switch ((offset - kDebugRegisters) / sizeof(std::uint64_t)) {
    case kDebugStatus:
      tracee.debug_status = value ^ kDebugStatusOnes;
      return {};
    case kDebugControl:
      // There are no hardware breakpoints: none can be switched on.
      if (value != 0) return Errno::kIo;
      return {};
    default:
      return Errno::kIo;
  }
}

std::size_t vector_image_size() {
  return arch::vector_state_mask() != 0 ? arch::vector_state_size() : 0;
}

Result<void> read_vectors(const Tracee& tracee, std::byte* image) {
  const std::byte* saved = tracee.task()->context.saved_vectors();
  if (!saved) return Errno::kIo;
  const std::size_t size = arch::vector_state_mask() != 0 ? arch::vector_state_size() : kLegacyImage;
  memcpy(image, saved, size);
  // What the processor leaves to software says which components there can be (USER_XSTATE_XCR0_WORD of Linux).
  memset(image + kSoftwareReserved, 0, kSoftwareReservedSize);
  const std::uint64_t components = arch::vector_state_mask();
  memcpy(image + kSoftwareReserved, &components, sizeof components);
  return {};
}

Result<void> write_legacy_vectors(Tracee& tracee, const std::byte* image) {
  std::byte* saved = tracee.task()->context.saved_vectors();
  if (!saved) return Errno::kIo;
  if (!is_valid_mxcsr(image)) return Errno::kInval;
  memcpy(saved, image, kLegacyImage);
  if (arch::vector_state_mask() == 0) return {};
  std::uint64_t present;
  memcpy(&present, saved + kXsaveHeader, sizeof present);
  present |= kLegacyComponents;
  memcpy(saved + kXsaveHeader, &present, sizeof present);
  return {};
}

Result<void> write_vectors(Tracee& tracee, const std::byte* image) {
  std::byte* saved = tracee.task()->context.saved_vectors();
  if (!saved) return Errno::kIo;
  std::uint64_t header[kXsaveHeaderWords];
  memcpy(header, image + kXsaveHeader, sizeof header);
  if (header[0] & ~arch::vector_state_mask()) return Errno::kInval;
  for (std::size_t i = 1; i < kXsaveHeaderWords; ++i) {
    if (header[i] != 0) return Errno::kInval;
  }
  if (!is_valid_mxcsr(image)) return Errno::kInval;
  memcpy(saved, image, arch::vector_state_size());
  arch::sanitise_vector_state(saved);
  return {};
}

void begin_single_steps(Tracee& tracee) {
  tracee.single_steps = true;
  const bool sets_itself = sets_trap_flag(tracee);
  std::uint64_t& flags = frame_of(tracee).rflags;
  const bool was_set = flags & kTrapFlag;
  flags |= kTrapFlag;
  // A flag that the thread sets itself must not go away with the tracer's.
  if (sets_itself) {
    tracee.has_forced_flag = false;
  } else if (!was_set) {
    tracee.has_forced_flag = true;
  }
}

void end_single_steps(Tracee& tracee) {
  tracee.single_steps = false;
  if (tracee.has_forced_flag) frame_of(tracee).rflags &= ~kTrapFlag;
  tracee.has_forced_flag = false;
}

}  // namespace kernel::task
