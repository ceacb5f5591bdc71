#include "task/signal_frame.h"

#include <cstddef>

#include "abi/husk_abi.h"
#include "arch/x86_64/vector_state.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/user_ptr.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::task {
namespace {

// Linux's struct sigcontext (arch/x86/include/uapi/asm/sigcontext.h).
struct SignalContext {
  std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
  std::uint16_t cs, gs, fs, ss;
  std::uint64_t error_code, vector, old_mask, fault_address;
  std::uint64_t vector_state;  // user address, 0: none
  std::uint64_t reserved[8];
};
static_assert(sizeof(SignalContext) == 256);

// struct ucontext (arch/x86/include/uapi/asm/ucontext.h).
struct UserContext {
  std::uint64_t flags;
  std::uint64_t link;
  AlternateStack stack;
  SignalContext registers;
  SignalSet mask;
};
constexpr std::uint64_t kHasXsaveImage = 1;    // UC_FP_XSTATE
constexpr std::uint64_t kHasStackSegment = 6;  // UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS: sigcontext's SS is real

struct SignalFrame {
  std::uint64_t restorer;
  UserContext context;
  SignalInfo info;
};
static_assert(sizeof(SignalFrame) == 440);

// struct _fpx_sw_bytes: in the 48 bytes of an FXSAVE image that the CPU leaves to software.
struct SoftwareReserved {
  std::uint32_t magic1;
  std::uint32_t extended_size;  // of the image and kMagic2 behind it
  std::uint64_t components;
  std::uint32_t image_size;
  std::uint32_t padding[7];
};
static_assert(sizeof(SoftwareReserved) == 48);
constexpr std::uint32_t kMagic1 = 0x4650'5853;  // FP_XSTATE_MAGIC1
constexpr std::uint32_t kMagic2 = 0x4650'5845;  // FP_XSTATE_MAGIC2
constexpr std::size_t kSoftwareReservedOffset = 464;
constexpr std::size_t kLegacySize = 512;        // SDM vol. 1, 13.4.1: the legacy region of an XSAVE image
constexpr std::size_t kXsaveMinimum = 576;      // ... and its header
constexpr std::uint64_t kLegacyComponents = 3;  // x87 and SSE

constexpr std::size_t kRedZone = 128;  // psABI 3.2.2
constexpr std::uint64_t kTrapFlag = 1 << 8, kDirectionFlag = 1 << 10, kResumeFlag = 1 << 16;
// What a signal frame may change of RFLAGS: AC, OF, DF, TF, SF, ZF, AF, PF, CF and RF, as on Linux.
constexpr std::uint64_t kFrameFlags = 0x5'0dd5;
constexpr std::uint64_t kMinimumAlternateStack = 2048;  // MINSIGSTKSZ

// Puts the vector registers on the stack below `stack_pointer`, which moves down. The user address of the image.
Result<std::uint64_t> push_vector_state(std::uint64_t& stack_pointer) {
  // Zeroed, because XSAVE leaves gaps. An image fits in a page (vector_state.h).
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kZero)));
  std::byte* image = page.data();
  const std::size_t size = arch::vector_state_size();
  const std::uint64_t components = arch::vector_state_mask();
  arch::save_vector_state(image);

  SoftwareReserved software{};
  std::size_t total = size;
  if (components != 0) {
    total += sizeof kMagic2;
    software = {.magic1 = kMagic1,
                .extended_size = static_cast<std::uint32_t>(total),
                .components = components,
                .image_size = static_cast<std::uint32_t>(size),
                .padding = {}};
    // Programs that know only FXSAVE may change x87 and SSE registers in the frame: restoring must look at them.
    std::uint64_t present;
    memcpy(&present, image + kLegacySize, sizeof present);
    present |= kLegacyComponents;
    memcpy(image + kLegacySize, &present, sizeof present);
  }
  memcpy(image + kSoftwareReservedOffset, &software, sizeof software);

  stack_pointer = (stack_pointer - total) & ~std::uint64_t{63};
  TRY(mm::copy_to_user(stack_pointer, image, size));
  if (components != 0) TRY(mm::copy_to_user(stack_pointer + size, &kMagic2, sizeof kMagic2));
  return stack_pointer;
}

// Whether a frame's image has all of XSAVE's, not only FXSAVE's: both magic numbers, and a size that can be.
Result<bool> is_extended(std::uint64_t address, const SoftwareReserved& software) {
  if (arch::vector_state_mask() == 0 || software.magic1 != kMagic1) return false;
  if (software.image_size < kXsaveMinimum || software.image_size > arch::vector_state_size()) return false;
  if (software.extended_size < software.image_size + sizeof kMagic2) return false;
  return TRY(mm::UserPtr<const std::uint32_t>(address + software.image_size).read()) == kMagic2;
}

Result<void> pop_vector_state(std::uint64_t address) {
  if (address == 0) {
    arch::reset_vector_state();
    return {};
  }
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kZero)));
  std::byte* image = page.data();
  TRY(mm::copy_from_user(image, address, kLegacySize));
  SoftwareReserved software;
  memcpy(&software, image + kSoftwareReservedOffset, sizeof software);
  std::uint64_t present = kLegacyComponents;
  if (TRY(is_extended(address, software))) {
    TRY(mm::copy_from_user(image + kLegacySize, address + kLegacySize, software.image_size - kLegacySize));
    memcpy(&present, image + kLegacySize, sizeof present);
    present &= software.components;
  }
  if (arch::vector_state_mask() != 0) memcpy(image + kLegacySize, &present, sizeof present);
  arch::sanitise_vector_state(image);
  arch::restore_vector_state(image);
  return {};
}

SignalContext save_registers(const arch::TrapFrame& f, const TaskSignals& signals) {
  return {.r8 = f.r8,
          .r9 = f.r9,
          .r10 = f.r10,
          .r11 = f.r11,
          .r12 = f.r12,
          .r13 = f.r13,
          .r14 = f.r14,
          .r15 = f.r15,
          .rdi = f.rdi,
          .rsi = f.rsi,
          .rbp = f.rbp,
          .rbx = f.rbx,
          .rdx = f.rdx,
          .rax = f.rax,
          .rcx = f.rcx,
          .rsp = f.rsp,
          .rip = f.rip,
          .rflags = f.rflags,
          .cs = static_cast<std::uint16_t>(f.cs),
          .gs = 0,
          .fs = 0,
          .ss = static_cast<std::uint16_t>(f.ss),
          .error_code = signals.fault_error_code,
          .vector = signals.fault_vector,
          .old_mask = signals.blocked,
          .fault_address = signals.fault_address,
          .vector_state = 0,
          .reserved = {}};
}

void restore_registers(arch::TrapFrame& f, const SignalContext& s) {
  f.r8 = s.r8, f.r9 = s.r9, f.r10 = s.r10, f.r11 = s.r11, f.r12 = s.r12, f.r13 = s.r13, f.r14 = s.r14, f.r15 = s.r15;
  f.rdi = s.rdi, f.rsi = s.rsi, f.rbp = s.rbp, f.rbx = s.rbx, f.rdx = s.rdx, f.rax = s.rax, f.rcx = s.rcx;
  f.rsp = s.rsp, f.rip = s.rip;
  f.rflags = (f.rflags & ~kFrameFlags) | (s.rflags & kFrameFlags);
  f.cs = husk::abi::kUserCs;
  f.ss = husk::abi::kUserSs;
  // Whatever its RAX looks like, no system call was interrupted there.
  f.error_code = ~std::uint64_t{0};
}

}  // namespace

std::size_t largest_signal_frame() {
  constexpr std::size_t kImageAlignment = 64, kFrameAlignment = 16;
  return kRedZone + arch::kLargestVectorState + sizeof kMagic2 + kImageAlignment + sizeof(SignalFrame) +
         kFrameAlignment + 8;
}

Result<void> enter_handler(arch::TrapFrame& frame, const SignalInfo& info, const SignalAction& action,
                           SignalSet saved_mask) {
  Task& task = current();
  AlternateStack& alternate = task.signals.alternate_stack;
  // Without a restorer there is nothing that the handler could return to (Linux on x86-64 demands it too).
  if (!(action.flags & SignalAction::kRestorer)) return Errno::kFault;

  const bool was_on_alternate = alternate.holds(frame.rsp);
  const bool goes_to_alternate = (action.flags & SignalAction::kOnStack) && alternate.usable() && !was_on_alternate;
  std::uint64_t stack_pointer = goes_to_alternate ? alternate.base + alternate.size : frame.rsp - kRedZone;
  const std::uint64_t vector_state = TRY(push_vector_state(stack_pointer));
  stack_pointer = ((stack_pointer - sizeof(SignalFrame)) & ~std::uint64_t{15}) - 8;
  // An overflow of the alternate stack must not write below it.
  if ((was_on_alternate || goes_to_alternate) && !alternate.contains(stack_pointer)) return Errno::kFault;

  SignalFrame on_stack{.restorer = action.restorer,
                       .context = {.flags = kHasStackSegment | (arch::vector_state_mask() ? kHasXsaveImage : 0),
                                   .link = 0,
                                   .stack = alternate,
                                   .registers = save_registers(frame, task.signals),
                                   .mask = saved_mask},
                       .info = info};
  on_stack.context.registers.vector_state = vector_state;
  TRY(mm::copy_to_user(stack_pointer, &on_stack, sizeof on_stack));
  if (alternate.flags & AlternateStack::kAutoDisarm) alternate = {};
  // A handler begins with the floating-point state of a new program, not with what it interrupted: unmasked exceptions
  // or a full x87 stack are not its affair (fpu__clear_user_states() of Linux).
  arch::reset_vector_state();

  frame.rdi = static_cast<std::uint64_t>(info.signal);
  frame.rsi = stack_pointer + offsetof(SignalFrame, info);
  frame.rdx = stack_pointer + offsetof(SignalFrame, context);
  frame.rax = 0;  // the number of vector arguments, should the handler be variadic (psABI 3.5.7)
  frame.rsp = stack_pointer;
  frame.rip = action.handler;
  frame.rflags &= ~(kTrapFlag | kDirectionFlag | kResumeFlag);
  frame.cs = husk::abi::kUserCs;
  frame.ss = husk::abi::kUserSs;
  return {};
}

Result<void> leave_handler(arch::TrapFrame& frame) {
  Task& task = current();
  // The handler's RET has popped the restorer's address.
  SignalFrame on_stack;
  TRY(mm::copy_from_user(&on_stack, frame.rsp - sizeof on_stack.restorer, sizeof on_stack));
  const SignalContext& registers = on_stack.context.registers;
  TRY(pop_vector_state(registers.vector_state));
  restore_registers(frame, registers);
  set_blocked_signals(task, on_stack.context.mask);
  // As on Linux, a changed stack that is no good is not an error here.
  if (auto restored = set_alternate_stack(task, on_stack.context.stack); !restored) return {};
  return {};
}

Result<void> set_alternate_stack(Task& task, const AlternateStack& stack) {
  const std::int32_t mode = stack.flags & ~AlternateStack::kAutoDisarm;
  if (mode != AlternateStack::kDisable && mode != AlternateStack::kOnStack && mode != 0) return Errno::kInval;
  AlternateStack result = stack;
  result.padding = 0;
  if (mode == AlternateStack::kDisable) {
    result.base = 0;
    result.size = 0;
  } else if (stack.size < kMinimumAlternateStack) {
    return Errno::kNoMem;
  }
  // SS_ONSTACK is accepted for old programs and means nothing (sigaltstack(2)).
  if (mode == AlternateStack::kOnStack) result.flags &= ~AlternateStack::kOnStack;
  task.signals.alternate_stack = result;
  return {};
}

}  // namespace kernel::task
