// What a tracer reads and writes of a stopped thread's processor state (ptrace(2), PTRACE_GETREGS and its kind). Nothing of it gets
// the thread more than it could have by itself: the selectors are the payload's, the segment bases its addresses, and what IRETQ
// loads is looked at once more on the way to user mode (arch/x86_64/user_state.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/result.h"
#include "task/trace/tracee.h"

namespace kernel::task {

// struct user_regs_struct (<sys/user.h>), as words.
enum UserRegister : unsigned {
  kUserR15,
  kUserR14,
  kUserR13,
  kUserR12,
  kUserRbp,
  kUserRbx,
  kUserR11,
  kUserR10,
  kUserR9,
  kUserR8,
  kUserRax,
  kUserRcx,
  kUserRdx,
  kUserRsi,
  kUserRdi,
  kUserOrigRax,
  kUserRip,
  kUserCs,
  kUserRflags,
  kUserRsp,
  kUserSs,
  kUserFsBase,
  kUserGsBase,
  kUserDs,
  kUserEs,
  kUserFs,
  kUserGs,
  kUserRegisterCount,
};
struct UserRegisters {
  std::uint64_t words[kUserRegisterCount];
};

// RFLAGS as the thread itself has set them: without the trap flag that is its tracer's.
std::uint64_t own_flags(const Tracee& tracee);

// All of these: of a thread that is stopped, and so is not the current task.
UserRegisters read_registers(const Tracee& tracee);
// kIo for a value that Linux refuses, or that is not to be had here.
Result<void> write_register(Tracee& tracee, unsigned number, std::uint64_t value);
// As many as there are, up to the first that is refused.
Result<void> write_registers(Tracee& tracee, const UserRegisters& registers, std::size_t count);

// PTRACE_PEEKUSER and PTRACE_POKEUSER: struct user, by the offset. kIo.
Result<std::uint64_t> read_user_word(const Tracee& tracee, std::uint64_t offset);
Result<void> write_user_word(Tracee& tracee, std::uint64_t offset, std::uint64_t value);

// The vector registers as XSAVE stores them, of which the first kLegacyImage bytes are FXSAVE's. Null where there are none yet.
inline constexpr std::size_t kLegacyImage = 512;
std::size_t vector_image_size();  // with XSAVE's header; 0 where the processor has no XSAVE
Result<void> read_vectors(const Tracee& tracee, std::byte* image);
// kInval for an image that XRSTOR would not take.
Result<void> write_legacy_vectors(Tracee& tracee, const std::byte* image);
Result<void> write_vectors(Tracee& tracee, const std::byte* image);

// PTRACE_SINGLESTEP, by the trap flag.
void begin_single_steps(Tracee& tracee);
void end_single_steps(Tracee& tracee);

}  // namespace kernel::task
